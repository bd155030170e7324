package desk

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"parley/store"
	"parley/store/outbox"
	"parley/store/outbox/letter"
	"parley/store/webhooks"
)

// ways are how some people can be told.
type ways struct {
	chosen    map[string]webhooks.Webhook
	confirmed map[string]bool
}

// way is how one mail goes.
type way int

const (
	nowhere way = iota
	byMail
	byWebhook
)

// chunk keeps the parameters of one statement far below what databases take.
const chunk = 500

// waysTo asks how those can be told for whom something was written.
func waysTo(ctx context.Context, t *store.Tx, list []Written) (*ways, error) {
	var users []string
	for i := range list {
		for k := range list[i].Mails {
			users = append(users, list[i].Mails[k].User)
		}
	}
	chosen, err := webhooks.Chosen(ctx, t, users)
	if err != nil {
		return nil, err
	}
	w := &ways{chosen: chosen, confirmed: make(map[string]bool, len(users))}
	for part := range slices.Chunk(users, chunk) {
		var ids []string
		err := t.DB.NewSelect().Table("users").Column("id").Where("id IN (?)", bun.List(part)).Where("verified_at IS NOT NULL").Scan(ctx, &ids)
		if err != nil {
			return nil, fmt.Errorf("whose address is confirmed: %w", err)
		}
		for _, id := range ids {
			w.confirmed[id] = true
		}
	}
	return w, nil
}

func (w *ways) of(user string, mailOnly bool) way {
	_, chose := w.chosen[user]
	switch {
	case chose && !mailOnly:
		return byWebhook
	case w.confirmed[user]:
		return byMail
	default:
		return nowhere
	}
}

// outcome is what comes of a job with these ways.
func (w *ways) outcome(l *Written) string {
	for i := range l.Mails {
		if w.of(l.Mails[i].User, l.MailOnly) == nowhere {
			return Unconfirmed
		}
	}
	return l.Outcome
}

// send queues what was written for the jobs that are the worker's.
func (w *ways) send(ctx context.Context, t *store.Tx, list []Written, mine map[int64]bool) error {
	var mails []outbox.Mail
	var messages []webhooks.Message
	for i := range list {
		if !mine[list[i].Job] {
			continue
		}
		for k := range list[i].Mails {
			m := &list[i].Mails[k]
			switch w.of(m.User, list[i].MailOnly) {
			case byMail:
				mails = append(mails, *m)
			case byWebhook:
				// The end of a mail is for one reader: many may see a webhook's messages.
				messages = append(messages, webhooks.Message{
					To: w.chosen[m.User], Kind: m.Kind, Title: m.Subject, Text: letter.WithoutEnd(m.Text),
				})
			}
		}
	}
	if err := outbox.Put(ctx, t, mails...); err != nil {
		return err
	}
	return webhooks.Put(ctx, t, messages...)
}
