package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deadline bounds every wait of a test; it is reached by failing tests only.
const deadline = 20 * time.Second

// eventually looks again and again until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(200 * time.Microsecond)
	defer poll.Stop()
	end := time.After(deadline)
	for !ok() {
		select {
		case <-poll.C:
		case <-end:
			t.Fatalf("not within %v: %s", deadline, what)
		}
	}
}

// memLog is a Log in memory. hook, if set, runs before each call is answered.
type memLog struct {
	mu     sync.Mutex
	frames map[string][]Frame
	reads  int
	asks   int
	hook   func(call string)
}

func newMemLog() *memLog { return &memLog{frames: make(map[string][]Frame)} }

func (l *memLog) before(call string) {
	l.mu.Lock()
	hook := l.hook
	l.mu.Unlock()
	if hook != nil {
		hook(call)
	}
}

func (l *memLog) setHook(hook func(call string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hook = hook
}

func (l *memLog) Heads(ctx context.Context, topics []string) (map[string]int64, error) {
	l.before("heads")
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks++
	heads := make(map[string]int64)
	for _, t := range topics {
		if all := l.frames[t]; len(all) > 0 {
			heads[t] = all[len(all)-1].Seq
		}
	}
	return heads, nil
}

func (l *memLog) Read(ctx context.Context, topic string, after int64, limit int) ([]Frame, error) {
	l.before("read")
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	all := l.frames[topic]
	i, _ := slices.BinarySearchFunc(all, after+1, func(f Frame, seq int64) int { return int(f.Seq - seq) })
	all = all[i:]
	return slices.Clone(all[:min(limit, len(all))]), nil
}

func (l *memLog) counts() (asks, reads int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asks, l.reads
}

// commit appends the next frame of a contiguous topic.
func (l *memLog) commit(topic string) Frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commitLocked(topic, int64(len(l.frames[topic]))+1)
}

// commitAt appends a frame of a sparse topic.
func (l *memLog) commitAt(topic string, seq int64) Frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commitLocked(topic, seq)
}

func (l *memLog) commitLocked(topic string, seq int64) Frame {
	f := Frame{Topic: topic, Seq: seq, Data: fmt.Appendf(nil, `{"topic":%q,"seq":%d}`, topic, seq)}
	l.frames[topic] = append(l.frames[topic], f)
	return f
}

func (l *memLog) commitN(topic string, n int) []Frame {
	frames := make([]Frame, n)
	for i := range frames {
		frames[i] = l.commit(topic)
	}
	return frames
}

// got is one frame as a reader sees it.
type got struct {
	Topic  string          `json:"topic"`
	Seq    int64           `json:"seq"`
	Type   string          `json:"type"`
	Answer *JoinResult     `json:"answer"`
	Data   json.RawMessage `json:"data"`
}

var errTransportClosed = errors.New("transport closed")

// recorder is a Transport that keeps what it is given.
type recorder struct {
	mu     sync.Mutex
	frames []got
	writes int
	code   int
	reason string
	closes int
	late   int // writes begun after Close returned
	done   chan struct{}
	// gate, if set, is received from before each Write.
	gate chan struct{}
}

func newRecorder() *recorder { return &recorder{done: make(chan struct{})} }

func (r *recorder) Write(frames [][]byte) error {
	r.mu.Lock()
	closed, gate := r.closes > 0, r.gate
	if closed {
		r.late++
	}
	r.mu.Unlock()
	if closed {
		return errTransportClosed
	}
	if gate != nil {
		select {
		case <-gate:
		case <-r.done:
			return errTransportClosed
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	for _, data := range frames {
		var g got
		if err := json.Unmarshal(data, &g); err != nil {
			return fmt.Errorf("frame %q: %w", data, err)
		}
		r.frames = append(r.frames, g)
	}
	return nil
}

func (r *recorder) Close(code int, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closes++; r.closes == 1 {
		r.code, r.reason = code, reason
		close(r.done)
	}
	return nil
}

func (r *recorder) closed() (code int, reason string, times int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.code, r.reason, r.closes
}

func (r *recorder) all() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.frames)
}

// seqs are those of a topic's numbered frames, in the order of arrival.
func (r *recorder) seqs(topic string) []int64 {
	seqs := []int64{}
	for _, g := range r.all() {
		if g.Topic == topic && g.Seq > 0 {
			seqs = append(seqs, g.Seq)
		}
	}
	return seqs
}

// types are those of a topic's ephemeral frames.
func (r *recorder) types(topic string) []string {
	var types []string
	for _, g := range r.all() {
		if g.Topic == topic && g.Type != "" {
			types = append(types, g.Type)
		}
	}
	return types
}

// presence is the newest list shown for a topic, "" if none was.
func (r *recorder) presence(topic string) string {
	list := ""
	for _, g := range r.all() {
		if g.Topic == topic && g.Type == "presence" {
			list = string(g.Data)
		}
	}
	return list
}

func upTo(from, to int64) []int64 {
	seqs := []int64{}
	for s := from; s <= to; s++ {
		seqs = append(seqs, s)
	}
	return seqs
}

// startHub runs a hub until the test ends. The zero Config is completed.
func startHub(t testing.TB, cfg Config) *Hub {
	t.Helper()
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func connect(t testing.TB, h *Hub, identity string) (*Client, *recorder) {
	t.Helper()
	r := newRecorder()
	c, err := h.Connect(r, ConnInfo{Identity: identity, Session: "s-" + identity})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Wait)
	return c, r
}

// answer puts the result into a frame, so that its place among others shows.
func answer(res JoinResult) []byte {
	data, err := json.Marshal(map[string]any{"answer": res})
	if err != nil {
		panic(err)
	}
	return data
}

func join(t testing.TB, c *Client, topic string, opt JoinOptions) JoinResult {
	t.Helper()
	var res JoinResult
	opt.Answer = func(r JoinResult) []byte { res = r; return answer(r) }
	if err := c.Join(context.Background(), topic, opt); err != nil {
		t.Fatal(err)
	}
	return res
}

func after(seq int64) *int64 { return &seq }

func wantSeqs(t testing.TB, r *recorder, topic string, want []int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d frames of %s", len(want), topic), func() bool {
		return len(r.seqs(topic)) >= len(want)
	})
	if got := r.seqs(topic); !slices.Equal(got, want) {
		t.Fatalf("frames of %s: got %v, want %v", topic, got, want)
	}
}
