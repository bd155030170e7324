package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// hurriedClock does not sleep; it remembers how long it was asked to.
type hurriedClock struct {
	mu    sync.Mutex
	slept []time.Duration
}

func (*hurriedClock) Now() time.Time { return time.Now() }

func (c *hurriedClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.slept = append(c.slept, d)
	c.mu.Unlock()
	return SystemClock{}.Sleep(ctx, min(d, time.Millisecond))
}

func (c *hurriedClock) waits() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.slept...)
}

func open(t *testing.T, cfg Config) *Client {
	t.Helper()
	if cfg.Token == "" {
		cfg.Token = "secret"
	}
	if cfg.Clock == nil {
		cfg.Clock = &hurriedClock{}
	}
	c, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// follow reads events from+1 … to and checks each.
func follow(t rapid.TB, ctx context.Context, topic *Topic, s *fakeServer, from, to int64) {
	t.Helper()
	for last := from; last < to; {
		u, err := topic.Next(ctx)
		if err != nil {
			t.Fatalf("after %d: %v", last, err)
		}
		if u.Joined != nil {
			if u.Joined.Fresh && last == 0 {
				last = u.Joined.From
			}
			continue
		}
		if u.Event.Seq != last+1 {
			t.Fatalf("%d follows %d", u.Event.Seq, last)
		}
		last++
		s.mu.Lock()
		want := s.log[last-1]
		s.mu.Unlock()
		if string(u.Event.Canonical) != want {
			t.Fatalf("event %d has the canonical bytes %s, want %s", last, u.Event.Canonical, want)
		}
	}
}

func TestClientReadsHistoryInPagesThenLive(t *testing.T) {
	s := newFake(t)
	s.append(23)
	c := open(t, Config{URLs: []string{s.url()}})
	topic := c.JoinAfter("room:"+fakeRoom, 0, "E1")
	follow(t, within(t), topic, s, 0, 23)
	s.append(3)
	follow(t, within(t), topic, s, 23, 26)
}

func TestClientMarksWhatTheSnapshotHas(t *testing.T) {
	s := newFake(t)
	s.mu.Lock()
	s.snapshot = true
	s.mu.Unlock()
	s.append(9)
	c := open(t, Config{URLs: []string{s.url()}})
	topic := c.Join("room:" + fakeRoom)
	u, err := topic.Next(within(t))
	if err != nil || u.Joined == nil || !u.Joined.Fresh || u.Joined.From != 4 || string(u.Joined.Snapshot) != `{"seq":9}` {
		t.Fatalf("the first update is %+v, %v", u.Joined, err)
	}
	s.append(1)
	e, err := topic.NextEvent(within(t))
	if err != nil || e.Seq != 10 {
		t.Fatalf("the first event beyond the snapshot is %d, %v", e.Seq, err)
	}
}

func TestClientResumesAfterEveryKindOfBreak(t *testing.T) {
	for name, hurt := range map[string]func(*fakeConn){
		"cut":         func(c *fakeConn) { _ = c.nc.Close() },
		"slow reader": func(c *fakeConn) { c.close(CloseSlowReader, "resume") },
		"going down":  func(c *fakeConn) { c.close(CloseGoingDown, `{"after_ms":50}`) },
		"lost frame":  func(c *fakeConn) { c.live = false; _ = c.s.appendLocked("unseen"); c.live = true },
		"doubled":     func(c *fakeConn) { c.event(int64(len(c.s.log))) },
		"half frame":  func(c *fakeConn) { _, _ = c.nc.Write([]byte{0x81, 50, '{'}); _ = c.nc.Close() },
		"nonsense":    func(c *fakeConn) { c.send("[1") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			s.append(2)
			c := open(t, Config{URLs: []string{s.url()}})
			topic := c.JoinAfter("room:"+fakeRoom, 0, "E1")
			follow(t, within(t), topic, s, 0, 2)
			s.each(hurt)
			s.append(4)
			s.mu.Lock()
			head := int64(len(s.log))
			s.mu.Unlock()
			follow(t, within(t), topic, s, 2, head)
		})
	}
}

func TestClientStartsOverInAnotherEpoch(t *testing.T) {
	s := newFake(t)
	s.append(3)
	c := open(t, Config{URLs: []string{s.url()}})
	topic := c.JoinAfter("room:"+fakeRoom, 0, "E1")
	follow(t, within(t), topic, s, 0, 3)
	s.mu.Lock()
	s.epoch, s.log = "E2", []string{canonical(1, "restored")}
	s.mu.Unlock()
	s.cutAll()
	for {
		u, err := topic.Next(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if u.Joined != nil && u.Joined.Fresh && u.Joined.Epoch == "E2" {
			break
		}
	}
	follow(t, within(t), topic, s, 0, 1)
}

func TestClientKeepsABoundedQueueAndLosesNothing(t *testing.T) {
	s := newFake(t)
	c := open(t, Config{URLs: []string{s.url()}, Queue: 4})
	topic := c.JoinAfter("room:"+fakeRoom, 0, "E1")
	s.append(1)
	follow(t, within(t), topic, s, 0, 1) // it is live
	s.append(50)
	if _, err := c.Do(within(t), Say(fakeRoom, "everything before this has arrived")); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	waiting := len(topic.queue)
	c.mu.Unlock()
	if waiting > 4 {
		t.Fatalf("%d updates wait, at most 4 may", waiting)
	}
	follow(t, within(t), topic, s, 1, 52)
}

func TestCommandIsSentAgainWithItsID(t *testing.T) {
	s := newFake(t)
	s.onFrame(func(c *fakeConn, m map[string]any) bool {
		id, _ := m["id"].(string)
		if m["type"] != "message" || s.tries[id] > 0 {
			return false
		}
		// It is carried out, and the answer is lost.
		s.tries[id]++
		s.cmids[id] = s.appendLocked("by " + id)
		_ = c.nc.Close()
		return true
	})
	c := open(t, Config{URLs: []string{s.url()}})
	a, err := c.Do(within(t), Say(fakeRoom, "once"))
	if err != nil || !a.Duplicate || a.Seq != 1 {
		t.Fatalf("the answer is %+v, %v", a, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.log) != 1 {
		t.Fatalf("the log has %d events, want 1", len(s.log))
	}
}

func TestCommandsGivenWithoutConnectionKeepTheirOrder(t *testing.T) {
	s := newFake(t)
	s.mu.Lock() // nothing is welcomed until all are given
	c := open(t, Config{URLs: []string{s.url()}})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := c.Do(within(t), Say(fakeRoom, strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
		for {
			c.mu.Lock()
			n := len(c.order)
			c.mu.Unlock()
			if n == i+1 {
				break
			}
			runtime.Gosched()
		}
	}
	var came []string
	s.on = func(_ *fakeConn, m map[string]any) bool {
		came = append(came, m["text"].(string))
		return false
	}
	s.mu.Unlock()
	wg.Wait()
	for i, text := range came {
		if text != strconv.Itoa(i) {
			t.Fatalf("commands came as %v", came)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := newFake(t)
	n := 0
	s.onFrame(func(c *fakeConn, m map[string]any) bool {
		n++
		id, _ := json.Marshal(m["id"])
		switch {
		case m["text"] == "final":
			c.send(`{"id":` + string(id) + `,"error":{"code":"frozen","message":"No.","details":{"a":1}}}`)
		case n == 1:
			c.send(`{"id":` + string(id) + `,"error":{"code":"rate_limited","message":"Wait.","details":{"retry_after_ms":1234}}}`)
		case n == 2:
			c.send(`{"id":` + string(id) + `,"error":{"code":"unavailable","message":"Later."}}`)
		default:
			return false
		}
		return true
	})
	clock := &hurriedClock{}
	c := open(t, Config{URLs: []string{s.url()}, Clock: clock, Rand: func(n int64) int64 { return n - 1 }})
	a, err := c.Do(within(t), Say(fakeRoom, "passing"))
	if err != nil || a.Seq != 1 || n != 3 {
		t.Fatalf("the answer is %+v, %v after %d tries", a, err, n)
	}
	waits := clock.waits()
	if len(waits) != 2 || waits[0] != 1234*time.Millisecond || waits[1] != time.Second {
		t.Fatalf("it waited %v", waits)
	}
	_, err = c.Do(within(t), Say(fakeRoom, "final"))
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != "frozen" || string(refused.Details) != `{"a":1}` {
		t.Fatalf("the refusal is %v", err)
	}
}

func TestRefusedTopicEndsItsReader(t *testing.T) {
	s := newFake(t)
	s.onFrame(func(c *fakeConn, m map[string]any) bool {
		c.send(`{"id":"` + m["id"].(string) + `","error":{"code":"not_found","message":"There is no such room."}}`)
		return true
	})
	c := open(t, Config{URLs: []string{s.url()}})
	_, err := c.Join("room:x").Next(within(t))
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != "not_found" {
		t.Fatalf("the reader ended with %v", err)
	}
}

func TestClientStopsWhenItIsTold(t *testing.T) {
	t.Run("session ended", func(t *testing.T) {
		s := newFake(t)
		s.onFrame(func(c *fakeConn, _ map[string]any) bool {
			c.close(CloseSessionEnded, "")
			return true
		})
		c := open(t, Config{URLs: []string{s.url()}})
		_, err := c.Do(within(t), Say(fakeRoom, "x"))
		var closed *CloseError
		if !errors.As(err, &closed) || closed.Code != CloseSessionEnded {
			t.Fatalf("the command ended with %v", err)
		}
		<-c.Done()
		if n := s.accepted(); n != 1 {
			t.Fatalf("it connected %d times", n)
		}
	})
	t.Run("no session", func(t *testing.T) {
		s := newFake(t)
		c := open(t, Config{URLs: []string{s.url()}, Token: "wrong"})
		<-c.Done()
		var refused *RefusedError
		if !errors.As(c.Err(), &refused) || refused.Status != http.StatusUnauthorized {
			t.Fatalf("it stopped with %v", c.Err())
		}
	})
	t.Run("closed", func(t *testing.T) {
		s := newFake(t)
		s.onFrame(func(*fakeConn, map[string]any) bool { return true }) // no answers
		c := open(t, Config{URLs: []string{s.url()}})
		topic := c.Join("room:" + fakeRoom)
		failed := make(chan error, 1)
		go func() {
			_, err := c.Do(context.Background(), Say(fakeRoom, "x"))
			failed <- err
		}()
		for s.accepted() == 0 {
			runtime.Gosched()
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; !errors.Is(err, ErrClosed) {
			t.Fatalf("the command ended with %v", err)
		}
		if _, err := topic.Next(within(t)); !errors.Is(err, ErrClosed) {
			t.Fatalf("the reader ended with %v", err)
		}
	})
}

func TestClientMovesToTheNextInstance(t *testing.T) {
	down, up := newFake(t), newFake(t)
	down.refuseUpgrades(http.StatusServiceUnavailable)
	c := open(t, Config{URLs: []string{down.url(), up.url()}})
	if _, err := c.Do(within(t), Say(fakeRoom, "x")); err != nil {
		t.Fatal(err)
	}
	if down.accepted() == 0 {
		t.Fatal("the first instance was not tried")
	}
}

// TestReaderIsExact lets a connection break, frames be lost and doubled and the
// log grow at any moment: the reader sees 1, 2, 3, … all the same.
func TestReaderIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newFake(t)
		c, err := Open(t.Context(), Config{
			URLs: []string{s.url()}, Token: "secret", Clock: &hurriedClock{},
			Queue: rapid.IntRange(1, 30).Draw(rt, "queue"),
		})
		if err != nil {
			rt.Fatal(err)
		}
		defer c.Close()
		topic := c.JoinAfter("room:"+fakeRoom, 0, "E1")
		var read, head int64
		actions := rapid.SliceOfN(rapid.SampledFrom([]string{"append", "cut", "lose", "double", "read"}), 1, 25)
		for _, a := range actions.Draw(rt, "actions") {
			s.mu.Lock()
			switch a {
			case "append":
				_ = s.appendLocked("x")
			case "lose": // an event that no live reader is sent
				s.log = append(s.log, canonical(int64(len(s.log))+1, "lost"))
			case "double":
				for c := range s.conns {
					if n := int64(len(s.log)); n > 0 && c.live {
						c.event(n)
					}
				}
			case "cut":
				for c := range s.conns {
					_ = c.nc.Close()
				}
			}
			head = int64(len(s.log))
			s.mu.Unlock()
			if a == "read" && head > read {
				// What was lost last shows only with the next event.
				s.append(1)
				follow(rt, within(t), topic, s, read, head)
				read = head
			}
		}
		s.append(1)
		follow(rt, within(t), topic, s, read, head+1)
	})
}

func TestSystemClockSleepEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := (SystemClock{}).Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("an interrupted sleep says %v", err)
		}
		if err := (SystemClock{}).Sleep(t.Context(), time.Hour); err != nil {
			t.Fatalf("a finished sleep says %v", err)
		}
	})
}
