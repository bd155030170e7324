package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
)

const (
	// A write-ahead log of so many frames (pages of 4 KiB) is copied back.
	checkpointFrames = 4096
	// The writer asks how long the log is once in so many transactions.
	checkpointEvery = 16
	// This part of them the writer copies itself, between two transactions; what is
	// more than that is copied beside it first, in so many passes at most.
	checkpointInline = 8
	checkpointPasses = 4
	// How long the writer then waits for readers of the old log: 20 milliseconds.
	checkpointPatience = "PRAGMA busy_timeout(20)"
	noPatience         = "PRAGMA busy_timeout(0)"
)

// checkpointer copies a SQLite write-ahead log back into the database. SQLite
// would do it inside a commit, which then takes many times as long. Here a
// connection of its own copies while the writer goes on, and the writer only
// copies the rest between two transactions, so that the log starts over and stays
// short.
type checkpointer struct {
	pool    *sql.DB
	log     *slog.Logger
	limit   int64 // in frames
	commits int
	passes  int
	done    chan error // of the running pass, nil for none
}

// walState is how long the log is and how much of it was copied, in frames.
type walState struct{ frames, copied int64 }

func (e *sqliteEngine) walState(ctx context.Context, mode string) (w walState, err error) {
	err = e.raw(func(c sqliteRaw) error {
		return e.query(ctx, c, "PRAGMA wal_checkpoint("+mode+")", func(row []driver.Value) error {
			p := columns[driver.Value]{v: row}
			p.int()
			w = walState{frames: p.int(), copied: p.int()}
			return p.err("wal_checkpoint")
		})
	})
	return w, err
}

// tidy is called by the writer between its transactions.
func (e *sqliteEngine) tidy(ctx context.Context) {
	k := e.check
	if k.done != nil {
		select {
		case err := <-k.done:
			k.done = nil
			if err != nil {
				k.fail(err)
				return
			}
		default:
			return
		}
	} else if k.commits++; k.commits < checkpointEvery {
		return
	}
	k.commits = 0
	w, err := e.walState(ctx, "NOOP")
	switch {
	case err != nil:
		k.fail(err)
	case w.frames < k.limit:
		k.passes = 0
	case w.frames-w.copied > k.limit/checkpointInline && k.passes < checkpointPasses:
		k.passes++
		k.begin()
	default:
		k.passes = 0
		if err := e.restartLog(ctx); err != nil {
			k.fail(err)
		}
	}
}

// begin starts a pass beside the writer.
func (k *checkpointer) begin() {
	k.done = make(chan error, 1)
	go func() {
		_, err := k.pool.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
		k.done <- err
	}()
}

// restartLog copies what is left and lets the next transaction begin the log anew.
// Readers of the old log are waited for a moment; with one that stays the log goes
// on and this is tried again.
func (e *sqliteEngine) restartLog(ctx context.Context) (err error) {
	if err := e.turn.enter(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.turn.leave()) }()
	pragma := func(query string) error {
		return e.raw(func(c sqliteRaw) error { return e.exec(ctx, c, query) })
	}
	if err := pragma(checkpointPatience); err != nil {
		return err
	}
	_, err = e.walState(ctx, "RESTART")
	if failureOf(err) == failBusy {
		err = nil
	}
	return errors.Join(err, pragma(noPatience))
}

// fail tells that the log could not be copied: it grows until it can.
func (k *checkpointer) fail(err error) {
	k.passes = 0
	k.log.Warn("the write-ahead log could not be copied back", "error", err)
}

// close waits for a running pass.
func (k *checkpointer) close() error {
	if k.done != nil {
		<-k.done
	}
	return k.pool.Close()
}
