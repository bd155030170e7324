package rooms

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"
)

// appendJSON appends the canonical bytes of the terms: the fields in the order
// of the struct, optional ones only where they are set. They are hashed, so this
// form never changes; it is written by hand because it stands on the way of
// every offer.
func (t *Terms) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"fee":{"amount":`...)
	dst = strconv.AppendInt(dst, t.Fee.Amount, 10)
	dst = append(dst, `,"currency":`...)
	dst = appendText(dst, string(t.Fee.Currency))
	dst = append(dst, `},"deliverables":[`...)
	for i := range t.Deliverables {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = t.Deliverables[i].appendJSON(dst)
	}
	dst = append(dst, ']')
	if u := t.UsageRights; u != nil {
		dst = append(dst, `,"usage_rights":{"scope":`...)
		dst = appendText(dst, u.Scope)
		dst = append(dst, `,"months":`...)
		dst = strconv.AppendInt(dst, int64(u.Months), 10)
		dst = appendTexts(dst, `,"channels":`, u.Channels)
		dst = append(dst, '}')
	}
	if e := t.Exclusivity; e != nil {
		dst = append(dst, `,"exclusivity":{"category":`...)
		dst = appendText(dst, e.Category)
		dst = append(dst, `,"days":`...)
		dst = strconv.AppendInt(dst, int64(e.Days), 10)
		dst = append(dst, '}')
	}
	if t.RevisionRounds != nil {
		dst = append(dst, `,"revision_rounds":`...)
		dst = strconv.AppendInt(dst, int64(*t.RevisionRounds), 10)
	}
	if len(t.Payment) > 0 {
		dst = append(dst, `,"payment":[`...)
		for i, m := range t.Payment {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"milestone":`...)
			dst = appendText(dst, m.Milestone)
			dst = append(dst, `,"percent":`...)
			dst = strconv.AppendInt(dst, int64(m.Percent), 10)
			dst = append(dst, `,"net_days":`...)
			dst = strconv.AppendInt(dst, int64(m.NetDays), 10)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	dst = appendOptional(dst, `,"requirements":`, t.Requirements)
	dst = appendOptional(dst, `,"note":`, t.Note)
	dst = append(dst, `,"locked":`...)
	dst = t.Locked.appendJSON(dst)
	return append(dst, '}')
}

func (d *Deliverable) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"platform":`...)
	dst = appendText(dst, d.Platform)
	dst = append(dst, `,"format":`...)
	dst = appendText(dst, d.Format)
	dst = append(dst, `,"quantity":`...)
	dst = strconv.AppendInt(dst, int64(d.Quantity), 10)
	if d.LengthSeconds != 0 {
		dst = append(dst, `,"length_seconds":`...)
		dst = strconv.AppendInt(dst, int64(d.LengthSeconds), 10)
	}
	dst = appendOptional(dst, `,"due":`, string(d.Due))
	dst = appendOptional(dst, `,"must_show":`, d.MustShow)
	dst = appendTexts(dst, `,"links":`, d.Links)
	return append(dst, '}')
}

func (ss Sections) appendJSON(dst []byte) []byte {
	dst = append(dst, '[')
	first := true
	for s := range sectionCount {
		if !ss.Has(s) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '"')
		dst = append(dst, sectionNames[s]...)
		dst = append(dst, '"')
	}
	return append(dst, ']')
}

func appendOptional(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendText(append(dst, name...), text)
}

func appendTexts(dst []byte, name string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(append(dst, name...), '[')
	for i, s := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, s)
	}
	return append(dst, ']')
}

// appendText appends a JSON text. Beside what JSON asks for it escapes what
// could end a script element, so that the bytes may stand in a page.
func appendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b < utf8.RuneSelf {
			if b >= ' ' && b != '"' && b != '\\' && b != '<' && b != '>' && b != '&' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch b {
			case '"', '\\':
				dst = append(dst, '\\', b)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			i++
			start = i
			continue
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// appendContent appends what a patch says, for its fingerprint.
func (p *Patch) appendContent(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.Set))
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.Clear))
	dst = strconv.AppendBool(dst, p.Locks)
	return p.Terms.appendJSON(dst)
}
