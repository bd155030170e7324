package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/hub"
	"parley/hub/hubtest"
)

// chaos is a bus that does everything a bus may: what is sent waits in the
// receiver's pool, and the test delivers, doubles, reorders or loses it.
type chaos struct {
	mu        sync.Mutex
	down      bool
	endpoints []*chaosBus
	// sent is everything that was sent by anybody, failed counts what was not.
	sent   []hub.Message
	failed int
}

type chaosBus struct {
	chaos   *chaos
	handler hub.BusHandler
	topics  map[string]bool
	pool    []chaosEvent
}

// chaosEvent is a message or, without one, a Subscribed of a topic.
type chaosEvent struct {
	message *hub.Message
	topic   string
}

func (c *chaos) endpoint() *chaosBus {
	b := &chaosBus{chaos: c, topics: make(map[string]bool)}
	c.endpoints = append(c.endpoints, b)
	return b
}

func (c *chaos) setDown(down bool) {
	c.mu.Lock()
	changed := c.down != down
	c.down = down
	for _, b := range c.endpoints {
		for topic := range b.topics {
			if changed && !down {
				b.pool = append(b.pool, chaosEvent{topic: topic})
			}
		}
		if down { // what was on its way is gone
			b.pool = slices.DeleteFunc(b.pool, func(ev chaosEvent) bool { return ev.message != nil })
		}
	}
	c.mu.Unlock()
	if changed {
		for _, b := range c.endpoints {
			b.handler.StateChanged()
		}
	}
}

func (b *chaosBus) Start(h hub.BusHandler) error { b.handler = h; return nil }

func (b *chaosBus) Send(_ context.Context, batch []hub.Message) error {
	b.chaos.mu.Lock()
	defer b.chaos.mu.Unlock()
	if b.chaos.down {
		b.chaos.failed++
		return errors.New("down")
	}
	b.chaos.sent = append(b.chaos.sent, batch...)
	for _, other := range b.chaos.endpoints { // its sender hears it too
		for _, m := range batch {
			if m.Topic == "" || other.topics[m.Topic] {
				other.pool = append(other.pool, chaosEvent{message: &m, topic: m.Topic})
			}
		}
	}
	return nil
}

func (b *chaosBus) all() []hub.Message {
	b.chaos.mu.Lock()
	defer b.chaos.mu.Unlock()
	return slices.Clone(b.chaos.sent)
}

func (b *chaosBus) tries() int {
	b.chaos.mu.Lock()
	defer b.chaos.mu.Unlock()
	return b.chaos.failed
}

func (b *chaosBus) Subscribe(topic string) {
	b.chaos.mu.Lock()
	defer b.chaos.mu.Unlock()
	b.topics[topic] = true
	if !b.chaos.down {
		b.pool = append(b.pool, chaosEvent{topic: topic})
	}
}

func (b *chaosBus) Unsubscribe(topic string) {
	b.chaos.mu.Lock()
	defer b.chaos.mu.Unlock()
	delete(b.topics, topic)
}

func (b *chaosBus) Up() bool {
	b.chaos.mu.Lock()
	defer b.chaos.mu.Unlock()
	return !b.chaos.down
}

func (b *chaosBus) Close() error { return nil }

// take removes an event, or leaves it there to come again.
func (b *chaosBus) take(i int, keep bool) (ev chaosEvent, ok bool) {
	b.chaos.mu.Lock()
	defer b.chaos.mu.Unlock()
	if len(b.pool) == 0 {
		return ev, false
	}
	i %= len(b.pool)
	ev = b.pool[i]
	if !keep {
		b.pool = slices.Delete(b.pool, i, i+1)
	}
	return ev, true
}

func (b *chaosBus) deliver(ev chaosEvent) {
	if ev.message != nil {
		b.handler.Receive(*ev.message)
	} else {
		b.handler.Subscribed(ev.topic)
	}
}

// lose drops an event. A bus may lose what was sent, but somebody notices: the
// sender, or the receiver whose connection broke. For a contiguous topic that
// notice is not needed, so there it is lost as well.
func (b *chaosBus) lose(i int) {
	ev, ok := b.take(i, false)
	if !ok {
		return
	}
	if ev.message == nil || isSparse(ev.topic) || ev.message.Kind != hub.KindFrames {
		b.chaos.mu.Lock()
		b.pool = append(b.pool, chaosEvent{topic: ev.topic})
		b.chaos.mu.Unlock()
	}
}

func isSparse(topic string) bool { return strings.HasPrefix(topic, "inbox:") }

// world is the system under test and what the test knows of it.
type world struct {
	t       *rapid.T
	clock   *hubtest.Clock
	log     *hubtest.Log
	chaos   *chaos
	hubs    []*hub.Hub
	late    [][]hub.Frame // committed and not yet published, by hub
	readers []*reader
	seq     int64 // of sparse topics, together
}

type reader struct {
	name   string
	hub    int
	client *hub.Client
	out    *hubtest.Recorder
	// live tells the topics that the model believes the reader to be in.
	live map[string]bool
}

const (
	chaosPage   = 5
	chaosRecent = 3
)

var chaosTopics = []string{"room:1", "room:2", "inbox:ann", "feed"}

func isPulled(topic string) bool { return topic == "feed" }

func newWorld(t *rapid.T) *world {
	w := &world{t: t, clock: hubtest.NewClock(), log: hubtest.NewLog(), chaos: &chaos{}}
	for i := range 2 {
		h, err := hub.New(hub.Config{
			Log: w.log, Bus: w.chaos.endpoint(), Instance: fmt.Sprintf("i%d", i), Epoch: "e1", Clock: w.clock,
			Sparse: isSparse, Pulled: isPulled, PageSize: chaosPage, Recent: chaosRecent, CacheBytes: 128,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Start(); err != nil {
			t.Fatal(err)
		}
		w.hubs = append(w.hubs, h)
		w.late = append(w.late, nil)
	}
	return w
}

func (w *world) close() {
	for _, h := range w.hubs {
		if err := h.Close(); err != nil {
			w.t.Error(err)
		}
	}
}

// commit appends frames; they reach the hub's Publish now or later, in order.
func (w *world) commit(hubIndex int, topic string, n int, publish bool) {
	var frames []hub.Frame
	if isSparse(topic) {
		for range n {
			w.seq += 1 + w.seq%3
			frames = append(frames, w.log.CommitAt(topic, w.seq)...)
		}
	} else {
		frames = w.log.Commit(topic, n)
	}
	w.late[hubIndex] = append(w.late[hubIndex], frames...)
	if publish {
		w.publish(hubIndex)
	}
}

func (w *world) publish(hubIndex int) {
	frames := w.late[hubIndex]
	w.late[hubIndex] = nil
	for i := range frames { // what nobody here reads need not be put together
		if f := &frames[i]; isPulled(f.Topic) && !w.hubs[hubIndex].Listens(f.Topic) {
			f.Data = nil
		}
	}
	if len(frames) > 0 {
		w.hubs[hubIndex].Publish(frames)
	}
}

func (w *world) connect(t *rapid.T) {
	if len(w.readers) >= 6 {
		return
	}
	r := &reader{name: fmt.Sprintf("r%d", len(w.readers)), hub: rapid.IntRange(0, 1).Draw(t, "hub"),
		out: hubtest.NewRecorder(), live: make(map[string]bool)}
	c, err := w.hubs[r.hub].Connect(r.out, hub.ConnInfo{Identity: r.name})
	if err != nil {
		t.Fatal(err)
	}
	r.client = c
	w.readers = append(w.readers, r)
}

func (w *world) reader(t *rapid.T) *reader {
	if len(w.readers) == 0 {
		w.connect(t)
	}
	return rapid.SampledFrom(w.readers).Draw(t, "reader")
}

// join joins while commits, publishing and deliveries happen in the middle of
// its queries.
func (w *world) join(t *rapid.T) {
	r := w.reader(t)
	topic := rapid.SampledFrom(chaosTopics).Draw(t, "topic")
	var opt hub.JoinOptions
	if rapid.Bool().Draw(t, "resumes") {
		// What it has already, if anything, or some place in the log.
		last := r.last(topic)
		if last == 0 || rapid.Bool().Draw(t, "elsewhere") {
			last = rapid.Int64Range(0, w.log.Head(topic)+1).Draw(t, "after")
		}
		opt.After = &last
	}
	if rapid.Bool().Draw(t, "member") {
		opt.Member = fmt.Appendf(nil, "%q", r.name)
	}
	if opt.After == nil && rapid.Bool().Draw(t, "snapshot") {
		opt.Snapshot = func(context.Context) (int64, []byte, error) { return w.log.Head(topic), []byte(`{}`), nil }
	}
	busy := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "meanwhile")
	var mu sync.Mutex
	w.log.Before(func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if len(busy) == 0 {
			return nil
		}
		what := busy[0]
		busy = busy[1:]
		switch what {
		case 0:
			w.commit(r.hub, topic, 2, true)
		case 1:
			w.commit(1-r.hub, topic, 1, true)
		case 2:
			w.commit(r.hub, topic, 1, false)
		case 3, 4:
			b := w.chaos.endpoints[r.hub]
			if ev, ok := b.take(what, what == 4); ok {
				b.deliver(ev)
			}
		}
		return nil
	})
	var res hub.JoinResult
	opt.Answer = func(j hub.JoinResult) []byte { res = j; return hubtest.Answer(j) }
	err := r.client.Join(context.Background(), topic, opt)
	w.log.Before(nil)
	mu.Lock() // a worker of the hub may still be in the hook
	busy = nil
	mu.Unlock()
	if err != nil {
		t.Fatalf("join %s: %v", topic, err)
	}
	r.live[topic] = !res.More
}

// last is the seq the reader could resume from.
func (r *reader) last(topic string) int64 {
	seqs := r.out.Seqs(topic)
	if len(seqs) == 0 || isSparse(topic) {
		return 0
	}
	return seqs[len(seqs)-1]
}

// check reads what every reader got, in the order of arrival: after an answer
// come From+1, From+2, … with nothing missing, doubled or out of order. It
// returns the seq each reader has reached in each contiguous topic, and what it
// got of sparse ones since their last answer.
func (r *reader) check(t *rapid.T) (reached map[string]int64, sparse map[string][]int64) {
	reached, sparse = make(map[string]int64), make(map[string][]int64)
	page := make(map[string]int64)
	for i, g := range r.out.All() {
		switch {
		case g.Answer != nil:
			reached[g.Answer.Topic], sparse[g.Answer.Topic] = g.Answer.From, nil
			page[g.Answer.Topic] = 0
			if g.Answer.More {
				page[g.Answer.Topic] = g.Answer.From + chaosPage
			}
			if g.Answer.Snapshot != nil && g.Answer.From != max(0, g.Answer.Seq-chaosRecent) {
				t.Fatalf("%s: snapshot at %d with history from %d", r.name, g.Answer.Seq, g.Answer.From)
			}
		case g.Seq == 0:
		case isSparse(g.Topic):
			if slices.Contains(sparse[g.Topic], g.Seq) {
				t.Fatalf("%s: %s %d came twice", r.name, g.Topic, g.Seq)
			}
			sparse[g.Topic] = append(sparse[g.Topic], g.Seq)
		default:
			if g.Seq != reached[g.Topic]+1 {
				t.Fatalf("%s: frame %d is %s %d after %d: %v", r.name, i, g.Topic, g.Seq, reached[g.Topic], r.out.Seqs(g.Topic))
			}
			reached[g.Topic] = g.Seq
			if end := page[g.Topic]; end > 0 && g.Seq > end {
				t.Fatalf("%s: %s %d came after a page that ends at %d", r.name, g.Topic, g.Seq, end)
			}
		}
	}
	return reached, sparse
}

// settle lets everything take effect and waits until all readers have all.
func (w *world) settle(t *rapid.T) {
	w.chaos.setDown(false)
	for i := range w.hubs {
		w.publish(i)
	}
	complete := func() bool {
		for _, b := range w.chaos.endpoints {
			for {
				ev, ok := b.take(0, false)
				if !ok {
					break
				}
				b.deliver(ev)
			}
		}
		w.clock.Advance(time.Second)
		for _, r := range w.readers {
			reached, sparse := r.check(t)
			for topic, live := range r.live {
				switch {
				case !live:
				case isSparse(topic):
					if !w.hasSparse(r, topic, sparse[topic]) {
						return false
					}
				case reached[topic] != w.log.Head(topic):
					return false
				}
			}
		}
		return true
	}
	poll := time.NewTicker(100 * time.Microsecond)
	defer poll.Stop()
	end := time.After(hubtest.Deadline)
	for !complete() {
		select {
		case <-poll.C:
		case <-end:
			for _, r := range w.readers {
				reached, sparse := r.check(t)
				t.Logf("%s on i%d: live %v, reached %v, sparse %v", r.name, r.hub, r.live, reached, sparse)
			}
			t.Fatalf("readers are still behind; heads: %d %d %d %d",
				w.log.Head("room:1"), w.log.Head("room:2"), w.log.Head("inbox:ann"), w.log.Head("feed"))
		}
	}
}

// hasSparse tells whether the reader has all after the seq it was told.
func (w *world) hasSparse(r *reader, topic string, have []int64) bool {
	var from int64
	for _, g := range r.out.All() {
		if g.Answer != nil && g.Answer.Topic == topic {
			from = g.Answer.Seq
		}
	}
	want, err := w.log.Read(context.Background(), topic, from, 1<<20)
	if err != nil {
		return false
	}
	for _, f := range want {
		if !slices.Contains(have, f.Seq) {
			return false
		}
	}
	return true
}

// TestChaos: whatever the bus does and however joins, leaves, commits and
// publishing interleave, every reader sees each topic from where it began, once
// and in order, and in the end all of it.
func TestChaos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		defer w.close()
		hubIndex := rapid.IntRange(0, 1)
		topics := rapid.SampledFrom(chaosTopics)
		place := rapid.IntRange(0, 1000)
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for _, r := range w.readers {
					r.check(t)
				}
			},
			"connect": w.connect,
			"join":    w.join,
			"joinToo": w.join,
			"leave": func(t *rapid.T) {
				r := w.reader(t)
				topic := topics.Draw(t, "topic")
				r.client.Leave(topic)
				r.live[topic] = false
			},
			"commit": func(t *rapid.T) {
				w.commit(hubIndex.Draw(t, "hub"), topics.Draw(t, "topic"),
					rapid.IntRange(1, 8).Draw(t, "n"), rapid.Bool().Draw(t, "publish"))
			},
			"publish": func(t *rapid.T) { w.publish(hubIndex.Draw(t, "hub")) },
			"deliver": func(t *rapid.T) {
				b := w.chaos.endpoints[hubIndex.Draw(t, "hub")]
				if ev, ok := b.take(place.Draw(t, "place"), rapid.Bool().Draw(t, "again")); ok {
					b.deliver(ev)
				}
			},
			"lose": func(t *rapid.T) {
				w.chaos.endpoints[hubIndex.Draw(t, "hub")].lose(place.Draw(t, "place"))
			},
			"outage": func(t *rapid.T) { w.chaos.setDown(rapid.Bool().Draw(t, "down")) },
			"tick": func(t *rapid.T) {
				w.clock.Advance(time.Duration(rapid.IntRange(1, 1500).Draw(t, "ms")) * time.Millisecond)
			},
			"close": func(t *rapid.T) {
				if len(w.readers) == 0 {
					return
				}
				i := place.Draw(t, "place") % len(w.readers)
				w.readers[i].client.Cut(hub.CloseNormal, "")
				w.readers[i].client.Wait()
				w.readers = slices.Delete(w.readers, i, i+1)
			},
		})
		w.settle(t)
	})
}
