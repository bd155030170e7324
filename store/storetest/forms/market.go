package forms

import (
	"context"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
)

// RunningCampaign adds a public campaign of 10,000.00 EUR that runs for two months.
func (e *Env) RunningCampaign(t testing.TB, sponsor store.User) store.Campaign {
	t.Helper()
	e.Clock.Advance(time.Millisecond) // ids of another millisecond are in order
	now := rooms.At(e.Clock.Now())
	c, err := e.CreateCampaign(context.Background(), store.Campaign{
		Sponsor: sponsor.ID, Name: "Autumn " + sponsor.Name, Category: "food", Niches: []string{"vegan"}, Currency: "EUR",
		Budget: 1_000_000, Public: true, StartsAt: now, EndsAt: now.Add(60 * 24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Room opens a room by its sponsor's first offer and returns its id.
func (e *Env) Room(t testing.TB, c store.Campaign, influencer store.User) string {
	t.Helper()
	id := ulid.Make().String()
	terms := rooms.FullPatch(rooms.Terms{
		Fee:          rooms.Money{Amount: 100, Currency: c.Currency},
		Deliverables: []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 1}},
	})
	e.Must(t, store.Command{
		Room: id, CMID: ulid.Make().String(), Actor: rooms.Actor{ID: c.Sponsor, Role: rooms.Sponsor},
		Body: rooms.Open{ID: id, Campaign: c.ID, Influencer: influencer.ID, Terms: &terms, Limit: 10},
	})
	return id
}

// Must gives a command that is to be taken.
func (e *Env) Must(t testing.TB, c store.Command) store.Result {
	t.Helper()
	r := e.Do(context.Background(), c)
	if r.Err != nil {
		t.Fatalf("%s: %v", c.Body.Name(), r.Err)
	}
	return r
}
