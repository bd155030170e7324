package redisbus_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"parley/hub"
	"parley/hub/hubtest"
	"parley/hub/redisbus/redistest"
)

// ear is a hub.BusHandler that keeps what it hears of others' frames.
type ear struct {
	mu         sync.Mutex
	heard      []string // topic and seq
	marks      int
	changes    int
	subscribed map[string]int
}

func newEar() *ear { return &ear{subscribed: make(map[string]int)} }

func (e *ear) Receive(m hub.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m.Kind == hub.KindLost {
		e.marks++
	}
	for _, f := range m.Frames {
		e.heard = append(e.heard, fmt.Sprint(m.Topic, " ", f.Seq))
	}
}

func (e *ear) Subscribed(topic string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subscribed[topic]++
}

func (e *ear) StateChanged() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changes++
}

func (e *ear) stateChanges() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changes
}

func (e *ear) marked() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.marks
}

func (e *ear) times(topic string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.subscribed[topic]
}

// take returns what was heard since the last time, in the order of the text.
func (e *ear) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.heard
	e.heard = nil
	slices.Sort(heard)
	return heard
}

// pair is a bus that sends, one that listens, and a client of the Redis between.
type pair struct {
	speaker, bus hub.Bus
	mouth, ear   *ear // of the speaker and of bus
	raw          *redis.Client
}

func newPair(t *testing.T) *pair {
	server := redistest.Start(t)
	p := &pair{mouth: newEar(), ear: newEar(), raw: redis.NewClient(&redis.Options{Addr: server.Addr()})}
	t.Cleanup(func() {
		if err := p.raw.Close(); err != nil {
			t.Error(err)
		}
	})
	speaker, listener := newBus(t, server, "test"), newBus(t, server, "test")
	start(t, speaker, p.mouth)
	start(t, listener, p.ear)
	p.speaker, p.bus = speaker, listener
	hubtest.Eventually(t, "both are up", func() bool { return speaker.Up() && listener.Up() })
	return p
}

func (p *pair) subscribe(t testing.TB, topics ...string) {
	t.Helper()
	for _, topic := range topics {
		before := p.ear.times(topic)
		p.bus.Subscribe(topic)
		hubtest.Eventually(t, "Subscribed "+topic, func() bool { return p.ear.times(topic) > before })
	}
}

// say sends a frame of each topic and returns what was heard of them.
func (p *pair) say(t testing.TB, seq int64, topics ...string) []string {
	t.Helper()
	p.ear.take()
	var batch []hub.Message
	for _, topic := range topics {
		batch = append(batch, hub.Message{Topic: topic, From: "a", Kind: hub.KindFrames, Frames: []hub.Frame{{Topic: topic, Seq: seq, Data: []byte("{}")}}})
	}
	p.send(t, batch...)
	return p.ear.take()
}

// send returns when all that the batch brings has been heard.
func (p *pair) send(t testing.TB, batch ...hub.Message) {
	t.Helper()
	marks := p.ear.marked()
	for _, each := range [][]hub.Message{batch, {{From: "a", Kind: hub.KindLost}}} {
		if err := p.speaker.Send(context.Background(), each); err != nil {
			t.Fatal(err)
		}
	}
	hubtest.Eventually(t, "the mark behind the batch", func() bool { return p.ear.marked() > marks })
}

// channels are the shared channels that somebody is subscribed to.
func (p *pair) channels(t testing.TB) []string {
	t.Helper()
	channels, err := p.raw.PubSubChannels(context.Background(), "parley:test:s:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return channels
}

func inboxNames(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("inbox:%03d", i))
	}
	return names
}

func saidOnce(topics []string, seq int64) []string {
	var all []string
	for _, topic := range topics {
		all = append(all, fmt.Sprint(topic, " ", seq))
	}
	slices.Sort(all)
	return all
}

// Topics that share a channel each get their own, and the batch is a few messages.
func TestSharedTopics(t *testing.T) {
	p := newPair(t)
	topics := append(inboxNames(100), "room:1")
	p.subscribe(t, topics...)
	counter := p.raw.PSubscribe(context.Background(), "parley:test:*")
	defer func() {
		if err := counter.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := counter.Receive(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := p.say(t, 1, topics...), saidOnce(topics, 1); !slices.Equal(got, want) {
		t.Errorf("heard %v\nwant %v", got, want)
	}
	messages := make(map[string]int)
	for messages["parley:test:control"] == 0 {
		m, err := counter.ReceiveMessage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		messages[m.Channel]++
	}
	for channel, n := range messages {
		if n != 1 || len(messages) > 6 {
			t.Fatalf("%d messages on %s, of %d channels", n, channel, len(messages))
		}
	}
}

// A message of many grows only so large, and the order within a topic stays.
func TestSharedTopicsInParts(t *testing.T) {
	p := newPair(t)
	p.subscribe(t, "inbox:1")
	counter := p.raw.PSubscribe(context.Background(), "parley:test:s:*")
	defer func() {
		if err := counter.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := counter.Receive(context.Background()); err != nil {
		t.Fatal(err)
	}
	sizes := []int{10, 60_000, 10_000, 10, 300_000, 10}
	var batch []hub.Message
	var want []string
	for i, size := range sizes {
		batch = append(batch, hub.Message{Topic: "inbox:1", From: "a", Kind: hub.KindFrames,
			Frames: []hub.Frame{{Topic: "inbox:1", Seq: int64(i + 1), Data: make([]byte, size)}}})
		want = append(want, fmt.Sprint("inbox:1 ", i+1))
	}
	p.send(t, batch...)
	p.ear.mu.Lock()
	heard := slices.Clone(p.ear.heard)
	p.ear.mu.Unlock()
	if !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	for _, part := range []int{60_010, 10_010, 300_000, 10} {
		m, err := counter.ReceiveMessage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if extra := len(m.Payload) - part; extra < 0 || extra > 100 {
			t.Errorf("a message of %d bytes, want one of %d and its envelope", len(m.Payload), part)
		}
	}
}

// What is wanted of a shared channel follows each wish, and the channel itself the
// first and the last of them.
func TestSharedSubscriptions(t *testing.T) {
	p := newPair(t)
	if got := p.channels(t); len(got) > 0 {
		t.Fatalf("subscribed to %v before anything is wanted", got)
	}
	topics := inboxNames(40)
	p.subscribe(t, topics[0])
	slot := p.channels(t)
	if len(slot) != 1 {
		t.Fatalf("one topic has the channels %v", slot)
	}
	// Another one of the same channel.
	second := ""
	for _, topic := range topics[1:] {
		p.subscribe(t, topic)
		if slices.Equal(p.channels(t), slot) {
			second = topic
			break
		}
		p.bus.Unsubscribe(topic)
		hubtest.Eventually(t, "another channel is left", func() bool { return slices.Equal(p.channels(t), slot) })
	}
	if second == "" {
		t.Fatal("no two of 40 topics share a channel")
	}
	both := []string{topics[0], second}
	hears := func(seq int64, want ...string) {
		t.Helper()
		if got := p.say(t, seq, both...); !slices.Equal(got, saidOnce(want, seq)) {
			t.Fatalf("heard %v, want %v", got, want)
		}
	}
	hears(1, both...)
	p.bus.Unsubscribe(topics[0])
	hears(2, second)
	p.subscribe(t, topics[0])
	hears(3, both...)
	p.bus.Unsubscribe(second)
	hears(4, topics[0])
	p.bus.Unsubscribe(topics[0])
	hubtest.Eventually(t, "the channel is left", func() bool { return len(p.channels(t)) == 0 })
	hears(5)
	p.subscribe(t, second)
	hears(6, second)
}

// However wishes and cut connections follow each other, what is heard is what is
// wanted, and Redis is asked for no channel without one.
func TestSharedSubscriptionsModel(t *testing.T) {
	p := newPair(t)
	topics := append(inboxNames(12), "room:1", "room:2")
	seq := int64(0)
	rapid.Check(t, func(r *rapid.T) {
		wanted := make(map[string]bool)
		r.Repeat(map[string]func(*rapid.T){
			"subscribe": func(r *rapid.T) {
				if topic := rapid.SampledFrom(topics).Draw(r, "topic"); !wanted[topic] {
					p.subscribe(t, topic)
					wanted[topic] = true
				}
			},
			"unsubscribe": func(r *rapid.T) {
				if topic := rapid.SampledFrom(topics).Draw(r, "topic"); wanted[topic] {
					p.bus.Unsubscribe(topic)
					delete(wanted, topic)
				}
			},
			"again": func(r *rapid.T) {
				if topic := rapid.SampledFrom(topics).Draw(r, "topic"); wanted[topic] {
					p.bus.Unsubscribe(topic)
					p.subscribe(t, topic)
				}
			},
			"say": func(r *rapid.T) {
				seq++
				var want []string
				for _, topic := range topics {
					if wanted[topic] {
						want = append(want, topic)
					}
				}
				// A channel of a topic's own is left a moment later.
				got := slices.DeleteFunc(p.say(t, seq, topics...), func(heard string) bool {
					topic, _, _ := strings.Cut(heard, " ")
					return !inboxes(topic) && !wanted[topic]
				})
				if !slices.Equal(got, saidOnce(want, seq)) {
					r.Fatalf("heard %v, want %v", got, want)
				}
			},
			"cut": func(r *rapid.T) {
				times, changes := make(map[string]int), p.ear.stateChanges()+p.mouth.stateChanges()
				for topic := range wanted {
					times[topic] = p.ear.times(topic)
				}
				if err := p.raw.ClientKillByFilter(context.Background(), "TYPE", "pubsub").Err(); err != nil {
					r.Fatal(err)
				}
				hubtest.Eventually(t, "both are down and up, and Subscribed to all again", func() bool {
					for topic, before := range times {
						if p.ear.times(topic) == before {
							return false
						}
					}
					return p.ear.stateChanges()+p.mouth.stateChanges() >= changes+4
				})
			},
		})
		for topic := range wanted {
			p.bus.Unsubscribe(topic)
		}
		hubtest.Eventually(t, "all channels are left", func() bool { return len(p.channels(t)) == 0 })
	})
}

// What an instance of another version says on a channel is passed over, and what
// follows is heard.
func TestOtherVersions(t *testing.T) {
	p := newPair(t)
	topics := append(inboxNames(20), "room:1")
	p.subscribe(t, topics...)
	// A frame {} with seq 1 of room:1 and of inbox:001, from an instance x, in the forms
	// that come after the number of the version.
	const own, shared = "\x01\x01x\x01\x01\x02{}", "\x01x\x09inbox:001\x01\x05\x01\x01\x02{}"
	slots, room := p.channels(t), "parley:test:t:room:1"
	publish := func(channel string, version byte, form string) {
		t.Helper()
		if err := p.raw.Publish(context.Background(), channel, string(version)+form).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for version := range byte(4) {
		for _, form := range []string{own, shared} {
			for _, slot := range slots {
				if version != 2 || form != shared {
					publish(slot, version, form)
				}
			}
			if version != 1 || form != own {
				publish(room, version, form)
				publish("parley:test:control", version, form)
			}
		}
	}
	p.send(t)
	if got := p.ear.take(); len(got) > 0 {
		t.Errorf("heard of other versions: %v", got)
	}
	for _, slot := range slots {
		publish(slot, 2, shared) // wanted on that of the topic alone
	}
	publish(room, 1, own)
	p.send(t)
	if got, want := p.ear.take(), []string{"inbox:001 1", "room:1 1"}; !slices.Equal(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
	if got, want := p.say(t, 2, topics...), saidOnce(topics, 2); !slices.Equal(got, want) {
		t.Errorf("heard %v\nwant %v", got, want)
	}
}
