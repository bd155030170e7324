package store

import (
	"context"
	"sync"
	"time"

	"parley/rooms"
)

// item is one thing that waits for the writer: a command, or another write.
type item struct {
	cmd         Command
	fingerprint rooms.Hash
	res         Result

	// write is nil for commands. ledgers says that it reads or changes rooms or
	// campaigns.
	write   func(ctx context.Context, t *Tx) error
	ledgers bool
	err     error
	done    func(error)

	queued time.Time
}

// answer tells the item's owner. It is called once.
func (it *item) answer() {
	if it.write != nil {
		it.done(it.err)
		return
	}
	if it.cmd.Done != nil {
		it.cmd.Done(it.res)
	}
}

// fail makes err the item's answer.
func (it *item) fail(err error) {
	it.err = err
	it.res = Result{Err: err}
}

type seenKey struct {
	room string
	side rooms.Side
}

// queue is what waits for the writer. Putting never blocks.
type queue struct {
	mu     sync.Mutex
	wake   chan struct{} // holds one token while there is something to do
	items  []*item
	seen   map[seenKey]int64
	ripe   bool // the marks in seen have waited long enough
	closed bool
	limit  int
}

func newQueue(limit int) *queue {
	return &queue{wake: make(chan struct{}, 1), seen: make(map[seenKey]int64), limit: limit}
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// put adds an item; false when the queue is full or closed.
func (q *queue) put(it *item) (ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.items) >= q.limit {
		return false, q.closed
	}
	q.items = append(q.items, it)
	if len(q.items) == 1 {
		q.signal()
	}
	return true, false
}

// mark notes a read marker; true for the first since the last batch.
func (q *queue) mark(key seenKey, seq int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || seq <= q.seen[key] {
		return false
	}
	q.seen[key] = seq
	return len(q.seen) == 1
}

// ripen lets waiting marks be written without waiting for an item.
func (q *queue) ripen() {
	q.mu.Lock()
	q.ripe = true
	q.mu.Unlock()
	q.signal()
}

// restore puts marks back that could not be written, and reports whether they are
// to ripen again. A closed queue lets them go.
func (q *queue) restore(seen map[seenKey]int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(seen) == 0 {
		return false
	}
	for key, seq := range seen {
		q.seen[key] = max(seq, q.seen[key])
	}
	return true
}

// wait blocks until there is something to take; false when the queue is closed and
// empty. Only one goroutine may take, so what is there stays until it does.
func (q *queue) wait() bool {
	for {
		q.mu.Lock()
		ready, closed := q.ready(), q.closed
		q.mu.Unlock()
		if ready || closed {
			return ready
		}
		<-q.wake
	}
}

func (q *queue) ready() bool {
	return len(q.items) > 0 || (q.ripe || q.closed) && len(q.seen) > 0
}

// take takes up to limit items, and the marks if they have waited long enough: the
// fewer transactions write marks, the fewer make other processes forget their rooms.
func (q *queue) take(limit int) (items []*item, seen map[seenKey]int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(limit, len(q.items))
	items = append(items, q.items[:n]...)
	rest := copy(q.items, q.items[n:])
	clear(q.items[rest:])
	q.items = q.items[:rest]
	if q.ripe || q.closed {
		seen, q.seen = q.seen, make(map[seenKey]int64)
		q.ripe = false
	}
	return items, seen
}

// close refuses further items; those that wait are still taken.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}
