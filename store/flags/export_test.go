package flags

import (
	"parley/store"
	"parley/store/outbox"
)

// MailOf is the mail of a kind to Zoë, with an admin's words.
func (b *Book) MailOf(kind string, on store.FlagKind, name, text string) (outbox.Mail, error) {
	to := person{ID: "zoe", Name: "Zoë", Email: "zoe@example.com"}
	return b.mail(to, told{Kind: kind, Flag: "flag", On: on, Subject: "subject", Name: name, text: text})
}
