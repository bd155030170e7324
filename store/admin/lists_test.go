package admin_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/admin"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func named(t *testing.T, e *forms.Env, role rooms.Side, name string, approved bool) store.User {
	t.Helper()
	e.Clock.Advance(time.Millisecond)
	u, err := e.CreateUser(t.Context(), store.User{
		Email: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.test", Name: name, Role: role, Approved: approved,
	})
	must(t, err)
	return u
}

func TestUsers(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		dan, no := named(t, e, rooms.Sponsor, "Dan Reed", false), "no such company"
		_, err := e.UpdateUser(t.Context(), dan.ID, store.UserPatch{RefuseReason: &no})
		must(t, err)
		ada, bob := named(t, e, rooms.Sponsor, "Ada Stone", false), named(t, e, rooms.Influencer, "Bob Marsh", true)
		cat, root := named(t, e, rooms.Influencer, "Cat Ada", true), named(t, e, rooms.Admin, "Root", false)
		must(t, e.Flag(t.Context(), store.Flag{Kind: store.FlagUser, ID: bob.ID, Reason: "Look", Admin: root.ID}))
		for name, c := range map[string]struct {
			f    admin.UserFilter
			want []store.User
		}{
			"all":              {admin.UserFilter{}, []store.User{root, cat, bob, ada, dan}},
			"role":             {admin.UserFilter{Role: rooms.Influencer}, []store.User{cat, bob}},
			"flagged":          {admin.UserFilter{State: admin.UserFlagged}, []store.User{bob}},
			"pending sponsors": {admin.UserFilter{Role: rooms.Sponsor, State: admin.UserPending}, []store.User{ada}},
			"refused":          {admin.UserFilter{State: admin.UserRefused}, []store.User{dan}},
			"begins a name":    {admin.UserFilter{Query: "aDa"}, []store.User{ada}},
			"begins a mail":    {admin.UserFilter{Query: "cat.ada@"}, []store.User{cat}},
			"an id":            {admin.UserFilter{Query: cat.ID}, []store.User{cat}},
			"with a role":      {admin.UserFilter{Query: "ada", Role: rooms.Admin}, nil},
			"no pattern":       {admin.UserFilter{Query: "%"}, nil},
		} {
			got, _, err := admin.Users(t.Context(), e.Store, c.f)
			must(t, err)
			var names, want []string
			for _, u := range got {
				names = append(names, u.Name)
			}
			for _, u := range c.want {
				want = append(want, u.Name)
			}
			if !slices.Equal(names, want) {
				t.Errorf("%s: %v, want %v", name, names, want)
			}
		}
		list, next, err := admin.Users(t.Context(), e.Store, admin.UserFilter{Limit: 3})
		must(t, err)
		rest, end, err := admin.Users(t.Context(), e.Store, admin.UserFilter{Limit: 3, Cursor: next})
		must(t, err)
		if len(list) != 3 || len(rest) != 2 || rest[0].ID != ada.ID || rest[0].State != admin.UserPending || end != "" || list[2].State != admin.UserFlagged || list[0].State != admin.UserActive {
			t.Errorf("pages %+v and %+v, then %q", list, rest, end)
		}
		c := e.RunningCampaign(t, ada)
		e.Room(t, c, cat)
		if _, n, err := admin.UserByID(t.Context(), e.Store, ada.ID, rooms.At(e.Clock.Now())); err != nil || n != (admin.Counts{Campaigns: 1, Rooms: 1}) {
			t.Errorf("counts %+v, %v", n, err)
		}
		if _, _, err := admin.UserByID(t.Context(), e.Store, "nobody", rooms.At(e.Clock.Now())); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestCampaignsAndRooms(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		ctx := t.Context()
		sponsor, influencer, root := named(t, e, rooms.Sponsor, "Ada", true), named(t, e, rooms.Influencer, "Bob", true), named(t, e, rooms.Admin, "Root", true)
		first, second := e.RunningCampaign(t, sponsor), e.RunningCampaign(t, named(t, e, rooms.Sponsor, "Cat", true))
		room, other := e.Room(t, first, influencer), e.Room(t, second, influencer)
		e.Clock.Advance(time.Millisecond)
		private, err := e.CreateCampaign(ctx, store.Campaign{
			Sponsor: sponsor.ID, Name: "Winter", Currency: "JPY", Budget: 100, StartsAt: first.StartsAt, EndsAt: first.EndsAt,
		})
		must(t, err)
		must(t, e.Flag(ctx, store.Flag{Kind: store.FlagCampaign, ID: second.ID, Reason: "Look", Admin: root.ID}))
		now := rooms.At(e.Clock.Now())
		ids := func(list []admin.Campaign) (got []string) {
			for _, c := range list {
				got = append(got, c.ID)
			}
			return got
		}
		later := now.Add(100 * 24 * time.Hour)
		yes, no := true, false
		for name, c := range map[string]struct {
			f    admin.CampaignFilter
			now  rooms.Time
			want []string
		}{
			"all":                  {admin.CampaignFilter{}, now, []string{private.ID, second.ID, first.ID}},
			"running":              {admin.CampaignFilter{State: admin.CampaignRunning}, now, []string{private.ID, second.ID, first.ID}},
			"ended":                {admin.CampaignFilter{State: admin.CampaignEnded}, now, nil},
			"later":                {admin.CampaignFilter{State: admin.CampaignEnded}, later, []string{private.ID, second.ID, first.ID}},
			"flagged":              {admin.CampaignFilter{Flagged: true}, now, []string{second.ID}},
			"sponsor":              {admin.CampaignFilter{Sponsor: sponsor.ID}, now, []string{private.ID, first.ID}},
			"public":               {admin.CampaignFilter{Public: &yes}, now, []string{second.ID, first.ID}},
			"private":              {admin.CampaignFilter{Public: &no}, now, []string{private.ID}},
			"currency":             {admin.CampaignFilter{Currency: "JPY"}, now, []string{private.ID}},
			"public in a currency": {admin.CampaignFilter{Public: &yes, Currency: "EUR", Sponsor: sponsor.ID}, now, []string{first.ID}},
			"none in a currency":   {admin.CampaignFilter{Public: &yes, Currency: "JPY"}, now, nil},
			"name":                 {admin.CampaignFilter{Query: "autumn a"}, now, []string{first.ID}},
		} {
			list, _, err := admin.Campaigns(ctx, e.Store, c.now, c.f)
			must(t, err)
			if got := ids(list); !slices.Equal(got, c.want) {
				t.Errorf("campaigns, %s: %v, want %v", name, got, c.want)
			}
		}
		c, counts, err := admin.CampaignByID(ctx, e.Store, first.ID, now)
		must(t, err)
		if c.Held != 100 || c.SponsorName != "Ada" || counts[rooms.Negotiating]+counts[rooms.Invited] != 1 || len(counts) != 1 {
			t.Errorf("campaign %+v with %v", c, counts)
		}
		for name, c := range map[string]struct {
			f    admin.RoomFilter
			want []string
		}{
			"frozen":   {admin.RoomFilter{Frozen: true}, []string{other}},
			"campaign": {admin.RoomFilter{Campaign: first.ID}, []string{room}},
			"sponsor":  {admin.RoomFilter{User: sponsor.ID}, []string{room}},
			"party":    {admin.RoomFilter{User: influencer.ID, Campaign: first.ID}, []string{room}},
			"status":   {admin.RoomFilter{Status: rooms.StatusClosed}, nil},
			"an id":    {admin.RoomFilter{Query: other}, []string{other}},
			"a name":   {admin.RoomFilter{Query: "autumn c"}, []string{other}},
		} {
			list, _, err := admin.Rooms(ctx, e.Store, c.f)
			must(t, err)
			var got []string
			for _, r := range list {
				got = append(got, r.ID)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("rooms, %s: %v, want %v", name, got, c.want)
			}
		}
		known, err := admin.RoomsByID(ctx, e.Store, []string{room, "nothing"})
		must(t, err)
		if len(known) != 1 || known[0].CampaignName != first.Name || known[0].InfluencerName != "Bob" || known[0].Fee != 100 {
			t.Errorf("by id %+v", known)
		}
	})
}

func TestListsReadNoWholeTable(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		now := rooms.At(e.Clock.Now())
		public := true
		users := func(f admin.UserFilter) func(context.Context) error {
			return func(ctx context.Context) error { _, _, err := admin.Users(ctx, e.Store, f); return err }
		}
		campaigns := func(f admin.CampaignFilter) func(context.Context) error {
			return func(ctx context.Context) error { _, _, err := admin.Campaigns(ctx, e.Store, now, f); return err }
		}
		list := func(f admin.RoomFilter) func(context.Context) error {
			return func(ctx context.Context) error { _, _, err := admin.Rooms(ctx, e.Store, f); return err }
		}
		for name, do := range map[string]func(context.Context) error{
			"users":             users(admin.UserFilter{Cursor: "z"}),
			"users by role":     users(admin.UserFilter{Role: rooms.Sponsor, Cursor: "z"}),
			"pending users":     users(admin.UserFilter{State: admin.UserPending}),
			"flagged users":     users(admin.UserFilter{State: admin.UserFlagged}),
			"users by text":     users(admin.UserFilter{Query: "ada", Cursor: "z"}),
			"campaigns":         campaigns(admin.CampaignFilter{Cursor: "z"}),
			"flagged campaigns": campaigns(admin.CampaignFilter{Flagged: true}),
			"public":            campaigns(admin.CampaignFilter{Public: &public, Cursor: "z"}),
			"by currency":       campaigns(admin.CampaignFilter{Currency: "JPY"}),
			"archived":          campaigns(admin.CampaignFilter{State: admin.CampaignArchived}),
			"a sponsor's":       campaigns(admin.CampaignFilter{Sponsor: "S"}),
			"campaigns by text": campaigns(admin.CampaignFilter{Query: "autumn"}),
			"rooms":             list(admin.RoomFilter{Cursor: "z"}),
			"rooms by status":   list(admin.RoomFilter{Status: rooms.Agreed, Cursor: "z"}),
			"frozen rooms":      list(admin.RoomFilter{Frozen: true}),
			"a campaign's":      list(admin.RoomFilter{Campaign: "C"}),
			"a user's":          list(admin.RoomFilter{User: "U"}),
			"rooms by text":     list(admin.RoomFilter{Query: "autumn"}),
			"rooms by id": func(ctx context.Context) error {
				_, err := admin.RoomsByID(ctx, e.Store, []string{"a", "b"})
				return err
			},
			"one user": func(ctx context.Context) error {
				_, _, err := admin.UserByID(ctx, e.Store, e.User(t, rooms.Sponsor).ID, now)
				return err
			},
		} {
			t.Run(name, func(t *testing.T) { e.NoScan(t, do) })
		}
	})
}
