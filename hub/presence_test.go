package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/hub"
	"parley/hub/hubtest"
)

// told are the presence notes that an endpoint has sent; take forgets them.
func told(bus *chaosBus) []string {
	bus.chaos.mu.Lock()
	defer bus.chaos.mu.Unlock()
	var notes []string
	for _, ev := range bus.pool {
		if ev.message != nil && ev.message.Kind == hub.KindPresence {
			notes = append(notes, ev.topic+" "+string(ev.message.Data))
		}
	}
	return notes
}

func forget(bus *chaosBus) {
	bus.chaos.mu.Lock()
	defer bus.chaos.mu.Unlock()
	bus.pool = nil
}

func note(t *testing.T, bus *chaosBus, from, topic string, ask bool, members ...string) {
	t.Helper()
	type member struct {
		ID   string          `json:"id"`
		Data json.RawMessage `json:"data"`
	}
	list := []member{}
	for _, id := range members {
		list = append(list, member{id, fmt.Appendf(nil, `{"id":%q}`, id)})
	}
	data, err := json.Marshal(map[string]any{"ask": ask, "members": list})
	if err != nil {
		t.Fatal(err)
	}
	bus.handler.Receive(hub.Message{Topic: topic, From: from, Kind: hub.KindPresence, Data: data})
}

func as(id string) hub.JoinOptions {
	return hub.JoinOptions{Member: fmt.Appendf(nil, `{"id":%q}`, id)}
}

// shows moves the clock on until the reader has been shown the list.
func shows(t *testing.T, clock *hubtest.Clock, r *hubtest.Recorder, want string) {
	t.Helper()
	advanceUntil(t, clock, 10*time.Millisecond, "presence "+want, func() bool { return r.Presence("room:1") == want })
}

func TestPresenceHere(t *testing.T) {
	h, _, clock, _ := lone(t, hub.Config{})
	ann, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, ann, "room:1", as("ann"))
	shows(t, clock, r, `[{"id":"ann"}]`)

	tab, seenByTab := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, tab, "room:1", as("ann"))
	watcher, seenByWatcher := hubtest.Connect(t, h, "admin")
	hubtest.Join(t, watcher, "room:1", hub.JoinOptions{})
	shows(t, clock, seenByTab, `[{"id":"ann"}]`)
	shows(t, clock, seenByWatcher, `[{"id":"ann"}]`)

	bob, _ := hubtest.Connect(t, h, "bob")
	hubtest.Join(t, bob, "room:1", as("bob"))
	shows(t, clock, seenByWatcher, `[{"id":"ann"},{"id":"bob"}]`)
	ann.Leave("room:1") // the other tab stays
	bob.Wait()
	shows(t, clock, seenByWatcher, `[{"id":"ann"}]`)
	tab.Leave("room:1")
	shows(t, clock, seenByWatcher, `[]`)

	// The same person under another name, and a topic without presence.
	hubtest.Join(t, ann, "room:1", hub.JoinOptions{Member: []byte(`"Ann"`)})
	shows(t, clock, seenByWatcher, `["Ann"]`)
	hubtest.Join(t, ann, "room:1", hub.JoinOptions{Member: []byte(`"Anne"`)})
	shows(t, clock, seenByWatcher, `["Anne"]`)
	hubtest.Join(t, ann, "room:1", hub.JoinOptions{})
	shows(t, clock, seenByWatcher, `[]`)
	hubtest.Join(t, ann, "inbox:ann", as("ann"))
	clock.Advance(time.Second)
	if types := r.Types("inbox:ann"); len(types) > 0 {
		t.Errorf("an inbox shows %v", types)
	}
}

// A storm of joins is one frame, and coming back within a moment is none.
func TestPresenceIsGathered(t *testing.T) {
	h, bus, clock, _ := lone(t, hub.Config{PresenceEvery: time.Hour, PresenceTTL: 10 * time.Hour})
	watcher, r := hubtest.Connect(t, h, "admin")
	hubtest.Join(t, watcher, "room:1", hub.JoinOptions{})
	var clients []*hub.Client
	for i := range 50 {
		c, _ := hubtest.Connect(t, h, fmt.Sprintf("c%02d", i))
		hubtest.Join(t, c, "room:1", as(fmt.Sprintf("c%02d", i)))
		clients = append(clients, c)
	}
	advanceUntil(t, clock, 10*time.Millisecond, "a list", func() bool { return len(r.Types("room:1")) > 0 })
	hubtest.Eventually(t, "the others are told", func() bool { return len(told(bus)) > 0 })
	for _, c := range clients {
		c.Leave("room:1")
		hubtest.Join(t, c, "room:1", as(c.Info().Identity))
	}
	before := len(told(bus))
	advanceUntil(t, clock, 10*time.Millisecond, "the others are told again", func() bool { return len(told(bus)) > before })
	if types := r.Types("room:1"); len(types) != 1 {
		t.Errorf("%d presence frames, want one", len(types))
	}
	if notes := told(bus); len(notes) > 2 {
		t.Errorf("%d notes to the other instances", len(notes))
	}
}

func TestPresenceThere(t *testing.T) {
	h, bus, clock, _ := lone(t, hub.Config{PresenceEvery: time.Hour, PresenceTTL: 10 * time.Hour})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", as("ann"))
	shows(t, clock, r, `[{"id":"ann"}]`)
	hubtest.Eventually(t, "the others are told", func() bool {
		return slices.Equal(told(bus), []string{`room:1 {"members":[{"id":"ann","data":{"id":"ann"}}]}`})
	})

	note(t, bus, "there", "room:1", false, "bob", "ann") // she has a tab there
	note(t, bus, "yonder", "room:1", false, "carl")
	note(t, bus, "yonder", "room:2", false, "dora") // nobody reads that here
	shows(t, clock, r, `[{"id":"ann"},{"id":"bob"},{"id":"carl"}]`)
	note(t, bus, "there", "room:1", false)
	shows(t, clock, r, `[{"id":"ann"},{"id":"carl"}]`)

	// A question is answered once, however many ask.
	forget(bus)
	note(t, bus, "there", "room:1", true)
	note(t, bus, "yonder", "room:1", true, "carl")
	advanceUntil(t, clock, 10*time.Millisecond, "the answer", func() bool { return len(told(bus)) > 0 })
	if notes := told(bus); len(notes) != 1 {
		t.Errorf("answered %q", notes)
	}

	// When messages begin to arrive the others are asked.
	forget(bus)
	bus.handler.Subscribed("room:1")
	advanceUntil(t, clock, 10*time.Millisecond, "the question", func() bool {
		return slices.Equal(told(bus), []string{`room:1 {"ask":true,"members":[{"id":"ann","data":{"id":"ann"}}]}`})
	})

	// The last one leaves: the others hear of it, though the topic is gone.
	forget(bus)
	c.Leave("room:1")
	advanceUntil(t, clock, 10*time.Millisecond, "the news", func() bool {
		return slices.Contains(toldOrLost(bus), `room:1 {"members":[]}`)
	})
}

// toldOrLost also sees what nobody is subscribed to any more.
func toldOrLost(bus *chaosBus) []string {
	var notes []string
	for _, m := range bus.all() {
		if m.Kind == hub.KindPresence {
			notes = append(notes, m.Topic+" "+string(m.Data))
		}
	}
	return notes
}

// An instance that goes silent is forgotten; one that repeats itself is not.
func TestPresenceVanishesByItself(t *testing.T) {
	h, bus, clock, _ := lone(t, hub.Config{PresenceEvery: 5 * time.Second, PresenceTTL: 12 * time.Second})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", as("ann"))
	note(t, bus, "silent", "room:1", false, "bob")
	start := clock.Now()
	shows(t, clock, r, `[{"id":"ann"},{"id":"bob"}]`)
	repeats := 0
	advanceUntil(t, clock, 500*time.Millisecond, "bob is gone", func() bool {
		note(t, bus, "alive", "room:1", false, "carl")
		if n := len(told(bus)); n > repeats {
			repeats = n
		}
		return r.Presence("room:1") == `[{"id":"ann"},{"id":"carl"}]`
	})
	if passed := clock.Now().Sub(start); passed < 12*time.Second {
		t.Errorf("forgotten after %v of silence", passed)
	}
	hubtest.Eventually(t, "ann is repeated", func() bool { clock.Advance(time.Second); return len(told(bus)) > 2 })
}

func TestBadNotesChangeNothing(t *testing.T) {
	h, bus, _, _ := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", as("ann"))
	for _, kind := range []hub.MessageKind{hub.KindPresence, hub.KindDisconnect, 99} {
		bus.handler.Receive(hub.Message{Topic: "room:1", From: "there", Kind: kind, Data: []byte(`{"identity":`)})
	}
	bus.handler.Receive(hub.Message{Topic: "nobody reads this", From: "there", Kind: hub.KindFrames,
		Frames: []hub.Frame{{Topic: "nobody reads this", Seq: 1}}})
	bus.handler.Subscribed("nobody reads this")
	if err := c.Join(context.Background(), "room:1", as("ann")); err != nil {
		t.Fatal(err)
	}
	if closed(r)() {
		t.Error("closed by a note that cannot be read")
	}
}

// Topics that come and go leave nothing behind.
func TestPresenceForgetsDeadTopics(t *testing.T) {
	h, bus, clock, _ := lone(t, hub.Config{})
	for i := range 100 {
		c, _ := hubtest.Connect(t, h, "ann")
		topic := fmt.Sprint("room:", i)
		hubtest.Join(t, c, topic, as("ann"))
		bus.handler.Subscribed(topic)
		note(t, bus, "there", topic, true, "bob")
		c.Wait()
		bus.handler.Subscribed(topic)
		note(t, bus, "there", topic, true, "bob")
	}
	advanceUntil(t, clock, 10*time.Millisecond, "the last news", func() bool {
		return slices.Contains(toldOrLost(bus), `room:99 {"members":[]}`)
	})
	if n := hub.PresenceTopics(h); n != 0 {
		t.Errorf("%d topics are remembered", n)
	}
}
