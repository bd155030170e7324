package hub

import (
	"encoding/json"
	"time"
)

// Publish delivers committed frames to the readers here and then leaves them to
// the bus. It is called by one goroutine, in commit order, and never blocks.
func (h *Hub) Publish(frames []Frame) {
	var begin time.Time
	if h.cfg.OnFanout != nil {
		begin = h.clock.Now()
	}
	n := 0
	for _, f := range frames {
		if t := h.topics.find(f.Topic); t != nil {
			n += h.receive(t, f)
		}
	}
	h.stats.delivered.Add(uint64(n))
	if h.cfg.OnFanout != nil && n > 0 {
		h.cfg.OnFanout(n, h.clock.Now().Sub(begin))
	}
	h.outbox.frames(frames)
}

// Listens tells whether anybody here reads the topic. Who starts to right after is
// not missed by a frame without Data.
func (h *Hub) Listens(topic string) bool { return h.topics.find(topic) != nil }

// Head is the highest seq that is known here to be in the topic's log: no less than what
// its readers here were given, 0 for a topic without readers.
func (h *Hub) Head(topic string) int64 {
	t := h.topics.find(topic)
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head
}

// Signal sends an ephemeral frame to the topic's readers everywhere. It never
// blocks.
func (h *Hub) Signal(topic string, data []byte) {
	h.Publish([]Frame{{Topic: topic, Data: data}})
}

// receive takes one frame for a topic that has readers here.
func (h *Hub) receive(t *topic, f Frame) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead {
		return 0
	}
	if f.Seq == 0 {
		return t.broadcast(h.cfg.Encode(f.Data))
	}
	n := 0
	if len(f.Data) > 0 {
		n = t.accept(h, f.Seq, f.Data, nil)
	} else {
		t.head = max(t.head, f.Seq)
	}
	h.fillLater(t)
	return n
}

// busHandler keeps the methods of BusHandler out of the hub's own.
type busHandler struct{ h *Hub }

func (b busHandler) Receive(m Message) {
	h := b.h
	if m.From == h.cfg.Instance {
		return
	}
	h.stats.busReceived.Add(1)
	switch m.Kind {
	case KindFrames:
		t := h.topics.find(m.Topic)
		if t == nil {
			return
		}
		n := 0
		for _, f := range m.Frames {
			n += h.receive(t, f)
		}
		h.stats.delivered.Add(uint64(n))
	case KindPresence:
		h.presence.heard(m)
	case KindDisconnect:
		var n disconnectNote
		if err := json.Unmarshal(m.Data, &n); err != nil {
			h.log.Warn("a disconnect that cannot be read", "from", m.From, "err", err)
			return
		}
		h.disconnectHere(n)
	case KindLost:
		h.doubt()
		h.sweeper.wakeUp()
		h.outbox.repeat()
	}
}

func (b busHandler) Subscribed(topic string) {
	h := b.h
	t := h.topics.find(topic)
	if t == nil {
		return
	}
	t.mu.Lock()
	t.rising.doubt = true
	t.mu.Unlock()
	h.heads.want(topic)
	h.presence.ask(t)
}

func (b busHandler) StateChanged() {
	if !b.h.bus.Up() {
		b.h.outbox.wasAway()
	}
	b.h.outbox.wakeUp()
	b.h.sweeper.wakeUp()
}

// doubt marks all sparse topics: a frame below their top may have been lost.
func (h *Hub) doubt() {
	for i := range h.topics.shards {
		for _, t := range h.topics.in(i) {
			if t.sparse {
				t.mu.Lock()
				t.rising.doubt = true
				t.mu.Unlock()
			}
		}
	}
}
