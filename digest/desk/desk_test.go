package desk_test

import (
	"context"
	"testing"
	"time"

	"parley/digest/desk"
	"parley/digest/desk/desktest"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/preferences"
	"parley/store/storetest/forms"
	"parley/store/webhooks"
)

func TestMain(m *testing.M) { forms.Main(m) }

// TestAStrangersAddressGetsNoMail: what was written goes to the webhook that its reader
// chose, by mail where the address is confirmed, and nowhere else; a report with its
// files never goes to a webhook.
func TestAStrangersAddressGetsNoMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		for i, c := range []struct {
			confirmed, hook, mailOnly bool
			mails, messages           int
			outcome                   string
		}{
			{confirmed: true, mails: 1, outcome: desk.Told},
			{confirmed: true, hook: true, messages: 1, outcome: desk.Told},
			{confirmed: true, hook: true, mailOnly: true, mails: 1, outcome: desk.Told},
			{outcome: desk.Unconfirmed},
			{mailOnly: true, outcome: desk.Unconfirmed},
			{hook: true, messages: 1, outcome: desk.Told},
			{hook: true, mailOnly: true, outcome: desk.Unconfirmed},
		} {
			u := desktest.User(t, e, rooms.Sponsor, string(rune('A'+i)))
			desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.UpdateUser(ctx, u.ID, store.UserPatch{Verified: &c.confirmed}); err != nil {
					return err
				}
				if err := jobs.Add(ctx, tx, jobs.Job{Kind: jobs.Daily, User: u.ID, Period: "2026-11-22"}); err != nil || !c.hook {
					return err
				}
				w, err := webhooks.Add(ctx, tx, webhooks.Webhook{User: u.ID, Form: webhooks.Signed, Name: "w", Host: "h", Target: []byte{0}})
				if err != nil {
					return err
				}
				p := preferences.Default()
				p.Webhook = w.ID
				return preferences.Set(ctx, tx, u.ID, p)
			})
			b, err := jobs.Claim(t.Context(), e.Store, jobs.Daily, 10, time.Minute)
			desktest.Must(t, err)
			also := 0
			desktest.Must(t, desktest.Desk(e).Send(t.Context(), b.Token, []desk.Written{{
				Job: b.Jobs[0].ID, Outcome: desk.Told, MailOnly: c.mailOnly,
				Mails: []outbox.Mail{{Key: u.ID, Kind: "k", User: u.ID, To: u.Email, Subject: "s", Text: "t"}},
			}}, func(_ context.Context, _ *store.Tx, mine map[int64]bool) error {
				also = len(mine)
				return nil
			}))
			var messages int
			desktest.Must(t, e.Reads().NewRaw("SELECT COUNT(*) FROM webhook_messages AS m JOIN webhooks AS w ON w.id = m.webhook WHERE w.user_id = ?", u.ID).
				Scan(t.Context(), &messages))
			mails := len(desktest.Mails(t, e, u))
			j, err := jobs.Get(t.Context(), e.Store, jobs.Daily, u.ID, "2026-11-22")
			desktest.Must(t, err)
			if mails != c.mails || messages != c.messages || j.Outcome != c.outcome || j.State != jobs.Done || also != 1 {
				t.Errorf("%+v: %d mails, %d messages, %s as %s", c, mails, messages, j.State, j.Outcome)
			}
		}
	})
}
