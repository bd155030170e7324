package bustest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/hub"
	"parley/hub/hubtest"
)

// newHub starts an instance that sweeps rarely, so that a test sees what the bus
// does, unless the bus is down.
func newHub(t *testing.T, m Medium, log hub.Log, name string) *hub.Hub {
	t.Helper()
	b := m.Bus(t)
	h := hubtest.Start(t, hub.Config{
		Log: log, Bus: b, Instance: name, Epoch: "e1",
		SweepEvery: time.Hour, SweepDown: 10 * time.Millisecond, GapWait: time.Millisecond,
		PresenceEvery: 100 * time.Millisecond, PresenceTTL: time.Hour, PresenceWait: time.Millisecond,
		Sparse: func(topic string) bool { return strings.HasPrefix(topic, "inbox:") },
	})
	hubtest.Eventually(t, "the bus is up", b.Up)
	return h
}

// hubsShareFrames: readers on both instances see one order, whoever publishes,
// and nothing twice, though publishers meet each other's echo.
func hubsShareFrames(t *testing.T, m Medium) {
	const n = 200
	log := hubtest.NewLog()
	hubs := []*hub.Hub{newHub(t, m, log, "a"), newHub(t, m, log, "b")}
	var readers []*hubtest.Recorder
	for i, h := range hubs {
		c, r := hubtest.Connect(t, h, fmt.Sprintf("reader-%d", i))
		hubtest.Join(t, c, "room:1", hub.JoinOptions{})
		readers = append(readers, r)
	}
	for i := range n {
		hubs[i%2].Publish(log.Commit("room:1", 1+i%3))
	}
	head := log.Head("room:1")
	for _, r := range readers {
		hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, head))
	}
	hubs[0].Signal("room:1", []byte(`{"topic":"room:1","type":"typing"}`))
	for _, r := range readers {
		hubtest.Eventually(t, "the signal", func() bool {
			return slices.Contains(r.Types("room:1"), "typing")
		})
	}
}

// hubsSharePresence: who is there is seen on both, once, and vanishes.
func hubsSharePresence(t *testing.T, m Medium) {
	log := hubtest.NewLog()
	a, b := newHub(t, m, log, "a"), newHub(t, m, log, "b")
	ann, seenByAnn := hubtest.Connect(t, a, "ann")
	hubtest.Join(t, ann, "room:1", hub.JoinOptions{Member: []byte(`"ann"`)})
	bob, seenByBob := hubtest.Connect(t, b, "bob")
	hubtest.Join(t, bob, "room:1", hub.JoinOptions{Member: []byte(`"bob"`)})
	tab, _ := hubtest.Connect(t, b, "ann")
	hubtest.Join(t, tab, "room:1", hub.JoinOptions{Member: []byte(`"ann"`)})
	watcher, seenByWatcher := hubtest.Connect(t, b, "admin")
	hubtest.Join(t, watcher, "room:1", hub.JoinOptions{})
	for _, r := range []*hubtest.Recorder{seenByAnn, seenByBob, seenByWatcher} {
		hubtest.Eventually(t, "both are shown", func() bool { return r.Presence("room:1") == `["ann","bob"]` })
	}
	ann.Leave("room:1")
	bob.Leave("room:1")
	hubtest.Eventually(t, "one is shown", func() bool { return seenByWatcher.Presence("room:1") == `["ann"]` })
	tab.Wait()
	hubtest.Eventually(t, "nobody is shown", func() bool { return seenByWatcher.Presence("room:1") == `[]` })
}

// hubsDisconnect: a person's connections close on every instance.
func hubsDisconnect(t *testing.T, m Medium) {
	log := hubtest.NewLog()
	a, b := newHub(t, m, log, "a"), newHub(t, m, log, "b")
	_, here := hubtest.Connect(t, a, "mallory")
	_, there := hubtest.Connect(t, b, "mallory")
	_, other := hubtest.Connect(t, b, "ann")
	a.Disconnect("mallory", 4201, "flagged")
	for _, r := range []*hubtest.Recorder{here, there} {
		hubtest.Eventually(t, "the connection is closed", func() bool { _, _, n := r.Closed(); return n == 1 })
		if code, reason, _ := r.Closed(); code != 4201 || reason != "flagged" {
			t.Errorf("closed with %d %q", code, reason)
		}
	}
	b.DisconnectSession("ann", "another session", 4999, "")
	a.DisconnectSession("ann", "s-ann", 4200, "")
	hubtest.Eventually(t, "the session's connection is closed", func() bool { _, _, n := other.Closed(); return n == 1 })
	if code, _, _ := other.Closed(); code != 4200 {
		t.Errorf("closed with %d, another session's", code)
	}
}

// hubsOutage: with the bus down readers elsewhere get everything from the log,
// and go on live when it is back.
func hubsOutage(t *testing.T, m Medium) {
	log := hubtest.NewLog()
	a, b := newHub(t, m, log, "a"), newHub(t, m, log, "b")
	c, r := hubtest.Connect(t, b, "ann")
	hubtest.Join(t, c, "room:1", hub.JoinOptions{})
	a.Publish(log.Commit("room:1", 3))
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 3))
	m.Stop()
	hubtest.Eventually(t, "both are down", func() bool { return !a.Stats().BusUp && !b.Stats().BusUp })
	for range 20 {
		a.Publish(log.Commit("room:1", 1))
	}
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 23))
	m.Restart()
	hubtest.Eventually(t, "both are up", func() bool { return a.Stats().BusUp && b.Stats().BusUp })
	received := b.Stats().BusReceived
	a.Publish(log.Commit("room:1", 2))
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, 25))
	hubtest.Eventually(t, "messages flow again", func() bool {
		a.Publish(log.Commit("room:1", 1))
		return b.Stats().BusReceived > received
	})
	hubtest.WantSeqs(t, r, "room:1", hubtest.UpTo(1, log.Head("room:1")))
}

// hubsDisconnectAfterOutage: a disconnect is in no log, so it is sent again.
func hubsDisconnectAfterOutage(t *testing.T, m Medium) {
	log := hubtest.NewLog()
	a, b := newHub(t, m, log, "a"), newHub(t, m, log, "b")
	_, here := hubtest.Connect(t, a, "mallory")
	_, there := hubtest.Connect(t, b, "mallory")
	m.Stop()
	hubtest.Eventually(t, "both are down", func() bool { return !a.Stats().BusUp && !b.Stats().BusUp })
	a.Disconnect("mallory", 4201, "flagged")
	hubtest.Eventually(t, "closed here", func() bool { _, _, n := here.Closed(); return n == 1 })
	if _, _, n := there.Closed(); n != 0 {
		t.Fatal("closed there while the bus was down")
	}
	m.Restart()
	hubtest.Eventually(t, "closed there", func() bool { _, _, n := there.Closed(); return n == 1 })
}

// hubsSparseOutage: what a sparse topic missed comes from the log, also below a
// seq that arrived.
func hubsSparseOutage(t *testing.T, m Medium) {
	log := hubtest.NewLog()
	a, b := newHub(t, m, log, "a"), newHub(t, m, log, "b")
	c, r := hubtest.Connect(t, b, "ann")
	hubtest.Join(t, c, "inbox:ann", hub.JoinOptions{})
	a.Publish(log.CommitAt("inbox:ann", 10))
	hubtest.WantSeqs(t, r, "inbox:ann", []int64{10})
	m.Stop()
	hubtest.Eventually(t, "both are down", func() bool { return !a.Stats().BusUp && !b.Stats().BusUp })
	missed := log.CommitAt("inbox:ann", 17)
	b.Publish(log.CommitAt("inbox:ann", 23))
	a.Publish(missed)
	hubtest.Eventually(t, "all three", func() bool { return len(r.Seqs("inbox:ann")) >= 3 })
	m.Restart()
	hubtest.Eventually(t, "both are up", func() bool { return a.Stats().BusUp && b.Stats().BusUp })
	hubtest.Eventually(t, "messages flow again", func() bool {
		received := b.Stats().BusReceived
		a.Publish(log.CommitAt("inbox:ann", log.Head("inbox:ann")+5))
		return b.Stats().BusReceived > received
	})
	head := log.Head("inbox:ann")
	hubtest.Eventually(t, "the newest", func() bool { return slices.Contains(r.Seqs("inbox:ann"), head) })
	want := []int64{10, 17}
	for seq := int64(23); seq <= head; seq += 5 {
		want = append(want, seq)
	}
	hubtest.Eventually(t, "all of them", func() bool { return len(r.Seqs("inbox:ann")) >= len(want) })
	got := r.Seqs("inbox:ann")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
