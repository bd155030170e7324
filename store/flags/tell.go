package flags

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"parley/store"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/outbox/letter"
)

// Kinds of notices and mails.
const (
	NoticeFlagged   = "flagged"
	NoticeUnflagged = "unflagged"
	NoticeUpheld    = "appeal_upheld"
	NoticeAppeal    = "appeal" // to the admins
)

// told is what somebody is told. What is exported is the notice's data.
type told struct {
	Kind    string         `json:"-"`
	Flag    string         `json:"flag"`
	On      store.FlagKind `json:"on"`
	Subject string         `json:"subject"`
	// Name is the campaign's, of a room too.
	Name string `json:"name,omitempty"`
	text string
}

// tell adds a notice and a mail for one person.
func (b *Book) tell(ctx context.Context, t *store.Tx, p person, what told) error {
	if p.Deleted {
		return nil
	}
	if err := what.named(ctx, t); err != nil {
		return err
	}
	if err := what.notify(ctx, t, p.ID); err != nil {
		return err
	}
	m, err := b.mail(p, what)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, t, m)
}

// tellAdmins adds a notice for each admin.
func tellAdmins(ctx context.Context, t *store.Tx, what told) error {
	var admins []string
	err := t.DB.NewSelect().Table("users").Column("id").Where("role = 'admin'").Where("deleted_at IS NULL").Scan(ctx, &admins)
	if err != nil {
		return fmt.Errorf("flags: list admins: %w", err)
	}
	if err := what.named(ctx, t); err != nil {
		return err
	}
	for _, id := range admins {
		if err := what.notify(ctx, t, id); err != nil {
			return err
		}
	}
	return nil
}

// named finds the name of what is flagged.
func (w *told) named(ctx context.Context, t *store.Tx) error {
	q := t.DB.NewSelect().TableExpr("campaigns AS c").ColumnExpr("c.name")
	switch w.On {
	case store.FlagUser:
		return nil
	case store.FlagCampaign:
		q = q.Where("c.id = ?", w.Subject)
	default:
		q = q.Join("JOIN ad_requests AS r ON r.campaign_id = c.id").Where("r.id = ?", w.Subject)
	}
	if err := q.Scan(ctx, &w.Name); err != nil {
		return store.RowError("find campaign", err)
	}
	return nil
}

func (w *told) notify(ctx context.Context, t *store.Tx, user string) error {
	data, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("flags: encode notice: %w", err)
	}
	return notices.Add(ctx, t, notices.Notice{User: user, Kind: w.Kind, Data: data})
}

func (w *told) subject() string {
	switch w.On {
	case store.FlagUser:
		return "your account"
	case store.FlagCampaign:
		return "your campaign " + w.Name
	default:
		return "your negotiation in " + w.Name
	}
}

func (b *Book) mail(p person, w told) (outbox.Mail, error) {
	l := letter.Letter{Kind: w.Kind}
	lead, after := "", ""
	switch w.Kind {
	case NoticeFlagged:
		l.Subject = "Under review: " + w.subject()
		lead = "An admin has put " + w.subject() + " under review. Until that ends nothing can be offered or accepted there, and all clocks stand still. The reason:"
		after = "You can answer once. An admin reads what you write and tells you how it ends."
	case NoticeUnflagged:
		l.Subject = "The review has ended: " + w.subject()
		lead = "The review of " + w.subject() + " has ended, and things go on. Standing offers have at least 24 hours left."
		after = "Thank you for your patience."
	default:
		l.Subject = "Your answer was read: " + w.subject()
		lead = "An admin has read your answer, and " + w.subject() + " stays under review:"
		after = "You can read it all in Parley."
	}
	l.Sections = []letter.Section{
		{Paragraphs: []string{"Hello " + p.Name + ",", lead}, Quote: w.text},
		{Paragraphs: []string{after}},
	}
	if b.PublicURL != "" {
		l.Button = &letter.Link{Text: "See the review", URL: strings.TrimRight(b.PublicURL, "/") + "/reviews"}
	}
	return l.Mail(w.Kind+":"+w.Flag+":"+p.ID, p.ID, p.Email)
}
