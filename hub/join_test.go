package hub_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"parley/hub"
	"parley/hub/hubtest"
)

func TestJoin(t *testing.T) {
	const topic = "room:1"
	cases := []struct {
		name    string
		head    int
		opt     hub.JoinOptions
		cfg     hub.Config
		want    hub.JoinResult
		history []int64
		live    bool
	}{
		{name: "empty topic", live: true},
		{name: "knows nothing", head: 3, live: true,
			want: hub.JoinResult{Seq: 3}, history: hubtest.UpTo(1, 3)},
		{name: "recent history only", head: 30, cfg: hub.Config{Recent: 10}, live: true,
			want: hub.JoinResult{Seq: 30, From: 20}, history: hubtest.UpTo(21, 30)},
		{name: "resume", head: 12, opt: hub.JoinOptions{After: hubtest.After(9), Epoch: "e1"}, live: true,
			want: hub.JoinResult{Seq: 12, From: 9}, history: hubtest.UpTo(10, 12)},
		{name: "resume at the head", head: 12, opt: hub.JoinOptions{After: hubtest.After(12)}, live: true,
			want: hub.JoinResult{Seq: 12, From: 12}},
		{name: "resume from the start", head: 4, opt: hub.JoinOptions{After: hubtest.After(0), Epoch: "e1"}, live: true,
			want: hub.JoinResult{Seq: 4}, history: hubtest.UpTo(1, 4)},
		{name: "exactly a page", head: 20, cfg: hub.Config{PageSize: 20}, opt: hub.JoinOptions{After: hubtest.After(0)}, live: true,
			want: hub.JoinResult{Seq: 20}, history: hubtest.UpTo(1, 20)},
		{name: "more than a page", head: 21, cfg: hub.Config{PageSize: 20}, opt: hub.JoinOptions{After: hubtest.After(0)},
			want: hub.JoinResult{Seq: 21, More: true}, history: hubtest.UpTo(1, 20)},
		{name: "other epoch", head: 15, cfg: hub.Config{Recent: 5}, opt: hub.JoinOptions{After: hubtest.After(14), Epoch: "e0"}, live: true,
			want: hub.JoinResult{Seq: 15, From: 10, Reset: true}, history: hubtest.UpTo(11, 15)},
		{name: "ahead of the log", head: 7, cfg: hub.Config{Recent: 2}, opt: hub.JoinOptions{After: hubtest.After(8), Epoch: "e1"}, live: true,
			want: hub.JoinResult{Seq: 7, From: 5, Reset: true}, history: hubtest.UpTo(6, 7)},
		{name: "gap too long", head: 50, opt: hub.JoinOptions{After: hubtest.After(9)}, live: true,
			cfg:  hub.Config{Recent: 3, MaxGap: func(string) int64 { return 40 }},
			want: hub.JoinResult{Seq: 50, From: 47, Reset: true}, history: hubtest.UpTo(48, 50)},
		{name: "gap just short enough", head: 50, opt: hub.JoinOptions{After: hubtest.After(10)}, live: true,
			cfg:  hub.Config{MaxGap: func(string) int64 { return 40 }},
			want: hub.JoinResult{Seq: 50, From: 10}, history: hubtest.UpTo(11, 50)},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			log := hubtest.NewLog()
			tc.cfg.Log, tc.cfg.Epoch = log, "e1"
			h := hubtest.Start(t, tc.cfg)
			log.Commit(topic, tc.head)
			c, r := hubtest.Connect(t, h, "ann")
			res := hubtest.Join(t, c, topic, tc.opt)
			tc.want.Topic, tc.want.Epoch = topic, "e1"
			if res.Seq != tc.want.Seq || res.From != tc.want.From || res.More != tc.want.More ||
				res.Reset != tc.want.Reset || res.Topic != topic || res.Epoch != "e1" {
				t.Errorf("answer: got %+v, want %+v", res, tc.want)
			}
			hubtest.WantSeqs(t, r, topic, append([]int64{}, tc.history...))
			hubtest.Eventually(t, "the answer", func() bool { return len(r.All()) > 0 })
			if first := r.All()[0]; first.Answer == nil {
				t.Errorf("the answer is not the first frame: %+v", first)
			}
			next := log.Commit(topic, 1)
			h.Publish(next)
			c.Send([]byte(`{"topic":"end","seq":1}`))
			if tc.live {
				tc.history = append(tc.history, next[0].Seq)
			}
			hubtest.WantSeqs(t, r, "end", []int64{1})
			hubtest.WantSeqs(t, r, topic, append([]int64{}, tc.history...))
		})
	}
}

func TestJoinRefusals(t *testing.T) {
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, MaxTopics: 1})
	c, _ := hubtest.Connect(t, h, "ann")
	ctx := context.Background()
	if err := c.Join(ctx, "room:1", hub.JoinOptions{After: hubtest.After(-1)}); !errors.Is(err, hub.ErrAfter) {
		t.Errorf("negative after: %v", err)
	}
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	if err := c.Join(ctx, "room:2", hub.JoinOptions{}); !errors.Is(err, hub.ErrTooManyTopics) {
		t.Errorf("second topic: %v", err)
	}
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	c.Leave("room:1")
	hubtest.Join(t, c, "room:2", hub.JoinOptions{})
	c.Close(hub.CloseNormal, "")
	if err := c.Join(ctx, "room:2", hub.JoinOptions{}); !errors.Is(err, hub.ErrClosed) {
		t.Errorf("after the close: %v", err)
	}
	c.Wait()
	if n := h.Stats().Topics; n != 0 {
		t.Errorf("%d topics are left without a reader", n)
	}
}

// A snapshot and the frames after it fit together, whatever is committed between
// the two, and the state reaches at least to what was there before the join.
func TestJoinWithSnapshot(t *testing.T) {
	const topic = "room:1"
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, Epoch: "e1", Recent: 4})
	h.Publish(log.Commit(topic, 9))
	c, r := hubtest.Connect(t, h, "ann")
	snapshots := 0
	opt := hub.JoinOptions{Snapshot: func(context.Context) (int64, []byte, error) {
		snapshots++
		h.Publish(log.Commit(topic, 1)) // after the subscription, before the state
		seq := log.Head(topic)
		h.Publish(log.Commit(topic, 2)) // after the state
		return seq, []byte(`{"state":1}`), nil
	}}
	res := hubtest.Join(t, c, topic, opt)
	if res.Seq != 10 || res.From != 6 || res.Reset || string(res.Snapshot) != `{"state":1}` {
		t.Errorf("answer: %+v", res)
	}
	h.Publish(log.Commit(topic, 1))
	hubtest.WantSeqs(t, r, topic, hubtest.UpTo(7, 13))

	// A reader that resumes needs none; one that is reset gets one.
	opt.After = hubtest.After(12)
	if res = hubtest.Join(t, c, topic, opt); res.Snapshot != nil || snapshots != 1 {
		t.Errorf("resumed with a snapshot: %+v", res)
	}
	opt.Epoch = "e0"
	if res = hubtest.Join(t, c, topic, opt); res.Snapshot == nil || !res.Reset || res.Seq != 14 {
		t.Errorf("reset without a snapshot: %+v", res)
	}
}

// A join that fails leaves the client out of the topic and the topic gone; the
// next one works.
func TestJoinFails(t *testing.T) {
	const topic = "room:1"
	broken := errors.New("the disk is on fire")
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log})
	log.Commit(topic, 3)
	c, r := hubtest.Connect(t, h, "ann")
	failing := func(call string) func(string) error {
		return func(now string) error {
			if now == call {
				return broken
			}
			return nil
		}
	}
	for name, tc := range map[string]struct {
		hook     func(string) error
		opt      hub.JoinOptions
		answered bool
	}{
		"heads":    {hook: failing("heads")},
		"read":     {hook: failing("read"), answered: true},
		"page":     {hook: failing("read"), opt: hub.JoinOptions{After: hubtest.After(1)}, answered: true},
		"snapshot": {opt: hub.JoinOptions{Snapshot: func(context.Context) (int64, []byte, error) { return 0, nil, broken }}},
	} {
		t.Run(name, func(t *testing.T) {
			log.Before(tc.hook)
			answered := false
			tc.opt.Answer = func(hub.JoinResult) []byte { answered = true; return nil }
			if err := c.Join(context.Background(), topic, tc.opt); !errors.Is(err, broken) {
				t.Errorf("joining: %v", err)
			}
			if answered != tc.answered {
				t.Errorf("answered: %v", answered)
			}
			if s := h.Stats(); s.Topics != 0 {
				t.Errorf("%d topics are left", s.Topics)
			}
		})
	}
	log.Before(nil)
	hubtest.Join(t, c, topic, hub.JoinOptions{})
	hubtest.WantSeqs(t, r, topic, hubtest.UpTo(1, 3))

	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan struct{})
	log.Before(func(string) error { cancel(); <-answer; return nil })
	if err := c.Join(ctx, topic, hub.JoinOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	close(answer)
}

// Several pages lead to the head, and the last join is live.
func TestJoinByPages(t *testing.T) {
	const topic = "room:1"
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, PageSize: 10})
	log.Commit(topic, 34)
	c, r := hubtest.Connect(t, h, "ann")
	var have int64
	for pages := 1; ; pages++ {
		res := hubtest.Join(t, c, topic, hub.JoinOptions{After: &have})
		if res.From != have || res.Seq != 34 {
			t.Fatalf("page %d after %d: %+v", pages, have, res)
		}
		if !res.More {
			if pages != 4 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		have += 10
		hubtest.WantSeqs(t, r, topic, hubtest.UpTo(1, have))
	}
	h.Publish(log.Commit(topic, 1))
	hubtest.WantSeqs(t, r, topic, hubtest.UpTo(1, 35))
}

// wishes is a bus that checks that the hub's wishes alternate for each topic.
type wishes struct {
	alternate map[string]bool
	mu        sync.Mutex
	bad, all  int
}

func (b *wishes) note(topic string, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all++
	if b.alternate[topic] == on {
		b.bad++
	}
	b.alternate[topic] = on
}

func (b *wishes) Start(hub.BusHandler) error                { return nil }
func (b *wishes) Send(context.Context, []hub.Message) error { return nil }
func (b *wishes) Subscribe(topic string)                    { b.note(topic, true) }
func (b *wishes) Unsubscribe(topic string)                  { b.note(topic, false) }
func (b *wishes) Up() bool                                  { return true }
func (b *wishes) Close() error                              { return nil }

// The bus hears of the first and of the last reader only, in that order, however
// readers come and go at once.
func TestBusHearsOfFirstAndLastReader(t *testing.T) {
	bus := &wishes{alternate: make(map[string]bool)}
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog(), Bus: bus, Instance: "here"})
	var coming sync.WaitGroup
	for i := range 8 {
		coming.Go(func() {
			for n := range 200 {
				c, err := h.Connect(hubtest.NewRecorder(), hub.ConnInfo{Identity: "ann"})
				if err != nil {
					t.Error(err)
					return
				}
				for _, topic := range []string{"room:1", "room:2"} {
					if err := c.Join(context.Background(), topic, hub.JoinOptions{}); err != nil {
						t.Error(err)
					}
				}
				if (i+n)%2 == 0 {
					c.Leave("room:1")
				}
				c.Wait()
			}
		})
	}
	coming.Wait()
	if bus.bad > 0 || bus.all == 0 || bus.alternate["room:1"] || bus.alternate["room:2"] {
		t.Errorf("%d of %d wishes out of turn; wanted at the end: %v", bus.bad, bus.all, bus.alternate)
	}
	first, _ := hubtest.Connect(t, h, "ann")
	second, _ := hubtest.Connect(t, h, "bob")
	before := bus.all
	hubtest.Join(t, first, "room:1", hub.JoinOptions{})
	hubtest.Join(t, second, "room:1", hub.JoinOptions{})
	hubtest.Join(t, second, "room:1", hub.JoinOptions{})
	first.Leave("room:1")
	if n := bus.all - before; n != 1 {
		t.Errorf("%d wishes, want one", n)
	}
}
