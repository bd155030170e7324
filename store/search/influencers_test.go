package search_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/profiles"
	"parley/store/search"
	"parley/store/storetest/forms"
)

// influencer adds one with a profile.
func (s *shop) influencer(name, category string, patch profiles.Patch) store.User {
	s.t.Helper()
	s.Clock.Advance(time.Millisecond)
	id := ulid.Make().String()
	u, err := s.CreateUser(context.Background(), store.User{
		Email: id + "@example.test", Name: name, Category: category, Role: rooms.Influencer, Approved: true,
	})
	if err == nil {
		_, err = profiles.Save(context.Background(), s.Store, u.ID, patch)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

func (s *shop) influencers(f search.InfluencerFilter) string {
	s.t.Helper()
	f.Limit = 2
	var names []string
	for {
		page, err := s.Influencers(s.t.Context(), f)
		if err != nil {
			s.t.Fatalf("search %+v: %v", f, err)
		}
		for _, i := range page.Items {
			names = append(names, i.Name)
		}
		if page.Next == "" {
			return strings.Join(names, ", ")
		}
		f.Cursor = page.Next
	}
}

func (s *shop) wantInfluencers(f search.InfluencerFilter, names string) {
	s.t.Helper()
	if got := s.influencers(f); got != names {
		s.t.Errorf("search %+v: %q, want %q", f, got, names)
	}
}

func on(list ...profiles.Platform) *[]profiles.Platform { return &list }

// fair fills a store with three influencers.
func fair(s *shop) (ana, ben, zoe store.User) {
	bio, niches := "I cook the Samsung way.", []string{"Pâtisserie", "street food"}
	ana = s.influencer("Ana Brûlée", "Food", profiles.Patch{Bio: &bio, Niches: &niches, Platforms: on(
		profiles.Platform{Platform: "instagram", Handle: "ana.cooks", Followers: 9000, EngagementBP: 300},
		profiles.Platform{Platform: "youtube", Handle: "anatv", Followers: 1000, EngagementBP: 1300},
	)})
	no := false
	ben = s.influencer("Ben Travels", "Travel", profiles.Patch{AcceptsInvites: &no, Platforms: on(
		profiles.Platform{Platform: "tiktok", Handle: "benbenben", Followers: 50_000, EngagementBP: 200},
	)})
	zoe = s.influencer("Zoë", "Food & Travel", profiles.Patch{Platforms: on(
		profiles.Platform{Platform: "instagram", Handle: "zoe", Followers: 2000, EngagementBP: 900},
	)})
	return ana, ben, zoe
}

func TestInfluencers(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		ana, _, _ := fair(s)
		type filter = search.InfluencerFilter
		for _, c := range []struct {
			f    filter
			want string
		}{
			{filter{}, "Ben Travels, Ana Brûlée, Zoë"},
			{filter{Sort: search.InfluencersReach}, "Ben Travels, Ana Brûlée, Zoë"},
			{filter{Sort: search.InfluencersEngagement}, "Zoë, Ana Brûlée, Ben Travels"},
			{filter{Sort: search.InfluencersActive}, "Zoë, Ben Travels, Ana Brûlée"},
			{filter{Text: "brulee ANA"}, "Ana Brûlée"},
			{filter{Text: "samsng"}, "Ana Brûlée"},
			{filter{Text: "zoe"}, "Zoë"},
			{filter{Text: "travel"}, "Ben Travels, Zoë"},
			{filter{Text: "travel", Sort: search.InfluencersEngagement}, "Zoë, Ben Travels"},
			{filter{Text: "@benbenben"}, "Ben Travels"},
			{filter{Text: "ana.cooks"}, "Ana Brûlée"},
			{filter{Text: "patiserie"}, "Ana Brûlée"},
			{filter{Text: "tiktok"}, "Ben Travels"},
			{filter{Text: "nobody-at-all"}, ""},
			{filter{Category: "food"}, "Ana Brûlée, Zoë"},
			{filter{Niche: "street food"}, "Ana Brûlée"},
			{filter{Platform: "instagram"}, "Ana Brûlée, Zoë"},
			{filter{Platform: "instagram", Category: "Travel", Text: "zoe"}, "Zoë"},
			{filter{MinReach: 2001}, "Ben Travels, Ana Brûlée"},
			{filter{MinReach: 2000, MaxReach: 10_000}, "Ana Brûlée, Zoë"},
			{filter{MinEngagement: 400}, "Ana Brûlée, Zoë"}, // Ana has 400 in the mean of her followers
			{filter{MaxEngagement: 399}, "Ben Travels"},
			{filter{MinEngagement: 400, MaxEngagement: 400, MinReach: 1, Sort: search.InfluencersActive}, "Ana Brûlée"},
			{filter{AcceptsInvites: true}, "Ana Brûlée, Zoë"},
			{filter{AcceptsInvites: true, Text: "travel"}, "Zoë"},
		} {
			s.wantInfluencers(c.f, c.want)
		}
		page, err := s.Influencers(t.Context(), filter{Text: "ana"})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%v, %v", page, err)
		}
		got := page.Items[0]
		if got.ID != ana.ID || got.Category != "Food" || !slices.Equal(got.Niches, []string{"Pâtisserie", "street food"}) ||
			got.Reach != 10_000 || got.EngagementBP != 400 || !got.AcceptsInvites || len(got.Platforms) != 2 ||
			got.Platforms[0].Handle != "ana.cooks" || got.Slug == "" || got.Bio == "" || got.ActiveAt.IsZero() {
			t.Errorf("found %+v", got)
		}
		for field, f := range map[string]filter{"sort": {Sort: "x"}, "cursor": {Cursor: "_"}, "currency": {MinFee: 1}} {
			_, err := s.Influencers(t.Context(), f)
			wantInvalid(t, err, field)
		}
	})
}

func TestInfluencersOnShow(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		_, ben, _ := fair(s)
		admin := e.User(t, rooms.Admin)
		check := func(what string, err error, shown bool) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			for _, f := range []search.InfluencerFilter{{}, {Text: "ben"}, {Sort: search.InfluencersEngagement}, {MinReach: 1}} {
				if got := s.influencers(f); strings.Contains(got, "Ben") != shown {
					t.Errorf("%s: %+v finds %q", what, f, got)
				}
			}
		}
		check("new", nil, true)
		flag := store.Flag{Kind: store.FlagUser, ID: ben.ID, Reason: "spam", Admin: admin.ID}
		check("flagged", e.Flag(t.Context(), flag), false)
		check("unflagged", e.Unflag(t.Context(), flag), true)
		approve := func(ok bool) error {
			_, err := e.UpdateUser(t.Context(), ben.ID, store.UserPatch{Approved: &ok})
			return err
		}
		check("not approved", approve(false), false)
		check("approved", approve(true), true)
		_, err := profiles.Save(t.Context(), e.Store, ben.ID, profiles.Patch{Platforms: on()})
		check("without platforms", err, true)
		s.wantInfluencers(search.InfluencerFilter{Text: "tiktok"}, "")
	})
}

// deal strikes one at a fee.
func (s *shop) deal(influencer string, fee int64) {
	s.t.Helper()
	c := s.campaign("A deal", nil)
	do := func(room string, who rooms.Actor, body rooms.Command) {
		s.t.Helper()
		r := s.Do(context.Background(), store.Command{Room: room, CMID: ulid.Make().String(), Actor: who, Body: body})
		if r.Err != nil {
			s.t.Fatal(r.Err)
		}
	}
	room := ulid.Make().String()
	terms := rooms.FullPatch(rooms.Terms{
		Fee:          rooms.Money{Amount: fee, Currency: "EUR"},
		Deliverables: []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 1}},
	})
	do(room, rooms.Actor{ID: s.sponsor.ID, Role: rooms.Sponsor}, rooms.Open{
		ID: room, Campaign: c.ID, Influencer: influencer, Terms: &terms, Limit: 10,
	})
	snapshot, err := s.Snapshot(context.Background(), room)
	if err != nil {
		s.t.Fatal(err)
	}
	o := snapshot.State.Standing()
	do(room, rooms.Actor{ID: influencer, Role: rooms.Influencer}, rooms.Accept{OfferSeq: o.Seq, TermsHash: o.Hash})
}

// What deals cost is told in steps, and from the third on.
func TestFees(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		ana, _, _ := fair(s)
		fees := func() []search.Fees {
			t.Helper()
			page, err := s.Influencers(t.Context(), search.InfluencerFilter{Text: "ana"})
			if err != nil || len(page.Items) != 1 {
				t.Fatalf("%v, %v", page, err)
			}
			return page.Items[0].Fees
		}
		eur := search.InfluencerFilter{Currency: "EUR", MinFee: 1}
		s.deal(ana.ID, 1234)
		s.deal(ana.ID, 88_000)
		if got := fees(); got != nil {
			t.Errorf("two deals are told: %v", got)
		}
		s.wantInfluencers(eur, "")
		s.deal(ana.ID, 2500)
		want := []search.Fees{{Currency: "EUR", Deals: 3, Low: 1000, Typical: 2000, High: 100_000}}
		if got := fees(); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		s.wantInfluencers(eur, "Ana Brûlée")
		for f, names := range map[search.InfluencerFilter]string{
			{Currency: "EUR", MinFee: 2000, MaxFee: 2000}:                              "Ana Brûlée",
			{Currency: "EUR", MinFee: 2001}:                                            "",
			{Currency: "EUR", MaxFee: 1999}:                                            "",
			{Currency: "USD", MinFee: 1}:                                               "",
			{Currency: "EUR", MinFee: 1, Text: "brulee", MinReach: 1}:                  "Ana Brûlée",
			{Currency: "EUR", MinFee: 1, MaxReach: 5000}:                               "",
			{Currency: "EUR", MaxFee: 5000, Sort: search.InfluencersActive}:            "Ana Brûlée",
			{Currency: "EUR", MaxFee: 5000, Platform: "youtube", AcceptsInvites: true}: "Ana Brûlée",
		} {
			s.wantInfluencers(f, names)
		}
		// A deal is a sign of life.
		s.wantInfluencers(search.InfluencerFilter{Sort: search.InfluencersActive}, "Ana Brûlée, Zoë, Ben Travels")
	})
}
