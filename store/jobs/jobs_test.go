package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// do runs a write of the package under test.
func do(t *testing.T, e *forms.Env, what func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, what(ctx, tx)
	})
	must(t, err)
}

func add(t *testing.T, e *forms.Env, list ...jobs.Job) {
	t.Helper()
	do(t, e, func(ctx context.Context, tx *store.Tx) error { return jobs.Add(ctx, tx, list...) })
}

func claim(t *testing.T, e *forms.Env, limit int) jobs.Batch {
	t.Helper()
	b, err := jobs.Claim(t.Context(), e.Store, "daily", limit, time.Minute)
	must(t, err)
	return b
}

func finish(t *testing.T, e *forms.Env, token string, results ...jobs.Result) map[int64]bool {
	t.Helper()
	mine, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (map[int64]bool, error) {
		return jobs.Finish(ctx, tx, token, results...)
	})
	must(t, err)
	return mine
}

func get(t *testing.T, e *forms.Env, period string) jobs.Job {
	t.Helper()
	j, err := jobs.Get(t.Context(), e.Store, "daily", "", period)
	must(t, err)
	return j
}

func daily(period string) jobs.Job { return jobs.Job{Kind: "daily", Period: period} }

func TestTheSameNameIsAddedOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		mine := daily("2026-11-22")
		mine.User = u.ID
		add(t, e, daily("2026-11-22"), mine, daily("2026-11-22"))
		add(t, e, daily("2026-11-22"), daily("2026-11-23"))
		list, next, err := jobs.List(t.Context(), e.Store, jobs.Filter{})
		must(t, err)
		if len(list) != 3 || next != "" || list[0].Period != "2026-11-23" || list[1].User != u.ID {
			t.Errorf("kept %+v", list)
		}
		_, err = store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, jobs.Add(ctx, tx, jobs.Job{Kind: "daily"})
		})
		if err == nil {
			t.Error("a job without a name was taken")
		}
	})
}

func TestWhatIsDueIsClaimedOnceAndInOrder(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		later := rooms.At(e.Clock.Now()).Add(time.Hour)
		tomorrow := daily("tomorrow")
		tomorrow.RunAt = &later
		add(t, e, tomorrow, daily("1"), daily("2"), daily("3"))
		first, second, none := claim(t, e, 2), claim(t, e, 2), claim(t, e, 2)
		if len(first.Jobs) != 2 || len(second.Jobs) != 1 || len(none.Jobs) != 0 {
			t.Fatalf("claimed %+v, %+v, %+v", first, second, none)
		}
		for _, j := range append(first.Jobs, second.Jobs...) {
			if j.State != jobs.Running || j.Attempts != 1 || j.Period == "tomorrow" {
				t.Errorf("claimed %+v", j)
			}
		}
		if second.Jobs[0].Period != "3" {
			t.Errorf("not in order: %+v", second.Jobs)
		}
		e.Clock.Advance(2 * time.Hour)
		if again := claim(t, e, 10); len(again.Jobs) != 4 {
			t.Errorf("after the time of the claims: %+v", again.Jobs)
		}
	})
}

func TestManyWorkersShareTheJobs(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		const n = 300
		list := make([]jobs.Job, n)
		for i := range list {
			list[i] = daily(fmt.Sprint(i))
		}
		add(t, e, list...)
		var mu sync.Mutex
		got := make(map[string]int)
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for {
					b, err := jobs.Claim(t.Context(), e.Store, "daily", 7, time.Minute)
					if err != nil || len(b.Jobs) == 0 {
						if err != nil {
							t.Error(err)
						}
						return
					}
					mu.Lock()
					for _, j := range b.Jobs {
						got[j.Period]++
					}
					mu.Unlock()
				}
			})
		}
		workers.Wait()
		for period, times := range got {
			if times != 1 {
				t.Errorf("%s was claimed %d times", period, times)
			}
		}
		if len(got) != n {
			t.Errorf("%d of %d were claimed", len(got), n)
		}
	})
}

func TestALostClaimNotesNothing(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, daily("1"), daily("2"))
		slow := claim(t, e, 2)
		e.Clock.Advance(2 * time.Minute)
		quick := claim(t, e, 1)
		id := quick.Jobs[0].ID
		both := []jobs.Result{{ID: slow.Jobs[0].ID, Outcome: "slow"}, {ID: slow.Jobs[1].ID, Outcome: "slow"}}
		if mine := finish(t, e, slow.Token, both...); len(mine) != 1 || mine[id] {
			t.Errorf("the slow worker still had %v", mine)
		}
		if mine := finish(t, e, quick.Token, jobs.Result{ID: id, Outcome: "quick"}); !mine[id] {
			t.Errorf("the quick worker had %v", mine)
		}
		if kept, err := jobs.Renew(t.Context(), e.Store, &slow, time.Minute); err != nil || kept {
			t.Errorf("renewed a claim of nothing: %v, %v", kept, err)
		}
		if j := get(t, e, quick.Jobs[0].Period); j.Outcome != "quick" || j.State != jobs.Done || j.FinishedAt == nil || j.RunAt != nil {
			t.Errorf("noted %+v", j)
		}
	})
}

func TestARenewedClaimHolds(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, daily("1"))
		b := claim(t, e, 1)
		e.Clock.Advance(50 * time.Second)
		if kept, err := jobs.Renew(t.Context(), e.Store, &b, time.Minute); err != nil || !kept {
			t.Fatalf("renewed: %v, %v", kept, err)
		}
		e.Clock.Advance(50 * time.Second)
		if other := claim(t, e, 1); len(other.Jobs) != 0 {
			t.Errorf("claimed besides: %+v", other.Jobs)
		}
	})
}

func TestAFailedAttemptIsMadeAgainOrGivenUp(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, daily("again"), daily("never"))
		b := claim(t, e, 2)
		finish(t, e, b.Token,
			jobs.Result{ID: b.Jobs[0].ID, Failed: true, Outcome: "greylisted", Retry: time.Hour, Data: []byte(`{"tried":1}`)},
			jobs.Result{ID: b.Jobs[1].ID, Failed: true, Outcome: "no such address"})
		if j := get(t, e, "again"); j.State != jobs.Due || j.Outcome != "greylisted" || string(j.Data) != `{"tried":1}` {
			t.Errorf("to be made again: %+v", j)
		}
		if j := get(t, e, "never"); j.State != jobs.Failed || j.RunAt != nil {
			t.Errorf("given up: %+v", j)
		}
		if early := claim(t, e, 2); len(early.Jobs) != 0 {
			t.Errorf("claimed before it was due: %+v", early.Jobs)
		}
		e.Clock.Advance(time.Hour)
		if late := claim(t, e, 2); len(late.Jobs) != 1 || late.Jobs[0].Attempts != 2 {
			t.Errorf("claimed when it was due: %+v", late.Jobs)
		}
		do(t, e, func(ctx context.Context, tx *store.Tx) error { return jobs.Retry(ctx, tx, b.Jobs[1].ID) })
		if again := claim(t, e, 2); len(again.Jobs) != 1 || again.Jobs[0].Attempts != 1 || again.Jobs[0].Period != "never" {
			t.Errorf("claimed after an admin's retry: %+v", again.Jobs)
		}
	})
}

func TestACancelledJobIsNobodys(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, daily("1"), daily("2"))
		b := claim(t, e, 1)
		cancel := func(id int64) error {
			_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
				return struct{}{}, jobs.Cancel(ctx, tx, id)
			})
			return err
		}
		must(t, cancel(b.Jobs[0].ID))
		if mine := finish(t, e, b.Token, jobs.Result{ID: b.Jobs[0].ID, Outcome: "done"}); len(mine) != 0 {
			t.Errorf("the worker still had %v", mine)
		}
		if j := get(t, e, "1"); j.State != jobs.Cancelled {
			t.Errorf("kept %+v", j)
		}
		if err := cancel(b.Jobs[0].ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("cancelled twice: %v", err)
		}
	})
}

func TestAPausedKindWaits(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		waiting := func() int {
			n, err := jobs.Waiting(t.Context(), e.Store, rooms.At(e.Clock.Now()), []string{"daily", "weekly"}, 2)
			must(t, err)
			return n["daily"]
		}
		add(t, e, daily("1"), daily("2"), daily("3"))
		if n := waiting(); n != 2 {
			t.Errorf("%d wait, want the bound of 2", n)
		}
		do(t, e, func(ctx context.Context, tx *store.Tx) error { return jobs.Pause(ctx, tx, "daily") })
		if n, b := waiting(), claim(t, e, 1); n != 0 || len(b.Jobs) != 0 {
			t.Errorf("paused, but %d wait and %+v was claimed", n, b.Jobs)
		}
		do(t, e, func(ctx context.Context, tx *store.Tx) error { return jobs.Resume(ctx, tx, "daily") })
		if b := claim(t, e, 9); len(b.Jobs) != 3 {
			t.Errorf("claimed afterwards %+v", b.Jobs)
		}
	})
}

func TestOneGoesEachWay(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		move := func(from, to int64) bool {
			moved, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (bool, error) {
				return jobs.MoveMark(ctx, tx, "log", from, to)
			})
			must(t, err)
			return moved
		}
		if !move(0, 5) || move(0, 7) || !move(5, 9) || move(5, 6) {
			t.Error("two went the same way")
		}
		if at, err := jobs.Mark(t.Context(), e.Store, "log"); err != nil || at != 9 {
			t.Errorf("the mark stands at %d, %v", at, err)
		}
	})
}

func TestOverview(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		later := rooms.At(e.Clock.Now()).Add(time.Hour)
		tomorrow := daily("tomorrow")
		tomorrow.RunAt = &later
		add(t, e, daily("1"), daily("2"), daily("3"), daily("4"), tomorrow)
		b := claim(t, e, 2)
		finish(t, e, b.Token, jobs.Result{ID: b.Jobs[0].ID, Failed: true, Outcome: "no"})
		do(t, e, func(ctx context.Context, tx *store.Tx) error { return jobs.Pause(ctx, tx, "weekly") })
		look := func() (daily, weekly jobs.Counts) {
			list, err := jobs.Overview(t.Context(), e.Store, rooms.At(e.Clock.Now()), []string{"daily", "weekly"})
			must(t, err)
			return list[0], list[1]
		}
		d, w := look()
		if d.Due != 2 || d.Later != 1 || d.Running != 1 || d.Failed != 1 || d.OldestDue == nil || d.PausedAt != nil {
			t.Errorf("counted %+v", d)
		}
		if w.Kind != "weekly" || w.Due != 0 || w.PausedAt == nil || w.OldestDue != nil {
			t.Errorf("counted %+v", w)
		}
		e.Clock.Advance(2 * time.Minute)
		if d, _ := look(); d.Due != 3 || d.Running != 0 {
			t.Errorf("after the claim ran out: %+v", d)
		}
	})
}

func TestPages(t *testing.T) {
	e := forms.SQLite(t)
	add(t, e, daily("1"), daily("2"), daily("3"))
	first, next, err := jobs.List(t.Context(), e.Store, jobs.Filter{Kind: "daily", State: jobs.Due, Limit: 2})
	must(t, err)
	second, end, err := jobs.List(t.Context(), e.Store, jobs.Filter{Kind: "daily", State: jobs.Due, Limit: 2, Cursor: next})
	must(t, err)
	if len(first) != 2 || len(second) != 1 || end != "" || second[0].Period != "1" {
		t.Errorf("pages %+v and %+v", first, second)
	}
	var refusal *rooms.Refusal
	if _, _, err := jobs.List(t.Context(), e.Store, jobs.Filter{Cursor: "x"}); !errors.As(err, &refusal) {
		t.Errorf("a cursor of nobody: %v", err)
	}
}
