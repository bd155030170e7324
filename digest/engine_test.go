package digest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/digest"
	"parley/digest/inprocess"
	"parley/store"
	"parley/store/jobs"
	"parley/store/storetest/forms"
)

const patience = 2 * time.Minute

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !holds() {
		select {
		case <-end:
			t.Fatalf("did not come: %s", what)
		case <-tick.C:
		}
	}
}

func add(t *testing.T, e *forms.Env, n int) {
	t.Helper()
	list := make([]jobs.Job, n)
	for i := range list {
		list[i] = jobs.Job{Kind: "kind", Period: fmt.Sprint(i)}
	}
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, jobs.Add(ctx, tx, list...)
	})
	must(t, err)
}

func get(t *testing.T, e *forms.Env, period string) jobs.Job {
	t.Helper()
	j, err := jobs.Get(t.Context(), e.Store, "kind", "", period)
	must(t, err)
	return j
}

func counts(t *testing.T, e *forms.Env, state jobs.State) int {
	t.Helper()
	list, _, err := jobs.List(t.Context(), e.Store, jobs.Filter{Kind: "kind", State: state, Limit: 200})
	must(t, err)
	return len(list)
}

// finish notes that jobs are done.
func finish(ctx context.Context, e *forms.Env, b *jobs.Batch, list ...jobs.Job) (map[int64]bool, error) {
	return store.Write(ctx, e.Store, func(ctx context.Context, tx *store.Tx) (map[int64]bool, error) {
		results := make([]jobs.Result, len(list))
		for i, j := range list {
			results[i] = jobs.Result{ID: j.ID, Outcome: "ok"}
		}
		return jobs.Finish(ctx, tx, b.Token, results...)
	})
}

// figures counts what an engine tells.
type figures struct {
	mu sync.Mutex
	n  map[digest.Result]int
}

func (f *figures) ObserveJobs(_ string, r digest.Result, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n[r] += n
}
func (f *figures) ObserveBatch(string, time.Duration) {}
func (f *figures) ObserveDue(string, int)             {}

func (f *figures) of(r digest.Result) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n[r]
}

type engine struct {
	*digest.Engine
	*figures
	ticks chan time.Time
}

func start(t *testing.T, e *forms.Env, k digest.Kind) engine {
	t.Helper()
	k.Name = "kind"
	f, ticks := &figures{n: make(map[digest.Result]int)}, make(chan time.Time)
	en, err := digest.New(digest.Config{
		Store: e.Store, Runner: inprocess.New(k.Parallel), Kinds: []digest.Kind{k}, Ticks: ticks, Clock: e.Clock.Now,
		Jitter: func(int64) int64 { return 0 }, Observer: f,
	})
	must(t, err)
	must(t, en.Start())
	t.Cleanup(func() { stop(t, en) })
	return engine{en, f, ticks}
}

func stop(t *testing.T, en *digest.Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := en.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// tick has an engine look.
func (en engine) tick(t *testing.T) {
	t.Helper()
	select {
	case en.ticks <- time.Time{}:
	case <-time.After(patience):
		t.Fatal("the engine does not look")
	}
}

// TestNobodyDoesARowTwiceAtOnce: several engines on one store, batches and failures as
// they come: no row is ever in two hands, and each ends done exactly once.
func TestNobodyDoesARowTwiceAtOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		const n = 150
		add(t, e, n)
		var inHand [n + 1]atomic.Int32
		var done sync.Map
		var calls atomic.Int64
		kind := digest.Kind{Batch: 7, Parallel: 3, Lease: 10_000 * time.Hour, Attempts: 1000}
		kind.Do = func(ctx context.Context, b *jobs.Batch) error {
			index := func(j jobs.Job) int {
				var i int
				_, err := fmt.Sscan(j.Period, &i)
				if err != nil {
					t.Error(err)
				}
				return i
			}
			for _, j := range b.Jobs {
				if inHand[index(j)].Add(1) != 1 {
					t.Errorf("%s is in two hands", j.Period)
				}
			}
			defer func() {
				for _, j := range b.Jobs {
					inHand[index(j)].Add(-1)
				}
			}()
			// Every third call does nothing, the others leave the last row.
			call := calls.Add(1)
			if call%3 == 0 {
				return errors.New("not now")
			}
			some := b.Jobs[:max(1, len(b.Jobs)-int(call%2))]
			mine, err := finish(ctx, e, b, some...)
			for id := range mine {
				if _, twice := done.LoadOrStore(id, true); twice {
					t.Errorf("job %d is done twice", id)
				}
			}
			return err
		}
		engines := []engine{start(t, e, kind), start(t, e, kind)}
		eventually(t, "all are done", func() bool {
			for _, en := range engines {
				en.tick(t)
			}
			e.Clock.Advance(6 * time.Hour) // longer than any wait
			return counts(t, e, jobs.Done) == n
		})
		for _, en := range engines {
			stop(t, en.Engine)
		}
		if sum := engines[0].of(digest.Finished) + engines[1].of(digest.Finished); sum != n {
			t.Errorf("%d jobs were told to be done, want %d", sum, n)
		}
	})
}

func TestWhatIsLeftIsTriedAgainAndThenGivenUp(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, 1)
		var told atomic.Int32
		en := start(t, e, digest.Kind{
			Batch: 5, Parallel: 1, Lease: time.Minute, Attempts: 3,
			Do: func(context.Context, *jobs.Batch) error { panic("no") },
			GaveUp: func(_ context.Context, _ *store.Tx, lost []jobs.Job) error {
				told.Add(int32(len(lost)))
				return nil
			},
		})
		for attempt, wait := range []time.Duration{15 * time.Second, 30 * time.Second} {
			eventually(t, "the attempt", func() bool { return en.of(digest.Again) == attempt+1 })
			j := get(t, e, "0")
			if j.State != jobs.Due || j.Attempts != attempt+1 || j.Outcome != "panic: no" {
				t.Fatalf("after attempt %d: %+v", attempt+1, j)
			}
			e.Clock.Advance(wait - time.Second)
			en.tick(t)
			en.tick(t)
			if j := get(t, e, "0"); j.Attempts != attempt+1 {
				t.Fatalf("tried before its time: %+v", j)
			}
			e.Clock.Advance(2 * time.Second)
			en.tick(t)
		}
		eventually(t, "the last attempt", func() bool { return en.of(digest.Lost) == 1 })
		if j := get(t, e, "0"); j.State != jobs.Failed || told.Load() != 1 {
			t.Errorf("given up: %+v, told %d times", j, told.Load())
		}
	})
}

func TestAJobWhoseWorkersDieIsAbandoned(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, 1)
		for range 3 {
			if b, err := jobs.Claim(t.Context(), e.Store, "kind", 1, time.Minute); err != nil || len(b.Jobs) != 1 {
				t.Fatalf("claimed %+v, %v", b, err)
			}
			e.Clock.Advance(2 * time.Minute)
		}
		var told atomic.Int32
		en := start(t, e, digest.Kind{
			Batch: 5, Parallel: 1, Lease: time.Minute, Attempts: 3,
			Do: func(context.Context, *jobs.Batch) error {
				t.Error("it was done again")
				return nil
			},
			GaveUp: func(_ context.Context, _ *store.Tx, lost []jobs.Job) error {
				told.Add(int32(len(lost)))
				return nil
			},
		})
		eventually(t, "it is abandoned", func() bool { return en.of(digest.Abandoned) == 1 })
		if j := get(t, e, "0"); j.State != jobs.Failed || j.Outcome != "abandoned" || told.Load() != 1 {
			t.Errorf("%+v, told %d times", j, told.Load())
		}
	})
}

// Stopping is nobody's failure: however often it happens, the job is not given up.
func TestCloseWaitsAndReturnsWhatWasLeft(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, 1)
		for range 3 {
			begun := make(chan struct{})
			en := start(t, e, digest.Kind{
				Batch: 1, Parallel: 1, Lease: time.Minute, Attempts: 1,
				Do: func(ctx context.Context, _ *jobs.Batch) error {
					close(begun)
					<-ctx.Done()
					return ctx.Err()
				},
				GaveUp: func(context.Context, *store.Tx, []jobs.Job) error {
					t.Error("it was given up")
					return nil
				},
			})
			<-begun
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := en.Close(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("close: %v", err)
			}
			if j := get(t, e, "0"); j.State != jobs.Due || j.Attempts != 0 || en.of(digest.Lost) != 0 {
				t.Errorf("left %+v", j)
			}
			e.Clock.Advance(2 * time.Second)
		}
	})
}

// What a kind notes itself counts as what it is, each attempt once.
func TestWhatAKindNotesIsCounted(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		add(t, e, 5)
		en := start(t, e, digest.Kind{
			Batch: 5, Parallel: 1, Lease: time.Minute, Attempts: 3,
			Do: func(ctx context.Context, b *jobs.Batch) error {
				_, err := store.Write(ctx, e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
					results := make([]jobs.Result, 4) // the last one is left
					for i := range results {
						results[i] = jobs.Result{ID: b.Jobs[i].ID, Outcome: "noted", Failed: i > 0}
					}
					results[3].Retry = time.Hour
					_, err := jobs.Finish(ctx, tx, b.Token, results...)
					return struct{}{}, err
				})
				return err
			},
		})
		eventually(t, "all are counted", func() bool {
			return en.of(digest.Finished)+en.of(digest.Lost)+en.of(digest.Again) == 5
		})
		if done, lost, again := en.of(digest.Finished), en.of(digest.Lost), en.of(digest.Again); done != 1 || lost != 2 || again != 2 {
			t.Errorf("%d done, %d failed, %d again", done, lost, again)
		}
	})
}

func TestKindsThatAreNotWhole(t *testing.T) {
	e := forms.SQLite(t)
	whole := digest.Kind{Name: "kind", Batch: 1, Parallel: 1, Lease: 1, Attempts: 1, Do: func(context.Context, *jobs.Batch) error { return nil }}
	for name, list := range map[string][]digest.Kind{"empty": {{}}, "twice": {whole, whole}} {
		if _, err := digest.New(digest.Config{Store: e.Store, Runner: inprocess.New(1), Kinds: list}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(-1, 1000).Draw(t, "attempt")
		share := rapid.Float64Range(0, 0.999).Draw(t, "share")
		jitter := func(n int64) int64 { return int64(float64(n) * share) }
		wait := digest.Backoff(attempt, jitter)
		most := min(6*time.Hour, time.Duration(float64(30*time.Second)*float64(uint64(1)<<min(20, max(0, attempt-1)))))
		if wait < most/2 || wait > most {
			t.Fatalf("waits %v, want from %v to %v", wait, most/2, most)
		}
		if attempt > 1 && digest.Backoff(attempt-1, func(n int64) int64 { return 0 }) > wait {
			t.Fatal("a later attempt waits less")
		}
	})
}

func TestAReasonIsTextThatADatabaseTakes(t *testing.T) {
	for given, want := range map[string]string{
		"no such user":              "no such user",
		"gr\xfc\x00e":               "gr\ufffd\ufffde",
		strings.Repeat("ä", 301):    strings.Repeat("ä", 300) + "…",
		strings.Repeat("\xfc", 300): strings.Repeat("\ufffd", 300),
	} {
		if got := digest.Reason(errors.New(given)); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
