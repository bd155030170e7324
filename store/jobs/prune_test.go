package jobs_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/storetest/forms"
)

func sweep(t *testing.T, e *forms.Env, state jobs.State, before rooms.Time, limit int) int64 {
	t.Helper()
	n, err := jobs.Sweep(t.Context(), e.Store, state, before, limit)
	must(t, err)
	return n
}

// periods are those of the jobs that there are, in order.
func periods(t *testing.T, e *forms.Env) []string {
	t.Helper()
	list, _, err := jobs.List(t.Context(), e.Store, jobs.Filter{Limit: store.MaxPage})
	must(t, err)
	names := make([]string, len(list))
	for i, j := range list {
		names[i] = j.Kind + " " + j.Period
	}
	slices.Sort(names)
	return names
}

func TestOldJobsThatAreOverGo(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, daily("2026-11-01"), daily("2026-11-02"), daily("2026-11-03"), daily("2026-11-04"), daily("2026-11-05"))
		b := claim(t, e, 4)
		slices.SortFunc(b.Jobs, func(a, b jobs.Job) int { return strings.Compare(a.Period, b.Period) })
		finish(t, e, b.Token,
			jobs.Result{ID: b.Jobs[0].ID, Outcome: "told"}, jobs.Result{ID: b.Jobs[1].ID, Outcome: "told"},
			jobs.Result{ID: b.Jobs[2].ID, Failed: true, Outcome: "no"})
		old := rooms.At(e.Clock.Now())
		e.Clock.Advance(time.Hour)
		late := rooms.At(e.Clock.Now())
		add(t, e, daily("2026-11-06"))
		b = claim(t, e, 1) // the one that nobody finished, or the one that waits longest
		finish(t, e, b.Token, jobs.Result{ID: b.Jobs[0].ID, Outcome: "told"})
		if n := sweep(t, e, jobs.Done, old, 1); n != 1 {
			t.Errorf("one at most: %d", n)
		}
		if n := sweep(t, e, jobs.Done, late, 10) + sweep(t, e, jobs.Cancelled, late, 10); n != 1 {
			t.Errorf("what is left that is old: %d", n)
		}
		want := []string{"daily 2026-11-03", "daily 2026-11-04", "daily 2026-11-05", "daily 2026-11-06"}
		if got := periods(t, e); !slices.Equal(got, want) {
			t.Errorf("left %v, want %v", got, want)
		}
		if n := sweep(t, e, jobs.Failed, late, 10); n != 1 {
			t.Errorf("failed and old: %d", n)
		}
		e.NoSort(t, func(ctx context.Context) error {
			_, err := jobs.Sweep(ctx, e.Store, jobs.Done, old, 10)
			return err
		})
	})
}

// TestWhatWentIsNotAddedAgain: a job by calendar comes once, also after its row is gone
// and a planner's clock says that it is due.
func TestWhatWentIsNotAddedAgain(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Influencer)
		list := []jobs.Job{
			{Kind: jobs.Daily, User: u.ID, Period: "2026-11-01"}, {Kind: jobs.Weekly, User: u.ID, Period: "2026-W53"},
			{Kind: jobs.Monthly, User: u.ID, Period: "2026-12"}, {Kind: jobs.Prune, Period: "2026-11-01"},
			{Kind: jobs.Mail, User: u.ID, Period: "01KB"},
		}
		add(t, e, list...)
		for _, j := range list {
			b, err := jobs.Claim(t.Context(), e.Store, j.Kind, 1, time.Minute)
			must(t, err)
			finish(t, e, b.Token, jobs.Result{ID: b.Jobs[0].ID, Outcome: "done"})
		}
		e.Clock.Advance(time.Hour)
		if n := sweep(t, e, jobs.Done, rooms.At(e.Clock.Now()), 10); n != int64(len(list)) {
			t.Fatalf("%d went", n)
		}
		other := e.User(t, rooms.Influencer)
		each := func(kind, period string) (added int64) {
			do(t, e, func(ctx context.Context, tx *store.Tx) (err error) {
				added, err = jobs.AddEach(ctx, tx, kind, period, tx.DB.NewSelect().TableExpr("users AS u").ColumnExpr("u.id"))
				return err
			})
			return added
		}
		add(t, e, list...)
		add(t, e, jobs.Job{Kind: jobs.Daily, User: other.ID, Period: "2026-10-31"},
			jobs.Job{Kind: jobs.Daily, User: u.ID, Period: "2026-11-02"}, jobs.Job{Kind: jobs.Weekly, User: u.ID, Period: "2027-W01"})
		if n := each(jobs.Daily, "2026-11-01") + each(jobs.Monthly, "2026-11"); n != 0 {
			t.Errorf("%d were added again", n)
		}
		if n := each(jobs.Monthly, "2027-01"); n != 2 {
			t.Errorf("%d of the next month were added", n)
		}
		want := []string{"daily 2026-11-02", "mail 01KB", "monthly 2027-01", "monthly 2027-01", "weekly 2027-W01"}
		if got := periods(t, e); !slices.Equal(got, want) {
			t.Errorf("there are %v, want %v", got, want)
		}
	})
}

func TestThePeriodsOfAKindAscend(t *testing.T) {
	for _, list := range [][]string{
		{"2026-02-28", "2026-03-01", "2026-12-31", "2027-01-01"}, {"2026-W09", "2026-W10", "2026-W53", "2027-W01"},
		{"2026-09", "2026-10", "2026-12", "2027-01"},
	} {
		var last int64
		for _, period := range list {
			n, ok := jobs.PeriodNumber(period)
			if !ok || n <= last {
				t.Errorf("%s is %d after %d", period, n, last)
			}
			last = n
		}
	}
	if n, ok := jobs.PeriodNumber("tomorrow"); ok {
		t.Errorf("no period, but %d", n)
	}
}
