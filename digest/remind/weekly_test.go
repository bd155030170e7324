package remind_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/digest/desk"
	"parley/digest/desk/desktest"
	"parley/digest/remind"
	"parley/rooms"
	"parley/store"
	"parley/store/flags"
	"parley/store/insight"
	"parley/store/jobs"
	"parley/store/outbox/letter/golden"
	"parley/store/storetest/forms"
	"parley/store/webhooks"
	"parley/store/webhooks/webhookstest"
)

func TestAWeek(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		// The clock begins on Sunday, 22 November 2026.
		acme, zoe, ada := desktest.User(t, e, rooms.Sponsor, "Acme"), desktest.User(t, e, rooms.Influencer, "Zoë"), desktest.User(t, e, rooms.Admin, "Ada")
		_, err := e.CreateUser(t.Context(), store.User{Email: "new@example.com", Name: "New", Role: rooms.Sponsor})
		desktest.Must(t, err)
		e.Room(t, e.RunningCampaign(t, acme), zoe)
		ben := desktest.User(t, e, rooms.Influencer, "Ben")
		deal := desktest.Open(t, e, desktest.Campaign(t, e, acme, "Blue bottle", "food"), acme, ben, 1_234_50, 48*time.Hour)
		snap, err := e.Snapshot(t.Context(), deal)
		desktest.Must(t, err)
		desktest.Do(t, e, deal, ben, rooms.Accept{OfferSeq: snap.State.Last.Seq, TermsHash: snap.State.Last.Hash})
		desktest.Must(t, (&flags.Book{Store: e.Store}).Set(t.Context(), store.FlagUser, zoe.ID, "spam", flags.Deed{By: ada.ID}))
		desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
			return jobs.Add(ctx, tx, jobs.Job{Kind: jobs.Webhook, Period: "1"}, jobs.Job{Kind: jobs.Webhook, Period: "2"})
		})
		b, err := jobs.Claim(t.Context(), e.Store, jobs.Webhook, 2, time.Minute)
		desktest.Must(t, err)
		desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
			_, err := jobs.Finish(ctx, tx, b.Token, jobs.Result{ID: b.Jobs[0].ID, Failed: true, Outcome: "gone"}, jobs.Result{ID: b.Jobs[1].ID})
			return err
		})
		desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
			w, err := webhooks.Add(ctx, tx, webhooks.Webhook{User: acme.ID, Form: webhooks.Signed, Name: "w", Host: "h", Target: []byte{0}})
			if err != nil {
				return err
			}
			return webhookstest.SwitchOff(ctx, tx, &webhooks.Message{To: w}, "no answer")
		})
		_, err = insight.Fold(t.Context(), e.Store)
		desktest.Must(t, err)
		e.Clock.Advance(24 * time.Hour)

		outcomes, mails := tell(t, e, remind.Weekly(desktest.Desk(e)), "2026-W47", ada, acme)
		if !slices.Equal(outcomes, []string{desk.Told, desk.Unwanted}) || len(mails) != 1 {
			t.Fatalf("outcomes %v, %d mails", outcomes, len(mails))
		}
		golden.Check(t, "weekly", desktest.Stable(mails[0], ada.ID))

		_, quiet := tell(t, e, remind.Weekly(desktest.Desk(e)), "2026-W48", ada)
		for _, want := range []string{"Offers: 0 (2 the week before)", "Agreed in EUR: €0.00 (€1,234.50 the week before)", "Nobody came", "None: every mail", "1 sponsor waits"} {
			if !strings.Contains(quiet[0].Text, want) {
				t.Errorf("of a quiet week %q is missing:\n%s", want, quiet[0].Text)
			}
		}
	})
}
