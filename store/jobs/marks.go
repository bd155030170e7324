package jobs

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/store"
)

// Mark is how far whoever goes through a list under this name has come; 0 at first.
func Mark(ctx context.Context, s *store.Store, name string) (int64, error) {
	value, err := mark(ctx, s.Reads(), name)
	if err != nil {
		return 0, store.ReadError("read a mark", err)
	}
	return value, nil
}

func mark(ctx context.Context, db bun.IDB, name string) (int64, error) {
	var list []int64
	if err := db.NewRaw("SELECT value FROM job_marks WHERE name = ?", name).Scan(ctx, &list); err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0], nil
}

// raiseMark moves a mark that stands lower.
func raiseMark(ctx context.Context, t *store.Tx, name string, to int64) error {
	_, err := t.DB.NewRaw("INSERT INTO job_marks (name, value) VALUES (?, ?)"+
		" ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value WHERE job_marks.value < EXCLUDED.value", name, to).Exec(ctx)
	if err != nil {
		return fmt.Errorf("jobs: raise a mark: %w", err)
	}
	return nil
}

// MoveMark moves a mark in the transaction of what was found on the way, and tells
// whether it still stood at from: else somebody else has gone that way, and the
// transaction must keep nothing.
func MoveMark(ctx context.Context, t *store.Tx, name string, from, to int64) (bool, error) {
	q := "UPDATE job_marks SET value = ? WHERE name = ? AND value = ?"
	args := []any{to, name, from}
	if from == 0 {
		// The row is made by the first move.
		q = "INSERT INTO job_marks (value, name) VALUES (?, ?)" +
			" ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value WHERE job_marks.value = ?"
	}
	res, err := t.DB.NewRaw(q, args...).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("jobs: move a mark: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
