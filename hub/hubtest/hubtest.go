package hubtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/hub"
)

// Deadline bounds every wait of a test; only failing tests reach it.
const Deadline = 20 * time.Second

// Eventually looks again and again until ok.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	poll := time.NewTicker(200 * time.Microsecond)
	defer poll.Stop()
	end := time.After(Deadline)
	for !ok() {
		select {
		case <-poll.C:
		case <-end:
			t.Fatalf("not within %v: %s", Deadline, what)
		}
	}
}

// Start runs a hub until the test ends.
func Start(t testing.TB, cfg hub.Config) *hub.Hub {
	t.Helper()
	h, err := hub.New(cfg)
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

// Connect opens a connection of a person until the test ends.
func Connect(t testing.TB, h *hub.Hub, identity string) (*hub.Client, *Recorder) {
	t.Helper()
	r := NewRecorder()
	c, err := h.Connect(r, hub.ConnInfo{Identity: identity, Session: "s-" + identity})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Wait)
	return c, r
}

// Answer puts a join's result into a frame, so that its place among others shows.
func Answer(res hub.JoinResult) []byte {
	data, err := json.Marshal(map[string]any{"answer": res})
	if err != nil {
		panic(err)
	}
	return data
}

// Join joins and returns what the reader was told.
func Join(t testing.TB, c *hub.Client, topic string, opt hub.JoinOptions) hub.JoinResult {
	t.Helper()
	var res hub.JoinResult
	opt.Answer = func(r hub.JoinResult) []byte { res = r; return Answer(r) }
	if err := c.Join(context.Background(), topic, opt); err != nil {
		t.Fatal(err)
	}
	return res
}

// After is a JoinOptions.After.
func After(seq int64) *int64 { return &seq }

// WantSeqs waits for as many numbered frames of a topic as are wanted and compares.
func WantSeqs(t testing.TB, r *Recorder, topic string, want []int64) {
	t.Helper()
	Eventually(t, fmt.Sprintf("%d frames of %s", len(want), topic), func() bool {
		return len(r.Seqs(topic)) >= len(want)
	})
	if got := r.Seqs(topic); !slices.Equal(got, want) {
		t.Fatalf("frames of %s: got %v, want %v", topic, got, want)
	}
}
