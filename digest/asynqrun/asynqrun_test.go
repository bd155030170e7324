package asynqrun_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/digest"
	"parley/digest/asynqrun"
	"parley/digest/inprocess"
	"parley/digest/runnertest"
	"parley/hub/redisbus/redistest"
)

const patience = 20 * time.Second

func newRunner(t *testing.T, server *redistest.Server, namespace string) *asynqrun.Runner {
	t.Helper()
	return newHolding(t, server, namespace, 600*time.Millisecond)
}

// newHolding makes a runner whose tasks are another's after so long without a sign of life.
func newHolding(t *testing.T, server *redistest.Server, namespace string, hold time.Duration) *asynqrun.Runner {
	t.Helper()
	r, err := asynqrun.New(asynqrun.Config{
		URL: server.URL(), Namespace: namespace, Workers: runnertest.Workers, Hold: hold,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestContract(t *testing.T) {
	server := redistest.Start(t)
	var n atomic.Int32
	runnertest.Run(t, func(t *testing.T) digest.Runner {
		return newHolding(t, server, fmt.Sprint(n.Add(1)), patience)
	})
}

// counter counts the runs of each id.
type counter struct{ ran chan string }

func (c counter) do(_ context.Context, t digest.Task) { c.ran <- t.ID }

func started(t *testing.T, r *asynqrun.Runner) counter {
	t.Helper()
	c := counter{make(chan string, 100)}
	if err := r.Start(c.do); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return c
}

// until submits a task again and again, as an engine does, until it was carried out.
func (c counter) until(t *testing.T, r *asynqrun.Runner, id string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		err := r.Submit(t.Context(), digest.Task{ID: id, Kind: "kind"})
		select {
		case got := <-c.ran:
			if got == id {
				return
			}
		case <-end:
			t.Fatalf("%s was not carried out; the last submit: %v", id, err)
		case <-tick.C:
		}
	}
}

func TestRedisAwayAndEmptied(t *testing.T) {
	server := redistest.Start(t)
	r := newRunner(t, server, "a")
	c := started(t, r)
	c.until(t, r, "first")
	server.Stop()
	began := time.Now()
	if err := r.Submit(t.Context(), digest.Task{ID: "lost", Kind: "kind"}); err == nil {
		t.Error("submitted to nobody")
	}
	if took := time.Since(began); took > patience {
		t.Errorf("told it after %v", took)
	}
	server.Restart()
	c.until(t, r, "second")
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	c.until(t, r, "third")
	// It may have been submitted once more while it was carried out.
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		state, err := r.State()
		if err == nil && state.Waiting == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("state %+v, %v", state, err)
		}
	}
}

func TestStartsWithoutRedis(t *testing.T) {
	server := redistest.Start(t)
	server.Stop()
	r := newRunner(t, server, "a")
	c := started(t, r)
	server.Restart()
	c.until(t, r, "first")
}

// TestAnIDIsFreeAgain: the process that had it is gone, and did not say so.
func TestAnIDIsFreeAgain(t *testing.T) {
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	if err := client.Set(t.Context(), "parley:a:task:x", "gone", 600*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, server, "a")
	c := started(t, r)
	c.until(t, r, "x")
}

// TestFallback: the contract holds for both together, and what is due is done while Redis
// is away.
func TestFallback(t *testing.T) {
	server := redistest.Start(t)
	var n atomic.Int32
	either := func(t *testing.T) digest.Runner {
		return &digest.Fallback{
			First:  newRunner(t, server, fmt.Sprint("either", n.Add(1))),
			Second: inprocess.New(runnertest.Workers), Logger: slog.New(slog.DiscardHandler),
		}
	}
	runnertest.Run(t, either)
	server.Stop()
	runnertest.Run(t, either)
}

// TestTwoShare: what one submits the other carries out.
func TestTwoShare(t *testing.T) {
	server := redistest.Start(t)
	here, there := newRunner(t, server, "a"), newRunner(t, server, "a")
	elsewhere := started(t, newRunner(t, server, "b"))
	c := started(t, there)
	c.until(t, here, "x")
	state, err := here.State()
	if err != nil || len(state.Servers) != 1 || state.Servers[0].Workers != runnertest.Workers {
		t.Errorf("state %+v, %v", state, err)
	}
	viewer, err := asynqrun.NewViewer(asynqrun.Config{URL: server.URL(), Namespace: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	if seen, err := viewer.State(t.Context()); err != nil || len(seen.Servers) != 1 || seen.Servers[0].PID != state.Servers[0].PID {
		t.Errorf("a process that carries out nothing sees %+v, %v", seen, err)
	}
	if err := here.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if len(elsewhere.ran) > 0 {
		t.Error("another installation carried it out")
	}
}
