package insight

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"parley/rooms"
	"parley/store"
)

const (
	// beatEvery is how often an instance makes itself known.
	beatEvery = 15 * time.Second
	// beatFor is how long it is believed to run.
	beatFor = 3 * beatEvery
)

// Instance is a running server.
type Instance struct {
	ID          string
	StartedAt   rooms.Time
	Connections int64
}

// Beat makes an instance known to the others, and removes those that have not been
// heard of.
func Beat(ctx context.Context, s *store.Store, in Instance) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		now := store.Micros(t.Now)
		_, err := t.DB.NewRaw("INSERT INTO instances (id, started_at, seen_at, connections) VALUES (?, ?, ?, ?)"+
			" ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at, connections = EXCLUDED.connections",
			in.ID, store.Micros(in.StartedAt), now, in.Connections).Exec(ctx)
		if err == nil {
			_, err = t.DB.NewRaw("DELETE FROM instances WHERE seen_at < ?", now-beatFor.Microseconds()).Exec(ctx)
		}
		if err != nil {
			return struct{}{}, fmt.Errorf("make the instance known: %w", err)
		}
		return struct{}{}, nil
	})
	return err
}

// Leave says that an instance has ended.
func Leave(ctx context.Context, s *store.Store, id string) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		if _, err := t.DB.NewRaw("DELETE FROM instances WHERE id = ?", id).Exec(ctx); err != nil {
			return struct{}{}, fmt.Errorf("forget the instance: %w", err)
		}
		return struct{}{}, nil
	})
	return err
}

// RunBeat makes the instance known until ctx ends, and then says that it has ended.
func RunBeat(ctx context.Context, s *store.Store, in Instance, connections func() int64, log *slog.Logger) {
	every(ctx, beatEvery, func() {
		in.Connections = connections()
		if err := Beat(ctx, s, in); err != nil && ctx.Err() == nil {
			log.Warn("making the instance known failed", "error", err)
		}
	})
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := Leave(last, s, in.ID); err != nil {
		log.Warn("forgetting the instance failed", "error", err)
	}
}

// Instances are those that run at now.
func Instances(ctx context.Context, s *store.Store, now rooms.Time) ([]Instance, error) {
	var rows []struct {
		ID                     string
		StartedAt, Connections int64
	}
	err := s.Reads().NewRaw("SELECT id, started_at, connections FROM instances WHERE seen_at >= ? ORDER BY id",
		store.Micros(now)-beatFor.Microseconds()).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("list instances", err)
	}
	list := make([]Instance, len(rows))
	for i, r := range rows {
		list[i] = Instance{ID: r.ID, StartedAt: store.TimeOf(r.StartedAt), Connections: r.Connections}
	}
	return list, nil
}
