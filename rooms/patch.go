package rooms

import (
	"encoding/json"
	"errors"
	"fmt"

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
	members, err := strictjson.Object(raw, "terms")
	if err != nil {
		return p, asInvalid("terms", err)
	}
	// Two passes in a fixed order, so that the same input is always refused for
	// the same field.
	unknown := ""
	for name := range members {
		_, known := sectionByName(name)
		if !known && name != "locked" && (unknown == "" || name < unknown) {
			unknown = name
		}
	}
	if unknown != "" {
		return p, Invalid("terms."+unknown, "is not a known field")
	}
	for s := range sectionCount {
		value, given := members[s.String()]
		if !given {
			continue
		}
		path := "terms." + s.String()
		if string(value) == "null" {
			if s == SectionFee || s == SectionDeliverables {
				return Patch{}, Invalid(path, "is required and cannot be removed")
			}
			p.Clear = p.Clear.With(s)
			continue
		}
		if r := p.parseSection(s, value, path); r != nil {
			return Patch{}, r
		}
		p.Set = p.Set.With(s)
	}
	if value, given := members["locked"]; given {
		if r := p.parseLocked(value); r != nil {
			return Patch{}, r
		}
	}
	return p, nil
}

func (p *Patch) parseSection(s Section, value json.RawMessage, path string) *Refusal {
	var target any
	switch s {
	case SectionFee:
		target = &p.Terms.Fee
	case SectionDeliverables:
		target = &p.Terms.Deliverables
	case SectionUsageRights:
		p.Terms.UsageRights = new(UsageRights)
		target = p.Terms.UsageRights
	case SectionExclusivity:
		p.Terms.Exclusivity = new(Exclusivity)
		target = p.Terms.Exclusivity
	case SectionRevisionRounds:
		p.Terms.RevisionRounds = new(int)
		target = p.Terms.RevisionRounds
	case SectionPayment:
		target = &p.Terms.Payment
	case SectionRequirements:
		target = &p.Terms.Requirements
	case SectionNote:
		target = &p.Terms.Note
	case sectionCount:
		return Invalid(path, "is not a known field")
	}
	if err := strictjson.Unmarshal(value, target, path); err != nil {
		return asInvalid(path, err)
	}
	return nil
}

func (p *Patch) parseLocked(value json.RawMessage) *Refusal {
	var names []string
	if err := strictjson.Unmarshal(value, &names, "terms.locked"); err != nil {
		return asInvalid("terms.locked", err)
	}
	for i, name := range names {
		s, known := sectionByName(name)
		if !known {
			return Invalid(fmt.Sprintf("terms.locked[%d]", i), "is not a section of the terms")
		}
		p.Terms.Locked = p.Terms.Locked.With(s)
	}
	p.Locks = true
	return nil
}

// asInvalid maps an error of the decoder to a refusal at its place.
func asInvalid(path string, err error) *Refusal {
	var field *strictjson.FieldError
	if errors.As(err, &field) {
		return Invalid(field.Path, field.Problem)
	}
	return Invalid(path, "is malformed")
}

// merge makes the whole terms of a new offer by author from the room's last
// offer (nil for none) and the patch, and the sections' authors after it. It
// refuses to change what the other side has locked and to lock what the author
// did not write first.
func (p *Patch) merge(base *Terms, authors SectionAuthors, author Side) (Terms, SectionAuthors, *Refusal) {
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
			return Terms{}, authors, &Refusal{
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
			return Terms{}, authors, Invalid("terms.locked",
				"may name only sections that you wrote first; "+s.String()+" is not")
		}
		if wanted {
			t.Locked = t.Locked.With(s)
		}
	}
	return t, authors, nil
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
