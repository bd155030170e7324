package redisbus_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/hub"
	"parley/hub/bustest"
	"parley/hub/redisbus"
	"parley/hub/redisbus/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newBus(t testing.TB, server *redistest.Server, namespace string) *redisbus.Bus {
	t.Helper()
	b, err := redisbus.New(redisbus.Config{
		URL: server.URL(), Namespace: namespace,
		PingEvery: 20 * time.Millisecond, PingTimeout: time.Second, RetryAfter: 5 * time.Millisecond,
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
