package profiles_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"parley/rooms"
	"parley/store"
	"parley/store/profiles"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func ptr[T any](v T) *T { return &v }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refusedWith checks a refusal's code and field.
func refusedWith(t *testing.T, err error, code rooms.Code, field string) {
	t.Helper()
	var r *rooms.Refusal
	if !errors.As(err, &r) || r.Code != code || r.Field != field {
		t.Errorf("want %s (%s), got %v", code, field, err)
	}
}

func reachOf(t *testing.T, e *forms.Env, user string) int64 {
	t.Helper()
	u, err := e.UserByID(t.Context(), user)
	must(t, err)
	return u.Reach
}

// TestNewUsersAreShown: whatever way a user comes in, what they show is there.
func TestNewUsersAreShown(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u, err := e.CreateUser(t.Context(), store.User{
			Email: "a@example.test", Name: "Ana", Role: rooms.Influencer, Category: "Food", Niche: `"vegan" snacks`, Reach: 1200,
		})
		must(t, err)
		p, err := profiles.Of(t.Context(), e.Store, u.ID)
		must(t, err)
		want := profiles.Profile{
			UserID: u.ID, Name: "Ana", Slug: strings.ToLower(u.ID), Category: "Food", Niches: []string{`"vegan" snacks`},
			Reach: 1200, Platforms: []profiles.Platform{}, AcceptsInvites: true, JoinedAt: u.CreatedAt, UpdatedAt: u.CreatedAt,
		}
		if !reflect.DeepEqual(p, want) {
			t.Errorf("profile is\n%+v, want\n%+v", p, want)
		}
		bySlug, err := profiles.BySlug(t.Context(), e.Store, strings.ToLower(u.ID))
		must(t, err)
		if !reflect.DeepEqual(bySlug, want) {
			t.Errorf("by its address the profile is %+v", bySlug)
		}

		sponsor := e.User(t, rooms.Sponsor)
		card, err := profiles.CardOf(t.Context(), e.Store, sponsor.ID)
		must(t, err)
		if card.Kind != profiles.Company || card.Name != sponsor.Name {
			t.Errorf("card is %+v", card)
		}
		for what, err := range map[string]error{
			"a sponsor's profile":         second(profiles.Of(t.Context(), e.Store, sponsor.ID)),
			"an influencer's card":        second(profiles.CardOf(t.Context(), e.Store, u.ID)),
			"nobody's profile":            second(profiles.BySlug(t.Context(), e.Store, "nobody")),
			"saving a sponsor's profile":  second(profiles.Save(t.Context(), e.Store, sponsor.ID, profiles.Patch{Bio: ptr("x")})),
			"saving an influencer's card": second(profiles.SaveCard(t.Context(), e.Store, u.ID, profiles.CardPatch{About: ptr("x")})),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: want ErrNotFound, got %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestSave(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Influencer)
		patch := profiles.Patch{
			Name: ptr("Ana María"), Slug: ptr("ana-maria"), Bio: ptr("Two\nlines"), Category: ptr("Food"),
			Niches: &[]string{"vegan", "street"}, AcceptsInvites: ptr(false),
			Platforms: &[]profiles.Platform{
				{Platform: "tiktok", Handle: "@ana", Followers: 500, EngagementBP: 325},
				{Platform: "instagram", Handle: "ana.cooks", Followers: 9_000, EngagementBP: 0},
			},
		}
		saved, err := profiles.Save(t.Context(), e.Store, u.ID, patch)
		must(t, err)
		got, err := profiles.BySlug(t.Context(), e.Store, "ana-maria")
		must(t, err)
		if !reflect.DeepEqual(saved, got) {
			t.Errorf("saved %+v, read %+v", saved, got)
		}
		if got.Name != "Ana María" || got.Bio != "Two\nlines" || got.Category != "Food" || got.AcceptsInvites ||
			!reflect.DeepEqual(got.Niches, []string{"vegan", "street"}) || len(got.Platforms) != 2 ||
			got.Platforms[0].Handle != "ana.cooks" || got.Platforms[1].EngagementBP != 325 {
			t.Errorf("profile is %+v", got)
		}
		user, err := e.UserByID(t.Context(), u.ID)
		must(t, err)
		if user.Niche != "vegan" || user.Category != "Food" || user.Name != "Ana María" {
			t.Errorf("the user's row is %+v", user)
		}

		// What a patch does not name stays.
		got, err = profiles.Save(t.Context(), e.Store, u.ID, profiles.Patch{Bio: ptr("")})
		must(t, err)
		if got.Bio != "" || got.Slug != "ana-maria" || len(got.Platforms) != 2 || len(got.Niches) != 2 {
			t.Errorf("after a small change the profile is %+v", got)
		}
	})
}

// TestReachHasOneTruth: the sum of the followers, or the user's word while there
// is no platform.
func TestReachHasOneTruth(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Influencer)
		for _, step := range []struct {
			what  string
			patch profiles.Patch
			want  int64
		}{
			{"said, without a platform", profiles.Patch{Reach: ptr(int64(700))}, 700},
			{"something else changed", profiles.Patch{Bio: ptr("Hello")}, 700},
			{"platforms", profiles.Patch{Platforms: &[]profiles.Platform{
				{Platform: "x", Handle: "a", Followers: 30}, {Platform: "blog", Handle: "b", Followers: 12}}}, 42},
			{"said, but there are platforms", profiles.Patch{Reach: ptr(int64(900))}, 42},
			{"platforms gone", profiles.Patch{Platforms: &[]profiles.Platform{}}, 42},
			{"platforms gone and said", profiles.Patch{Platforms: &[]profiles.Platform{}, Reach: ptr(int64(5))}, 5},
		} {
			p, err := profiles.Save(t.Context(), e.Store, u.ID, step.patch)
			must(t, err)
			if row := reachOf(t, e, u.ID); p.Reach != step.want || row != step.want {
				t.Errorf("%s: profile says %d, the user's row %d, want %d", step.what, p.Reach, row, step.want)
			}
		}
	})
}

func TestSaveRefuses(t *testing.T) {
	e := forms.SQLite(t)
	u, other := e.User(t, rooms.Influencer), e.User(t, rooms.Influencer)
	platform := func(p profiles.Platform) profiles.Patch { return profiles.Patch{Platforms: &[]profiles.Platform{p}} }
	for _, c := range []struct {
		patch profiles.Patch
		field string
	}{
		{profiles.Patch{Slug: ptr("ab")}, "slug"},
		{profiles.Patch{Slug: ptr("Ana")}, "slug"},
		{profiles.Patch{Slug: ptr("ana--maria")}, "slug"},
		{profiles.Patch{Slug: ptr("-ana")}, "slug"},
		{profiles.Patch{Slug: ptr("an/../a")}, "slug"},
		{profiles.Patch{Slug: ptr(strings.Repeat("a", profiles.MaxSlug+1))}, "slug"},
		{profiles.Patch{Slug: ptr(strings.ToLower(e.User(t, rooms.Sponsor).ID))}, "slug"},
		{profiles.Patch{Name: ptr("")}, "name"},
		{profiles.Patch{Name: ptr("a\tb")}, "name"},
		{profiles.Patch{Bio: ptr("a\x00b")}, "bio"},
		{profiles.Patch{Bio: ptr(strings.Repeat("ä", profiles.MaxBio+1))}, "bio"},
		{profiles.Patch{Category: ptr(" food")}, "category"},
		{profiles.Patch{Niches: &[]string{"ok", ""}}, "niches[1]"},
		{profiles.Patch{Niches: ptr(make([]string, profiles.MaxNiches+1))}, "niches"},
		{profiles.Patch{Reach: ptr(int64(-1))}, "reach"},
		{profiles.Patch{Platforms: ptr(make([]profiles.Platform, profiles.MaxPlatforms+1))}, "platforms"},
		{platform(profiles.Platform{Platform: "fax", Handle: "a"}), "platforms[0].platform"},
		{platform(profiles.Platform{Platform: "x"}), "platforms[0].handle"},
		{platform(profiles.Platform{Platform: "x", Handle: "a", Followers: -1}), "platforms[0].followers"},
		{platform(profiles.Platform{Platform: "x", Handle: "a", EngagementBP: 10_001}), "platforms[0].engagement_bp"},
		{profiles.Patch{Platforms: &[]profiles.Platform{
			{Platform: "x", Handle: "a"}, {Platform: "x", Handle: "a"}}}, "platforms[1].handle"},
	} {
		_, err := profiles.Save(t.Context(), e.Store, u.ID, c.patch)
		refusedWith(t, err, rooms.CodeInvalid, c.field)
	}
	before, err := profiles.Of(t.Context(), e.Store, u.ID)
	must(t, err)
	if before.UpdatedAt != before.JoinedAt {
		t.Error("a refused change changed something")
	}
	_, err = profiles.Save(t.Context(), e.Store, other.ID, profiles.Patch{Slug: ptr("ana")})
	must(t, err)
	_, err = profiles.Save(t.Context(), e.Store, u.ID, profiles.Patch{Slug: ptr("ana"), Bio: ptr("taken")})
	refusedWith(t, err, rooms.CodeAlreadyExists, "slug")
	for slug, want := range map[string]bool{"ana": false, "ana-2": true} {
		if free, err := profiles.SlugFree(t.Context(), e.Store, slug, u.ID); err != nil || free != want {
			t.Errorf("%s is free: %v, %v; want %v", slug, free, err, want)
		}
	}
	if free, err := profiles.SlugFree(t.Context(), e.Store, "ana", other.ID); err != nil || !free {
		t.Errorf("one's own address is free for oneself: %v, %v", free, err)
	}
}

// TestClaim: a name becomes an address; who comes second gets one beside it.
func TestClaim(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		claim := func(name string) (slug, id string) {
			u := e.User(t, rooms.Influencer)
			_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
				return struct{}{}, profiles.Claim(ctx, tx, u.ID, name)
			})
			must(t, err)
			p, err := profiles.Of(t.Context(), e.Store, u.ID)
			must(t, err)
			return p.Slug, strings.ToLower(u.ID)
		}
		if slug, _ := claim("Ána  María Ñuñez!"); slug != "ana-maria-nunez" {
			t.Errorf("slug is %q", slug)
		}
		if slug, id := claim("ana maria nunez"); slug != "ana-maria-nunez-"+id[len(id)-4:] {
			t.Errorf("the second's slug is %q", slug)
		}
		for _, name := range []string{"木村", "A", ""} {
			if slug, id := claim(name); slug != id && slug != "a-"+id[len(id)-4:] {
				t.Errorf("%q became %q", name, slug)
			}
		}
		if slug, _ := claim(strings.Repeat("long name ", 12)); len(slug) > profiles.MaxSlug || strings.HasSuffix(slug, "-") {
			t.Errorf("a long name became %q", slug)
		}
	})
}

func TestFlaggedAndErasedAreNotFound(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u, admin := e.User(t, rooms.Influencer), e.User(t, rooms.Admin)
		_, err := profiles.Save(t.Context(), e.Store, u.ID, profiles.Patch{Slug: ptr("ana"), Reach: ptr(int64(5))})
		must(t, err)
		must(t, profiles.SetPicture(t.Context(), e.Store, u.ID, picture("one")))
		shown := func() (profile, file bool) {
			_, perr := profiles.BySlug(t.Context(), e.Store, "ana")
			_, _, ferr := profiles.PictureFile(t.Context(), e.Store, "one", 96)
			for _, err := range []error{perr, ferr} {
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Fatal(err)
				}
			}
			return perr == nil, ferr == nil
		}
		check := func(when string, want bool) {
			t.Helper()
			if profile, file := shown(); profile != want || file != want {
				t.Errorf("%s: profile %v, picture %v, want %v", when, profile, file, want)
			}
		}
		check("at first", true)
		flag := store.Flag{Kind: store.FlagUser, ID: u.ID, Reason: "spam", Admin: admin.ID}
		must(t, e.Flag(t.Context(), flag))
		check("flagged", false)
		must(t, e.Unflag(t.Context(), flag))
		check("unflagged", true)
		_, err = store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, profiles.Erase(ctx, tx, u.ID)
		})
		must(t, err)
		check("erased", false)
		if reach := reachOf(t, e, u.ID); reach != 0 {
			t.Errorf("the erased user's row still says %d", reach)
		}
	})
}

func picture(id string) profiles.Picture {
	return profiles.Picture{ID: id, Type: "image/png", Sizes: map[int][]byte{512: []byte(id + " large"), 96: []byte(id + " small")}}
}

func TestPictures(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		file := func(id string, size int) []byte {
			t.Helper()
			mediaType, body, err := profiles.PictureFile(t.Context(), e.Store, id, size)
			if err != nil {
				if !errors.Is(err, store.ErrNotFound) {
					t.Fatal(err)
				}
				return nil
			}
			if mediaType != "image/png" {
				t.Errorf("type is %q", mediaType)
			}
			return body
		}
		a, b := e.User(t, rooms.Influencer), e.User(t, rooms.Sponsor)
		must(t, profiles.SetPicture(t.Context(), e.Store, a.ID, picture("one")))
		must(t, profiles.SetPicture(t.Context(), e.Store, b.ID, picture("one"))) // the same content is no conflict
		if got := file("one", 96); !bytes.Equal(got, []byte("one small")) {
			t.Errorf("file is %q", got)
		}
		if file("one", 97) != nil {
			t.Error("there is a size that was not stored")
		}
		must(t, profiles.SetPicture(t.Context(), e.Store, a.ID, picture("two")))
		p, err := profiles.Of(t.Context(), e.Store, a.ID)
		must(t, err)
		card, err := profiles.CardOf(t.Context(), e.Store, b.ID)
		must(t, err)
		if p.Picture != "two" || card.Picture != "one" || file("one", 512) == nil || file("two", 512) == nil {
			t.Errorf("profile has %q, card %q", p.Picture, card.Picture)
		}
		must(t, profiles.RemovePicture(t.Context(), e.Store, b.ID))
		if file("one", 512) != nil {
			t.Error("a removed picture is still served")
		}
		err = profiles.SetPicture(t.Context(), e.Store, e.User(t, rooms.Admin).ID, picture("three"))
		if !errors.Is(err, store.ErrNotFound) || file("three", 96) != nil {
			t.Errorf("an admin, who shows nothing, has a picture: %v", err)
		}
	})
}

func TestCards(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		saved, err := profiles.SaveCard(t.Context(), e.Store, u.ID, profiles.CardPatch{
			Name: ptr("Brook & Sons"), Kind: ptr(profiles.Individual), Industry: ptr("Drinks"), About: ptr("Water."),
		})
		must(t, err)
		got, err := profiles.CardOf(t.Context(), e.Store, u.ID)
		must(t, err)
		if got != saved || got.Name != "Brook & Sons" || got.Kind != profiles.Individual || got.Industry != "Drinks" || got.About != "Water." {
			t.Errorf("saved %+v, read %+v", saved, got)
		}
		for field, patch := range map[string]profiles.CardPatch{
			"kind": {Kind: ptr("shop")}, "name": {Name: ptr(" ")}, "industry": {Industry: ptr(strings.Repeat("x", 61))},
			"about": {About: ptr("\a")},
		} {
			_, err := profiles.SaveCard(t.Context(), e.Store, u.ID, patch)
			refusedWith(t, err, rooms.CodeInvalid, field)
		}
	})
}
