package letter

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"parley/store/outbox"
)

// Letter is a mail before it is HTML and text.
type Letter struct {
	// Kind is outbox.Mail.Kind.
	Kind string
	// Subject is the mail's; line breaks in it, as names may bring, become spaces.
	Subject string
	// Title is the heading; the subject without one.
	Title string
	// Preview is what lists of mails show beside the subject; nothing without it.
	Preview  string
	Sections []Section
	// Button is what the mail asks for; nil for nothing.
	Button *Link
	// Why says in a sentence why somebody gets this mail; may be empty.
	Why string
	// Settings is where one chooses what one gets, Unsubscribe where one ends mails of
	// this kind; both may be empty.
	Settings, Unsubscribe string
}

// Link is an address with what it is called.
type Link struct{ Text, URL string }

// Section is a part of a letter; what is empty is left out. Its parts stand in the order
// of the fields.
type Section struct {
	Title      string
	Paragraphs []string
	// Quote are somebody's own words.
	Quote   string
	Picture *Picture
	Figures []Figure
	Rows    []Row
	// More says what is not in the rows, such as "and 4 more".
	More string
}

// Picture is one of the mail's attachments, shown where it stands. It is as wide as the
// text or less.
type Picture struct {
	ContentID string
	// Alt says what it shows, to those who do not see it.
	Alt           string
	Width, Height int
}

// Source is the picture's address inside the mail; content ids are this program's own.
func (p *Picture) Source() template.URL {
	return template.URL("cid:" + p.ContentID)
}

// Figure is a number with what it counts.
type Figure struct {
	Label, Value string
	// Note says more, such as the value before.
	Note string
}

// Row is a thing of a list, such as an offer.
type Row struct {
	// Title is what it is, Amount what it is about; the amount may be empty.
	Title, Amount string
	// Detail says more. Note is how long it has, or what it waits for.
	Detail, Note string
	// Urgent makes the note stand out.
	Urgent bool
	// URL is where it is; may be empty.
	URL string
}

//go:embed letter.html.tmpl
var source string

var page = template.Must(template.New("letter").Parse(source))

// Mail makes the letter a mail to an address. key names its cause, user whom it is for
// (empty for an address without an account).
func (l Letter) Mail(key, user, to string) (outbox.Mail, error) {
	l.Subject = oneLine(l.Subject)
	if l.Title == "" {
		l.Title = l.Subject
	}
	html, err := l.html()
	if err != nil {
		return outbox.Mail{}, err
	}
	return outbox.Mail{Key: key, Kind: l.Kind, User: user, To: to, Subject: l.Subject, Text: l.text(), HTML: html}, nil
}

func (l *Letter) html() (string, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, l); err != nil {
		return "", fmt.Errorf("letter: lay out %q: %w", l.Kind, err)
	}
	return b.String(), nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// end is where the text of a mail ends and what belongs to the mail begins: why it came,
// and the links by which its reader ends it.
const end = "--\nParley\n"

// WithoutEnd is the text of a mail that a letter made, without its end.
func WithoutEnd(text string) string {
	if i := strings.LastIndex(text, "\n"+end); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSpace(text)
}

// text is the same in plain text.
func (l *Letter) text() string {
	var b strings.Builder
	paragraph := func(s string) {
		if s != "" {
			b.WriteString(s + "\n\n")
		}
	}
	paragraph(l.Title)
	for i := range l.Sections {
		s := &l.Sections[i]
		paragraph(strings.ToUpper(s.Title))
		for _, p := range s.Paragraphs {
			paragraph(p)
		}
		if s.Quote != "" {
			paragraph("> " + strings.ReplaceAll(strings.TrimSpace(s.Quote), "\n", "\n> "))
		}
		if s.Picture != nil {
			paragraph("[" + s.Picture.Alt + "]")
		}
		for _, f := range s.Figures {
			b.WriteString(f.Label + ": " + f.Value)
			if f.Note != "" {
				b.WriteString(" (" + f.Note + ")")
			}
			b.WriteString("\n")
		}
		if len(s.Figures) > 0 {
			b.WriteString("\n")
		}
		for _, r := range s.Rows {
			b.WriteString("* " + r.line() + "\n")
			if r.URL != "" {
				b.WriteString("  " + r.URL + "\n")
			}
			b.WriteString("\n")
		}
		paragraph(s.More)
	}
	if l.Button != nil {
		paragraph(l.Button.Text + ":\n" + l.Button.URL)
	}
	b.WriteString(end)
	if l.Why != "" {
		b.WriteString(l.Why + "\n")
	}
	if l.Settings != "" {
		b.WriteString("Choose what you get: " + l.Settings + "\n")
	}
	if l.Unsubscribe != "" {
		b.WriteString("No more of these: " + l.Unsubscribe + "\n")
	}
	return b.String()
}

// line is a row in words.
func (r *Row) line() string {
	parts := []string{oneLine(r.Title)}
	for _, part := range []string{r.Amount, r.Detail, r.Note} {
		if part != "" {
			parts = append(parts, oneLine(part))
		}
	}
	return strings.Join(parts, " - ")
}
