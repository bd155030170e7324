package digest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
)

// Result is what came of jobs, for figures.
type Result string

// The results of a job's attempt.
const (
	Finished  Result = "done"      // nothing is left to do
	Again     Result = "again"     // it failed and is tried again
	Lost      Result = "failed"    // it failed and is given up
	Abandoned Result = "abandoned" // its workers died too often
)

// Observer takes an engine's figures. Its methods are called by several goroutines.
type Observer interface {
	// ObserveJobs takes the number of jobs of a kind that ended alike.
	ObserveJobs(kind string, r Result, n int)
	// ObserveBatch takes the time that a kind's Do took.
	ObserveBatch(kind string, took time.Duration)
	// ObserveDue takes how many jobs of a kind wait now, counted up to what its tasks
	// could claim at once.
	ObserveDue(kind string, n int)
}

// Config says what an engine works with. Store, Runner and Kinds are required.
type Config struct {
	Store  *store.Store
	Runner Runner
	Kinds  []Kind
	// Ticks is when to look for what is due. Default: a ticker of a second.
	Ticks <-chan time.Time
	Clock func() time.Time
	// Jitter returns a random number in [0, n), to spread repeated attempts.
	Jitter   func(n int64) int64
	Logger   *slog.Logger
	Observer Observer
}

const (
	lookEvery = time.Second
	// turn is how long a task goes on claiming before it makes room for others.
	turn = 10 * time.Second
	// stopRetry is when what a stopping instance leaves is due for the others.
	stopRetry = time.Second
	// noteTimeout bounds the note of what Do left, which is made also when its context
	// has ended.
	noteTimeout = 5 * time.Second
)

// errLeft is why a job failed that Do left without saying anything.
var errLeft = errors.New("the worker left it")

// Engine finds what is due and carries it out. It owns one goroutine, which Start
// begins, and starts and stops its Runner; Close ends both and waits for them.
type Engine struct {
	cfg   Config
	kinds map[string]*Kind
	names []string
	// bound is the most that the tasks of any kind claim at once.
	bound int

	wake chan struct{}
	// closing ends with Close: no task claims any more.
	closing context.Context
	stop    context.CancelFunc
	looking sync.WaitGroup
}

// New makes an engine; it does nothing before Start.
func New(cfg Config) (*Engine, error) {
	if cfg.Store == nil || cfg.Runner == nil {
		return nil, errors.New("digest: Config needs Store and Runner")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Jitter == nil {
		cfg.Jitter = mathrand.Int64N
	}
	if cfg.Observer == nil {
		cfg.Observer = unobserved{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	e := &Engine{cfg: cfg, kinds: make(map[string]*Kind), wake: make(chan struct{}, 1)}
	e.closing, e.stop = context.WithCancel(context.Background())
	for i := range cfg.Kinds {
		k := &cfg.Kinds[i]
		if k.Name == "" || k.Batch < 1 || k.Parallel < 1 || k.Lease <= 0 || k.Attempts < 1 || k.Do == nil {
			return nil, fmt.Errorf("digest: kind %q is not whole", k.Name)
		}
		if e.kinds[k.Name] != nil {
			return nil, fmt.Errorf("digest: kind %q is there twice", k.Name)
		}
		e.kinds[k.Name] = k
		e.names = append(e.names, k.Name)
		e.bound = max(e.bound, k.Batch*k.Parallel)
	}
	return e, nil
}

// Workers is how many tasks of these kinds can run at once.
func Workers(kinds []Kind) int {
	n := 0
	for i := range kinds {
		n += kinds[i].Parallel
	}
	return n
}

// Start begins to look and to carry out.
func (e *Engine) Start() error {
	if err := e.cfg.Runner.Start(e.carry); err != nil {
		return fmt.Errorf("digest: start: %w", err)
	}
	e.looking.Go(func() { e.run(e.closing) })
	return nil
}

// Wake has the engine look now. It may be called at any time, by anybody.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Close looks no more and waits for what runs; when ctx ends, that is ended.
func (e *Engine) Close(ctx context.Context) error {
	e.stop()
	e.looking.Wait()
	if err := e.cfg.Runner.Stop(ctx); err != nil {
		return fmt.Errorf("digest: stop: %w", err)
	}
	return nil
}

// run looks whenever it is time to.
func (e *Engine) run(ctx context.Context) {
	ticks := e.cfg.Ticks
	if ticks == nil {
		ticker := time.NewTicker(lookEvery)
		defer ticker.Stop()
		ticks = ticker.C
	}
	failing := false
	for {
		err := e.look(ctx)
		if ctx.Err() != nil {
			return
		}
		// A store or Redis that is away is told once, not every second.
		if (err != nil) != failing {
			failing = err != nil
			if failing {
				e.cfg.Logger.Warn("jobs: cannot hand out what is due; going on trying", "err", err)
			} else {
				e.cfg.Logger.Info("jobs: handing out again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		case <-e.wake:
		}
	}
}

// look submits as many tasks of each kind as there is work for.
func (e *Engine) look(ctx context.Context) error {
	waiting, err := jobs.Waiting(ctx, e.cfg.Store, rooms.At(e.cfg.Clock()), e.names, e.bound)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range e.names {
		k, n := e.kinds[name], waiting[name]
		e.cfg.Observer.ObserveDue(name, n)
		for slot := range min(k.Parallel, (n+k.Batch-1)/k.Batch) {
			if err := e.cfg.Runner.Submit(ctx, Task{ID: fmt.Sprintf("%s/%d", name, slot), Kind: name}); err != nil {
				errs = append(errs, err)
				break
			}
		}
	}
	return errors.Join(errs...)
}

// carry does batches of a kind until nothing is due or its turn is over.
func (e *Engine) carry(ctx context.Context, t Task) {
	k := e.kinds[t.Kind]
	if k == nil {
		// Of another version of this program, whose instances do it.
		return
	}
	until := e.cfg.Clock().Add(turn)
	for ctx.Err() == nil && e.closing.Err() == nil && e.cfg.Clock().Before(until) {
		full, err := e.batch(ctx, k)
		if err != nil && ctx.Err() == nil {
			args := []any{"kind", k.Name, "err", err}
			var p *panicError
			if errors.As(err, &p) {
				args = append(args, "stack", string(p.stack))
			}
			e.cfg.Logger.Error("jobs: a batch failed", args...)
		}
		if err != nil || !full {
			return
		}
	}
}

// batch claims once and tells whether there may be more to claim. Its error is one of
// the store, or of Do.
func (e *Engine) batch(ctx context.Context, k *Kind) (full bool, err error) {
	b, err := jobs.Claim(ctx, e.cfg.Store, k.Name, k.Batch, k.Lease)
	if err != nil || len(b.Jobs) == 0 {
		return false, err
	}
	full = len(b.Jobs) == k.Batch
	if b, err = e.abandon(ctx, k, b); err != nil || len(b.Jobs) == 0 {
		return full, err
	}
	began := e.cfg.Clock()
	doErr := e.do(ctx, k, &b)
	e.cfg.Observer.ObserveBatch(k.Name, e.cfg.Clock().Sub(began))
	came, err := e.settle(ctx, k, &b, doErr)
	if err != nil {
		err = fmt.Errorf("note what was left: %w", err)
	}
	for result, n := range came {
		e.cfg.Observer.ObserveJobs(k.Name, result, n)
	}
	return full, errors.Join(doErr, err)
}

// do runs the kind's code; a panic is an error of the batch.
func (e *Engine) do(ctx context.Context, k *Kind, b *jobs.Batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return k.Do(ctx, b)
}

// panicError is a panic of a kind's code, with where it was for the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// abandon gives up the jobs that were claimed too often, and returns the batch
// without them.
func (e *Engine) abandon(ctx context.Context, k *Kind, b jobs.Batch) (jobs.Batch, error) {
	var lost, rest []jobs.Job
	for _, j := range b.Jobs {
		if j.Attempts > k.Attempts {
			lost = append(lost, j)
		} else {
			rest = append(rest, j)
		}
	}
	b.Jobs = rest
	if len(lost) == 0 {
		return b, nil
	}
	n, err := store.Write(ctx, e.cfg.Store, func(ctx context.Context, t *store.Tx) (int, error) {
		results := make([]jobs.Result, len(lost))
		for i, j := range lost {
			results[i] = jobs.Result{ID: j.ID, Failed: true, Outcome: string(Abandoned)}
		}
		return e.giveUp(ctx, t, k, b.Token, lost, results)
	})
	e.cfg.Observer.ObserveJobs(k.Name, Abandoned, n)
	return b, err
}

// giveUp notes results and tells the kind which of its jobs that gives up. It returns
// how many jobs still were the worker's.
func (e *Engine) giveUp(ctx context.Context, t *store.Tx, k *Kind, token string, lost []jobs.Job, results []jobs.Result) (int, error) {
	mine, err := jobs.Finish(ctx, t, token, results...)
	if err != nil {
		return 0, err
	}
	var gone []jobs.Job
	for _, j := range lost {
		if mine[j.ID] {
			gone = append(gone, j)
		}
	}
	if len(gone) > 0 && k.GaveUp != nil {
		if err := k.GaveUp(ctx, t, gone); err != nil {
			return 0, err
		}
	}
	return len(mine), nil
}

// settle notes the jobs that Do left: they are due again after a while, or given up.
// What was left because this instance stops is due for the others at once, and that is
// no attempt: a job must not be given up because servers are restarted. It counts what
// came of all of the batch, whether Do noted it or settle; a job that another worker has
// claimed since is that one's to count.
func (e *Engine) settle(ctx context.Context, k *Kind, b *jobs.Batch, why error) (map[Result]int, error) {
	stopping := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	if why == nil {
		why = errLeft
	}
	return store.Write(ctx, e.cfg.Store, func(ctx context.Context, t *store.Tx) (map[Result]int, error) {
		list, err := b.Mine(ctx, t)
		if err != nil {
			return nil, err
		}
		came := make(map[Result]int)
		var results []jobs.Result
		var last []jobs.Job
		for _, j := range list {
			switch j.State {
			case jobs.Running:
			case jobs.Done:
				came[Finished]++
				continue
			case jobs.Failed:
				came[Lost]++
				continue
			case jobs.Due:
				came[Again]++
				continue
			default: // an admin called it off
				continue
			}
			r := jobs.Result{ID: j.ID, Failed: true, Outcome: Reason(why)}
			switch {
			case stopping:
				r.Retry, r.Uncounted = stopRetry, true
			case j.Attempts < k.Attempts:
				r.Retry = Backoff(j.Attempts, e.cfg.Jitter)
				came[Again]++
			default:
				last = append(last, j)
				came[Lost]++
			}
			results = append(results, r)
		}
		if len(results) == 0 {
			return came, nil
		}
		_, err = e.giveUp(ctx, t, k, b.Token, last, results)
		return came, err
	})
}

// reasonRunes bounds what is kept of an error.
const reasonRunes = 300

// Reason is an error's text as a job keeps it. Others may have written most of it: it is
// made valid UTF-8 without NUL, which not every database would take.
func Reason(err error) string {
	text := []rune(strings.ReplaceAll(err.Error(), "\x00", "\ufffd"))
	if len(text) > reasonRunes {
		return string(text[:reasonRunes]) + "…"
	}
	return string(text)
}

// unobserved is an Observer for nobody.
type unobserved struct{}

func (unobserved) ObserveJobs(string, Result, int)    {}
func (unobserved) ObserveBatch(string, time.Duration) {}
func (unobserved) ObserveDue(string, int)             {}
