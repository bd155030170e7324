package hub

import (
	"runtime"
	"sync"
)

const (
	// flushAtOnce is how many connections a worker takes from the queue at a time.
	flushAtOnce = 16
	// maxHolding bounds the connections that a Hold keeps waiting: over it the workers
	// begin, so that a wide fan-out is written while it is still being queued.
	maxHolding = 1024
)

// flushes are the connections that have something to write. A worker a processor
// writes to them, and never waits for a peer: what the network does not take at
// once is finished by a goroutine of the connection's own. So thousands of writes
// need few goroutines, and a reader that stopped reading delays only itself.
type flushes struct {
	mu      sync.Mutex
	ready   sync.Cond
	queue   []*Client
	next    int // the queue begins here
	holds   int
	closed  bool
	workers sync.WaitGroup
}

func newFlushes() *flushes {
	f := &flushes{}
	f.ready.L = &f.mu
	return f
}

func (f *flushes) start() {
	for range runtime.GOMAXPROCS(0) {
		f.workers.Go(f.run)
	}
}

// close waits for the workers. No connection may be open any more.
func (f *flushes) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.ready.Broadcast()
	f.workers.Wait()
}

func (f *flushes) add(c *Client) {
	f.mu.Lock()
	f.queue = append(f.queue, c)
	wake := f.holds == 0 || f.waiting() == maxHolding
	f.mu.Unlock()
	if wake {
		f.ready.Signal()
	}
}

func (f *flushes) waiting() int { return len(f.queue) - f.next }

func (f *flushes) hold() {
	f.mu.Lock()
	f.holds++
	f.mu.Unlock()
}

func (f *flushes) release() {
	f.mu.Lock()
	f.holds--
	n := f.waiting()
	f.mu.Unlock()
	if n > flushAtOnce {
		f.ready.Broadcast()
	} else if n > 0 {
		f.ready.Signal()
	}
}

func (f *flushes) run() {
	var mine [flushAtOnce]*Client
	for {
		n := f.take(mine[:])
		if n == 0 {
			return
		}
		for i := range n {
			mine[i].flush()
			mine[i] = nil
		}
	}
}

// take waits for connections; none means that there will be no more.
func (f *flushes) take(into []*Client) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.waiting() == 0 || f.holds > 0 && f.waiting() < maxHolding {
		if f.closed {
			return 0
		}
		f.ready.Wait()
	}
	n := copy(into, f.queue[f.next:])
	clear(f.queue[f.next : f.next+n])
	f.next += n
	// Room that was taken from is used again as soon as it is half of all: a queue that
	// never runs empty does not grow, and no more is moved than was taken.
	if f.next >= f.waiting() {
		rest := copy(f.queue, f.queue[f.next:])
		clear(f.queue[f.next:])
		f.queue, f.next = f.queue[:rest], 0
	}
	return n
}

// Hold keeps connections from being written to until release is called, so that
// what is queued meanwhile leaves each of them in one write. It is for a moment in
// which nothing is waited for.
func (h *Hub) Hold() (release func()) {
	h.flushes.hold()
	return h.flushes.release
}
