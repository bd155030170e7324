package desktest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/digest"
	"parley/digest/desk"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/storetest/forms"
)

// Must ends the test for an error.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Write runs a write.
func Write(t *testing.T, e *forms.Env, what func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, what(ctx, tx)
	})
	Must(t, err)
}

// Desk writes for a store by its clock.
func Desk(e *forms.Env) *desk.Desk {
	return &desk.Desk{Store: e.Store, Clock: e.Clock.Now, URL: "https://parley.example"}
}

// User is a user of a name, who is about food.
func User(t *testing.T, e *forms.Env, role rooms.Side, name string) store.User {
	t.Helper()
	u, err := e.CreateUser(t.Context(), store.User{
		Email: strings.ToLower(name) + "@example.com", Name: name, Role: role, Approved: true, Category: "food", Niche: "vegan",
		VerifiedAt: forms.Confirmed(e),
	})
	Must(t, err)
	return u
}

// Campaign is a public campaign of 100,000.00 EUR that runs for two months.
func Campaign(t *testing.T, e *forms.Env, sponsor store.User, name, category string, niches ...string) store.Campaign {
	t.Helper()
	e.Clock.Advance(time.Millisecond) // ids of another millisecond are in order
	now := rooms.At(e.Clock.Now())
	c, err := e.CreateCampaign(t.Context(), store.Campaign{
		Sponsor: sponsor.ID, Name: name, Category: category, Niches: niches, Currency: "EUR", Budget: 10_000_000, Public: true,
		StartsAt: now, EndsAt: now.Add(60 * 24 * time.Hour),
	})
	Must(t, err)
	return c
}

// Do gives a command that is to be taken.
func Do(t *testing.T, e *forms.Env, room string, u store.User, body rooms.Command) store.Result {
	t.Helper()
	return e.Must(t, store.Command{Room: room, CMID: ulid.Make().String(), Actor: rooms.Actor{ID: u.ID, Role: u.Role}, Body: body})
}

// Terms are over a fee in minor units of a currency.
func Terms(fee int64, currency rooms.Currency) rooms.Patch {
	rounds := 2
	return rooms.FullPatch(rooms.Terms{
		Fee:            rooms.Money{Amount: fee, Currency: currency},
		Deliverables:   []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 2, LengthSeconds: 30, MustShow: "the blue bottle"}},
		RevisionRounds: &rounds,
	})
}

// Open opens a room by an offer that expires after a while, and returns its id.
func Open(t *testing.T, e *forms.Env, c store.Campaign, by, influencer store.User, fee int64, expires time.Duration) string {
	t.Helper()
	id, terms := ulid.Make().String(), Terms(fee, c.Currency)
	Do(t, e, id, by, rooms.Open{
		ID: id, Campaign: c.ID, Influencer: influencer.ID, Terms: &terms, ExpiresIn: int64(expires / time.Second), Limit: 100,
	})
	return id
}

// Work does all jobs of a kind that are due and returns how many these are.
func Work(t *testing.T, e *forms.Env, k digest.Kind) int {
	t.Helper()
	for n := 0; ; {
		b, err := jobs.Claim(t.Context(), e.Store, k.Name, k.Batch, k.Lease)
		Must(t, err)
		if len(b.Jobs) == 0 {
			return n
		}
		Must(t, k.Do(t.Context(), &b))
		for _, j := range b.Jobs {
			done, err := jobs.Get(t.Context(), e.Store, j.Kind, j.User, j.Period)
			Must(t, err)
			if done.State != jobs.Done {
				t.Errorf("the job is %s: %s", done.State, done.Outcome)
			}
		}
		n += len(b.Jobs)
	}
}

// Mails are a user's, the first one first.
func Mails(t *testing.T, e *forms.Env, u store.User) []outbox.Mail {
	t.Helper()
	list, _, err := outbox.List(t.Context(), e.Store, outbox.Filter{User: u.ID})
	Must(t, err)
	slices.Reverse(list)
	for i := range list {
		list[i], err = outbox.Get(t.Context(), e.Store, list[i].ID)
		Must(t, err)
	}
	return list
}

// Stable takes from a mail what differs between runs: the ids given, and the token of
// its link.
func Stable(m outbox.Mail, ids ...string) outbox.Mail {
	if _, token, ok := strings.Cut(m.Unsubscribe, "/api/unsubscribe/"); ok {
		m.HTML, m.Text = strings.ReplaceAll(m.HTML, token, "TOKEN"), strings.ReplaceAll(m.Text, token, "TOKEN")
	}
	for i, id := range ids {
		name := "ID" + string(rune('A'+i))
		m.HTML, m.Text = strings.ReplaceAll(m.HTML, id, name), strings.ReplaceAll(m.Text, id, name)
	}
	return m
}
