package hub_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/hub"
	"parley/hub/hubtest"
)

// sluggish is a bus whose Send waits for the test, and fails when told so.
type sluggish struct {
	mu   sync.Mutex
	gate chan struct{}
	fail bool
	sent []hub.Message
	// inside counts the calls of Send under way.
	inside int
	// hears is the hub.
	hears hub.BusHandler
	away  bool
}

func (b *sluggish) Subscribe(string)   {}
func (b *sluggish) Unsubscribe(string) {}
func (b *sluggish) Close() error       { return nil }

func (b *sluggish) Start(h hub.BusHandler) error {
	b.hears = h
	return nil
}

func (b *sluggish) Up() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.away
}

// leave takes the hub off the bus, or back to it.
func (b *sluggish) leave(away bool) {
	b.mu.Lock()
	b.away, b.fail = away, away
	b.mu.Unlock()
	b.hears.StateChanged()
}

func (b *sluggish) Send(ctx context.Context, batch []hub.Message) error {
	b.mu.Lock()
	gate := b.gate
	b.inside++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.inside--
		b.mu.Unlock()
	}()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail {
		return errors.New("refused")
	}
	b.sent = append(b.sent, batch...)
	return nil
}

func (b *sluggish) set(gate chan struct{}, fail bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate, b.fail = gate, fail
}

func (b *sluggish) busy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inside > 0
}

func (b *sluggish) messages() []hub.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sent)
}

func has(messages []hub.Message, kind hub.MessageKind) bool {
	return slices.ContainsFunc(messages, func(m hub.Message) bool { return m.Kind == kind })
}

// A bus that hangs holds up nobody: readers here get everything, what waits for
// it is bounded, leaves packed by topic, and what was dropped is told.
func TestPublishersNeverWaitForTheBus(t *testing.T) {
	gate := make(chan struct{})
	bus, log := &sluggish{gate: gate}, hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, Bus: bus, Instance: "here", OutboxBytes: 8 << 10})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	h.Publish(log.Commit("room:1", 1))
	hubtest.Eventually(t, "Send hangs", bus.busy)
	for range 100 {
		h.Publish(append(log.Commit("room:1", 3), log.Commit("feed", 3)...))
	}
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 301))
	dropped := h.Stats().BusDropped
	if dropped == 0 || dropped >= 600 {
		t.Fatalf("%d frames dropped", dropped)
	}
	bus.set(nil, false)
	close(gate)
	hubtest.Eventually(t, "the loss is told", func() bool { return has(bus.messages(), hub.KindLost) })
	sent := bus.messages()
	if len(sent) != 4 { // the first frame, then a message for each topic, then the loss
		t.Errorf("%d messages", len(sent))
	}
	frames := 0
	for _, m := range sent {
		frames += len(m.Frames)
		if m.From != "here" {
			t.Errorf("sent by %q", m.From)
		}
		for i, f := range m.Frames {
			if f.Topic != m.Topic || i > 0 && f.Seq != m.Frames[i-1].Seq+1 {
				t.Fatalf("%s: frame %d is %s %d", m.Topic, i, f.Topic, f.Seq)
			}
		}
	}
	if want := 601 - int(dropped); frames != want {
		t.Errorf("%d frames sent, want %d", frames, want)
	}
}

// A bus that refuses loses frames, which is told once it takes messages again;
// disconnects wait for that.
func TestWhatTheBusRefuses(t *testing.T) {
	bus, log := &sluggish{fail: true}, hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, Bus: bus, Instance: "here", SweepDown: 1})
	h.Publish(log.Commit("room:1", 2))
	hubtest.Eventually(t, "they are dropped", func() bool { return h.Stats().BusDropped >= 2 })
	h.Disconnect("mallory", 4201, "flagged")
	bus.set(nil, false)
	hubtest.Eventually(t, "both are told", func() bool {
		return has(bus.messages(), hub.KindLost) && has(bus.messages(), hub.KindDisconnect)
	})
	if has(bus.messages(), hub.KindFrames) {
		t.Error("a refused frame was sent again")
	}
}

// Who was away from the bus says so, and is told once more what is in no log; for as long as
// somebody may have been away without a word.
func TestDisconnectsReachWhoWasAway(t *testing.T) {
	bus, log, clock := &sluggish{}, hubtest.NewLog(), hubtest.NewClock()
	h := hubtest.Start(t, hub.Config{Log: log, Bus: bus, Instance: "here", Clock: clock})
	disconnects := func() (list []string) {
		for _, m := range bus.messages() {
			if m.Kind == hub.KindDisconnect {
				list = append(list, string(m.Data))
			}
		}
		return list
	}
	back := hub.Message{From: "there", Kind: hub.KindLost}
	h.Disconnect("mallory", 4201, "flagged")
	hubtest.Eventually(t, "it is sent", func() bool { return len(disconnects()) == 1 })
	// Only what was sent is remembered, which is soon after.
	hubtest.Eventually(t, "it is sent again", func() bool {
		bus.hears.Receive(back)
		return len(disconnects()) > 1
	})
	if list := disconnects(); list[0] != list[1] {
		t.Errorf("sent were %q", list)
	}
	after := func(topic string) { // all that waits now has been sent
		h.Publish(log.Commit(topic, 1))
		hubtest.Eventually(t, "what came after is sent", func() bool {
			return slices.ContainsFunc(bus.messages(), func(m hub.Message) bool { return m.Topic == topic })
		})
	}
	after("room:1")
	before := len(disconnects())
	clock.Advance(time.Minute)
	bus.hears.Receive(back)
	after("room:2")
	if list := disconnects(); len(list) != before {
		t.Errorf("after a minute %q were sent", list)
	}
	if has(bus.messages(), hub.KindLost) {
		t.Error("something was said to be lost")
	}
	bus.leave(true)
	bus.leave(false)
	hubtest.Eventually(t, "it says that it was away", func() bool { return has(bus.messages(), hub.KindLost) })
}

// What waits when the hub closes is still sent, and a bus that hangs then does
// not hold it up for ever.
func TestCloseSendsWhatWaits(t *testing.T) {
	gate := make(chan struct{})
	bus, log := &sluggish{gate: gate}, hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, Bus: bus, Instance: "here"})
	c, _ := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{Member: []byte(`"ann"`)})
	h.Publish(log.Commit("room:2", 1))
	hubtest.Eventually(t, "Send hangs", bus.busy)
	h.Publish(log.Commit("room:3", 1))
	bus.set(nil, false)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	sent := bus.messages()
	if !slices.ContainsFunc(sent, func(m hub.Message) bool { return m.Topic == "room:3" }) {
		t.Errorf("not sent: %+v", sent)
	}
	if !slices.ContainsFunc(sent, func(m hub.Message) bool {
		return m.Kind == hub.KindPresence && m.Topic == "room:1" && string(m.Data) == `{"members":[]}`
	}) {
		t.Errorf("the others do not hear who left: %+v", sent)
	}

	hanging := &sluggish{gate: make(chan struct{})}
	h = hubtest.Start(t, hub.Config{Log: log, Bus: hanging, Instance: "here"})
	h.Publish(log.Commit("room:2", 1))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

// A message stays within a size; the order of a topic's frames stays too.
func TestLongTopicsAreSplit(t *testing.T) {
	const frames, size = 40, 100 << 10
	bus := &sluggish{}
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog(), Bus: bus, Instance: "here"})
	var batch []hub.Frame
	for seq := range int64(frames) {
		batch = append(batch, hub.Frame{Topic: "feed", Seq: seq + 1, Data: make([]byte, size)})
	}
	h.Publish(batch)
	count := func() (n int) {
		for _, m := range bus.messages() {
			n += len(m.Frames)
		}
		return n
	}
	hubtest.Eventually(t, "all are sent", func() bool { return count() == frames })
	var seq int64
	for _, m := range bus.messages() {
		bytes := 0
		for _, f := range m.Frames {
			if seq++; f.Seq != seq {
				t.Fatalf("%d after %d", f.Seq, seq-1)
			}
			bytes += len(f.Data)
		}
		if bytes > 1<<20 {
			t.Errorf("a message of %d bytes", bytes)
		}
	}
}

// When the bus is back what was kept for it leaves at once.
func TestKeptDisconnectsLeaveWhenTheBusIsBack(t *testing.T) {
	h, bus, _, _ := lone(t, hub.Config{})
	bus.chaos.setDown(true)
	h.Disconnect("mallory", 4201, "flagged")
	hubtest.Eventually(t, "it was tried", func() bool { return bus.tries() > 0 })
	bus.chaos.setDown(false)
	hubtest.Eventually(t, "it is sent", func() bool { return has(bus.all(), hub.KindDisconnect) })
}
