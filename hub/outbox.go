package hub

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// outboxChunk bounds the messages of one Bus.Send and messageBytes the
	// frames packed into one message.
	outboxChunk  = 512
	messageBytes = 1 << 20
	// maxKept bounds the disconnects kept while the bus is down, and those that may be
	// sent once more.
	maxKept = 1024
	// repeatFor is how long a disconnect that was sent is sent once more to instances that
	// come back to the bus: longer than these take to, once the bus itself is back.
	repeatFor = 10 * time.Second
	// lastSend bounds what Close gives to sending what still waits.
	lastSend = 500 * time.Millisecond
	// frameOverhead stands for what a waiting frame costs beside its bytes.
	frameOverhead = 64
)

// outbox stands between publishers, who never wait, and the bus, which may. What
// waits leaves together. What finds no room, or what the bus refuses, is lost on
// the bus only: the others find it in the log, at once when KindLost reaches
// them. Disconnects are in no log, so they are kept until the bus takes them, and sent
// again to who was away from it: whoever was tells KindLost once it is back.
type outbox struct {
	hub  *Hub
	wake chan struct{}

	mu    sync.Mutex
	items []Frame
	notes []Message
	kept  []disconnect // to be sent
	told  []disconnect // sent not long ago
	bytes int
	lost  bool
}

// disconnect is a message that the outbox remembers.
type disconnect struct {
	Message
	first time.Time // when it was sent first; zero before
}

func newOutbox(h *Hub) *outbox {
	return &outbox{hub: h, wake: make(chan struct{}, 1)}
}

func (o *outbox) wakeUp() { signal(o.wake) }

func (o *outbox) off() bool { return o.hub.bus == Bus(alone{}) }

// frames adds what Publish has delivered here.
func (o *outbox) frames(frames []Frame) {
	if o.off() || len(frames) == 0 {
		return
	}
	o.mu.Lock()
	for _, f := range frames {
		if f.Seq > 0 && o.hub.cfg.Pulled(f.Topic) {
			f.Data = nil
		}
		size := len(f.Data) + frameOverhead
		if o.bytes+size > o.hub.cfg.OutboxBytes {
			o.hub.stats.busDropped.Add(1)
			o.lost = true
			continue
		}
		o.items = append(o.items, f)
		o.bytes += size
	}
	o.mu.Unlock()
	o.wakeUp()
}

// message adds a note of the hub's own.
func (o *outbox) message(m Message) {
	if o.off() {
		return
	}
	m.From = o.hub.cfg.Instance
	size := len(m.Data) + frameOverhead
	o.mu.Lock()
	switch {
	case m.Kind == KindDisconnect && len(o.kept) < maxKept:
		o.kept = append(o.kept, disconnect{Message: m})
	case m.Kind != KindDisconnect && o.bytes+size <= o.hub.cfg.OutboxBytes:
		o.notes = append(o.notes, m)
		o.bytes += size
	default:
		o.hub.stats.busDropped.Add(1)
	}
	o.mu.Unlock()
	o.wakeUp()
}

// wasAway notes that the bus is down for this instance: what the others send meanwhile
// does not arrive, which they are told once it is back.
func (o *outbox) wasAway() {
	o.mu.Lock()
	o.lost = true
	o.mu.Unlock()
}

// repeat sends once more what somebody who was away has missed.
func (o *outbox) repeat() {
	o.mu.Lock()
	o.forgetTold()
	o.kept = append(o.kept, o.told...)
	again := len(o.told) > 0
	o.told = nil
	o.mu.Unlock()
	if again {
		o.wakeUp()
	}
}

// forgetTold drops what nobody needs any more, or what is too much. It is called with mu.
func (o *outbox) forgetTold() {
	since := o.hub.clock.Now().Add(-repeatFor)
	o.told = slices.DeleteFunc(o.told, func(d disconnect) bool { return d.first.Before(since) })
	if extra := len(o.told) - maxKept; extra > 0 {
		o.told = o.told[extra:]
	}
}

// run sends until the hub ends, and then what still waits.
func (o *outbox) run() {
	if o.off() {
		return
	}
	for o.waitForWork() {
		o.send(o.hub.ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(o.hub.ctx), lastSend)
	defer cancel()
	o.send(ctx)
}

// waitForWork returns when there is something to send, or to send again, and
// tells whether the hub goes on.
func (o *outbox) waitForWork() bool {
	o.mu.Lock()
	again := o.lost || len(o.kept) > 0
	o.mu.Unlock()
	if again {
		return o.hub.sleep(o.hub.cfg.SweepDown, o.wake)
	}
	select {
	case <-o.wake:
		return o.hub.ctx.Err() == nil
	case <-o.hub.ctx.Done():
		return false
	}
}

// send takes all that waits to the bus.
func (o *outbox) send(ctx context.Context) {
	o.mu.Lock()
	items, notes, kept, lost := o.items, o.notes, o.kept, o.lost
	o.items, o.notes, o.kept, o.lost, o.bytes = nil, nil, nil, false, 0
	o.mu.Unlock()

	packed := pack(o.hub.cfg.Instance, items)
	batch := make([]Message, 0, len(kept)+len(packed)+len(notes)+1)
	for _, d := range kept {
		batch = append(batch, d.Message)
	}
	batch = append(append(batch, packed...), notes...)
	if lost {
		batch = append(batch, Message{From: o.hub.cfg.Instance, Kind: KindLost})
	}
	for len(batch) > 0 {
		n := min(len(batch), outboxChunk)
		if err := o.hub.bus.Send(ctx, batch[:n]); err != nil {
			o.failed(kept, batch[len(kept):])
			o.hub.log.Debug("sending to other instances", "messages", len(batch), "err", err)
			return
		}
		o.hub.stats.busSent.Add(uint64(n))
		batch = batch[n:]
		first := min(n, len(kept))
		o.remember(kept[:first])
		kept = kept[first:]
	}
}

// remember keeps disconnects that were sent for who is away.
func (o *outbox) remember(sent []disconnect) {
	if len(sent) == 0 {
		return
	}
	now := o.hub.clock.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range sent {
		if d.first.IsZero() {
			d.first = now
		}
		o.told = append(o.told, d)
	}
	o.forgetTold()
}

// failed counts what was lost and keeps what must not be.
func (o *outbox) failed(kept []disconnect, rest []Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost = true
	for _, m := range rest {
		switch m.Kind {
		case KindFrames:
			o.hub.stats.busDropped.Add(uint64(len(m.Frames)))
		case KindLost: // it is sent when the bus is back
		default:
			o.hub.stats.busDropped.Add(1)
		}
	}
	o.kept = append(kept, o.kept...)
	if extra := len(o.kept) - maxKept; extra > 0 {
		o.hub.stats.busDropped.Add(uint64(extra))
		o.kept = o.kept[extra:]
	}
}

// pack puts the frames of one topic into one message, up to a size; the order
// within a topic stays. The messages share memory with frames.
func pack(from string, frames []Frame) []Message {
	type place struct{ index, bytes int }
	places := make(map[string]place, len(frames))
	batch := make([]Message, 0, len(frames))
	for i, f := range frames {
		p, ok := places[f.Topic]
		if !ok || p.bytes+len(f.Data) > messageBytes {
			places[f.Topic] = place{index: len(batch), bytes: len(f.Data)}
			batch = append(batch, Message{Topic: f.Topic, From: from, Kind: KindFrames, Frames: frames[i : i+1 : i+1]})
			continue
		}
		m := &batch[p.index]
		if last := len(m.Frames) - 1; len(f.Data) == 0 && len(m.Frames[last].Data) == 0 {
			m.Frames[last].Seq = max(m.Frames[last].Seq, f.Seq) // the further head says it all
			continue
		}
		p.bytes += len(f.Data)
		places[f.Topic] = p
		m.Frames = append(m.Frames, f)
	}
	return batch
}
