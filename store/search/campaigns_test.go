package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/search"
	"parley/store/storetest/forms"
)

// shop is a store with campaigns in it.
type shop struct {
	*forms.Env
	*search.Index
	t       *testing.T
	sponsor store.User
}

func newShop(t *testing.T, e *forms.Env) *shop {
	t.Helper()
	return &shop{Env: e, Index: search.New(e.Store), t: t, sponsor: e.User(t, rooms.Sponsor)}
}

func (s *shop) now() rooms.Time { return rooms.At(s.Clock.Now()) }

// campaign adds a public one of 1,000 EUR that runs for 30 days.
func (s *shop) campaign(name string, change func(*store.Campaign)) store.Campaign {
	s.t.Helper()
	s.Clock.Advance(time.Millisecond) // ids of one millisecond are in no order
	c := store.Campaign{
		Sponsor: s.sponsor.ID, Name: name, StartsAt: s.now(), EndsAt: s.now().Add(30 * 24 * time.Hour),
		Public: true, Currency: "EUR", Budget: 100_000,
	}
	if change != nil {
		change(&c)
	}
	made, err := s.CreateCampaign(context.Background(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// names searches campaigns page by page of two and joins their names.
func (s *shop) names(f search.CampaignFilter) string {
	s.t.Helper()
	f.Limit, f.Now = 2, s.now()
	var names []string
	for {
		page, err := s.Campaigns(s.t.Context(), f)
		if err != nil {
			s.t.Fatalf("search %+v: %v", f, err)
		}
		if len(page.Items) > 2 || page.Next != "" && len(page.Items) < 2 {
			s.t.Fatalf("search %+v: a page of %d, then %q", f, len(page.Items), page.Next)
		}
		for _, c := range page.Items {
			names = append(names, c.Name)
		}
		if page.Next == "" {
			return strings.Join(names, ", ")
		}
		f.Cursor = page.Next
	}
}

func (s *shop) want(f search.CampaignFilter, names string) {
	s.t.Helper()
	if got := s.names(f); got != names {
		s.t.Errorf("search %+v: %q, want %q", f, got, names)
	}
}

func TestCampaignsByText(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		s.campaign("Galaxy launch", func(c *store.Campaign) {
			c.Description, c.Goals, c.Category = "Samsung phones for summer.", "Reach", "Tech"
		})
		s.campaign("Crème brûlée week", func(c *store.Campaign) {
			c.Description, c.Category, c.Niches = "Desserts from Zürich", "Food & Drink", []string{"Pâtisserie", "sweets"}
		})
		s.campaign("ПРИВЕТ мир", func(c *store.Campaign) { c.Description = "A hello to all" })
		s.campaign("Summer bottles", func(c *store.Campaign) {
			c.Description, c.Category, c.Platforms = "Water, not plastic", "Food", []string{"tiktok", "x"}
		})
		for text, want := range map[string]string{
			"":                     "Summer bottles, ПРИВЕТ мир, Crème brûlée week, Galaxy launch",
			"   ":                  "Summer bottles, ПРИВЕТ мир, Crème brûlée week, Galaxy launch",
			"samsung":              "Galaxy launch",
			"SAMSUNG":              "Galaxy launch",
			"sams":                 "Galaxy launch",
			"phones ga":            "Galaxy launch",
			"ga phones":            "",
			"phones galaxy":        "Galaxy launch",
			"galaxy, phones!":      "Galaxy launch",
			"launch bottles":       "",
			"summer":               "Summer bottles, Galaxy launch", // in the name before in the text
			"creme brulee":         "Crème brûlée week",
			"CRÈME BRÛLÉE":         "Crème brûlée week",
			"zurich":               "Crème brûlée week",
			"patisserie":           "Crème brûlée week",
			"привет":               "ПРИВЕТ мир",
			"МИР при":              "ПРИВЕТ мир",
			"tiktok":               "Summer bottles",
			strings.ToUpper("wat"): "Summer bottles",
			// Slips of the keyboard.
			"samsng":       "Galaxy launch",
			"smasung":      "Galaxy launch",
			"samsumg":      "Galaxy launch",
			"samsng phone": "Galaxy launch",
			"galxy launhc": "Galaxy launch",
			"patiserie":    "Crème brûlée week",
			"bottels":      "Summer bottles",
			"xqzwvy":       "",
			"sm":           "",
		} {
			s.want(search.CampaignFilter{Text: text}, want)
		}
		page, err := s.Campaigns(t.Context(), search.CampaignFilter{Text: "samsng phone", Now: s.now()})
		if err != nil || !slices.Equal(page.Corrected, []string{"samsung", "phone"}) {
			t.Errorf("corrected to %q, %v", page.Corrected, err)
		}
		page, err = s.Campaigns(t.Context(), search.CampaignFilter{Text: "phone", Now: s.now()})
		if err != nil || page.Corrected != nil {
			t.Errorf("what is found as typed is corrected to %q, %v", page.Corrected, err)
		}
	})
}

// Whatever somebody types is a search and never an error.
func TestOddText(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		s.campaign("Galaxy launch", func(c *store.Campaign) { c.Goals = "A name" })
		for _, text := range []string{
			`"`, `""`, `"galaxy`, `'`, `''`, `\`, `'; DROP TABLE users; --`, `%`, `_`, `*`, `galaxy*`, `* galaxy`, `(`, `)`, `)(`,
			`name : x`, `name:galaxy`, `{name body}: x`, `-galaxy`, `^galaxy`, `galaxy NOT launch`, `AND`, `OR`, `NOT`, `NEAR(a b)`,
			`galaxy AND`, `a OR`, `&`, `|`, `!`, `!!`, `<->`, `a <-> b`, `a:*`, `:*`, `?`, `??`, `?0`, `$1`, `{}`, `[`, "\x00", "a\x00b",
			"\xff\xfe", "😀", "😀😀 galaxy", "🇫🇷", "e\u0301", "\u0301", "\u0301\u0302", "日本語", "ไทย", "نص", "\u200b", "\u202e",
			strings.Repeat("a", 1000), strings.Repeat("a ", 500), strings.Repeat("é", 1000), strings.Repeat(`"`, 1000),
			strings.Repeat("(", 1000), strings.Repeat("samsng ", 140), strings.Repeat("😀", 1000),
		} {
			for _, f := range []search.CampaignFilter{
				{Text: text}, {Category: text}, {Niche: text}, {Platform: text},
				{Text: text, Category: text, Sort: search.CampaignsEnding},
			} {
				f.Now = s.now()
				if _, err := s.Campaigns(t.Context(), f); err != nil {
					t.Errorf("search %q: %v", text, err)
				}
			}
		}
		for text, want := range map[string]string{
			`"galaxy`: "Galaxy launch", "😀 galaxy 😀": "Galaxy launch", "name:galaxy": "Galaxy launch", "galaxy*": "Galaxy launch",
			"-galaxy": "Galaxy launch", "😀": "Galaxy launch", // no word: nothing is asked
		} {
			s.want(search.CampaignFilter{Text: text}, want)
		}
	})
}

func TestCampaignFilters(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		day := func(n int) rooms.Time { return s.now().Add(time.Duration(n) * 24 * time.Hour) }
		s.campaign("one", func(c *store.Campaign) {
			c.Budget, c.Category, c.Niches, c.EndsAt = 100, "Food", []string{"Skin care", "vegan"}, day(10)
			c.Platforms = []string{"instagram", "x"}
		})
		s.campaign("two", func(c *store.Campaign) {
			c.Budget, c.Category, c.StartsAt, c.EndsAt = 200, "Food & Drink", day(20), day(40)
		})
		s.campaign("three", func(c *store.Campaign) {
			c.Budget, c.Currency, c.Category, c.EndsAt = 300, "JPY", "Écologie", day(5)
			c.Platforms = []string{"youtube", "instagram"}
		})
		s.campaign("four", func(c *store.Campaign) { c.Budget = 200 })
		from, until := day(15), day(18)
		for _, c := range []struct {
			f    search.CampaignFilter
			want string
		}{
			{search.CampaignFilter{}, "four, three, two, one"},
			{search.CampaignFilter{Sort: search.CampaignsBest}, "four, three, two, one"},
			{search.CampaignFilter{Sort: search.CampaignsNewest}, "four, three, two, one"},
			{search.CampaignFilter{Sort: search.CampaignsEnding}, "three, one, four, two"},
			{search.CampaignFilter{Sort: search.CampaignsBudget, Currency: "EUR"}, "four, two, one"},
			{search.CampaignFilter{Category: "food"}, "two, one"},
			{search.CampaignFilter{Category: "drink FOOD"}, "two"},
			{search.CampaignFilter{Category: "ecologie"}, "three"},
			{search.CampaignFilter{Category: "foo"}, ""},
			{search.CampaignFilter{Niche: "Skin care"}, "one"},
			{search.CampaignFilter{Niche: "food"}, ""},
			{search.CampaignFilter{Platform: "instagram"}, "three, one"},
			{search.CampaignFilter{Platform: "x"}, "one"},
			{search.CampaignFilter{Platform: "instagram", Category: "food", Text: "on"}, "one"},
			{search.CampaignFilter{Currency: "JPY"}, "three"},
			{search.CampaignFilter{Currency: "EUR", MinBudget: 200}, "four, two"},
			{search.CampaignFilter{Currency: "EUR", MaxBudget: 199}, "one"},
			{search.CampaignFilter{Currency: "EUR", MinBudget: 150, MaxBudget: 250, Category: "food"}, "two"},
			{search.CampaignFilter{From: &from}, "four, two"},
			{search.CampaignFilter{Until: &until}, "four, three, one"},
			{search.CampaignFilter{From: &from, Until: &until}, "four"},
		} {
			s.want(c.f, c.want)
		}
		for field, f := range map[string]search.CampaignFilter{
			"sort": {Sort: "random"}, "currency": {MinBudget: 1}, "cursor": {Cursor: "x"},
		} {
			_, err := s.Campaigns(t.Context(), f)
			wantInvalid(t, err, field)
		}
		_, err := s.Campaigns(t.Context(), search.CampaignFilter{Sort: search.CampaignsBudget})
		wantInvalid(t, err, "currency")
	})
}

// Only what anybody may find is found, from the moment on in which it changes.
func TestCampaignsOnShow(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		admin := e.User(t, rooms.Admin)
		ctx := t.Context()
		c := s.campaign("Galaxy launch", nil)
		text := search.CampaignFilter{Text: "galaxy"}
		check := func(what string, err error, shown bool) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			want := ""
			if shown {
				want = "Galaxy launch"
			}
			for _, f := range []search.CampaignFilter{{}, text, {Sort: search.CampaignsEnding}} {
				if got := s.names(f); got != want {
					t.Errorf("%s: %+v finds %q", what, f, got)
				}
			}
		}
		check("public", nil, true)
		private, public := false, true
		update := func(p store.CampaignPatch) error {
			_, err := e.UpdateCampaign(ctx, s.sponsor.ID, c.ID, p)
			return err
		}
		check("private", update(store.CampaignPatch{Public: &private}), false)
		check("public again", update(store.CampaignPatch{Public: &public}), true)
		flag := store.Flag{Kind: store.FlagCampaign, ID: c.ID, Reason: "spam", Admin: admin.ID}
		check("flagged", e.Flag(ctx, flag), false)
		check("unflagged", e.Unflag(ctx, flag), true)
		flag.Kind, flag.ID = store.FlagUser, s.sponsor.ID
		check("its sponsor flagged", e.Flag(ctx, flag), false)
		check("its sponsor unflagged", e.Unflag(ctx, flag), true)
		approve := func(ok bool) error {
			_, err := e.UpdateUser(ctx, s.sponsor.ID, store.UserPatch{Approved: &ok})
			return err
		}
		check("its sponsor not approved", approve(false), false)
		check("its sponsor approved", approve(true), true)
		check("archived", e.ArchiveCampaign(ctx, s.sponsor.ID, c.ID), false)

		s.campaign("Galaxy launch", func(c *store.Campaign) { c.EndsAt = s.now().Add(time.Hour) })
		check("another", nil, true)
		e.Clock.Advance(time.Hour)
		check("at its end", nil, false)
	})
}

// The index follows the rows, whoever writes them.
func TestCampaignIndexFollows(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		c := s.campaign("Galaxy launch", nil)
		name, niches, platforms := "Comet launch", []string{"stargazing"}, []string{"podcast"}
		_, err := e.UpdateCampaign(t.Context(), s.sponsor.ID, c.ID,
			store.CampaignPatch{Name: &name, Niches: &niches, Platforms: &platforms})
		if err != nil {
			t.Fatal(err)
		}
		s.want(search.CampaignFilter{Text: "galaxy"}, "")
		s.want(search.CampaignFilter{Text: "comet"}, "Comet launch")
		s.want(search.CampaignFilter{Text: "stargazng"}, "Comet launch")
		s.want(search.CampaignFilter{Platform: "podcast"}, "Comet launch")
		brand := "Nébuleuse Inc."
		if _, err := e.UpdateUser(t.Context(), s.sponsor.ID, store.UserPatch{Name: &brand}); err != nil {
			t.Fatal(err)
		}
		s.want(search.CampaignFilter{Text: "nebuleuse"}, "Comet launch")
		s.want(search.CampaignFilter{Text: "nebluleuse"}, "Comet launch")
	})
}

// A page goes on where the one before ended, whatever has come since.
func TestCampaignPagesAreStable(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := newShop(t, e)
		for i := range 6 {
			s.campaign(fmt.Sprintf("Tea %d", i), func(c *store.Campaign) { c.Budget = int64(100 + i%2) })
		}
		newer := 0
		for _, f := range []search.CampaignFilter{
			{}, {Text: "tea"}, {Text: "tea", Sort: search.CampaignsEnding}, {Sort: search.CampaignsBudget, Currency: "EUR"},
			{Text: "teaa", Sort: search.CampaignsBudget, Currency: "EUR"},
		} {
			before := strings.Split(s.names(f), ", ")
			f.Limit, f.Now = 2, s.now()
			var got []string
			for {
				page, err := s.Campaigns(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page.Items {
					if slices.Contains(before, c.Name) {
						got = append(got, c.Name)
					}
				}
				// One before all others, and one in their midst.
				newer++
				s.campaign(fmt.Sprintf("Tea newer %d", newer), func(c *store.Campaign) { c.Budget = 101 })
				if f.Cursor = page.Next; f.Cursor == "" {
					break
				}
			}
			if !slices.Equal(got, before) {
				t.Errorf("%+v: %q, want %q", f, got, before)
			}
		}
	})
}
