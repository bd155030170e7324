package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/api"
	"parley/cmd/parley/internal/wire"
	"parley/rooms"
	"parley/store"
)

// Currency is that of every campaign of a market.
const Currency = "EUR"

// Person is a user with a bearer token.
type Person struct {
	ID, Token string
}

// Market is a store with one sponsor and some influencers.
type Market struct {
	t           testing.TB
	Sponsor     Person
	Influencers []Person
}

// NewMarket migrates a database and writes the people, all approved, before any
// instance runs.
func NewMarket(t testing.TB, database string, influencers int) *Market {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	cfg := store.Config{URL: database, Clock: time.Now, Rand: rand.Reader}
	if err := store.Migrate(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	st.Start()
	defer func() {
		if err := st.Close(ctx); err != nil {
			t.Errorf("close the store: %v", err)
		}
	}()
	m := &Market{t: t}
	person := func(role rooms.Side, n int) Person {
		token := rand.Text()
		u, err := st.CreateUser(ctx, store.User{
			Email: fmt.Sprintf("%s-%d@example.com", role, n), Name: fmt.Sprintf("%s %d", role, n),
			Role: role, Approved: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		now := rooms.At(time.Now())
		err = st.CreateSession(ctx, store.Session{
			TokenHash: api.HashToken(token), UserID: u.ID, Kind: store.SessionBearer, Name: "test",
			CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return Person{u.ID, token}
	}
	m.Sponsor = person(rooms.Sponsor, 0)
	for n := range influencers {
		m.Influencers = append(m.Influencers, person(rooms.Influencer, n))
	}
	return m
}

// Campaign creates a campaign of the sponsor over REST and invites every
// influencer; the rooms are in the order of the influencers.
func (m *Market) Campaign(base string, budget int64) (campaign string, rooms []string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), Patience)
	defer cancel()
	rest := wire.REST{Base: base, Token: m.Sponsor.Token}
	today := time.Now().UTC()
	var made struct {
		ID string `json:"id"`
	}
	err := rest.Call(ctx, http.MethodPost, "/api/campaigns", map[string]any{
		"name": "Spring", "starts_on": today.Format(time.DateOnly),
		"ends_on": today.AddDate(0, 0, 60).Format(time.DateOnly),
		"budget":  Money(budget),
	}, &made)
	if err != nil {
		m.t.Fatalf("create a campaign: %v", err)
	}
	for _, influencer := range m.Influencers {
		var opened struct {
			Room string `json:"room"`
		}
		err := rest.Call(ctx, http.MethodPost, "/api/campaigns/"+made.ID+"/invitations", map[string]any{
			"id": ulid.Make().String(), "influencer": influencer.ID,
		}, &opened)
		if err != nil {
			m.t.Fatalf("invite an influencer: %v", err)
		}
		rooms = append(rooms, opened.Room)
	}
	return made.ID, rooms
}

// Money is an amount in minor units of Currency.
func Money(amount int64) map[string]any {
	return map[string]any{"amount": amount, "currency": Currency}
}

// Terms are whole terms with a fee and a note.
func Terms(fee int64, note string) map[string]any {
	return map[string]any{
		"fee":          Money(fee),
		"deliverables": []any{map[string]any{"platform": "instagram", "format": "reel", "quantity": 1}},
		"note":         note,
	}
}

// Log reads a room's whole log over REST, folds it by the rules and fails the
// test if it is not whole.
func (m *Market) Log(base, room string) (events []rooms.Event, after rooms.State) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), Patience)
	defer cancel()
	rest := wire.REST{Base: base, Token: m.Sponsor.Token}
	err := rest.Log(ctx, room, 0, func(e wire.LogEvent) error {
		event, err := rooms.ParseEvent(e.Canonical)
		if err != nil {
			return err
		}
		if accepted, ok := event.Data.(rooms.Accepted); ok {
			o := after.Standing()
			if o == nil || o.Seq != accepted.OfferSeq || o.Hash != accepted.TermsHash || o.Author == event.By.Side {
				return fmt.Errorf("event %d accepts an offer that does not stand", event.Seq)
			}
		}
		events = append(events, event)
		return after.Apply(event) // says when a number is missing or twice
	})
	if err != nil {
		m.t.Fatalf("log of room %s: %v", room, err)
	}
	return events, after
}
