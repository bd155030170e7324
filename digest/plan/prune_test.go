package plan_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"parley/digest/plan"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/preferences"
	"parley/store/storetest/forms"
)

const day = 24 * time.Hour

// carryOut finishes all that is due and returns the names of those jobs.
func carryOut(t *testing.T, e *forms.Env) (names []string) {
	t.Helper()
	for _, kind := range []string{jobs.Daily, jobs.Weekly, jobs.Monthly, jobs.Prune} {
		b, err := jobs.Claim(t.Context(), e.Store, kind, 1000, time.Minute)
		must(t, err)
		results := make([]jobs.Result, len(b.Jobs))
		for i, j := range b.Jobs {
			results[i] = jobs.Result{ID: j.ID, Outcome: "told"}
			names = append(names, kind+" "+j.User+" "+j.Period)
		}
		_, err = store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			_, err := jobs.Finish(ctx, tx, b.Token, results...)
			return struct{}{}, err
		})
		must(t, err)
	}
	return names
}

func sweep(t *testing.T, e *forms.Env, age time.Duration) (n int64) {
	t.Helper()
	n, err := jobs.Sweep(t.Context(), e.Store, jobs.Done, rooms.At(e.Clock.Now()).Add(-age), 10_000)
	must(t, err)
	return n
}

// TestWhatWasPrunedIsNotPlannedAgain: the clock is set back to a night that has the hour
// twice and to one that leaves it out, when the jobs of then are gone already.
func TestWhatWasPrunedIsNotPlannedAgain(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor, admin := e.User(t, rooms.Sponsor).ID, e.User(t, rooms.Admin).ID
		for _, user := range []string{sponsor, admin} {
			choose(t, e, user, preferences.Preferences{Zone: "Europe/Berlin", Hour: 2})
		}
		p := plan.New(e.Store, e.Clock.Now)
		began := e.Clock.Now()
		for range 130 * 4 {
			e.Clock.Advance(6 * time.Hour)
			pass(t, p)
		}
		first := carryOut(t, e)
		// 130 days of a reminder, 18 or 19 Mondays, 5 firsts of a month, and the pruning.
		if len(first) < 130+18+4+129 {
			t.Fatalf("%d in %s", len(first), e.Clock.Now().Sub(began))
		}
		e.Clock.Advance(40 * day)
		if n := sweep(t, e, 30*day); n != int64(len(first)) {
			t.Fatalf("%d of %d went", n, len(first))
		}
		for _, night := range []time.Time{
			time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2027, 3, 28, 0, 30, 0, 0, time.UTC),
			time.Date(2027, 2, 1, 0, 30, 0, 0, time.UTC),
		} {
			until(e, night)
			for range 30 {
				n := pass(t, p) + pass(t, plan.New(e.Store, e.Clock.Now))
				if names := carryOut(t, e); n != 0 || len(names) != 0 {
					t.Fatalf("at %s again %v", e.Clock.Now(), names)
				}
				e.Clock.Advance(time.Hour)
			}
		}
		until(e, began.Add(171*day))
		if n := pass(t, p); n == 0 {
			t.Error("and nothing comes any more")
		}
	})
}

// TestNothingComesTwiceWhateverTheClockDoes walks about in time: forward, back by up to
// half a year, over changes of the clock in both ways, with people who change their hour
// and zone, several planners, and pruning at any of these times.
func TestNothingComesTwiceWhateverTheClockDoes(t *testing.T) {
	const steps = 150
	zones := []string{"Europe/Berlin", "America/New_York", "Pacific/Apia", "UTC"}
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		random := rand.New(rand.NewPCG(3, 0))
		var users []string
		for _, role := range []rooms.Side{rooms.Sponsor, rooms.Influencer, rooms.Admin, rooms.Sponsor} {
			users = append(users, e.User(t, role).ID)
		}
		until(e, time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC))
		seen := make(map[string]time.Time)
		old := plan.New(e.Store, e.Clock.Now)
		var swept int64
		for range steps {
			switch random.IntN(10) {
			case 0:
				e.Clock.Advance(-time.Duration(random.Int64N(int64(180 * day))))
			case 1:
				e.Clock.Advance(time.Duration(random.Int64N(int64(60 * day))))
			case 2:
				choose(t, e, users[random.IntN(len(users))], preferences.Preferences{
					Zone: zones[random.IntN(len(zones))], Hour: random.IntN(4),
				})
			case 3:
				swept += sweep(t, e, 30*day)
			default:
				e.Clock.Advance(time.Duration(random.Int64N(int64(day))))
			}
			p := old
			if random.IntN(3) == 0 {
				p = plan.New(e.Store, e.Clock.Now)
			}
			pass(t, p)
			for _, name := range carryOut(t, e) {
				if at, twice := seen[name]; twice {
					t.Fatalf("%s came at %s and at %s", name, at, e.Clock.Now())
				}
				seen[name] = e.Clock.Now()
			}
		}
		if len(seen) < 30 || swept == 0 {
			t.Errorf("only %d came, and %d went: that shows nothing", len(seen), swept)
		}
	})
}
