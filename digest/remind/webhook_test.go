package remind_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley/digest/desk"
	"parley/digest/desk/desktest"
	"parley/digest/remind"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/preferences"
	"parley/store/storetest/forms"
	"parley/store/webhooks"
	"parley/store/webhooks/webhookstest"
)

// TestWhoChoseAWebhookGetsNoMail: the same words go there, without the links that are the
// reader's own; while it is off, they come by mail.
func TestWhoChoseAWebhookGetsNoMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		acme, zoe := desktest.User(t, e, rooms.Sponsor, "Acme"), desktest.User(t, e, rooms.Influencer, "Zoë")
		e.Room(t, e.RunningCampaign(t, acme), zoe)
		seen(t, e, acme, zoe)
		var hook webhooks.Webhook
		desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) (err error) {
			hook, err = webhooks.Add(ctx, tx, webhooks.Webhook{
				User: zoe.ID, Form: webhooks.Chat, Name: "Zoë's room", Host: "h", Target: []byte{0},
			})
			if err != nil {
				return err
			}
			p := preferences.Default()
			p.Webhook = hook.ID
			return preferences.Set(ctx, tx, zoe.ID, p)
		})
		k := remind.Daily(desktest.Desk(e))
		outcomes, mails := tell(t, e, k, "2026-11-22", zoe)
		if outcomes[0] != desk.Told || len(mails) != 0 {
			t.Fatalf("%v, %d mails", outcomes, len(mails))
		}
		b, err := jobs.Claim(t.Context(), e.Store, jobs.Webhook, 10, time.Minute)
		desktest.Must(t, err)
		found, err := webhooks.Load(t.Context(), e.Store, b.Jobs[0].Period)
		desktest.Must(t, err)
		m := found[b.Jobs[0].Period]
		if len(b.Jobs) != 1 || m.To.ID != hook.ID || m.Kind != jobs.Daily || m.Title == "" || !strings.Contains(m.Text, m.Title) ||
			!strings.Contains(m.Text, "https://parley.example/deals") {
			t.Errorf("queued %d: %+v", len(b.Jobs), m)
		}
		if strings.Contains(m.Text, "/api/unsubscribe/") {
			t.Errorf("everybody who reads the webhook could unsubscribe them:\n%s", m.Text)
		}

		desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
			return webhookstest.SwitchOff(ctx, tx, &m, "no answer")
		})
		if _, mails := tell(t, e, k, "2026-11-23", zoe); len(mails) != 1 {
			t.Errorf("off, and %d mails", len(mails))
		}
	})
}
