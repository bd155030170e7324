package digest

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
)

// Fallback hands tasks to First, and those that it does not take to Second: what is due
// is done here while what lies between instances is away. Both may be at the same kind
// then; the claims keep them apart.
type Fallback struct {
	First, Second Runner
	Logger        *slog.Logger

	away atomic.Bool
}

// Submit implements Runner.
func (f *Fallback) Submit(ctx context.Context, t Task) error {
	err := f.First.Submit(ctx, t)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if was := f.away.Swap(err != nil); was != (err != nil) {
		if err != nil {
			f.Logger.Warn("jobs: carried out here alone while Redis is away", "err", err)
		} else {
			f.Logger.Info("jobs: shared between instances again")
		}
	}
	if err != nil {
		return f.Second.Submit(ctx, t)
	}
	return nil
}

// Start implements Runner.
func (f *Fallback) Start(do func(ctx context.Context, t Task)) error {
	if err := f.Second.Start(do); err != nil {
		return err
	}
	return f.First.Start(do)
}

// Stop implements Runner.
func (f *Fallback) Stop(ctx context.Context) error {
	return errors.Join(f.First.Stop(ctx), f.Second.Stop(ctx))
}
