package send

import (
	"bytes"
	"fmt"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"parley/store/outbox"
)

// message lays out a mail. It is the same for each attempt, but for the random
// boundaries of its parts.
func (s *Server) message(m *outbox.Mail) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("the address cannot be read: %w", err)
	}
	msg.Subject(line(m.Subject))
	msg.SetMessageIDWithValue(m.MessageID)
	msg.SetDateWithValue(m.CreatedAt.Time)
	// Out-of-office programs leave it alone (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Unsubscribe != "" {
		if err := msg.SetListUnsubscribeOneClick(line(m.Unsubscribe)); err != nil {
			// One click needs https, which installations at home may do without.
			msg.SetListUnsubscribe(line(m.Unsubscribe))
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, f := range m.Attachments {
		options := []gomail.FileOption{gomail.WithFileContentType(gomail.ContentType(line(f.MediaType)))}
		add := msg.AttachReadSeeker
		if f.ContentID != "" {
			add = msg.EmbedReadSeeker
			options = append(options, gomail.WithFileContentID(line(f.ContentID)))
		}
		add(line(f.Name), bytes.NewReader(f.Data), options...)
	}
	return msg, nil
}

// line keeps a text from ending a header's line. The outbox refuses such texts; this is
// the second lock on the same door.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
