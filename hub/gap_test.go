package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parley/hub"
	"parley/hub/hubtest"
)

// lone starts a hub on a bus whose other end is the test, with a clock that
// stands still.
func lone(t *testing.T, cfg hub.Config) (*hub.Hub, *chaosBus, *hubtest.Clock, *hubtest.Log) {
	t.Helper()
	clock, log, bus := hubtest.NewClock(), hubtest.NewLog(), (&chaos{}).endpoint()
	cfg.Clock, cfg.Log, cfg.Bus, cfg.Instance, cfg.Sparse = clock, log, bus, "here", isSparse
	return hubtest.Start(t, cfg), bus, clock, log
}

// elsewhere delivers frames as another instance's.
func elsewhere(bus *chaosBus, frames ...hub.Frame) {
	bus.handler.Receive(hub.Message{Topic: frames[0].Topic, From: "there", Kind: hub.KindFrames, Frames: frames})
}

// advanceUntil moves the clock in small steps until ok.
func advanceUntil(t *testing.T, clock *hubtest.Clock, step time.Duration, what string, ok func() bool) {
	t.Helper()
	hubtest.Eventually(t, what, func() bool {
		if ok() {
			return true
		}
		clock.Advance(step)
		return ok()
	})
}

func TestLateFramesCloseTheirGapWithoutTheLog(t *testing.T) {
	h, bus, _, log := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	f := log.Commit("room:1", 6)
	_, before := log.Calls()
	elsewhere(bus, f[2])
	h.Publish([]hub.Frame{f[4], f[5]})
	elsewhere(bus, f[1], f[2])
	elsewhere(bus, f[0])
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 3))
	elsewhere(bus, f[3], f[4], f[0])
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 6))
	if _, reads := log.Calls(); reads != before {
		t.Errorf("the log was read %d times", reads-before)
	}
}

func TestGapIsReadFromTheLog(t *testing.T) {
	h, bus, clock, log := lone(t, hub.Config{PageSize: 4})
	c, r := hubtest.Connect(t, h, "ann")
	other, seen := hubtest.Connect(t, h, "bob")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	hubtest.Join(t, other, "room:1", hub.JoinOptions{})
	f := log.Commit("room:1", 12)
	elsewhere(bus, f[11])
	if got := r.Seqs("room:1"); len(got) > 0 {
		t.Fatalf("delivered before the gap was closed: %v", got)
	}
	advanceUntil(t, clock, time.Millisecond, "the gap is filled", func() bool { return len(r.Seqs("room:1")) >= 12 })
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 12))
	hubtest.WantSeqs(t, seen, "room:1", hubtest.UpTo(1, 12))
	hubtest.Eventually(t, "the filling is counted", func() bool { return h.Stats().GapsFilled == 1 })
}

// Of a topic that is pulled the bus carries the head alone, once a batch, and whoever
// hears of it reads the log without waiting: the clock stands still here.
func TestPulledTopicIsReadFromTheLog(t *testing.T) {
	h, bus, _, log := lone(t, hub.Config{Pulled: isPulled})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "feed", hub.JoinOptions{})
	f := log.Commit("feed", 6)
	_, before := log.Calls()
	h.Publish(f[:3])
	hubtest.WantSeqs(t, r, "feed", hubtest.UpTo(1, 3))
	if _, reads := log.Calls(); reads != before {
		t.Errorf("the log was read %d times for what was published here", reads-before)
	}
	hubtest.Eventually(t, "the others are told", func() bool { return len(bus.all()) > 0 })
	if m := bus.all()[0]; m.Topic != "feed" || len(m.Frames) != 1 || m.Frames[0].Seq != 3 || len(m.Frames[0].Data) > 0 {
		t.Errorf("the others were told %+v", m)
	}
	elsewhere(bus, hub.Frame{Topic: "feed", Seq: 6})
	hubtest.WantSeqs(t, r, "feed", hubtest.UpTo(1, 6))
	h.Publish(log.Commit("feed", 3)[2:]) // 7 and 8 are another's, who has not told yet
	hubtest.WantSeqs(t, r, "feed", hubtest.UpTo(1, 9))
	elsewhere(bus, hub.Frame{Topic: "feed", Seq: 8}) // late: changes nothing
	h.Publish([]hub.Frame{{Topic: "feed", Seq: log.Commit("feed", 1)[0].Seq}})
	hubtest.WantSeqs(t, r, "feed", hubtest.UpTo(1, 10))
}

func TestSweepFindsWhatTheBusLost(t *testing.T) {
	h, _, clock, log := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	hubtest.Join(t, c, "inbox:ann", hub.JoinOptions{})
	log.Commit("room:1", 3)
	log.CommitAt("inbox:ann", 7)
	advanceUntil(t, clock, 100*time.Millisecond, "the sweep", func() bool { return len(r.Seqs("room:1")) == 3 })
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 3))
	advanceUntil(t, clock, 100*time.Millisecond, "the inbox", func() bool { return len(r.Seqs("inbox:ann")) == 1 })
	hubtest.WantSeqs(t, r, "inbox:ann", []int64{7})
}

// An instance that dies after a commit tells nobody; what others publish to the same sparse
// topic right after hides it from who looks at the head alone.
func TestWhatADeadInstanceDidNotTellIsFound(t *testing.T) {
	h, _, clock, log := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "inbox:ann", hub.JoinOptions{})
	log.CommitAt("inbox:ann", 7) // the other instance is killed here
	h.Publish(log.CommitAt("inbox:ann", 9))
	advanceUntil(t, clock, 100*time.Millisecond, "what was not told", func() bool { return len(r.Seqs("inbox:ann")) == 2 })
	hubtest.WantSeqs(t, r, "inbox:ann", []int64{9, 7})
	// Nothing is missing now, and a topic in which nothing happens is not read again.
	heads, before := log.Calls()
	advanceUntil(t, clock, time.Second, "many sweeps", func() bool { now, _ := log.Calls(); return now > heads+100 })
	if _, reads := log.Calls(); reads != before {
		t.Errorf("the log was read %d times more", reads-before)
	}
	hubtest.WantSeqs(t, r, "inbox:ann", []int64{9, 7})
}

// A log that fails leaves readers behind, not wrong, until it answers again.
func TestFillIsTriedAgain(t *testing.T) {
	h, bus, clock, log := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	hubtest.Join(t, c, "inbox:ann", hub.JoinOptions{})
	var failures atomic.Int32
	log.Before(func(call string) error {
		if call == "read" && failures.Add(1) <= 4 {
			return errors.New("the disk is on fire")
		}
		return nil
	})
	f := log.Commit("room:1", 3)
	elsewhere(bus, f[2])
	log.CommitAt("inbox:ann", 3)
	advanceUntil(t, clock, 100*time.Millisecond, "both are complete", func() bool {
		return len(r.Seqs("room:1")) == 3 && len(r.Seqs("inbox:ann")) == 1
	})
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 3))
	if failures.Load() <= 4 {
		t.Error("the log did not fail")
	}
}

// What a sparse topic lost below a seq that arrived shows in no head.
func TestSparseLossBelowTheTop(t *testing.T) {
	for name, notice := range map[string]func(*chaosBus, *hubtest.Log){
		"the connection broke here": func(b *chaosBus, _ *hubtest.Log) { b.handler.Subscribed("inbox:ann") },
		"it broke at the sender": func(b *chaosBus, _ *hubtest.Log) {
			b.handler.Receive(hub.Message{From: "there", Kind: hub.KindLost})
		},
		"the bus is down": func(b *chaosBus, _ *hubtest.Log) { b.chaos.setDown(true) },
		"the log fails at first": func(b *chaosBus, log *hubtest.Log) {
			var failures atomic.Int32
			log.Before(func(call string) error {
				if call == "read" && failures.Add(1) == 1 {
					return errors.New("the disk is on fire")
				}
				return nil
			})
			b.chaos.setDown(true)
			b.chaos.setDown(false)
			b.handler.Subscribed("inbox:ann")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, bus, clock, log := lone(t, hub.Config{})
			c, r := hubtest.Connect(t, h, "ann")
			hubtest.Join(t, c, "inbox:ann", hub.JoinOptions{})
			log.CommitAt("inbox:ann", 4) // lost
			h.Publish(log.CommitAt("inbox:ann", 9))
			hubtest.WantSeqs(t, r, "inbox:ann", []int64{9})
			notice(bus, log)
			advanceUntil(t, clock, 10*time.Millisecond, "the lost one", func() bool { return len(r.Seqs("inbox:ann")) == 2 })
			hubtest.WantSeqs(t, r, "inbox:ann", []int64{9, 4})
			elsewhere(bus, hub.Frame{Topic: "inbox:ann", Seq: 4, Data: []byte(`{"topic":"inbox:ann","seq":4}`)})
			h.Publish(log.CommitAt("inbox:ann", 12))
			hubtest.WantSeqs(t, r, "inbox:ann", []int64{9, 4, 12})
		})
	}
}

// A sparse topic remembers a bounded number of seqs and stays right beyond it.
func TestSparseManyFrames(t *testing.T) {
	const n = 1500
	h, bus, clock, log := lone(t, hub.Config{PageSize: 100})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "inbox:ann", hub.JoinOptions{})
	var want []int64
	for i := range int64(n) {
		f := log.CommitAt("inbox:ann", 10+3*i)
		want = append(want, f[0].Seq)
		if i < n-200 {
			h.Publish(f)
		} else if i%2 == 1 { // else it is lost
			elsewhere(bus, f...)
		}
	}
	bus.handler.Subscribed("inbox:ann")
	advanceUntil(t, clock, time.Millisecond, "all of them", func() bool { return len(r.Seqs("inbox:ann")) >= n })
	got := r.Seqs("inbox:ann")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d frames, %d wanted, or some twice", len(got), len(want))
	}
}

// A log with a hole is a defect elsewhere; readers are not led over it.
func TestLogHole(t *testing.T) {
	h, bus, clock, log := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	log.Commit("room:1", 2)
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 2))
	f := log.Commit("room:1", 4)
	log.Drop("room:1", 3)
	elsewhere(bus, f[len(f)-1])
	late, _ := hubtest.Connect(t, h, "bob")
	err := late.Join(context.Background(), "room:1", hub.JoinOptions{})
	if !errors.Is(err, hub.ErrLogHole) {
		t.Errorf("joining over a hole: %v", err)
	}
	asks, _ := log.Calls()
	advanceUntil(t, clock, 100*time.Millisecond, "more sweeps", func() bool { now, _ := log.Calls(); return now > asks+3 })
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 2))
}

// Wire bytes are made once for each frame, however many readers there are and
// however the frame comes.
func TestEncodeOnce(t *testing.T) {
	var encoded atomic.Int32
	h, bus, clock, log := lone(t, hub.Config{Encode: func(p []byte) []byte {
		encoded.Add(1)
		return slices.Clone(p)
	}})
	const readers = 50
	var all []*hubtest.Recorder
	for i := range readers {
		c, r := hubtest.Connect(t, h, fmt.Sprint("r", i))
		if err := c.Join(context.Background(), "room:1", hub.JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	f := log.Commit("room:1", 6)
	h.Publish(f[:1])           // here
	elsewhere(bus, f[0], f[1]) // there, and once more what was here
	elsewhere(bus, f[4], f[5]) // held, the gap comes from the log
	h.Signal("room:1", []byte(`{"topic":"room:1","type":"typing"}`))
	advanceUntil(t, clock, time.Millisecond, "the gap", func() bool { return len(all[0].Seqs("room:1")) == 6 })
	for _, r := range all {
		hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 6))
	}
	if n := encoded.Load(); n != 7 {
		t.Errorf("encoded %d times, want 7: six frames and a signal", n)
	}
}

// asked is a log that tells how many topics each call of Heads was for.
type asked struct {
	*hubtest.Log
	calls chan int
}

func (l asked) Heads(ctx context.Context, topics []string) (map[string]int64, error) {
	l.calls <- len(topics)
	return l.Log.Heads(ctx, topics)
}

// A storm of resuming readers asks for all heads together.
func TestReconnectStormAsksOnce(t *testing.T) {
	const rooms = 600
	log := asked{hubtest.NewLog(), make(chan int)}
	h := hubtest.Start(t, hub.Config{Log: log, SweepEvery: time.Hour})
	results := make(chan error, rooms)
	var all []*hubtest.Recorder
	for i := range rooms {
		topic := fmt.Sprint("room:", i)
		log.Commit(topic, 20)
		c, r := hubtest.Connect(t, h, fmt.Sprint("r", i))
		all = append(all, r)
		go func() {
			results <- c.Join(context.Background(), topic, hub.JoinOptions{After: hubtest.After(int64(i % 20))})
		}()
	}
	// The first call hangs until everybody else has asked.
	hubtest.Eventually(t, "all have asked", func() bool { return hub.HeadsAwaited(h) == rooms })
	first, second := <-log.calls, <-log.calls
	if first+second != rooms {
		t.Errorf("asked for %d and then %d of %d topics", first, second, rooms)
	}
	for range rooms {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range all {
		hubtest.WantSeqs(t, r, fmt.Sprint("room:", i), hubtest.UpTo(int64(i%20)+1, 20))
	}
}

// Readers that come back to a room take from its cache what they lack.
func TestReconnectStormReadsOnce(t *testing.T) {
	h, _, _, log := lone(t, hub.Config{})
	log.Commit("room:1", 20)
	live, _ := hubtest.Connect(t, h, "live")
	hubtest.Join(t, live, "room:1", hub.JoinOptions{After: hubtest.After(15)})
	for i := range int64(100) {
		c, r := hubtest.Connect(t, h, fmt.Sprint("r", i))
		hubtest.Join(t, c, "room:1", hub.JoinOptions{After: hubtest.After(i % 20)})
		hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(i%20+1, 20))
	}
	if _, reads := log.Calls(); reads != 2 { // one for the first reader, one for what is older
		t.Errorf("read the log %d times", reads)
	}
}

// While the bus is down heads are compared more often.
func TestSweepWhileTheBusIsDown(t *testing.T) {
	h, bus, clock, log := lone(t, hub.Config{SweepEvery: time.Hour})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	bus.chaos.setDown(true)
	start := clock.Now()
	for n := range int64(3) {
		log.Commit("room:1", 1)
		advanceUntil(t, clock, 10*time.Millisecond, "the sweep", func() bool { return len(r.Seqs("room:1")) > int(n) })
	}
	if passed := clock.Now().Sub(start); passed >= time.Hour {
		t.Errorf("found after %v of the clock's", passed)
	}
}

// What was promised but is not there is asked for once, not for ever.
func TestFrameThatTheLogDoesNotHave(t *testing.T) {
	h, bus, clock, log := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	_, before := log.Calls()
	elsewhere(bus, hub.Frame{Topic: "room:1", Seq: 100, Data: []byte(`{"topic":"room:1","seq":100}`)})
	asks, _ := log.Calls()
	advanceUntil(t, clock, 100*time.Millisecond, "many sweeps", func() bool { now, _ := log.Calls(); return now > asks+10 })
	if _, reads := log.Calls(); reads != before+1 {
		t.Errorf("read %d times", reads-before)
	}
	h.Publish(log.Commit("room:1", 2))
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 2))
}

// A bus that echoes does not double what has no number to tell it by.
func TestEchoIsIgnored(t *testing.T) {
	h, bus, _, log := lone(t, hub.Config{})
	c, r := hubtest.Connect(t, h, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	h.Signal("room:1", []byte(`{"topic":"room:1","type":"typing"}`))
	h.Publish(log.Commit("room:1", 1))
	echoes := 0
	hubtest.Eventually(t, "the echo", func() bool {
		for {
			ev, ok := bus.take(0, false)
			if !ok {
				return echoes >= 2
			}
			if ev.message != nil && ev.message.Kind == hub.KindFrames {
				echoes += len(ev.message.Frames)
			}
			bus.deliver(ev)
		}
	})
	c.Send([]byte(`{"topic":"end","seq":1}`))
	hubtest.WantSeqs(t, r, "end", []int64{1})
	hubtest.WantSeqs(t, r, "room:1", []int64{1})
	if types := r.Types("room:1"); len(types) != 1 {
		t.Errorf("shown %v", types)
	}
}
