package rooms

import (
	"errors"

	"parley/rooms/strictjson"
)

// Patch is what an offer or a counter says about the terms: the sections it
// sets, the optional ones it removes, and its locks. What it does not name is
// inherited from the room's last offer.
type Patch struct {
	// Set are the sections that Terms gives a value.
	Set Sections `json:"set"`
	// Clear are the optional sections to be removed.
	Clear Sections `json:"clear"`
	// Locks tells whether Terms.Locked was given.
	Locks bool  `json:"locks"`
	Terms Terms `json:"terms"`
}

// FullPatch sets every section that terms have, and their locks.
func FullPatch(t Terms) Patch {
	p := Patch{Terms: t, Locks: true}
	for s := range sectionCount {
		if t.section(s) != nil {
			p.Set = p.Set.With(s)
		}
	}
	return p
}

// ParsePatch reads the terms object of an offer or a counter. Unknown fields
// and values of the wrong form are refused by name; limits are checked when the
// whole terms are known. Paths begin with "terms".
func ParsePatch(raw []byte) (Patch, *Refusal) {
	var p Patch
	r := strictjson.NewReader(raw)
	err := p.read(r)
	if err == nil {
		err = r.End()
	}
	if err != nil {
		return Patch{}, asInvalid("terms", err)
	}
	return p, nil
}

func (p *Patch) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) error {
		if string(name) == "locked" {
			if p.Locks {
				return strictjson.Twice()
			}
			p.Locks = true
			return p.Terms.readLocked(r)
		}
		s, known := sectionByName(string(name))
		switch {
		case !known:
			return strictjson.Unknown()
		case (p.Set | p.Clear).Has(s):
			return strictjson.Twice()
		case r.Null():
			if s == SectionFee || s == SectionDeliverables {
				return strictjson.Wrong("is required and cannot be removed")
			}
			p.Clear = p.Clear.With(s)
			return nil
		}
		p.Set = p.Set.With(s)
		return p.Terms.readSection(r, s)
	})
}

// asInvalid maps an error of the reader to a refusal at its place.
func asInvalid(path string, err error) *Refusal {
	var field *strictjson.FieldError
	if errors.As(strictjson.At(path, err), &field) {
		return Invalid(field.Path, Form(field.Problem))
	}
	return Invalid(path, Form("is malformed"))
}

// merge makes the whole terms of a new offer by author from the room's last
// offer (nil for none) and the patch, and the sections' authors after it. It
// refuses to change what the other side has locked and to lock what the author
// did not write first.
func (p *Patch) merge(base *Terms, authors SectionAuthors, author Side) (Terms, *Refusal) {
	var t Terms
	if base != nil {
		t = *base
	}
	inheritedLocks := t.Locked
	for s := range sectionCount {
		switch {
		case p.Set.Has(s):
			t.take(&p.Terms, s)
		case p.Clear.Has(s):
			t.take(&Terms{}, s)
		}
		if base != nil && inheritedLocks.Has(s) && authors[s] != author && !equalSection(base, &t, s) {
			return Terms{}, &Refusal{
				Code: CodeSectionLocked, Field: "terms." + s.String(),
				Message: "The other party has locked this section; it cannot be changed.",
			}
		}
		if authors[s] == "" && t.section(s) != nil {
			authors[s] = author
		}
	}
	t.Locked = 0
	for s := range sectionCount {
		own := authors[s] == author
		wanted := inheritedLocks.Has(s)
		if p.Locks && own {
			wanted = p.Terms.Locked.Has(s)
		}
		if p.Locks && !own && p.Terms.Locked.Has(s) && !inheritedLocks.Has(s) {
			return Terms{}, Invalid("terms.locked",
				Because("not_your_section", "may name only sections that you wrote first; "+s.String()+" is not"))
		}
		if wanted {
			t.Locked = t.Locked.With(s)
		}
	}
	return t, nil
}

// take copies one section of from.
func (t *Terms) take(from *Terms, s Section) {
	switch s {
	case SectionFee:
		t.Fee = from.Fee
	case SectionDeliverables:
		t.Deliverables = from.Deliverables
	case SectionUsageRights:
		t.UsageRights = from.UsageRights
	case SectionExclusivity:
		t.Exclusivity = from.Exclusivity
	case SectionRevisionRounds:
		t.RevisionRounds = from.RevisionRounds
	case SectionPayment:
		t.Payment = from.Payment
	case SectionRequirements:
		t.Requirements = from.Requirements
	case SectionNote:
		t.Note = from.Note
	case sectionCount:
	}
}
