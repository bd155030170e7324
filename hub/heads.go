package hub

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// headsChunk bounds the topics of one call of Log.Heads.
const headsChunk = 1000

// headReader asks the Log for the heads of all topics that wait in one call, so
// that a storm of joins costs a few queries. A call answers those who came
// before it began, never those who came after: a head is at least as new as the
// question.
type headReader struct {
	hub *Hub

	mu      sync.Mutex
	waiting map[string]*headCall
	// asking counts the topics of the calls under way.
	asking  int
	running bool
	closed  bool
}

type headCall struct {
	done chan struct{}
	head int64
	err  error
}

func newHeadReader(h *Hub) *headReader {
	return &headReader{hub: h, waiting: make(map[string]*headCall)}
}

// get returns the topic's head.
func (r *headReader) get(ctx context.Context, topic string) (int64, error) {
	call := r.want(topic)
	select {
	case <-call.done:
		return call.head, call.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// want asks for a head without waiting for it; the topic learns it too.
func (r *headReader) want(topic string) *headCall {
	r.mu.Lock()
	defer r.mu.Unlock()
	call := r.waiting[topic]
	if call == nil {
		call = &headCall{done: make(chan struct{})}
		if r.closed {
			call.err = ErrClosed
			close(call.done)
			return call
		}
		r.waiting[topic] = call
	}
	if !r.running {
		r.running = true
		r.hub.workers.Go(r.run)
	}
	return call
}

// close refuses further questions, so that run is not started again while Close
// waits for the workers.
func (r *headReader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// run asks until nobody waits.
func (r *headReader) run() {
	for {
		r.mu.Lock()
		calls := r.waiting
		if r.asking = len(calls); r.asking == 0 {
			r.running = false
			r.mu.Unlock()
			return
		}
		r.waiting = make(map[string]*headCall)
		r.mu.Unlock()

		names := make([]string, 0, len(calls))
		for name := range calls {
			names = append(names, name)
		}
		for len(names) > 0 {
			n := min(len(names), headsChunk)
			heads, err := r.hub.readHeads(names[:n])
			for _, name := range names[:n] {
				call := calls[name]
				call.head, call.err = heads[name], err
				close(call.done)
				if t := r.hub.topics.find(name); t != nil && err == nil {
					r.hub.learnHead(t, heads[name])
				}
			}
			names = names[n:]
		}
	}
}

func (h *Hub) readHeads(names []string) (map[string]int64, error) {
	ctx, cancel := h.query()
	defer cancel()
	heads, err := h.cfg.Log.Heads(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("hub: reading heads: %w", err)
	}
	return heads, nil
}

// learnHead tells a topic how far the log goes, and has it filled if the topic
// is behind.
func (h *Hub) learnHead(t *topic, head int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = max(t.head, head)
	if t.sparse && t.ready && h.mayHaveMissed(t) {
		t.rising.doubt = true
	}
	h.fillLater(t)
}

// mayHaveMissed tells whether a frame below the top of a sparse topic may be missing
// that nobody told of: the bus is down, or it is a while since the log was read. An
// instance that dies between a commit and its message to the bus leaves no other trace.
func (h *Hub) mayHaveMissed(t *topic) bool {
	if !h.bus.Up() {
		return true
	}
	now := h.clock.Now()
	if h.outbox.off() || now.Sub(t.rising.doubted) < h.cfg.DoubtEvery {
		return false
	}
	t.rising.doubted = now
	return true
}

// sweeper compares the heads of all topics with readers regularly.
type sweeper struct {
	hub  *Hub
	wake chan struct{}
	// failing says that the last sweep failed, so that a log that is away is
	// reported once.
	failing bool
}

func newSweeper(h *Hub) *sweeper {
	return &sweeper{hub: h, wake: make(chan struct{}, 1)}
}

// wakeUp has it sweep at once.
func (s *sweeper) wakeUp() { signal(s.wake) }

func (s *sweeper) run() {
	for s.hub.sleep(s.interval(), s.wake) {
		s.sweep()
	}
}

func (s *sweeper) interval() time.Duration {
	if s.hub.bus.Up() {
		return s.hub.cfg.SweepEvery
	}
	return s.hub.cfg.SweepDown
}

func (s *sweeper) sweep() {
	chunk := make([]*topic, 0, headsChunk)
	for i := range s.hub.topics.shards {
		for _, t := range s.hub.topics.in(i) {
			if chunk = append(chunk, t); len(chunk) == headsChunk {
				if !s.compare(chunk) {
					return
				}
				chunk = chunk[:0]
			}
		}
	}
	if len(chunk) > 0 {
		s.compare(chunk)
	}
}

func (s *sweeper) compare(chunk []*topic) bool {
	names := make([]string, len(chunk))
	for i, t := range chunk {
		names[i] = t.name
	}
	heads, err := s.hub.readHeads(names)
	if err != nil {
		if !s.failing && s.hub.ctx.Err() == nil {
			s.hub.log.Warn("readers here may be behind", "err", err)
		}
		s.failing = true
		return false
	}
	s.failing = false
	for _, t := range chunk {
		s.hub.learnHead(t, heads[t.name])
	}
	return true
}

// signal wakes whoever waits on a channel of one place.
func signal(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
