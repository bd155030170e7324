package inprocess

import (
	"context"
	"errors"
	"sync"

	"parley/digest"
)

// ErrStopped is returned by Submit after Stop.
var ErrStopped = errors.New("inprocess: stopped")

// Runner implements digest.Runner with a fixed number of workers. It owns their
// goroutines: Start begins them, Stop waits for them.
type Runner struct {
	workers int
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	more    *sync.Cond
	stopped bool
	waiting []digest.Task
	// known are the ids that wait or run.
	known map[string]bool
	busy  int
}

// New makes a runner with so many workers, at least one.
func New(workers int) *Runner {
	r := &Runner{workers: max(1, workers), known: make(map[string]bool)}
	r.more = sync.NewCond(&r.mu)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// State is what a runner is at.
type State struct{ Workers, Busy, Waiting int }

// State tells what the runner is at.
func (r *Runner) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return State{Workers: r.workers, Busy: r.busy, Waiting: len(r.waiting)}
}

// Submit implements digest.Runner.
func (r *Runner) Submit(_ context.Context, t digest.Task) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopped:
		return ErrStopped
	case r.known[t.ID]:
		return nil
	}
	r.known[t.ID] = true
	r.waiting = append(r.waiting, t)
	r.more.Signal()
	return nil
}

// Start implements digest.Runner.
func (r *Runner) Start(do func(ctx context.Context, t digest.Task)) error {
	for range r.workers {
		r.running.Go(func() {
			for {
				t, ok := r.next()
				if !ok {
					return
				}
				do(r.ctx, t)
				r.done(t)
			}
		})
	}
	return nil
}

// next waits for a task.
func (r *Runner) next() (digest.Task, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) == 0 && !r.stopped {
		r.more.Wait()
	}
	if r.stopped {
		return digest.Task{}, false
	}
	t := r.waiting[0]
	r.waiting = r.waiting[1:]
	r.busy++
	return t, true
}

func (r *Runner) done(t digest.Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy--
	delete(r.known, t.ID)
}

// Stop implements digest.Runner. Tasks that wait are dropped.
func (r *Runner) Stop(ctx context.Context) error {
	r.mu.Lock()
	r.stopped = true
	r.more.Broadcast()
	r.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		r.running.Wait()
		close(ended)
	}()
	defer r.cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		r.cancel()
		<-ended
		return ctx.Err()
	}
}
