package runnertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/digest"
)

// patience bounds every wait; only failing tests reach it.
const patience = 20 * time.Second

// Workers is how many tasks the runners under test carry out at once.
const Workers = 3

// Run runs the contract. make makes a runner with Workers workers and a queue of its own.
func Run(t *testing.T, make func(t *testing.T) digest.Runner) {
	for name, test := range map[string]func(*testing.T, digest.Runner){
		"tasks are carried out":                         carried,
		"what was submitted before the start is too":    before,
		"an id that waits or runs is not added again":   once,
		"tasks run at once":                             atOnce,
		"stop waits for what runs":                      stopWaits,
		"stop ends what takes too long":                 stopEnds,
		"nothing is carried out after stop":             nothingAfter,
		"a runner that was not started can be stopped":  unstarted,
		"an id can be submitted again after it was run": again,
	} {
		t.Run(name, func(t *testing.T) {
			defer noLeak(t, goleak.IgnoreCurrent())
			test(t, make(t))
		})
	}
}

// noLeak fails if goroutines are left that do not end soon.
func noLeak(t *testing.T, before goleak.Option) {
	t.Helper()
	end := time.Now().Add(patience)
	for err := goleak.Find(before); err != nil; err = goleak.Find(before) {
		if time.Now().After(end) {
			t.Error(err)
			return
		}
	}
}

func task(id string) digest.Task { return digest.Task{ID: id, Kind: "kind"} }

func start(t *testing.T, r digest.Runner, do func(context.Context, digest.Task)) {
	t.Helper()
	if err := r.Start(do); err != nil {
		t.Fatal(err)
	}
}

func submit(t *testing.T, r digest.Runner, ids ...string) {
	t.Helper()
	end := time.Now().Add(patience)
	for _, id := range ids {
		// A queue on a busy machine may be too slow for one call; the id makes a second harmless.
		for err := r.Submit(t.Context(), task(id)); err != nil; err = r.Submit(t.Context(), task(id)) {
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
}

func stop(t *testing.T, r digest.Runner) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// take waits for a value.
func take[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
	}
	return v
}

func carried(t *testing.T, r digest.Runner) {
	ran := make(chan digest.Task, 10)
	start(t, r, func(_ context.Context, task digest.Task) { ran <- task })
	submit(t, r, "a", "b", "c")
	var ids []string
	for range 3 {
		got := take(t, ran, "a task")
		if got.Kind != "kind" {
			t.Errorf("carried out %+v", got)
		}
		ids = append(ids, got.ID)
	}
	if slices.Sort(ids); !slices.Equal(ids, []string{"a", "b", "c"}) {
		t.Errorf("carried out %v", ids)
	}
	stop(t, r)
}

func before(t *testing.T, r digest.Runner) {
	submit(t, r, "a")
	ran := make(chan digest.Task, 1)
	start(t, r, func(_ context.Context, task digest.Task) { ran <- task })
	take(t, ran, "the task")
	stop(t, r)
}

func once(t *testing.T, r digest.Runner) {
	var runs atomic.Int32
	ran, hold := make(chan string, 10), make(chan struct{})
	start(t, r, func(_ context.Context, task digest.Task) {
		if task.ID == "a" {
			runs.Add(1)
		}
		ran <- task.ID
		<-hold
	})
	submit(t, r, "a", "a")
	take(t, ran, "the task")
	submit(t, r, "a", "a", "b")
	if id := take(t, ran, "the other task"); id != "b" {
		t.Errorf("carried out %s again", id)
	}
	close(hold)
	stop(t, r)
	if n := runs.Load(); n != 1 {
		t.Errorf("ran %d times", n)
	}
}

func atOnce(t *testing.T, r digest.Runner) {
	ran, hold := make(chan string, 10), make(chan struct{})
	start(t, r, func(_ context.Context, task digest.Task) {
		ran <- task.ID
		<-hold
	})
	for i := range Workers {
		submit(t, r, fmt.Sprint(i))
	}
	for range Workers {
		take(t, ran, "a task beside the others")
	}
	close(hold)
	stop(t, r)
}

func stopWaits(t *testing.T, r digest.Runner) {
	ran, hold := make(chan string), make(chan struct{})
	var ended atomic.Bool
	start(t, r, func(ctx context.Context, task digest.Task) {
		ran <- task.ID
		<-hold
		if ctx.Err() != nil {
			t.Error("the task was ended")
		}
		ended.Store(true)
	})
	submit(t, r, "a")
	take(t, ran, "the task")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop(t, r)
		if !ended.Load() {
			t.Error("stop did not wait")
		}
	}()
	select {
	case <-stopped:
	case <-time.After(50 * time.Millisecond):
		// As long as this it waited; whether it waits for the end is seen above.
	}
	close(hold)
	take(t, stopped, "the end")
}

func stopEnds(t *testing.T, r digest.Runner) {
	ran := make(chan string)
	var ended atomic.Bool
	start(t, r, func(ctx context.Context, task digest.Task) {
		ran <- task.ID
		<-ctx.Done()
		ended.Store(true)
	})
	submit(t, r, "a")
	take(t, ran, "the task")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stop: %v", err)
	}
	if !ended.Load() {
		t.Error("stop did not wait for the task that it ended")
	}
}

func nothingAfter(t *testing.T, r digest.Runner) {
	var ran atomic.Bool
	start(t, r, func(context.Context, digest.Task) { ran.Store(true) })
	stop(t, r)
	if err := r.Submit(t.Context(), task("a")); err == nil {
		t.Error("a task was taken after the end")
	}
	if ran.Load() {
		t.Error("a task was carried out after the end")
	}
}

func unstarted(t *testing.T, r digest.Runner) { stop(t, r) }

func again(t *testing.T, r digest.Runner) {
	ran := make(chan string, 10)
	start(t, r, func(_ context.Context, task digest.Task) { ran <- task.ID })
	defer stop(t, r)
	submit(t, r, "a")
	take(t, ran, "the task")
	// That it has ended is known a little later than its deed.
	end := time.After(patience)
	for {
		submit(t, r, "a")
		select {
		case <-ran:
			return
		case <-end:
			t.Fatal("not carried out again")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
