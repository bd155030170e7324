package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"parley/rooms"
)

// errCorrupt says that a row holds what it never should. Only the item that met
// it fails.
var errCorrupt = errors.New("store: corrupt row")

// errUntold says that what goes with a command could not be written. The command
// alone is to fail.
var errUntold = errors.New("store: what goes with a command was refused")

// failureOf classifies an error by the driver's codes, never by its text.
func failureOf(err error) failure {
	if err == nil {
		return failNone
	}
	if errors.Is(err, errUntold) {
		return failConstraint
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
			return failConstraint
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return failBusy
		default:
			return failUnavailable
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case len(pg.Code) == 5 && slices.Contains(refusedClasses, pg.Code[:2]):
			return failConstraint
		case pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03":
			return failBusy
		default:
			return failUnavailable
		}
	}
	if isLost(err) {
		return failUnavailable
	}
	return failNone
}

// refusedClasses are PostgreSQL's classes of errors that follow from what a statement
// says: data it cannot take, constraints, the statement itself, its size, a trigger.
var refusedClasses = []string{"22", "23", "42", "54", "P0"}

// isLost reports whether an error without a code of the database says that it cannot be
// reached, or not in time. What else comes without one is the own fault of who wrote; if
// it is not after all, the next statement on the connection says so.
func isLost(err error) bool {
	for _, lost := range []error{
		context.Canceled, context.DeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
	} {
		if errors.Is(err, lost) {
			return true
		}
	}
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err)
}

// isAnswer reports whether an error of a write is one that its caller acts on.
func isAnswer(err error) bool {
	var refusal *rooms.Refusal
	return errors.As(err, &refusal) || errors.Is(err, ErrNotFound) || errors.Is(err, sql.ErrNoRows)
}

// isUnique reports whether err says that a unique key is taken.
func isUnique(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// isForeignKey reports whether err says that a row named by another is missing.
func isForeignKey(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503"
}

// unavailable wraps an error of the database for callers.
func unavailable(what string, err error) error {
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
}

// readError maps the error of a read: no row is ErrNotFound, the rest is
// ErrUnavailable.
func readError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrNotFound):
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	default:
		return unavailable(what, err)
	}
}

// notFound maps the error of a read inside a write: no row is ErrNotFound; the
// rest stays what it is, for the writer to judge.
func notFound(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}
