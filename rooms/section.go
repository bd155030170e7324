package rooms

import (
	"encoding/json"
	"fmt"
)

// Section is one part of the terms that can be set, inherited and locked by itself.
type Section uint8

// The sections in the order in which they are shown, compared and listed.
const (
	SectionFee Section = iota
	SectionDeliverables
	SectionUsageRights
	SectionExclusivity
	SectionRevisionRounds
	SectionPayment
	SectionRequirements
	SectionNote
	sectionCount
)

var sectionNames = [sectionCount]string{
	"fee", "deliverables", "usage_rights", "exclusivity",
	"revision_rounds", "payment", "requirements", "note",
}

// String is the section's name on the wire.
func (s Section) String() string {
	if s < sectionCount {
		return sectionNames[s]
	}
	return fmt.Sprintf("section(%d)", uint8(s))
}

// sectionByName finds a section by its name on the wire.
func sectionByName(name string) (Section, bool) {
	for i, n := range sectionNames {
		if n == name {
			return Section(i), true
		}
	}
	return 0, false
}

// Sections is a set of sections. On the wire it is a list of names in the order
// of the sections, so equal sets have equal bytes.
type Sections uint16

// Has reports whether the set holds s.
func (ss Sections) Has(s Section) bool { return ss&(1<<s) != 0 }

// With is the set and s.
func (ss Sections) With(s Section) Sections { return ss | 1<<s }

// Each calls f for every section of the set, in order.
func (ss Sections) Each(f func(Section)) {
	for s := range sectionCount {
		if ss.Has(s) {
			f(s)
		}
	}
}

// MarshalJSON writes the list of names.
func (ss Sections) MarshalJSON() ([]byte, error) { return ss.appendJSON(nil), nil }

// UnmarshalJSON reads a list of names.
func (ss *Sections) UnmarshalJSON(raw []byte) error {
	var names []string
	if err := json.Unmarshal(raw, &names); err != nil {
		return fmt.Errorf("sections: %w", err)
	}
	*ss = 0
	for _, name := range names {
		s, ok := sectionByName(name)
		if !ok {
			return fmt.Errorf("sections: unknown section %q", name)
		}
		*ss = ss.With(s)
	}
	return nil
}

// SectionAuthors tells for each section which side wrote it first; only that
// side may lock it. A section nobody wrote has no author.
type SectionAuthors [sectionCount]Side

// MarshalJSON writes an object of the sections that have an author.
func (a SectionAuthors) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for s, side := range a {
		if side == "" {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, "%q:%q", sectionNames[s], side)
	}
	return append(out, '}'), nil
}

// UnmarshalJSON reads the object that MarshalJSON writes.
func (a *SectionAuthors) UnmarshalJSON(raw []byte) error {
	var m map[string]Side
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("section authors: %w", err)
	}
	*a = SectionAuthors{}
	for name, side := range m {
		s, ok := sectionByName(name)
		if !ok {
			return fmt.Errorf("section authors: unknown section %q", name)
		}
		a[s] = side
	}
	return nil
}
