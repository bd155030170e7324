package rooms

// Change is one section that differs between two offers; From or To is null
// where the section is not set.
type Change struct {
	Section string `json:"section"`
	From    any    `json:"from"`
	To      any    `json:"to"`
}

// Diff lists the sections in which b differs from a, in the order of the
// sections. A nil a or b is terms with nothing set.
func Diff(a, b *Terms) []Change {
	if a == nil {
		a = &Terms{}
	}
	if b == nil {
		b = &Terms{}
	}
	changes := []Change{}
	for s := range sectionCount {
		if !equalSection(a, b, s) {
			changes = append(changes, Change{Section: s.String(), From: a.section(s), To: b.section(s)})
		}
	}
	return changes
}
