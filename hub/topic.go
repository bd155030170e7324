package hub

import (
	"slices"
	"sync"
)

// topic is what this instance knows of one topic while it has readers here.
//
// Invariants, under mu: every live reader has been given all frames up to last
// and none after it; last+1 is never in held; cache ends with last.
type topic struct {
	name   string
	sparse bool
	pulled bool

	mu   sync.Mutex
	subs []*subscription
	// dead: the last reader has left; whoever finds it so takes a new one.
	dead bool
	// ready: last is known. Until then frames are held.
	ready bool
	last  int64
	// head is the highest seq known to exist; frames up to it are missing here
	// when it is above last.
	head int64
	// held are frames that came too early, in wire form.
	held      map[int64][]byte
	heldBytes int
	// cache are the wire forms of the newest frames, the last of them being
	// frame last.
	cache      [][]byte
	cacheBytes int
	// filling: the topic is with the filler.
	filling bool
	rising  rising
	present *present
}

// subscription is one reader of a topic; its fields belong to the topic's lock.
type subscription struct {
	client *Client
	topic  *topic
	index  int
	live   bool
	gone   bool
	// sent is the highest seq given to this reader.
	sent int64
	// waiting are frames of a sparse topic that came while the reader joined.
	waiting [][]byte
	// member is how others see the reader, nil when they do not.
	member []byte
}

const (
	maxHeld      = 1024
	maxHeldBytes = 1 << 20
)

// accept takes a frame from any source and returns the deliveries it made.
// wire may be nil; it is made from data when it is needed.
func (t *topic) accept(h *Hub, seq int64, data, wire []byte) int {
	if wire == nil && (!t.ready || seq > t.last || t.sparse) {
		wire = h.cfg.Encode(data)
	}
	if t.sparse {
		return t.acceptSparse(seq, wire)
	}
	switch {
	case t.ready && seq <= t.last:
		return 0
	case t.ready && seq == t.last+1:
		return t.deliver(h, seq, wire) + t.releaseHeld(h)
	}
	t.head = max(t.head, seq)
	if _, dup := t.held[seq]; !dup && len(t.held) < maxHeld && t.heldBytes+len(wire) <= maxHeldBytes {
		if t.held == nil {
			t.held = make(map[int64][]byte)
		}
		t.held[seq] = wire
		t.heldBytes += len(wire)
	}
	return 0
}

// deliver gives frame last+1 to all live readers.
func (t *topic) deliver(h *Hub, seq int64, wire []byte) int {
	t.last, t.head = seq, max(t.head, seq)
	t.keep(h, wire)
	n := 0
	for _, s := range t.subs {
		if s.live && s.sent < seq {
			s.sent = seq
			s.client.enqueue(wire)
			n++
		}
	}
	return n
}

// releaseHeld delivers what was held and is next now.
func (t *topic) releaseHeld(h *Hub) int {
	n := 0
	for len(t.held) > 0 {
		wire, ok := t.held[t.last+1]
		if !ok {
			break
		}
		t.unhold(t.last + 1)
		n += t.deliver(h, t.last+1, wire)
	}
	return n
}

func (t *topic) unhold(seq int64) {
	t.heldBytes -= len(t.held[seq])
	delete(t.held, seq)
}

// setReady fixes where the topic stands, once: a reader has got all up to last.
func (t *topic) setReady(h *Hub, last int64) int {
	t.ready, t.last, t.head = true, last, max(t.head, last)
	t.cache, t.cacheBytes = nil, 0
	for seq := range t.held {
		if seq <= last {
			t.unhold(seq)
		}
	}
	return t.releaseHeld(h)
}

// broadcast gives an ephemeral frame to all live readers.
func (t *topic) broadcast(wire []byte) int {
	n := 0
	for _, s := range t.subs {
		if s.live {
			s.client.enqueue(wire)
			n++
		}
	}
	return n
}

func (t *topic) keep(h *Hub, wire []byte) {
	t.cache = append(t.cache, wire)
	t.cacheBytes += len(wire)
	t.trim(h)
}

func (t *topic) trim(h *Hub) {
	drop := 0
	for drop < len(t.cache) && t.cacheBytes > h.cfg.CacheBytes {
		t.cacheBytes -= len(t.cache[drop])
		t.cache[drop] = nil
		drop++
	}
	t.cache = t.cache[drop:]
}

// cached returns frames after+1 … last in wire form, if it has all of them.
func (t *topic) cached(after int64) (wires [][]byte, ok bool) {
	n := t.last - after
	if !t.ready || n < 0 || n > int64(len(t.cache)) {
		return nil, false
	}
	return slices.Clone(t.cache[int64(len(t.cache))-n:]), true
}

// learn takes what a join has read from the log, frames first … in wire form:
// what is new is delivered, what is older than the cache extends it.
func (t *topic) learn(h *Hub, first int64, wires [][]byte) int {
	if !t.ready {
		return 0
	}
	oldest := t.last - int64(len(t.cache)) + 1
	if end := first + int64(len(wires)) - 1; first < oldest && end >= oldest-1 {
		older := wires[:oldest-first]
		t.cache = append(slices.Clone(older), t.cache...)
		for _, w := range older {
			t.cacheBytes += len(w)
		}
		t.trim(h)
	}
	n := 0
	for i, w := range wires {
		if seq := first + int64(i); seq > t.last {
			n += t.accept(h, seq, nil, w)
		}
	}
	return n
}

// behind tells whether frames are known to exist that readers have not got.
func (t *topic) behind() bool {
	if t.sparse {
		return t.rising.behind(t.head)
	}
	return t.head > t.last
}
