package hub

import (
	"context"
	"errors"
	"testing"
)

func TestJoin(t *testing.T) {
	const topic = "room:1"
	cases := []struct {
		name    string
		head    int
		opt     JoinOptions
		cfg     Config
		want    JoinResult
		history []int64
		live    bool
	}{
		{name: "empty topic", live: true},
		{name: "knows nothing", head: 3, live: true,
			want: JoinResult{Seq: 3}, history: upTo(1, 3)},
		{name: "recent history only", head: 30, cfg: Config{Recent: 10}, live: true,
			want: JoinResult{Seq: 30, From: 20}, history: upTo(21, 30)},
		{name: "resume", head: 12, opt: JoinOptions{After: after(9), Epoch: "e1"}, live: true,
			want: JoinResult{Seq: 12, From: 9}, history: upTo(10, 12)},
		{name: "resume at the head", head: 12, opt: JoinOptions{After: after(12)}, live: true,
			want: JoinResult{Seq: 12, From: 12}},
		{name: "resume from the start", head: 4, opt: JoinOptions{After: after(0), Epoch: "e1"}, live: true,
			want: JoinResult{Seq: 4}, history: upTo(1, 4)},
		{name: "exactly a page", head: 20, cfg: Config{PageSize: 20}, opt: JoinOptions{After: after(0)}, live: true,
			want: JoinResult{Seq: 20}, history: upTo(1, 20)},
		{name: "more than a page", head: 21, cfg: Config{PageSize: 20}, opt: JoinOptions{After: after(0)},
			want: JoinResult{Seq: 21, More: true}, history: upTo(1, 20)},
		{name: "other epoch", head: 15, cfg: Config{Recent: 5}, opt: JoinOptions{After: after(14), Epoch: "e0"}, live: true,
			want: JoinResult{Seq: 15, From: 10, Reset: true}, history: upTo(11, 15)},
		{name: "ahead of the log", head: 7, cfg: Config{Recent: 2}, opt: JoinOptions{After: after(8), Epoch: "e1"}, live: true,
			want: JoinResult{Seq: 7, From: 5, Reset: true}, history: upTo(6, 7)},
		{name: "gap too long", head: 50, opt: JoinOptions{After: after(9)}, live: true,
			cfg:  Config{Recent: 3, MaxGap: func(string) int64 { return 40 }},
			want: JoinResult{Seq: 50, From: 47, Reset: true}, history: upTo(48, 50)},
		{name: "gap just short enough", head: 50, opt: JoinOptions{After: after(10)}, live: true,
			cfg:  Config{MaxGap: func(string) int64 { return 40 }},
			want: JoinResult{Seq: 50, From: 10}, history: upTo(11, 50)},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			log := newMemLog()
			tc.cfg.Log, tc.cfg.Epoch = log, "e1"
			h := startHub(t, tc.cfg)
			log.commitN(topic, tc.head)
			c, r := connect(t, h, "ann")
			res := join(t, c, topic, tc.opt)
			tc.want.Topic, tc.want.Epoch = topic, "e1"
			if res.Seq != tc.want.Seq || res.From != tc.want.From || res.More != tc.want.More ||
				res.Reset != tc.want.Reset || res.Topic != topic || res.Epoch != "e1" {
				t.Errorf("answer: got %+v, want %+v", res, tc.want)
			}
			wantSeqs(t, r, topic, append([]int64{}, tc.history...))
			eventually(t, "the answer", func() bool { return len(r.all()) > 0 })
			if first := r.all()[0]; first.Answer == nil {
				t.Errorf("the answer is not the first frame: %+v", first)
			}
			next := log.commit(topic)
			h.Publish([]Frame{next})
			c.Send([]byte(`{"topic":"end","seq":1}`))
			if tc.live {
				tc.history = append(tc.history, next.Seq)
			}
			wantSeqs(t, r, "end", []int64{1})
			wantSeqs(t, r, topic, append([]int64{}, tc.history...))
		})
	}
}

func TestJoinRefusals(t *testing.T) {
	log := newMemLog()
	h := startHub(t, Config{Log: log, MaxTopics: 1})
	c, _ := connect(t, h, "ann")
	ctx := context.Background()
	if err := c.Join(ctx, "room:1", JoinOptions{After: after(-1)}); !errors.Is(err, ErrAfter) {
		t.Errorf("negative after: %v", err)
	}
	join(t, c, "room:1", JoinOptions{})
	if err := c.Join(ctx, "room:2", JoinOptions{}); !errors.Is(err, ErrTooManyTopics) {
		t.Errorf("second topic: %v", err)
	}
	join(t, c, "room:1", JoinOptions{})
	c.Leave("room:1")
	join(t, c, "room:2", JoinOptions{})
	c.Close(CloseNormal, "")
	if err := c.Join(ctx, "room:2", JoinOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("after the close: %v", err)
	}
	c.Wait()
	if n := h.Stats().Topics; n != 0 {
		t.Errorf("%d topics are left without a reader", n)
	}
}
