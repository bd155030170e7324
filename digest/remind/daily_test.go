package remind_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/digest"
	"parley/digest/desk"
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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, e *forms.Env, what func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, what(ctx, tx)
	})
	must(t, err)
}

// named is a user whose texts do not change from run to run.
func named(t *testing.T, e *forms.Env, role rooms.Side, name string) store.User {
	t.Helper()
	u, err := e.CreateUser(t.Context(), store.User{
		Email: strings.ToLower(name) + "@example.com", Name: name, Role: role, Approved: true, Category: "food", Niche: "vegan",
	})
	must(t, err)
	return u
}

// tell has people told for a period, and returns the outcomes and the mails.
func tell(t *testing.T, e *forms.Env, k digest.Kind, period string, users ...store.User) (outcomes []string, mails []outbox.Mail) {
	t.Helper()
	write(t, e, func(ctx context.Context, tx *store.Tx) error {
		for _, u := range users {
			if err := jobs.Add(ctx, tx, jobs.Job{Kind: k.Name, User: u.ID, Period: period}); err != nil {
				return err
			}
		}
		return nil
	})
	b, err := jobs.Claim(t.Context(), e.Store, k.Name, k.Batch, k.Lease)
	must(t, err)
	must(t, k.Do(t.Context(), &b))
	for _, u := range users {
		j, err := jobs.Get(t.Context(), e.Store, k.Name, u.ID, period)
		must(t, err)
		if j.State != jobs.Done {
			t.Errorf("the job is %s: %s", j.State, j.Outcome)
		}
		outcomes = append(outcomes, j.Outcome)
		list, _, err := outbox.List(t.Context(), e.Store, outbox.Filter{User: u.ID})
		must(t, err)
		for _, m := range list {
			if strings.HasSuffix(m.Key, ":"+period) {
				whole, err := outbox.Get(t.Context(), e.Store, m.ID)
				must(t, err)
				mails = append(mails, whole)
			}
		}
	}
	return outcomes, mails
}

func at(e *forms.Env) *desk.Desk {
	return &desk.Desk{Store: e.Store, Clock: e.Clock.Now, URL: "https://parley.example"}
}

func seen(t *testing.T, e *forms.Env, users ...store.User) {
	t.Helper()
	write(t, e, func(ctx context.Context, tx *store.Tx) error {
		for _, u := range users {
			if err := insight.Seen(ctx, tx, rooms.At(e.Clock.Now()), u.Role, []string{u.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

func do(t *testing.T, e *forms.Env, room string, u store.User, body rooms.Command) store.Result {
	t.Helper()
	return e.Must(t, store.Command{Room: room, CMID: ulid.Make().String(), Actor: rooms.Actor{ID: u.ID, Role: u.Role}, Body: body})
}

// stable takes from a mail what differs between runs.
func stable(m outbox.Mail, ids ...string) outbox.Mail {
	for i, id := range ids {
		name := "ID" + string(rune('A'+i))
		m.HTML, m.Text = strings.ReplaceAll(m.HTML, id, name), strings.ReplaceAll(m.Text, id, name)
	}
	if _, token, ok := strings.Cut(m.Unsubscribe, "/api/unsubscribe/"); ok {
		for i, id := range ids {
			token = strings.ReplaceAll(token, id, "ID"+string(rune('A'+i)))
		}
		m.HTML, m.Text = strings.ReplaceAll(m.HTML, token, "TOKEN"), strings.ReplaceAll(m.Text, token, "TOKEN")
	}
	return m
}

func TestWhatWaitsIsTold(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		acme, zoe := named(t, e, rooms.Sponsor, "Acme"), named(t, e, rooms.Influencer, "Zoë")
		idle, gone := named(t, e, rooms.Influencer, "Idle"), named(t, e, rooms.Influencer, "Gone")
		autumn := e.RunningCampaign(t, acme)
		room := e.Room(t, autumn, zoe)
		seen(t, e, acme, zoe, idle, gone)
		write(t, e, func(ctx context.Context, tx *store.Tx) error {
			return preferences.Mute(ctx, tx, gone.ID, preferences.Daily)
		})
		k := remind.Daily(at(e))

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
		must(t, err)
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
		do(t, e, room, zoe, rooms.Decline{OfferSeq: 2, Reason: "budget"})
		seen(t, e, acme, zoe)
		e.MarkSeen(room, rooms.Influencer, 3)
		if outcomes, mails = tell(t, e, k, "2026-11-24", acme, zoe); outcomes[1] != desk.Nothing {
			t.Errorf("after it was declined %v: %+v", outcomes, mails)
		}
	})
}

func campaign(t *testing.T, e *forms.Env, sponsor store.User, name, category string, niches ...string) store.Campaign {
	t.Helper()
	e.Clock.Advance(time.Millisecond)
	now := rooms.At(e.Clock.Now())
	c, err := e.CreateCampaign(t.Context(), store.Campaign{
		Sponsor: sponsor.ID, Name: name, Category: category, Niches: niches, Currency: "EUR", Budget: 10_000_000, Public: true,
		StartsAt: now, EndsAt: now.Add(60 * 24 * time.Hour),
	})
	must(t, err)
	return c
}

func offer(t *testing.T, e *forms.Env, c store.Campaign, by, to store.User, fee int64, expires time.Duration) string {
	t.Helper()
	id := ulid.Make().String()
	terms := rooms.FullPatch(rooms.Terms{
		Fee:          rooms.Money{Amount: fee, Currency: c.Currency},
		Deliverables: []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 1}},
	})
	do(t, e, id, by, rooms.Open{ID: id, Campaign: c.ID, Influencer: to.ID, Terms: &terms, ExpiresIn: int64(expires / time.Second), Limit: 10})
	return id
}

func TestAReminderOfEverything(t *testing.T) {
	e := forms.SQLite(t)
	acme, bolt, zoe := named(t, e, rooms.Sponsor, "Acme"), named(t, e, rooms.Sponsor, "Bolt & <Sons>"), named(t, e, rooms.Influencer, "Zoë")
	var ids []string
	for i, c := range []store.Campaign{
		campaign(t, e, acme, "Autumn in the mountains", "food"), campaign(t, e, bolt, "Winter <b>soups</b>", "food"),
		campaign(t, e, acme, "Spring greens", "food"), campaign(t, e, acme, "Bread", "food"), campaign(t, e, acme, "Cheese", "food"),
		campaign(t, e, acme, "Salt", "food"),
	} {
		by := acme
		if c.Sponsor == bolt.ID {
			by = bolt
		}
		ids = append(ids, offer(t, e, c, by, zoe, int64(125_000*(i+1)), time.Duration(3+10*i)*time.Hour))
	}
	var quiet []string
	for _, c := range []store.Campaign{campaign(t, e, bolt, "Tea", "food"), campaign(t, e, bolt, "Cake", "food")} {
		room := offer(t, e, c, bolt, zoe, 4_000, 14*24*time.Hour)
		quiet = append(quiet, room)
		do(t, e, room, bolt, rooms.Withdraw{OfferSeq: 2})
	}
	suits := []string{
		campaign(t, e, acme, "Vegan week", "Food", "Vegan").ID, campaign(t, e, bolt, "A grill", "food", "meat").ID,
	}
	campaign(t, e, acme, "Cars", "cars")
	write(t, e, func(ctx context.Context, tx *store.Tx) error {
		return insight.Seen(ctx, tx, rooms.At(e.Clock.Now().AddDate(0, 0, -3)), zoe.Role, []string{zoe.ID})
	})
	_, mails := tell(t, e, remind.Daily(at(e)), "2026-11-22", zoe)
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	golden.Check(t, "daily", stable(mails[0], slices.Concat([]string{zoe.ID}, ids, quiet, suits)...))

	if outcomes, again := tell(t, e, remind.Daily(at(e)), "2026-11-23", zoe); len(again) != 1 || strings.Contains(again[0].Text, "Vegan week") {
		t.Errorf("on the fourth day away: %v, %v", outcomes, again)
	}
	if outcomes, again := tell(t, e, remind.Daily(at(e)), "2026-11-26", zoe); len(again) != 1 || !strings.Contains(again[0].Text, "Vegan week") {
		t.Errorf("on the seventh day away: %v, %v", outcomes, again)
	}
}
