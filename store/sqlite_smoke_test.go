package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"parley/rooms"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	cfg := Config{URL: "sqlite://" + filepath.Join(t.TempDir(), "x.db")}
	if err := Migrate(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	sp, err := s.CreateUser(ctx, User{Email: "S@x.test", Role: rooms.Sponsor, Approved: true})
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.CreateUser(ctx, User{Email: "i@x.test", Role: rooms.Influencer, Approved: true})
	if err != nil {
		t.Fatal(err)
	}
	now := rooms.At(time.Now())
	c, err := s.CreateCampaign(ctx, Campaign{Sponsor: sp.ID, Name: "c", Currency: "EUR", Budget: 10000, StartsAt: now, EndsAt: now.Add(24 * 30 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	terms := rooms.FullPatch(rooms.Terms{Fee: rooms.Money{Amount: 100, Currency: "EUR"}, Deliverables: []rooms.Deliverable{{Platform: "x", Format: "post", Quantity: 1}}})
	open := Command{Room: "R1", CMID: "c1", Actor: rooms.Actor{ID: sp.ID, Role: rooms.Sponsor}, Body: rooms.Open{ID: "R1", Campaign: c.ID, Influencer: in.ID, Terms: &terms, Limit: 10}}
	res := s.Do(ctx, open)
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	fmt.Println(res, s.Do(ctx, open))
	res = s.Do(ctx, Command{Room: "R1", CMID: "c2", Actor: rooms.Actor{ID: in.ID, Role: rooms.Influencer}, Body: rooms.Counter{OfferSeq: 2, Terms: rooms.Patch{}}})
	fmt.Println(res)
	c, err = s.Campaign(ctx, c.ID)
	fmt.Println(c, err)
}
