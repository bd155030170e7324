package rooms

import (
	"math"

	"parley/rooms/strictjson"
)

// The readers of the terms' JSON, for what comes from outside and for what the
// log holds alike. They check forms, not limits.

func (t *Terms) readSection(r *strictjson.Reader, s Section) (err error) {
	switch s {
	case SectionFee:
		return t.Fee.read(r)
	case SectionDeliverables:
		t.Deliverables = []Deliverable{}
		return r.Array(func(int) error {
			t.Deliverables = append(t.Deliverables, Deliverable{})
			return t.Deliverables[len(t.Deliverables)-1].read(r)
		})
	case SectionUsageRights:
		t.UsageRights = new(UsageRights)
		return t.UsageRights.read(r)
	case SectionExclusivity:
		t.Exclusivity = new(Exclusivity)
		return t.Exclusivity.read(r)
	case SectionRevisionRounds:
		t.RevisionRounds = new(int)
		*t.RevisionRounds, err = readInt(r)
		return err
	case SectionPayment:
		t.Payment = []Milestone{}
		return r.Array(func(int) error {
			t.Payment = append(t.Payment, Milestone{})
			return t.Payment[len(t.Payment)-1].read(r)
		})
	case SectionRequirements:
		t.Requirements, err = r.Text()
		return err
	case SectionNote:
		t.Note, err = r.Text()
		return err
	default:
		return strictjson.Unknown()
	}
}

func (t *Terms) readLocked(r *strictjson.Reader) error {
	return r.Array(func(int) error {
		name, err := r.Text()
		if err != nil {
			return err
		}
		s, known := sectionByName(name)
		if !known {
			return strictjson.Wrong("is not a section of the terms")
		}
		t.Locked = t.Locked.With(s)
		return nil
	})
}

// read reads whole terms, as the log holds them.
func (t *Terms) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) error {
		if string(name) == "locked" {
			return t.readLocked(r)
		}
		s, known := sectionByName(string(name))
		if !known {
			return strictjson.Unknown()
		}
		return t.readSection(r, s)
	})
}

func (m *Money) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "amount":
			m.Amount, err = r.Int(math.MinInt64, MaxAmountMinor)
		case "currency":
			var code string
			code, err = r.Text()
			m.Currency = Currency(code)
		default:
			err = strictjson.Unknown()
		}
		return err
	})
}

func (d *Deliverable) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "platform":
			d.Platform, err = r.Text()
		case "format":
			d.Format, err = r.Text()
		case "quantity":
			d.Quantity, err = readInt(r)
		case "length_seconds":
			d.LengthSeconds, err = readInt(r)
		case "due":
			var due string
			due, err = r.Text()
			d.Due = Date(due)
		case "must_show":
			d.MustShow, err = r.Text()
		case "links":
			d.Links, err = readTexts(r)
		default:
			err = strictjson.Unknown()
		}
		return err
	})
}

func (u *UsageRights) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "scope":
			u.Scope, err = r.Text()
		case "months":
			u.Months, err = readInt(r)
		case "channels":
			u.Channels, err = readTexts(r)
		default:
			err = strictjson.Unknown()
		}
		return err
	})
}

func (e *Exclusivity) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "category":
			e.Category, err = r.Text()
		case "days":
			e.Days, err = readInt(r)
		default:
			err = strictjson.Unknown()
		}
		return err
	})
}

func (m *Milestone) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "milestone":
			m.Milestone, err = r.Text()
		case "percent":
			m.Percent, err = readInt(r)
		case "net_days":
			m.NetDays, err = readInt(r)
		default:
			err = strictjson.Unknown()
		}
		return err
	})
}

// readInt reads a number whose limits are checked later and named then.
func readInt(r *strictjson.Reader) (int, error) {
	n, err := r.Int(math.MinInt32, math.MaxInt32)
	return int(n), err
}

func readTexts(r *strictjson.Reader) ([]string, error) {
	texts := []string{}
	err := r.Array(func(int) error {
		s, err := r.Text()
		texts = append(texts, s)
		return err
	})
	return texts, err
}

// readTime reads an instant.
func readTime(r *strictjson.Reader) (t Time, err error) {
	s, err := r.Text()
	if err != nil {
		return t, err
	}
	if t.UnmarshalText([]byte(s)) != nil {
		return t, strictjson.Wrong("must be an instant such as 2027-01-15T12:00:00Z")
	}
	return t, nil
}
