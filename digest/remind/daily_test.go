package remind_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/digest"
	"parley/digest/desk"
	"parley/digest/desk/desktest"
	"parley/digest/remind"
	"parley/rooms"
	"parley/store"
	"parley/store/insight"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/outbox/letter/golden"
	"parley/store/preferences"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

// tell has people told for a period, and returns the outcomes and the mails.
func tell(t *testing.T, e *forms.Env, k digest.Kind, period string, users ...store.User) (outcomes []string, mails []outbox.Mail) {
	t.Helper()
	desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
		for _, u := range users {
			if err := jobs.Add(ctx, tx, jobs.Job{Kind: k.Name, User: u.ID, Period: period}); err != nil {
				return err
			}
		}
		return nil
	})
	desktest.Work(t, e, k)
	for _, u := range users {
		j, err := jobs.Get(t.Context(), e.Store, k.Name, u.ID, period)
		desktest.Must(t, err)
		outcomes = append(outcomes, j.Outcome)
		for _, m := range desktest.Mails(t, e, u) {
			if strings.HasSuffix(m.Key, ":"+period) {
				mails = append(mails, m)
			}
		}
	}
	return outcomes, mails
}

func seen(t *testing.T, e *forms.Env, users ...store.User) {
	t.Helper()
	desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
		for _, u := range users {
			if err := insight.Seen(ctx, tx, rooms.At(e.Clock.Now()), u.Role, []string{u.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestWhatWaitsIsTold(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		acme, zoe := desktest.User(t, e, rooms.Sponsor, "Acme"), desktest.User(t, e, rooms.Influencer, "Zoë")
		idle, gone := desktest.User(t, e, rooms.Influencer, "Idle"), desktest.User(t, e, rooms.Influencer, "Gone")
		autumn := e.RunningCampaign(t, acme)
		room := e.Room(t, autumn, zoe)
		seen(t, e, acme, zoe, idle, gone)
		desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
			return preferences.Mute(ctx, tx, gone.ID, preferences.Daily)
		})
		k := remind.Daily(desktest.Desk(e))

		outcomes, mails := tell(t, e, k, "2026-11-22", acme, zoe, idle, gone)
		// The sponsor's own offer has two days yet, and they have seen it.
		if want := []string{desk.Nothing, desk.Told, desk.Nothing, desk.Unwanted}; !slices.Equal(outcomes, want) {
			t.Fatalf("outcomes %v, want %v", outcomes, want)
		}
		m := mails[0]
		if len(mails) != 1 || m.To != zoe.Email || m.Subject != "1 negotiation waits for your answer" || m.Kind != jobs.Daily ||
			!strings.Contains(m.Text, "€1.00 - Offer from Acme - 47 hours left\n  https://parley.example/deals/"+room) {
			t.Errorf("mails %+v", mails)
		}
		signer, err := preferences.OpenSigner(t.Context(), e.Store)
		desktest.Must(t, err)
		user, topic, ok := signer.Read(strings.TrimPrefix(m.Unsubscribe, "https://parley.example/api/unsubscribe/"))
		if !ok || user != zoe.ID || topic != preferences.Daily {
			t.Errorf("the link %s ends %s of %s", m.Unsubscribe, topic, user)
		}

		// Within a day of the end the sponsor is told too; after it nobody.
		e.Clock.Advance(25 * time.Hour)
		seen(t, e, acme, zoe)
		outcomes, mails = tell(t, e, k, "2026-11-23", acme, zoe)
		if !slices.Equal(outcomes, []string{desk.Told, desk.Told}) || mails[0].Subject != "1 negotiation ends within a day" ||
			!strings.Contains(mails[0].Text, "Your offer to Zoë - 22 hours left") {
			t.Errorf("a day later %v: %+v", outcomes, mails)
		}
		desktest.Do(t, e, room, zoe, rooms.Decline{OfferSeq: 2, Reason: "budget"})
		seen(t, e, acme, zoe)
		e.MarkSeen(room, rooms.Influencer, 3)
		if outcomes, mails = tell(t, e, k, "2026-11-24", acme, zoe); outcomes[1] != desk.Nothing {
			t.Errorf("after it was declined %v: %+v", outcomes, mails)
		}
	})
}

func TestAReminderOfEverything(t *testing.T) {
	e := forms.SQLite(t)
	acme, bolt, zoe := desktest.User(t, e, rooms.Sponsor, "Acme"), desktest.User(t, e, rooms.Sponsor, "Bolt & <Sons>"), desktest.User(t, e, rooms.Influencer, "Zoë")
	var ids []string
	for i, c := range []store.Campaign{
		desktest.Campaign(t, e, acme, "Autumn in the mountains", "food"), desktest.Campaign(t, e, bolt, "Winter <b>soups</b>", "food"),
		desktest.Campaign(t, e, acme, "Spring greens", "food"), desktest.Campaign(t, e, acme, "Bread", "food"), desktest.Campaign(t, e, acme, "Cheese", "food"),
		desktest.Campaign(t, e, acme, "Salt", "food"),
	} {
		by := acme
		if c.Sponsor == bolt.ID {
			by = bolt
		}
		ids = append(ids, desktest.Open(t, e, c, by, zoe, int64(125_000*(i+1)), time.Duration(3+10*i)*time.Hour))
	}
	var quiet []string
	for _, c := range []store.Campaign{desktest.Campaign(t, e, bolt, "Tea", "food"), desktest.Campaign(t, e, bolt, "Cake", "food")} {
		room := desktest.Open(t, e, c, bolt, zoe, 4_000, 14*24*time.Hour)
		quiet = append(quiet, room)
		desktest.Do(t, e, room, bolt, rooms.Withdraw{OfferSeq: 2})
	}
	suits := []string{
		desktest.Campaign(t, e, acme, "Vegan week", "Food", "Vegan").ID, desktest.Campaign(t, e, bolt, "A grill", "food", "meat").ID,
	}
	desktest.Campaign(t, e, acme, "Cars", "cars")
	desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
		return insight.Seen(ctx, tx, rooms.At(e.Clock.Now().AddDate(0, 0, -3)), zoe.Role, []string{zoe.ID})
	})
	_, mails := tell(t, e, remind.Daily(desktest.Desk(e)), "2026-11-22", zoe)
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	golden.Check(t, "daily", desktest.Stable(mails[0], slices.Concat([]string{zoe.ID}, ids, quiet, suits)...))

	if outcomes, again := tell(t, e, remind.Daily(desktest.Desk(e)), "2026-11-23", zoe); len(again) != 1 || strings.Contains(again[0].Text, "Vegan week") {
		t.Errorf("on the fourth day away: %v, %v", outcomes, again)
	}
	if outcomes, again := tell(t, e, remind.Daily(desktest.Desk(e)), "2026-11-26", zoe); len(again) != 1 || !strings.Contains(again[0].Text, "Vegan week") {
		t.Errorf("on the seventh day away: %v, %v", outcomes, again)
	}
}

// What was delivered waits for the sponsor, and is new to nobody who checks it; an answer
// that nobody has seen is new.
func TestWorkToCheckAndNewsAreTold(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		acme, zoe := desktest.User(t, e, rooms.Sponsor, "Acme"), desktest.User(t, e, rooms.Influencer, "Zoë")
		room := desktest.Open(t, e, desktest.Campaign(t, e, acme, "Autumn", "food"), acme, zoe, 125_000, 48*time.Hour)
		seen(t, e, acme, zoe)
		snap, err := e.Snapshot(t.Context(), room)
		desktest.Must(t, err)
		desktest.Do(t, e, room, zoe, rooms.Accept{OfferSeq: 2, TermsHash: snap.State.Last.Hash})
		k := remind.Daily(desktest.Desk(e))
		_, mails := tell(t, e, k, "2026-11-22", acme)
		if len(mails) != 1 || mails[0].Subject != "1 room has news for you" || !strings.Contains(mails[0].HTML, "New in your rooms") ||
			!strings.Contains(mails[0].Text, "https://parley.example/deals/"+room) {
			t.Fatalf("after the deal %+v", mails)
		}
		desktest.Do(t, e, room, zoe, rooms.Deliver{DealSeq: 2, Deliverable: 0, Links: []string{"https://example.com/1"}})
		_, mails = tell(t, e, k, "2026-11-23", acme)
		if len(mails) != 1 || mails[0].Subject != "1 deal has work for you to check" ||
			!strings.Contains(mails[0].HTML, "Delivered, for you to check") || strings.Contains(mails[0].HTML, "New in your rooms") {
			t.Errorf("after the delivery %+v", mails)
		}
		if _, mails = tell(t, e, k, "2026-11-23", zoe); len(mails) > 0 && strings.Contains(mails[0].HTML, "for you to check") {
			t.Errorf("who delivered is told to check: %+v", mails)
		}
	})
}
