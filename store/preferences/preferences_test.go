package preferences_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
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

func write(t *testing.T, e *forms.Env, what func(ctx context.Context, tx *store.Tx) error) error {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, what(ctx, tx)
	})
	return err
}

func set(t *testing.T, e *forms.Env, user string, p preferences.Preferences) error {
	t.Helper()
	return write(t, e, func(ctx context.Context, tx *store.Tx) error { return preferences.Set(ctx, tx, user, p) })
}

func get(t *testing.T, e *forms.Env, user string) preferences.Preferences {
	t.Helper()
	p, err := preferences.Get(t.Context(), e.Store, user)
	must(t, err)
	return p
}

func TestWhatPeopleWant(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Influencer).ID
		if p := get(t, e, a); p != preferences.Default() || !p.Wants(preferences.Daily) {
			t.Errorf("without a choice: %+v", p)
		}
		introduce := func(user, zone string) {
			must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error { return preferences.Introduce(ctx, tx, user, zone) }))
		}
		introduce(a, "Mars/Olympus")
		introduce(a, "Asia/Kolkata")
		introduce(a, "Asia/Tokyo")
		if p := get(t, e, a); p.Zone != "Asia/Kolkata" || p.Hour != preferences.DefaultHour {
			t.Errorf("introduced as %+v", p)
		}
		want := preferences.Preferences{Zone: "America/New_York", Hour: 7, Webhook: "hook", Muted: preferences.Muted(0).With(preferences.Offers)}
		must(t, set(t, e, a, want))
		if p := get(t, e, a); p != want {
			t.Errorf("chose %+v", p)
		}
		for _, user := range []string{a, b} {
			must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error {
				return preferences.Mute(ctx, tx, user, preferences.Daily)
			}))
		}
		p, q := get(t, e, a), get(t, e, b)
		if p.Wants(preferences.Daily) || p.Wants(preferences.Offers) || !p.Wants(preferences.Deals) || p.Hour != 7 || p.Webhook != "hook" {
			t.Errorf("after a mute %+v", p)
		}
		if q.Wants(preferences.Daily) || !q.Wants(preferences.Offers) || q.Zone != preferences.DefaultZone {
			t.Errorf("another after a mute %+v", q)
		}
		introduce(b, "Asia/Tokyo")
		introduce(b, "Europe/Berlin")
		if p := get(t, e, b); p.Zone != "Asia/Tokyo" || p.Wants(preferences.Daily) || p.Hour != preferences.DefaultHour {
			t.Errorf("introduced after a mute as %+v", p)
		}
		must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error { return preferences.Erase(ctx, tx, a) }))
		if p := get(t, e, a); p != preferences.Default() {
			t.Errorf("erased, but %+v", p)
		}
	})
}

func TestWhatThereIsNotIsRefused(t *testing.T) {
	e := forms.SQLite(t)
	u := e.User(t, rooms.Sponsor).ID
	for _, c := range []struct {
		zone  string
		hour  int
		field string
	}{
		{"", 8, "zone"}, {"Local", 8, "zone"}, {"Mars/Olympus", 8, "zone"}, {"../../etc/passwd", 8, "zone"}, {"europe/berlin ", 8, "zone"},
		{"UTC", -1, "hour"}, {"UTC", 24, "hour"},
	} {
		var refusal *rooms.Refusal
		err := set(t, e, u, preferences.Preferences{Zone: c.zone, Hour: c.hour})
		if !errors.As(err, &refusal) || refusal.Field != c.field {
			t.Errorf("%q at %d: %v, want a refusal of %s", c.zone, c.hour, err, c.field)
		}
	}
}

func TestTheGroupsHoldEverybodyOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		silent, early, late, muted := e.User(t, rooms.Influencer).ID, e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Sponsor).ID
		e.User(t, rooms.Admin)
		quiet, flagged := e.User(t, rooms.Influencer).ID, e.User(t, rooms.Influencer).ID
		must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error {
			return preferences.Mute(ctx, tx, quiet, preferences.Offers)
		}))
		must(t, e.Flag(t.Context(), store.Flag{Kind: store.FlagUser, ID: flagged, Reason: "spam", Admin: e.User(t, rooms.Admin).ID}))
		must(t, set(t, e, early, preferences.Preferences{Zone: "Asia/Tokyo", Hour: 7}))
		must(t, set(t, e, late, preferences.Preferences{Zone: "Asia/Tokyo", Hour: 22}))
		must(t, set(t, e, muted, preferences.Preferences{Zone: "Asia/Tokyo", Hour: 22, Muted: preferences.Muted(0).With(preferences.Daily)}))
		groups, err := preferences.Groups(t.Context(), e.Store)
		must(t, err)
		all := preferences.Audience{Topic: preferences.Daily, Roles: []rooms.Side{rooms.Sponsor, rooms.Influencer}}
		found := make(map[string]preferences.Group)
		for _, g := range groups {
			for after := ""; ; {
				last, n, err := preferences.Stretch(t.Context(), e.Store, g, all, after, 1)
				must(t, err)
				if n == 0 {
					break
				}
				must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error {
					added, err := jobs.AddEach(ctx, tx, jobs.Daily, "2026-11-22", preferences.Members(tx.DB, g, all, after, last))
					if err == nil && added != 1 {
						t.Errorf("%d were added", added)
					}
					return err
				}))
				if _, twice := found[last]; twice {
					t.Errorf("%s was found twice", last)
				}
				found[last], after = g, last
			}
		}
		if len(groups) != 4 || len(found) != 4 || !found[silent].Silent || found[quiet].Location() != time.UTC || found[early].Hour != 7 || found[late].Hour != 22 {
			t.Errorf("of %+v found %+v", groups, found)
		}
		list, _, err := jobs.List(t.Context(), e.Store, jobs.Filter{Kind: jobs.Daily})
		must(t, err)
		if len(list) != 4 || list[0].State != jobs.Due || list[0].RunAt == nil || string(list[0].Data) != "{}" {
			t.Errorf("added %+v", list)
		}
	})
}

func TestChanges(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Influencer).ID
		must(t, set(t, e, a, preferences.Default()))
		e.Clock.Advance(time.Hour)
		since := rooms.At(e.Clock.Now())
		must(t, set(t, e, b, preferences.Preferences{Zone: "Asia/Tokyo", Hour: 3}))
		list, err := preferences.ChangedSince(t.Context(), e.Store, since, nil, 10)
		must(t, err)
		if len(list) != 1 || list[0].User != b || list[0].Role != rooms.Influencer || list[0].Hour != 3 || list[0].At.Before(since) {
			t.Errorf("changed %+v", list)
		}
		first, err := preferences.ChangedSince(t.Context(), e.Store, rooms.Time{}, nil, 1)
		must(t, err)
		second, err := preferences.ChangedSince(t.Context(), e.Store, rooms.Time{}, &first[0], 1)
		must(t, err)
		if first[0].User != a || len(second) != 1 || second[0].User != b {
			t.Errorf("pages %+v and %+v", first, second)
		}
	})
}

func TestTokens(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s, err := preferences.OpenSigner(t.Context(), e.Store)
		must(t, err)
		token := s.Token("01USER", preferences.Daily)
		if user, topic, ok := s.Read(token); !ok || user != "01USER" || topic != preferences.Daily {
			t.Errorf("read %s, %s, %v", user, topic, ok)
		}
		other := s.Token("01OTHER", preferences.Daily)
		for _, bad := range []string{
			"", ".", "..", token + "x", token[1:], strings.Replace(token, "daily", "deals", 1), strings.Replace(token, "01USER", "01OTHER", 1),
			other[:strings.LastIndexByte(other, '.')] + token[strings.LastIndexByte(token, '.'):], s.Token("01USER", "password"),
		} {
			if _, _, ok := s.Read(bad); ok {
				t.Errorf("%q was taken", bad)
			}
		}
		// Of its own schema: copies of one have its key.
		other2, err := preferences.OpenSigner(t.Context(), forms.New(t, "sqlite://"+filepath.Join(t.TempDir(), "parley.db")).Store)
		must(t, err)
		if _, _, ok := other2.Read(token); ok {
			t.Error("another store took the token")
		}
	})
}

func TestTheOrderOfTopicsIsKept(t *testing.T) {
	want := []preferences.Topic{"daily", "weekly", "monthly", "requests", "offers", "deals"}
	if got := preferences.Topics(); !slices.Equal(got[:len(want)], want) {
		t.Errorf("the bits are kept in rows, and mean %v now", got)
	}
}
