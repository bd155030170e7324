package membus_test

import (
	"testing"

	"parley/hub"
	"parley/hub/bustest"
	"parley/hub/hubtest"
	"parley/hub/membus"
)

func TestMain(m *testing.M) { hubtest.Main(m) }

func TestContract(t *testing.T) {
	bustest.Run(t, func(*testing.T) bustest.Medium {
		broker := membus.NewBroker()
		return bustest.Medium{
			Bus:     func(testing.TB) hub.Bus { return broker.Bus() },
			Stop:    func() { broker.SetDown(true) },
			Restart: func() { broker.SetDown(false) },
		}
	})
}
