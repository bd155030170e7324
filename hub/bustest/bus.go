package bustest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"parley/hub"
	"parley/hub/hubtest"
)

// Medium is what the endpoints of one test have in common.
type Medium struct {
	// Bus makes a new endpoint.
	Bus func(t testing.TB) hub.Bus
	// Stop and Restart make and end an outage.
	Stop, Restart func()
}

// Run runs the whole suite; open makes a fresh medium for each test.
func Run(t *testing.T, open func(t *testing.T) Medium) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, m Medium)
	}{
		{"Delivery", delivery},
		{"Subscriptions", subscriptions},
		{"SubscribeAgainAtOnce", subscribeAgainAtOnce},
		{"ManyTopics", manyTopics},
		{"Outage", outage},
		{"SubscribeWhileDown", subscribeWhileDown},
		{"Close", closing},
		{"HubsShareFrames", hubsShareFrames},
		{"HubsSharePresence", hubsSharePresence},
		{"HubsDisconnect", hubsDisconnect},
		{"HubsOutage", hubsOutage},
		{"HubsDisconnectAfterOutage", hubsDisconnectAfterOutage},
		{"HubsSparseOutage", hubsSparseOutage},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// listener is a BusHandler that keeps what it hears.
type listener struct {
	mu         sync.Mutex
	messages   []hub.Message
	subscribed map[string]int
	changes    int
}

func (l *listener) Receive(m hub.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, m)
}

func (l *listener) Subscribed(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subscribed[topic]++
}

func (l *listener) StateChanged() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
}

func (l *listener) heard() []hub.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.messages)
}

func (l *listener) times(topic string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.subscribed[topic]
}

func (l *listener) stateChanges() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changes
}

// endpoint starts a bus that is up.
func endpoint(t *testing.T, m Medium) (hub.Bus, *listener) {
	t.Helper()
	b, l := m.Bus(t), &listener{subscribed: make(map[string]int)}
	if err := b.Start(l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	hubtest.Eventually(t, "the bus is up", b.Up)
	return b, l
}

func subscribe(t *testing.T, b hub.Bus, l *listener, topic string) {
	t.Helper()
	before := l.times(topic)
	b.Subscribe(topic)
	hubtest.Eventually(t, "Subscribed "+topic, func() bool { return l.times(topic) > before })
}

func send(t *testing.T, b hub.Bus, batch ...hub.Message) {
	t.Helper()
	if err := b.Send(context.Background(), batch); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

func frames(topic string, from string, first, n int64) hub.Message {
	m := hub.Message{Topic: topic, From: from, Kind: hub.KindFrames}
	for seq := first; seq < first+n; seq++ {
		m.Frames = append(m.Frames, hub.Frame{Topic: topic, Seq: seq, Data: fmt.Appendf(nil, `{"seq":%d}`, seq)})
	}
	return m
}

func same(a, b hub.Message) bool {
	return a.Topic == b.Topic && a.From == b.From && a.Kind == b.Kind && bytes.Equal(a.Data, b.Data) &&
		slices.EqualFunc(a.Frames, b.Frames, func(x, y hub.Frame) bool {
			return x.Topic == y.Topic && x.Seq == y.Seq && bytes.Equal(x.Data, y.Data)
		})
}

func wantMessages(t *testing.T, l *listener, want ...hub.Message) {
	t.Helper()
	hubtest.Eventually(t, fmt.Sprintf("%d messages", len(want)), func() bool { return len(l.heard()) >= len(want) })
	if got := l.heard(); !slices.EqualFunc(got, want, same) {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
}

// delivery: every kind arrives as it was sent, topics at their subscribers and
// the rest at everybody.
func delivery(t *testing.T, m Medium) {
	a, _ := endpoint(t, m)
	b, heardB := endpoint(t, m)
	_, heardC := endpoint(t, m)
	subscribe(t, b, heardB, "room:1")
	big := hub.Message{Topic: "room:1", From: "a", Kind: hub.KindFrames, Frames: []hub.Frame{
		{Topic: "room:1", Seq: 1<<40 + 1, Data: bytes.Repeat([]byte("x\x00\xff"), 1<<20)},
	}}
	signal := hub.Message{Topic: "room:1", From: "a", Kind: hub.KindFrames,
		Frames: []hub.Frame{{Topic: "room:1", Data: []byte(`{}`)}}}
	presence := hub.Message{Topic: "room:1", From: "a", Kind: hub.KindPresence, Data: []byte(`{"members":[]}`)}
	disconnect := hub.Message{From: "a", Kind: hub.KindDisconnect, Data: []byte(`{"identity":"x"}`)}
	lost := hub.Message{From: "a", Kind: hub.KindLost}
	send(t, a, frames("room:1", "a", 1, 3), frames("room:2", "a", 1, 1), presence)
	send(t, a, big, signal)
	wantMessages(t, heardB, frames("room:1", "a", 1, 3), presence, big, signal)
	send(t, a, disconnect, lost)
	wantMessages(t, heardB, frames("room:1", "a", 1, 3), presence, big, signal, disconnect, lost)
	wantMessages(t, heardC, disconnect, lost)
}

// subscriptions: nothing arrives before Subscribe or after Unsubscribe.
func subscriptions(t *testing.T, m Medium) {
	a, _ := endpoint(t, m)
	b, heard := endpoint(t, m)
	subscribe(t, b, heard, "end")
	send(t, a, frames("room:1", "a", 1, 1), frames("end", "a", 1, 1))
	wantMessages(t, heard, frames("end", "a", 1, 1))
	subscribe(t, b, heard, "room:1")
	send(t, a, frames("room:1", "a", 2, 1))
	wantMessages(t, heard, frames("end", "a", 1, 1), frames("room:1", "a", 2, 1))
	b.Unsubscribe("room:1")
	// Another wish that took effect shows that the one before it has.
	subscribe(t, b, heard, "later")
	send(t, a, frames("later", "a", 1, 1))
	hubtest.Eventually(t, "a later topic", func() bool { return len(heard.heard()) >= 3 })
	before := len(heard.heard())
	send(t, a, frames("room:1", "a", 3, 1), frames("end", "a", 2, 1))
	hubtest.Eventually(t, "the end", func() bool {
		got := heard.heard()
		return same(got[len(got)-1], frames("end", "a", 2, 1))
	})
	for _, got := range heard.heard()[before:] {
		if got.Topic == "room:1" {
			t.Fatalf("heard after Unsubscribe: %+v", got)
		}
	}
}

// subscribeAgainAtOnce: however close wishes follow each other, the last counts
// and Subscribed follows it.
func subscribeAgainAtOnce(t *testing.T, m Medium) {
	a, _ := endpoint(t, m)
	b, heard := endpoint(t, m)
	for i := range int64(50) {
		before := heard.times("room:1")
		b.Subscribe("room:1")
		b.Unsubscribe("room:1")
		b.Subscribe("room:1")
		hubtest.Eventually(t, "Subscribed", func() bool { return heard.times("room:1") > before })
		// The Subscribed that was seen may have followed the first wish already;
		// until that of the last one, messages may be missed. So it is sent until
		// it is heard.
		hubtest.Eventually(t, "the message", func() bool {
			send(t, a, frames("room:1", "a", i+1, 1))
			got := heard.heard()
			return len(got) > 0 && same(got[len(got)-1], frames("room:1", "a", i+1, 1))
		})
		b.Unsubscribe("room:1")
	}
}

// manyTopics: a storm of wishes and of messages passes.
func manyTopics(t *testing.T, m Medium) {
	const n = 3000
	a, _ := endpoint(t, m)
	b, heard := endpoint(t, m)
	var batch []hub.Message
	for i := range n {
		topic := fmt.Sprintf("room:%d", i)
		b.Subscribe(topic)
		batch = append(batch, frames(topic, "a", 1, 2))
	}
	hubtest.Eventually(t, "Subscribed to all", func() bool {
		for i := range n {
			if heard.times(fmt.Sprintf("room:%d", i)) == 0 {
				return false
			}
		}
		return true
	})
	send(t, a, batch...)
	hubtest.Eventually(t, "a message of each topic", func() bool { return len(heard.heard()) == n })
	topics := make(map[string]bool)
	for _, got := range heard.heard() {
		topics[got.Topic] = len(got.Frames) == 2
	}
	if len(topics) != n {
		t.Fatalf("%d of %d topics were heard", len(topics), n)
	}
}

// outage: Send fails, both ends are told, and afterwards everything is as before
// with Subscribed said again, as messages were missed.
func outage(t *testing.T, m Medium) {
	a, _ := endpoint(t, m)
	b, heard := endpoint(t, m)
	subscribe(t, b, heard, "room:1")
	subscribe(t, b, heard, "room:2")
	changes := heard.stateChanges()
	m.Stop()
	hubtest.Eventually(t, "both are down", func() bool { return !a.Up() && !b.Up() })
	hubtest.Eventually(t, "StateChanged", func() bool { return heard.stateChanges() > changes })
	if err := a.Send(context.Background(), []hub.Message{frames("room:1", "a", 1, 1)}); err == nil {
		t.Fatal("Send succeeded while the bus was down")
	}
	changes, times1, times2 := heard.stateChanges(), heard.times("room:1"), heard.times("room:2")
	m.Restart()
	hubtest.Eventually(t, "both are up", func() bool { return a.Up() && b.Up() })
	hubtest.Eventually(t, "StateChanged and Subscribed", func() bool {
		return heard.stateChanges() > changes && heard.times("room:1") > times1 && heard.times("room:2") > times2
	})
	send(t, a, frames("room:2", "a", 2, 1))
	wantMessages(t, heard, frames("room:2", "a", 2, 1))
}

// subscribeWhileDown: wishes during an outage are kept.
func subscribeWhileDown(t *testing.T, m Medium) {
	a, _ := endpoint(t, m)
	b, heard := endpoint(t, m)
	subscribe(t, b, heard, "given up")
	m.Stop()
	hubtest.Eventually(t, "both are down", func() bool { return !a.Up() && !b.Up() })
	b.Subscribe("room:1")
	b.Unsubscribe("given up")
	m.Restart()
	hubtest.Eventually(t, "both are up", func() bool { return a.Up() && b.Up() })
	hubtest.Eventually(t, "Subscribed", func() bool { return heard.times("room:1") > 0 })
	send(t, a, frames("given up", "a", 1, 1), frames("room:1", "a", 1, 1))
	wantMessages(t, heard, frames("room:1", "a", 1, 1))
}

// closing: twice is fine, and nothing works or is heard afterwards.
func closing(t *testing.T, m Medium) {
	a, _ := endpoint(t, m)
	b, heard := endpoint(t, m)
	c, heardC := endpoint(t, m)
	subscribe(t, b, heard, "room:1")
	subscribe(t, c, heardC, "room:1")
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	send(t, a, frames("room:1", "a", 1, 1))
	wantMessages(t, heardC, frames("room:1", "a", 1, 1))
	if got := heard.heard(); len(got) > 0 {
		t.Fatalf("heard after Close: %+v", got)
	}
	if err := b.Send(context.Background(), []hub.Message{frames("room:1", "b", 1, 1)}); err == nil {
		t.Fatal("Send succeeded after Close")
	}
	unstarted := m.Bus(t)
	if err := unstarted.Close(); err != nil {
		t.Fatalf("closing what was not started: %v", err)
	}
}
