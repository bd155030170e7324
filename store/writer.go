package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/uptrace/bun"

	"parley/rooms"
)

const (
	defaultMaxBatch   = 256
	defaultQueueLimit = 16384
	// seenDelay is how long a read marker waits for a batch to be written with.
	seenDelay = 500 * time.Millisecond
	// A batch that meets a lock tries again after a short random wait, so long.
	busyPatience = 10 * time.Second
	busyWait     = 2 * time.Millisecond
	// txTimeout bounds one transaction on a database that can hang.
	txTimeout = 30 * time.Second
)

// writer owns the engine and the working set. Its run method is one goroutine.
type writer struct {
	queue    *queue
	engine   engine
	set      *workingSet
	deliver  *delivery
	clock    func() time.Time
	ids      *ids
	log      *slog.Logger
	maxBatch int
	observe  func(BatchStats)
	onDeal   func(context.Context, *Tx, *DealMove) error
}

// run writes batches until the queue is closed and empty.
func (w *writer) run() {
	for w.queue.wait() {
		w.batch()
		w.engine.tidy(context.Background())
	}
}

// work is what one transaction does.
type work struct {
	items []*item
	seen  map[seenKey]int64
	taken time.Time // when it was taken from the queue; zero before
}

// take takes the work, once: what a transaction failed to do, the next one tries.
func (w *writer) take(todo *work) {
	if todo.taken.IsZero() {
		todo.items, todo.seen = w.queue.take(w.maxBatch)
		todo.taken = time.Now()
	}
}

// batch answers what waits in one transaction, trying again where that helps.
func (w *writer) batch() {
	began := time.Now()
	isolated := false
	var todo work
	for {
		b, err := w.attempt(&todo, isolated)
		if err == nil {
			w.report(&todo, len(b.Events), false)
			w.deliver.put(delivered{batch: b, items: todo.items})
			return
		}
		w.set.forget()
		switch kind := failureOf(err); {
		case kind == failConstraint && !isolated:
			w.log.Warn("a row of a batch was refused, taking it item by item", "error", err)
			isolated = true
		case kind == failBusy && time.Since(began) < busyPatience:
			time.Sleep(time.Duration(rand.Int64N(int64(busyWait)))) //nolint:gosec // jitter, no secret
		default:
			w.take(&todo)
			w.log.Error("a batch could not be stored", "items", len(todo.items), "error", err)
			for _, it := range todo.items {
				it.fail(unavailable("write", err))
			}
			if w.queue.restore(todo.seen) {
				time.AfterFunc(seenDelay, w.queue.ripen)
			}
			w.report(&todo, 0, true)
			w.deliver.put(delivered{items: todo.items})
			return
		}
	}
}

func (w *writer) report(todo *work, events int, failed bool) {
	if w.observe == nil {
		return
	}
	stats := BatchStats{Commands: len(todo.items), Events: events, Failed: failed, Duration: time.Since(todo.taken)}
	if len(todo.items) > 0 {
		stats.Wait = todo.taken.Sub(todo.items[0].queued)
	}
	w.observe(stats)
}

// attempt runs one transaction. The work is taken when it has begun: what comes while
// another process has its turn goes along. After an error nothing of it is left in the
// database and the working set is to be forgotten.
func (w *writer) attempt(todo *work, isolated bool) (b Batch, err error) {
	ctx, cancel := w.engine.limit(context.Background())
	defer cancel()
	done, err := w.engine.begin(ctx)
	if err != nil {
		return Batch{}, err
	}
	defer func() {
		if err != nil {
			w.engine.rollback(ctx)
		}
	}()
	w.take(todo)
	items, seen := todo.items, todo.seen
	w.set.reset()
	if err := w.set.catchUp(ctx, done); err != nil {
		return Batch{}, err
	}
	if err := w.set.prefetch(ctx, items, seen); err != nil {
		return Batch{}, err
	}
	for _, it := range items {
		switch {
		case it.write != nil:
			err = w.write(ctx, it)
		case isolated || len(it.cmd.Also) > 0:
			err = w.guarded(ctx, it)
		default:
			err = w.command(ctx, it)
		}
		if err != nil {
			return Batch{}, err
		}
	}
	// The row of a broken room is kept as it is: what is in memory of it is not all.
	for key, seq := range seen {
		if r, rerr := w.set.room(ctx, key.room); rerr != nil {
			return Batch{}, rerr
		} else if r.broken == nil && r.state.Seq > 0 && r.seen(key.side, seq) {
			w.set.touch(r)
			w.set.touched = true
		}
	}
	if err := w.set.flush(ctx); err != nil {
		return Batch{}, err
	}
	if err := w.engine.commit(ctx, w.set.touched); err != nil {
		return Batch{}, err
	}
	return w.set.committed(), nil
}

// command answers one command. What is wrong with its own rows fails it alone.
func (w *writer) command(ctx context.Context, it *item) error {
	var err error
	w.set.moved = nil
	it.res, err = w.set.command(ctx, &it.cmd, it.fingerprint)
	if err == nil && w.set.moved != nil && w.onDeal != nil {
		return w.tell(ctx)
	}
	if err != nil && failureOf(err) == failNone {
		w.log.Error("a command met a corrupt row", "room", it.cmd.Room, "command", it.cmd.Body.Name(), "error", err)
		it.fail(unavailable("decide", err))
		return nil
	}
	return err
}

// tell hands on what the command has done in a deal.
func (w *writer) tell(ctx context.Context) error {
	t := w.tx()
	if err := w.onDeal(ctx, t, w.set.moved); err != nil {
		if failureOf(err) == failNone {
			// The events are decided: only a savepoint takes them back.
			return fmt.Errorf("%w: %w", errUntold, err)
		}
		return err
	}
	w.set.pings = append(w.set.pings, t.pings...)
	return nil
}

// guarded answers one command, with what is also to happen, in a savepoint; when a
// constraint refuses what it would write, only this command fails.
func (w *writer) guarded(ctx context.Context, it *item) error {
	if err := w.set.flush(ctx); err != nil {
		return err
	}
	if err := w.engine.savepoint(ctx); err != nil {
		return err
	}
	w.set.mark()
	err := w.command(ctx, it)
	if err == nil {
		err = w.set.flush(ctx)
	}
	if err == nil && it.res.Err == nil && !it.res.Duplicate {
		t := w.tx()
		if err = t.also(ctx, it.cmd.Also); err == nil {
			w.set.pings = append(w.set.pings, t.pings...)
		} else if failureOf(err) == failNone {
			it.fail(w.own(err))
			w.set.undo()
			return w.engine.rollbackTo(ctx)
		}
	}
	if err == nil {
		w.set.keep()
		return w.engine.release(ctx)
	}
	if kind := failureOf(err); kind == failBusy || kind == failUnavailable {
		return err
	}
	w.log.Error("a command's rows were refused", "room", it.cmd.Room, "command", it.cmd.Body.Name(), "error", err)
	it.fail(unavailable("write", err))
	w.set.undo()
	return w.engine.rollbackTo(ctx)
}

// write runs another write in a savepoint. Its own errors are its answer; those
// of the database end the transaction.
func (w *writer) write(ctx context.Context, it *item) error {
	if it.ledgers {
		if err := w.set.flush(ctx); err != nil {
			return err
		}
		w.set.mark()
	}
	if err := w.engine.savepoint(ctx); err != nil {
		return err
	}
	t := w.tx()
	err := it.write(ctx, t)
	if err == nil && it.ledgers {
		err = w.set.flush(ctx)
	}
	if err == nil {
		it.err = nil
		w.set.pings = append(w.set.pings, t.pings...)
		if it.ledgers {
			w.set.keep()
			w.set.dropRows()
			// It may have changed a campaign by more than its rooms' events tell.
			w.set.touched = true
		}
		return w.engine.release(ctx)
	}
	if kind := failureOf(err); kind == failBusy || kind == failUnavailable {
		return err
	}
	it.err = w.own(err)
	if it.ledgers {
		w.set.undo()
		w.set.dropRows()
	}
	return w.engine.rollbackTo(ctx)
}

// own is the answer to an item whose own rows, or own code, failed: a defect is told as
// ErrUnavailable.
func (w *writer) own(err error) error {
	if isAnswer(err) {
		return err
	}
	w.log.Error("a write failed by itself", "error", err)
	return unavailable("write", err)
}

func (w *writer) tx() *Tx {
	return &Tx{DB: w.engine.db(), Now: rooms.At(w.clock()), set: w.set, ids: w.ids}
}

// Tx is what a write that is no command works with: a savepoint of the writer's
// transaction, so its rows are committed with the batch, and its error takes back
// its own rows alone.
type Tx struct {
	DB bun.IDB
	// Now is the transaction's time.
	Now rooms.Time

	set   *workingSet
	ids   *ids
	pings []Ping
}

// ids makes ULIDs for the writer's goroutine. Within a millisecond they ascend.
type ids struct {
	clock   func() time.Time
	entropy *ulid.MonotonicEntropy
}

func newIDs(clock func() time.Time, random io.Reader) *ids {
	return &ids{clock: clock, entropy: ulid.Monotonic(random, 0)}
}

func (s *ids) next() (string, error) {
	id, err := ulid.New(ulid.Timestamp(s.clock()), s.entropy)
	if err != nil {
		return "", fmt.Errorf("store: make an id: %w", err)
	}
	return id.String(), nil
}

// Ping has Batch.Pings tell a user something once the write is committed.
func (t *Tx) Ping(p Ping) { t.pings = append(t.pings, p) }

// write queues a write and waits for its result. When ctx ends first the write
// may still happen; the error then wraps ErrUnavailable.
func write[T any](ctx context.Context, s *Store, ledgers bool, do func(ctx context.Context, t *Tx) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var zero, value T
	result := make(chan outcome, 1)
	it := &item{
		ledgers: ledgers,
		write: func(ctx context.Context, t *Tx) error {
			var err error
			value, err = do(ctx, t)
			return err
		},
		done: func(err error) { result <- outcome{value, err} },
	}
	s.submit(it)
	select {
	case out := <-result:
		if out.err != nil {
			return zero, out.err
		}
		return out.value, nil
	case <-ctx.Done():
		return zero, fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	}
}

var (
	errQueueFull = errors.New("too many commands wait")
	errClosed    = errors.New("the store is closed")
)
