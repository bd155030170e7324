package redisbus_test

import (
	"context"
	"errors"
	"slices"
	"strings"
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

// inboxes are shared in these tests, unless they say otherwise.
func inboxes(topic string) bool { return strings.HasPrefix(topic, "inbox:") }

func newBus(t testing.TB, server *redistest.Server, namespace string) *redisbus.Bus {
	t.Helper()
	return newSharingBus(t, server, namespace, inboxes)
}

func newSharingBus(t testing.TB, server *redistest.Server, namespace string, shared func(topic string) bool) *redisbus.Bus {
	t.Helper()
	b, err := redisbus.New(redisbus.Config{
		URL: server.URL(), Namespace: namespace, Shared: shared,
		// A server that is killed is seen by its connections; none hangs here.
		Timeout: 20 * time.Second, PingEvery: 20 * time.Millisecond, PingTimeout: 20 * time.Second, RetryAfter: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func everything(string) bool { return true }

// forms are the ways in which topics have channels.
var forms = []struct {
	name   string
	shared func(topic string) bool
}{
	{"Own", nil},
	{"Shared", everything},
}

func TestContract(t *testing.T) {
	for _, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			bustest.Run(t, func(t *testing.T) bustest.Medium {
				server := redistest.Start(t)
				return bustest.Medium{
					Bus:     func(t testing.TB) hub.Bus { return newSharingBus(t, server, "test", form.shared) },
					Stop:    server.Stop,
					Restart: server.Restart,
				}
			})
		})
	}
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
