package webhookstest

import (
	"context"
	"errors"

	"parley/store"
	"parley/store/webhooks"
)

// SwitchOff has an endpoint fail as long and as often as switches it off now.
func SwitchOff(ctx context.Context, t *store.Tx, m *webhooks.Message, reason string) error {
	now := t.Now
	defer func() { t.Now = now }()
	t.Now = now.Add(-webhooks.FailingToOff)
	for range webhooks.FailuresToOff - 1 {
		if _, err := webhooks.Failed(ctx, t, m, reason); err != nil {
			return err
		}
	}
	t.Now = now
	off, err := webhooks.Failed(ctx, t, m, reason)
	if err == nil && off == nil {
		err = errors.New("it is on still")
	}
	return err
}
