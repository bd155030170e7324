package store

import (
	"context"
	"database/sql"

	"github.com/oklog/ulid/v2"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"parley/rooms"
)

// What follows is for the packages below this one, which keep tables of their own
// in the same database: they write by the one writer and read from the same pool.

// Write runs do in the writer's next transaction and waits for its result. do may
// be called again when the transaction is: it begins anew each time and keeps
// nothing from the time before. It must not touch the tables of rooms and campaigns
// other than to read what is committed. An error that is neither a *rooms.Refusal
// nor ErrNotFound wraps ErrUnavailable. When ctx ends first the write may still
// happen.
func Write[T any](ctx context.Context, s *Store, do func(ctx context.Context, t *Tx) (T, error)) (T, error) {
	return write(ctx, s, false, do)
}

// Also is what happens in the transaction of a write of the store: an entry, a notice, a
// mail. Its error takes back the whole write. Like the write it may be called again.
type Also = func(ctx context.Context, t *Tx) error

// also runs what is to happen besides.
func (t *Tx) also(ctx context.Context, list []Also) error {
	for _, do := range list {
		if err := do(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// Reads are the connections that only read.
func (s *Store) Reads() *bun.DB { return s.reads.db }

// BeginReads begins reads that all see the store at one moment; Rollback ends them.
func (s *Store) BeginReads(ctx context.Context) (bun.Tx, error) {
	opts := &sql.TxOptions{ReadOnly: true}
	if s.Reads().Dialect().Name() == dialect.PG { // SQLite's transactions are snapshots by themselves
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.Reads().BeginTx(ctx, opts)
	if err != nil {
		return tx, ReadError("begin to read", err)
	}
	return tx, nil
}

// ActiveDay is the day of a time as ad_requests.active_day counts it: that of a room's
// last event.
func ActiveDay(t rooms.Time) int64 { return micros(t) / dayMicros }

// NewID makes a ULID from the store's clock and randomness.
func (s *Store) NewID() (string, error) { return s.newID() }

// ReadError maps the error of a read: no row is ErrNotFound, the rest is
// ErrUnavailable.
func ReadError(what string, err error) error { return readError(what, err) }

// RowError maps the error of a read inside a write: no row is ErrNotFound; the rest
// stays what it is, for the writer to judge.
func RowError(what string, err error) error { return notFound(what, err) }

// FirstID is the least id that NewID could have made at a time: the ids of rows that were
// made earlier are less.
func FirstID(at rooms.Time) string {
	var id ulid.ULID
	// It fails for years after 10889 only.
	_ = id.SetTime(ulid.Timestamp(at.Time))
	return id.String()
}

// Sweep removes a bounded number of rows: find selects the keys of some, by the readers,
// so that the writer's transaction has nothing to look for, and remove takes them out. A
// row may have changed between the two: remove repeats the condition if that matters. It
// tells how many were removed.
func Sweep[K any](
	ctx context.Context, s *Store, find *bun.SelectQuery, remove func(ctx context.Context, t *Tx, keys []K) (int64, error),
) (int64, error) {
	var keys []K
	if err := find.Scan(ctx, &keys); err != nil {
		return 0, ReadError("find what is old", err)
	}
	if len(keys) == 0 {
		return 0, nil
	}
	return Write(ctx, s, func(ctx context.Context, t *Tx) (int64, error) { return remove(ctx, t, keys) })
}

// IsUnique reports whether err says that a unique key is taken.
func IsUnique(err error) bool { return isUnique(err) }

// NewID makes a ULID. Those of one process ascend in the order in which they were
// made while the clock does, so that rows of one transaction keep their order.
func (t *Tx) NewID() (string, error) { return t.ids.next() }

// Micros is a time as columns keep it: microseconds since the epoch, 0 for none.
func Micros(t rooms.Time) int64 { return micros(t) }

// TimeOf is the time of a column.
func TimeOf(us int64) rooms.Time { return timeOf(us) }

// TimeOrNil is the time of a column that may be NULL.
func TimeOrNil(us *int64) *rooms.Time { return timeOrNil(us) }

// PageSize bounds the limit that a list was given.
func PageSize(limit int) int { return pageSize(limit) }

// Contains looks for a text, whatever its case, in any of the columns.
func Contains(q *bun.SelectQuery, text string, columns ...string) *bun.SelectQuery {
	return contains(q, text, columns...)
}
