package hub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/hub"
	"parley/hub/hubtest"
)

func closed(r *hubtest.Recorder) func() bool {
	return func() bool { _, _, n := r.Closed(); return n > 0 }
}

func message(n int) []byte { return fmt.Appendf(nil, `{"topic":"answers","seq":%d}`, n) }

// What waits while a write is under way leaves in the next one, together.
func TestWaitingFramesLeaveInOneWrite(t *testing.T) {
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog()})
	c, r := hubtest.Connect(t, h, "ann")
	resume := r.Stall()
	c.Send(message(1))
	hubtest.Eventually(t, "the first write is under way", func() bool { return r.Waiting() == 1 })
	for n := 2; n <= 100; n++ {
		c.Send(message(n))
	}
	resume()
	hubtest.WantSeqs(t, r, "answers", hubtest.UpTo(1, 100))
	if _, writes, _ := r.Writes(); writes != 2 {
		t.Errorf("%d writes, want 2", writes)
	}
}

// A reader that stops reading is cut at the bound of its queue; the publisher
// and the other readers do not notice, and it resumes with nothing lost.
func TestSlowReader(t *testing.T) {
	const bound = 4 << 10
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, MaxQueue: bound})
	slow, seenSlow := hubtest.Connect(t, h, "slow")
	quick, seenQuick := hubtest.Connect(t, h, "quick")
	hubtest.Join(t, slow, "room:1", hub.JoinOptions{})
	hubtest.Join(t, quick, "room:1", hub.JoinOptions{})
	hubtest.Eventually(t, "the answer", func() bool { return len(seenSlow.All()) == 1 })
	defer seenSlow.Stall()()
	for n := int64(1); n <= 500; n++ {
		h.Publish(log.Commit("room:1", 1))
		if q := h.Stats().QueuedBytes; q > 2*bound {
			t.Fatalf("%d bytes wait for two connections", q)
		}
		hubtest.WantSeqs(t, seenQuick, "room:1", hubtest.UpTo(1, n))
	}
	hubtest.Eventually(t, "the slow one is closed", closed(seenSlow))
	if code, reason, _ := seenSlow.Closed(); code != hub.CloseSlow || reason != "resume" {
		t.Errorf("closed with %d %q", code, reason)
	}
	slow.Wait()
	if n := h.Stats().SlowClosed; n != 1 {
		t.Errorf("%d slow readers counted", n)
	}
	got := seenSlow.Seqs("room:1")
	again, seenAgain := hubtest.Connect(t, h, "slow")
	hubtest.Join(t, again, "room:1", hub.JoinOptions{After: hubtest.After(int64(len(got)))})
	hubtest.WantSeqs(t, seenAgain, "room:1", hubtest.UpTo(int64(len(got))+1, 500))
}

// A history longer than the queue waits for the reader instead of cutting it.
func TestLongHistoryWaitsForItsReader(t *testing.T) {
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log, MaxQueue: 1 << 10, PageSize: 400})
	log.Commit("room:1", 400)
	c, r := hubtest.Connect(t, h, "ann")
	resume := r.Stall()
	joined := make(chan error, 1)
	go func() { joined <- c.Join(context.Background(), "room:1", hub.JoinOptions{After: hubtest.After(0)}) }()
	hubtest.Eventually(t, "the queue is half full", func() bool { return h.Stats().QueuedBytes > 400 })
	if q := h.Stats().QueuedBytes; q > 1<<10 {
		t.Errorf("%d bytes wait", q)
	}
	resume()
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 400))

	// It gives up with its context and with its connection.
	ctx, cancel := context.WithCancel(context.Background())
	defer r.Stall()()
	go func() { joined <- c.Join(ctx, "room:1", hub.JoinOptions{After: hubtest.After(0)}) }()
	hubtest.Eventually(t, "it waits", func() bool { return h.Stats().QueuedBytes > 400 })
	cancel()
	if err := <-joined; !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
	go func() { joined <- c.Join(context.Background(), "room:1", hub.JoinOptions{After: hubtest.After(0)}) }()
	c.Cut(hub.CloseNormal, "")
	if err := <-joined; !errors.Is(err, hub.ErrClosed) {
		t.Errorf("after the close: %v", err)
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog()})
	c, r := hubtest.Connect(t, h, "ann")
	resume := r.Stall()
	for n := 1; n <= 10; n++ {
		c.Send(message(n))
	}
	c.Close(4101, "flood")
	c.Close(4200, "a later reason does not count")
	c.Send(message(11))
	select {
	case <-c.Done():
	default:
		t.Error("Done is open after Close")
	}
	if closed(r)() {
		t.Error("closed before what waited was written")
	}
	resume()
	c.Wait()
	hubtest.WantSeqs(t, r, "answers", hubtest.UpTo(1, 10))
	if code, reason, n := r.Closed(); code != 4101 || reason != "flood" || n != 1 {
		t.Errorf("closed %d times with %d %q", n, code, reason)
	}
}

// A flagged user's connection ends although its reader has stopped.
func TestDisconnectEndsAStalledWrite(t *testing.T) {
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog()})
	c, r := hubtest.Connect(t, h, "mallory")
	defer r.Stall()()
	c.Send(message(1))
	hubtest.Eventually(t, "the write is under way", func() bool { return r.Waiting() == 1 })
	c.Close(hub.CloseGoingDown, "")
	h.Disconnect("mallory", 4201, "flagged")
	h.Disconnect("mallory", 4201, "flagged")
	hubtest.Eventually(t, "the connection is closed", closed(r))
	c.Cut(hub.CloseNormal, "")
	c.Wait()
	if _, _, n := r.Closed(); n != 1 {
		t.Errorf("closed %d times", n)
	}
	if n := h.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

func TestWriteErrorEndsTheConnection(t *testing.T) {
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	hubtest.Eventually(t, "the answer is written", func() bool { return len(r.All()) == 1 })
	resume := r.Stall()
	h.Publish(log.Commit("room:1", 1))
	hubtest.Eventually(t, "a write is under way", func() bool { return r.Waiting() == 1 })
	h.Publish(log.Commit("room:1", 1))
	r.Break()
	resume()
	hubtest.Eventually(t, "the connection is closed", closed(r))
	if all, good, _ := r.Writes(); all-good != 1 {
		t.Errorf("%d writes after the first one that failed", all-good-1)
	}
	if code, _, n := r.Closed(); code != hub.CloseBroken || n != 1 {
		t.Errorf("closed %d times with %d", n, code)
	}
	hubtest.Eventually(t, "it has left", func() bool { s := h.Stats(); return s.Connections == 0 && s.Topics == 0 })
}

// pooled is a transport that is given to the next connection after Wait, as the
// web server's are. A write that comes late would reach somebody else.
type pooled struct {
	mu    sync.Mutex
	owner int
	stray *atomic.Int32
}

type lease struct {
	of    *pooled
	owner int
}

// Write leaves all of it to Finish, which runs on a goroutine that nobody waits for
// but Wait.
func (l lease) Write(frames [][]byte) ([][]byte, error) {
	l.touch()
	return frames, nil
}

func (l lease) Finish([][]byte) error { l.touch(); return nil }

func (l lease) Close(int, string) error { l.touch(); return nil }

func (l lease) touch() {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.of.owner != l.owner {
		l.of.stray.Add(1)
	}
}

// Pins the defect of writers that outlived their handler: 119 of 300 clients of
// a pooled connection got the frames of another one.
func TestNothingTouchesTheTransportAfterWait(t *testing.T) {
	log := hubtest.NewLog()
	h := hubtest.Start(t, hub.Config{Log: log})
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				h.Publish(log.Commit("room:1", 1))
			}
		}
	})
	var stray atomic.Int32
	p := &pooled{stray: &stray}
	for n := range 300 {
		p.mu.Lock()
		p.owner = n
		p.mu.Unlock()
		c, err := h.Connect(lease{p, n}, hub.ConnInfo{Identity: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Join(context.Background(), "room:1", hub.JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		switch n % 3 {
		case 0:
			c.Close(hub.CloseNormal, "")
		case 1:
			h.Disconnect("ann", 4200, "")
		}
		c.Wait()
	}
	close(stop)
	publishing.Wait()
	if n := stray.Load(); n > 0 {
		t.Errorf("%d writes reached another connection", n)
	}
}

// A connection that closes while it joins is in no topic afterwards.
func TestJoinMeetsClose(t *testing.T) {
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog()})
	for range 500 {
		c, _ := hubtest.Connect(t, h, "ann")
		joined := make(chan error, 1)
		go func() { joined <- c.Join(context.Background(), "room:1", hub.JoinOptions{Member: []byte(`"ann"`)}) }()
		c.Cut(hub.CloseNormal, "")
		if err := <-joined; err != nil && !errors.Is(err, hub.ErrClosed) {
			t.Fatal(err)
		}
		c.Wait()
	}
	if s := h.Stats(); s.Topics != 0 || s.Connections != 0 {
		t.Errorf("left behind: %+v", s)
	}
	if n := hub.PresenceTopics(h); n != 0 {
		t.Errorf("%d topics show somebody", n)
	}
}

func TestConnectionCaps(t *testing.T) {
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog(), MaxConns: 3, MaxConnsEach: 2})
	ann, _ := hubtest.Connect(t, h, "ann")
	hubtest.Connect(t, h, "ann")
	refused := func(who string) {
		t.Helper()
		r := hubtest.NewRecorder()
		if _, err := h.Connect(r, hub.ConnInfo{Identity: who}); !errors.Is(err, hub.ErrTooManyConnections) {
			t.Errorf("connecting %s: %v", who, err)
		}
		if closed(r)() {
			t.Error("the hub closed a transport that it did not take")
		}
	}
	refused("ann")
	hubtest.Connect(t, h, "bob")
	refused("carl")
	ann.Wait()
	hubtest.Connect(t, h, "carl")
}

func TestDrain(t *testing.T) {
	const clients = 100
	log := hubtest.NewLog()
	var calls atomic.Int64
	h := hubtest.Start(t, hub.Config{Log: log, DrainSpread: 3 * time.Second,
		Rand: func(n int64) int64 { return (calls.Add(1) * 37) % n }})
	var all []*hubtest.Recorder
	for i := range clients {
		c, r := hubtest.Connect(t, h, fmt.Sprint("c", i))
		hubtest.Join(t, c, "room:1", hub.JoinOptions{Member: fmt.Appendf(nil, "%d", i)})
		all = append(all, r)
	}
	h.Publish(log.Commit("room:1", 5))
	if err := h.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	reasons := make(map[string]bool)
	for _, r := range all {
		hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 5))
		code, reason, n := r.Closed()
		if code != hub.CloseGoingDown || n != 1 || !strings.HasPrefix(reason, `{"after_ms":`) {
			t.Fatalf("closed %d times with %d %q", n, code, reason)
		}
		reasons[reason] = true
	}
	if len(reasons) < clients/2 {
		t.Errorf("%d clients come back at only %d times", clients, len(reasons))
	}
	if _, err := h.Connect(hubtest.NewRecorder(), hub.ConnInfo{}); !errors.Is(err, hub.ErrDraining) {
		t.Errorf("connecting while going down: %v", err)
	}
	h.Publish(log.Commit("room:1", 1)) // a last commit
	if err := h.Drain(context.Background()); err != nil {
		t.Errorf("draining again: %v", err)
	}
	for range 2 {
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if s := h.Stats(); s.Connections != 0 || s.Topics != 0 || s.QueuedBytes != 0 {
		t.Errorf("left after the end: %+v", s)
	}
}

// A reader that does not read is not waited for longer than allowed.
func TestDrainHasADeadline(t *testing.T) {
	h := hubtest.Start(t, hub.Config{Log: hubtest.NewLog()})
	stalled, r := hubtest.Connect(t, h, "slow")
	_, quick := hubtest.Connect(t, h, "quick")
	defer r.Stall()()
	stalled.Send(message(1))
	hubtest.Eventually(t, "the write is under way", func() bool { return r.Waiting() == 1 })
	ctx, cancel := context.WithCancel(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- h.Drain(ctx) }()
	hubtest.Eventually(t, "the other one is told", closed(quick))
	cancel()
	if err := <-drained; !errors.Is(err, context.Canceled) {
		t.Errorf("draining: %v", err)
	}
	if _, _, n := r.Closed(); n != 1 {
		t.Errorf("the stalled one was closed %d times", n)
	}
}

func TestNewNeedsALogAndAName(t *testing.T) {
	if _, err := hub.New(hub.Config{}); err == nil {
		t.Error("a hub without a log")
	}
	if _, err := hub.New(hub.Config{Log: hubtest.NewLog(), Bus: (&chaos{}).endpoint()}); err == nil {
		t.Error("a hub on a bus without a name")
	}
}
