package redisbus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/hub"
	"parley/hub/bustest"
	"parley/hub/hubtest"
	"parley/hub/redisbus"
	"parley/hub/redisbus/redistest"
)

func TestMain(m *testing.M) { hubtest.Main(m) }

func newBus(t testing.TB, server *redistest.Server, namespace string) *redisbus.Bus {
	t.Helper()
	b, err := redisbus.New(redisbus.Config{
		URL: server.URL(), Namespace: namespace,
		// A server that is killed is seen by its connections; none hangs here.
		Timeout: 20 * time.Second, PingEvery: 20 * time.Millisecond, PingTimeout: 20 * time.Second, RetryAfter: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestContract(t *testing.T) {
	bustest.Run(t, func(t *testing.T) bustest.Medium {
		server := redistest.Start(t)
		return bustest.Medium{
			Bus:     func(t testing.TB) hub.Bus { return newBus(t, server, "test") },
			Stop:    server.Stop,
			Restart: server.Restart,
		}
	})
}

func TestURL(t *testing.T) {
	_, err := redisbus.New(redisbus.Config{URL: "http://user:secret@host"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a bad URL: %v", err)
	}
}

type ignore struct{}

func (ignore) Receive(hub.Message) {}
func (ignore) Subscribed(string)   {}
func (ignore) StateChanged()       {}

func start(t testing.TB, b *redisbus.Bus, h hub.BusHandler) {
	t.Helper()
	if err := b.Start(h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A Redis that hangs, its connections open, is found out; nobody waits for it
// longer than the timeouts, and it is used again when it goes on.
func TestFrozenRedis(t *testing.T) {
	server := redistest.Start(t)
	b, err := redisbus.New(redisbus.Config{URL: server.URL(), Timeout: 500 * time.Millisecond,
		PingEvery: 10 * time.Millisecond, PingTimeout: 500 * time.Millisecond, RetryAfter: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	start(t, b, ignore{})
	hubtest.Eventually(t, "the bus is up", b.Up)
	batch := []hub.Message{{Topic: "room:1", From: "a", Kind: hub.KindPresence}}
	hubtest.Eventually(t, "messages flow", func() bool { return b.Send(context.Background(), batch) == nil })
	server.Freeze()
	defer server.Thaw()
	// By its own deadline, as the context has none.
	if err := b.Send(context.Background(), batch); err == nil {
		t.Error("Send succeeded on a frozen Redis")
	}
	hubtest.Eventually(t, "the bus is down", func() bool { return !b.Up() })
	b.Subscribe("room:2")
	if err := b.Send(context.Background(), batch); !errors.Is(err, redisbus.ErrDown) {
		t.Errorf("Send while down: %v", err)
	}
	server.Thaw()
	hubtest.Eventually(t, "messages flow again", func() bool { return b.Send(context.Background(), batch) == nil })
}

// A bus whose Redis is not there yet starts all the same, and closes.
func TestRedisComesLater(t *testing.T) {
	server := redistest.Start(t)
	server.Stop()
	b := newBus(t, server, "test")
	start(t, b, ignore{})
	if b.Up() {
		t.Error("up without a server")
	}
	server.Restart()
	hubtest.Eventually(t, "the bus is up", b.Up)
}

// Installations that share one Redis do not hear each other, and what others
// publish on our channels is passed over.
func TestNamespaces(t *testing.T) {
	server := redistest.Start(t)
	log := hubtest.NewLog()
	newHub := func(namespace, name string) (*hub.Hub, *hubtest.Recorder) {
		b := newBus(t, server, namespace)
		h := hubtest.Start(t, hub.Config{Log: log, Bus: b, Instance: name, SweepEvery: time.Hour})
		hubtest.Eventually(t, "the bus is up", b.Up)
		c, r := hubtest.Connect(t, h, "ann")
		hubtest.Join(t, c, "room:1", hub.JoinOptions{})
		return h, r
	}
	one, _ := newHub("one", "a")
	_, seen := newHub("one", "b")
	other, _ := newHub("other", "c")

	opt, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	stranger := redis.NewClient(opt)
	defer func() {
		if err := stranger.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, channel := range []string{"parley:one:control", "parley:one:t:room:1"} {
		hubtest.Eventually(t, "somebody hears "+channel, func() bool {
			n, err := stranger.Publish(context.Background(), channel, "hello").Result()
			return err == nil && n > 0
		})
	}
	hubtest.Eventually(t, "a signal within the namespace", func() bool {
		one.Signal("room:1", []byte(`{"topic":"room:1","type":"typing"}`))
		return slices.Contains(seen.Types("room:1"), "typing")
	})
	if n := other.Stats().BusReceived; n > 0 {
		t.Errorf("%d messages of another namespace", n)
	}
}

// BenchmarkSend is what an event costs on the bus: two frames, of a room and of
// the feed, in batches as they come from a busy store.
func BenchmarkSend(b *testing.B) {
	const batch = 64
	server := redistest.Start(b)
	bus := newBus(b, server, "test")
	start(b, bus, ignore{})
	hubtest.Eventually(b, "the bus is up", bus.Up)
	data := make([]byte, 400)
	var messages []hub.Message
	feed := hub.Message{Topic: "feed", From: "a", Kind: hub.KindFrames}
	for i := range batch {
		topic := fmt.Sprint("room:", i)
		messages = append(messages, hub.Message{Topic: topic, From: "a", Kind: hub.KindFrames,
			Frames: []hub.Frame{{Topic: topic, Seq: 1, Data: data}}})
		feed.Frames = append(feed.Frames, hub.Frame{Topic: "feed", Seq: int64(i), Data: data})
	}
	messages = append(messages, feed)
	b.ReportAllocs()
	for b.Loop() {
		if err := bus.Send(context.Background(), messages); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/event")
}

// BenchmarkAcross is an event on its way: published on one instance, read on the
// other, with a batch waiting whenever the bus is busy.
func BenchmarkAcross(b *testing.B) {
	server := redistest.Start(b)
	var arrived atomic.Int64
	hubs := make([]*hub.Hub, 2)
	for i := range hubs {
		bus := newBus(b, server, "test")
		hubs[i] = hubtest.Start(b, hub.Config{Log: hubtest.NewLog(), Bus: bus, Instance: fmt.Sprint(i), SweepEvery: time.Hour})
		hubtest.Eventually(b, "the bus is up", bus.Up)
	}
	const rooms = 100
	each := make([]atomic.Int64, rooms)
	for i := range rooms {
		c, err := hubs[1].Connect(counting{&arrived, &each[i]}, hub.ConnInfo{Identity: fmt.Sprint(i)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(c.Wait)
		if err := c.Join(context.Background(), fmt.Sprint("room:", i), hub.JoinOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range rooms { // until all are subscribed
		hubtest.Eventually(b, "messages flow", func() bool {
			hubs[0].Signal(fmt.Sprint("room:", i), []byte("{}"))
			return each[i].Load() > 0
		})
	}
	arrived.Store(0)
	data := make([]byte, 400)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		hubs[0].Publish([]hub.Frame{{Topic: fmt.Sprint("room:", i%rooms), Seq: int64(i/rooms) + 1, Data: data}})
		if i%1024 == 0 { // the outbox is bounded
			hubtest.Eventually(b, "the other one keeps up", func() bool { return arrived.Load() >= int64(i)-4096 })
		}
	}
	hubtest.Eventually(b, "all have arrived", func() bool { return arrived.Load() >= int64(b.N) })
	if n := hubs[0].Stats().BusDropped; n > 0 {
		b.Errorf("%d dropped", n)
	}
}

// counting is a transport that counts frames, together and for itself.
type counting struct{ all, own *atomic.Int64 }

func (c counting) Write(frames [][]byte) ([][]byte, error) {
	c.all.Add(int64(len(frames)))
	c.own.Add(int64(len(frames)))
	return nil, nil
}

func (c counting) Finish([][]byte) error { return nil }

func (c counting) Close(int, string) error { return nil }
