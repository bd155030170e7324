package termsheet

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/rooms"
	"parley/store/outbox/letter"
)

// Sections are terms in words, but for the fee.
func Sections(t *rooms.Terms) []letter.Section {
	work := letter.Section{Title: "Deliverables"}
	for i := range t.Deliverables {
		d := &t.Deliverables[i]
		row := letter.Row{Title: strings.TrimSpace(platform(d.Platform) + " " + d.Format), Amount: strconv.Itoa(d.Quantity) + " ×", Detail: d.MustShow}
		if d.LengthSeconds > 0 {
			row.Title += ", " + length(d.LengthSeconds)
		}
		if due, err := d.Due.Time(); err == nil {
			row.Note = "Due " + due.Format("2 January 2006")
		}
		work.Rows = append(work.Rows, row)
	}
	rest := letter.Section{Title: "Also agreed"}
	add := func(label, value, note string) {
		rest.Figures = append(rest.Figures, letter.Figure{Label: label, Value: value, Note: note})
	}
	if u := t.UsageRights; u != nil {
		length := "for ever"
		if u.Months > 0 {
			length = letter.Count(u.Months, "month", "months")
		}
		add("Usage rights: "+u.Scope, length, strings.Join(u.Channels, ", "))
	}
	if e := t.Exclusivity; e != nil {
		add("Exclusivity: "+e.Category, letter.Count(e.Days, "day", "days"), "")
	}
	if t.RevisionRounds != nil {
		add("Revision rounds", strconv.Itoa(*t.RevisionRounds), "")
	}
	for _, m := range t.Payment {
		add("Payment: "+m.Milestone, strconv.Itoa(m.Percent)+" %", "within "+letter.Count(m.NetDays, "day", "days"))
	}
	sections := []letter.Section{work}
	if len(rest.Figures) > 0 {
		sections = append(sections, rest)
	}
	if t.Requirements != "" {
		sections = append(sections, letter.Section{Title: "Requirements", Quote: t.Requirements})
	}
	return sections
}

// platform is a platform's name as it is written.
func platform(name string) string {
	switch name {
	case "tiktok":
		return "TikTok"
	case "youtube":
		return "YouTube"
	case "linkedin":
		return "LinkedIn"
	default:
		return capital(name)
	}
}

// length is told in minutes where these are whole ones.
func length(seconds int) string {
	if seconds >= 120 && seconds%60 == 0 {
		return letter.Count(seconds/60, "minute", "minutes")
	}
	return letter.Count(seconds, "second", "seconds")
}

// capital begins a text with a capital letter.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
