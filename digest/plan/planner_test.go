package plan_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/digest/plan"
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

func choose(t *testing.T, e *forms.Env, user string, p preferences.Preferences) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, preferences.Set(ctx, tx, user, p)
	})
	must(t, err)
}

func pass(t *testing.T, p *plan.Planner) int64 {
	t.Helper()
	n, err := p.Pass(t.Context())
	must(t, err)
	return n
}

// planned are the jobs for people that there are, as "kind user period".
func planned(t *testing.T, e *forms.Env) []string {
	t.Helper()
	list, _, err := jobs.List(t.Context(), e.Store, jobs.Filter{Limit: store.MaxPage})
	must(t, err)
	names := make([]string, 0, len(list))
	for _, j := range list {
		if j.User != "" {
			names = append(names, j.Kind+" "+j.User+" "+j.Period)
		}
	}
	slices.Sort(names)
	return names
}

// until moves the clock to an hour of 22 November 2026, a Sunday, or a later day.
func until(e *forms.Env, at time.Time) { e.Clock.Advance(at.Sub(e.Clock.Now())) }

func TestEachGetsTheirOwnEvening(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		silent, tokyo, muted, admin := e.User(t, rooms.Influencer).ID, e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Influencer).ID, e.User(t, rooms.Admin).ID
		choose(t, e, tokyo, preferences.Preferences{Zone: "Asia/Tokyo", Hour: 20})
		choose(t, e, muted, preferences.Preferences{Zone: "Asia/Tokyo", Hour: 20, Muted: preferences.Muted(0).With(preferences.Daily)})
		p := plan.New(e.Store, e.Clock.Now)
		want := []string{}
		for _, step := range []struct {
			at  time.Time
			new []string
		}{
			{time.Date(2026, 11, 22, 10, 59, 0, 0, time.UTC), nil},
			{time.Date(2026, 11, 22, 11, 0, 1, 0, time.UTC), []string{"daily " + tokyo + " 2026-11-22"}},
			{time.Date(2026, 11, 22, 18, 0, 1, 0, time.UTC), []string{"daily " + silent + " 2026-11-22"}},
			// The server was down until after midnight in Tokyo.
			{time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC), []string{"daily " + tokyo + " 2026-11-23"}},
			{time.Date(2026, 11, 23, 18, 0, 1, 0, time.UTC), []string{"daily " + silent + " 2026-11-23", "weekly " + admin + " 2026-W47"}},
			{time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), []string{
				"daily " + tokyo + " 2026-12-01", "monthly " + tokyo + " 2026-11", "weekly " + admin + " 2026-W48",
			}},
		} {
			until(e, step.at)
			if n := pass(t, p); n != int64(len(step.new)) {
				t.Errorf("%s: %d were added", step.at, n)
			}
			want = append(want, step.new...)
			slices.Sort(want)
			// Another planner, such as one of a server that was started anew, adds nothing.
			if n := pass(t, plan.New(e.Store, e.Clock.Now)) + pass(t, p); n != 0 {
				t.Errorf("%s: %d were added again", step.at, n)
			}
			if got := planned(t, e); !slices.Equal(got, want) {
				t.Fatalf("%s: planned %v, want %v", step.at, got, want)
			}
		}
	})
}

func TestWhoChangesTheHourIsNotSkipped(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Sponsor).ID
		choose(t, e, a, preferences.Preferences{Zone: "UTC", Hour: 17})
		choose(t, e, b, preferences.Preferences{Zone: "UTC", Hour: 20})
		p := plan.New(e.Store, e.Clock.Now)
		until(e, time.Date(2026, 11, 22, 17, 30, 0, 0, time.UTC))
		pass(t, p)
		choose(t, e, b, preferences.Preferences{Zone: "UTC", Hour: 17}) // its round is over
		choose(t, e, a, preferences.Preferences{Zone: "UTC", Hour: 20}) // had theirs
		e.Clock.Advance(time.Minute)
		pass(t, p)
		want := []string{"daily " + a + " 2026-11-22", "daily " + b + " 2026-11-22"}
		slices.Sort(want)
		if got := planned(t, e); !slices.Equal(got, want) {
			t.Errorf("planned %v, want %v", got, want)
		}
		until(e, time.Date(2026, 11, 22, 20, 30, 0, 0, time.UTC))
		pass(t, p)
		if got := planned(t, e); !slices.Equal(got, want) {
			t.Errorf("later planned %v, want %v", got, want)
		}
	})
}

func TestAWrongClockSilencesNobody(t *testing.T) {
	e := forms.SQLite(t)
	e.User(t, rooms.Sponsor)
	until(e, time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC))
	p := plan.New(e.Store, e.Clock.Now)
	e.Clock.Advance(10 * 365 * 24 * time.Hour)
	ahead := pass(t, p)
	e.Clock.Advance(-10 * 365 * 24 * time.Hour)
	if now := pass(t, p); ahead != 1 || now != 1 {
		t.Errorf("%d were added ten years ahead, %d now", ahead, now)
	}
}

func TestManyPlannersAddEachJobOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		users := make(map[string]bool)
		for range 50 {
			u := e.User(t, rooms.Influencer).ID
			users[u] = true
			if len(users)%2 == 0 {
				choose(t, e, u, preferences.Preferences{Zone: "Europe/Berlin", Hour: 18 + len(users)%3})
			}
		}
		until(e, time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC))
		var planners sync.WaitGroup
		for range 4 {
			planners.Go(func() {
				if _, err := plan.New(e.Store, e.Clock.Now).Pass(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		planners.Wait()
		got := planned(t, e)
		for u := range users {
			if name := fmt.Sprintf("daily %s 2026-11-22", u); !slices.Contains(got, name) {
				t.Errorf("%s was not planned", name)
			}
		}
		if len(got) != len(users) {
			t.Errorf("%d jobs for %d users", len(got), len(users))
		}
	})
}

// Whatever cannot be planned, nobody else waits for it, and it is planned once it can be.
func TestWhatCannotBePlannedKeepsNobodyWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		// fails is a condition on the jobs that cannot be added; FIRST is the first user.
		fails string
		// chooses says that the first user has just chosen.
		chooses bool
	}{
		"the pruning":         {fails: "NEW.kind = 'prune'"},
		"the first group":     {fails: "NEW.user_id = 'FIRST'"},
		"what somebody chose": {fails: "NEW.user_id = 'FIRST'", chooses: true},
	} {
		t.Run(name, func(t *testing.T) {
			e := forms.SQLite(t)
			first, second, silent := e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Influencer).ID
			abidjan := preferences.Preferences{Zone: "Africa/Abidjan", Hour: 18}
			choose(t, e, first, abidjan)
			choose(t, e, second, preferences.Preferences{Zone: "Europe/London", Hour: 18})
			p := plan.New(e.Store, e.Clock.Now)
			evening := time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)
			if c.chooses {
				pass(t, p) // changes are those since a pass
				until(e, evening)
				choose(t, e, first, abidjan)
			}
			until(e, evening)
			raw(t, e, "CREATE TRIGGER fails BEFORE INSERT ON jobs WHEN "+strings.ReplaceAll(c.fails, "FIRST", first)+
				" BEGIN SELECT RAISE(ABORT, 'not now'); END")
			if _, err := p.Pass(t.Context()); err == nil {
				t.Error("nothing failed")
			}
			want := []string{"daily " + second + " 2026-11-22", "daily " + silent + " 2026-11-22"}
			slices.Sort(want)
			got := slices.DeleteFunc(planned(t, e), func(job string) bool { return strings.Contains(job, first) })
			if !slices.Equal(got, want) {
				t.Errorf("planned %v, want %v", got, want)
			}
			raw(t, e, "DROP TRIGGER fails")
			pass(t, p)
			if got := planned(t, e); !slices.Contains(got, "daily "+first+" 2026-11-22") || len(got) != 3 {
				t.Errorf("afterwards planned %v", got)
			}
			if _, err := jobs.Get(t.Context(), e.Store, jobs.Prune, "", "2026-11-22"); err != nil {
				t.Errorf("the pruning: %v", err)
			}
		})
	}
}

// raw changes the database behind the store's back.
func raw(t *testing.T, e *forms.Env, statement string) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		_, err := tx.DB.NewRaw(statement).Exec(ctx)
		return struct{}{}, err
	})
	must(t, err)
}
