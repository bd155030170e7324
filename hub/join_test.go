package hub_test

import (
	"context"
	"errors"
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
