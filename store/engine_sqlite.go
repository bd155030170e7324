package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// sqliteEngine is the writer's connection to a SQLite file. The statements of
// every batch are prepared once and run on the driver's connection itself: through
// database/sql the same rows cost half as much again.
type sqliteEngine struct {
	conn bun.Conn
	pool *sql.DB // of conn alone
	turn *turnstile

	check *checkpointer

	stmts map[string]driver.Stmt
	args  []driver.NamedValue // reused
	row   []driver.Value      // reused

	version int64 // PRAGMA data_version at the last commit
	touches int64 // of meta then
	known   bool  // both are known
}

// sqliteRaw is what the driver's connection offers.
type sqliteRaw interface {
	driver.ConnPrepareContext
	driver.ExecerContext
}

func newSQLiteEngine(conn bun.Conn, pool *sql.DB, turn *turnstile, check *checkpointer) *sqliteEngine {
	return &sqliteEngine{conn: conn, pool: pool, turn: turn, check: check, stmts: make(map[string]driver.Stmt)}
}

func (e *sqliteEngine) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	// A context that can end costs the driver a goroutine a statement, and a local
	// file needs none.
	return ctx, func() {}
}

func (e *sqliteEngine) begin(ctx context.Context) (done since, err error) {
	if err := e.turn.enter(); err != nil {
		return sinceUnknown, err
	}
	err = e.raw(func(c sqliteRaw) error {
		if err := e.exec(ctx, c, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		version, err := e.number(ctx, c, "PRAGMA data_version")
		if err != nil {
			return err
		}
		if e.known && version == e.version {
			done = sinceNothing
			return nil
		}
		touches, err := e.number(ctx, c, "SELECT touches FROM meta")
		if err != nil {
			return err
		}
		if e.known && touches == e.touches {
			done = sinceEvents
		}
		e.version, e.touches, e.known = version, touches, true
		return nil
	})
	if err != nil {
		e.rollback(ctx)
	}
	return done, err
}

// number runs a query of one number.
func (e *sqliteEngine) number(ctx context.Context, c sqliteRaw, query string) (n int64, err error) {
	err = e.query(ctx, c, query, func(row []driver.Value) error {
		p := columns[driver.Value]{v: row}
		n = p.int()
		return p.err(query)
	})
	return n, err
}

func (e *sqliteEngine) commit(ctx context.Context, touched bool) error {
	err := e.raw(func(c sqliteRaw) error {
		if touched {
			if err := e.exec(ctx, c, "UPDATE meta SET touches = touches + 1"); err != nil {
				return err
			}
			e.touches++
		}
		return e.exec(ctx, c, "COMMIT")
	})
	if err != nil {
		return err
	}
	return e.turn.leave()
}

func (e *sqliteEngine) rollback(ctx context.Context) {
	e.known = false
	// Some errors have ended the transaction already; then this one is refused.
	_ = e.raw(func(c sqliteRaw) error { return e.exec(ctx, c, "ROLLBACK") })
	_ = e.turn.leave()
}

func (e *sqliteEngine) savepoint(ctx context.Context) error {
	return e.raw(func(c sqliteRaw) error { return e.exec(ctx, c, "SAVEPOINT item") })
}

func (e *sqliteEngine) release(ctx context.Context) error {
	return e.raw(func(c sqliteRaw) error { return e.exec(ctx, c, "RELEASE item") })
}

func (e *sqliteEngine) rollbackTo(ctx context.Context) error {
	return e.raw(func(c sqliteRaw) error {
		if err := e.exec(ctx, c, "ROLLBACK TO item"); err != nil {
			return err
		}
		return e.exec(ctx, c, "RELEASE item")
	})
}

func (e *sqliteEngine) db() bun.IDB { return e.conn }

func (e *sqliteEngine) close() error {
	var errs []error
	for _, s := range e.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, e.check.close(), e.conn.Close(), e.pool.Close(), e.turn.close())...)
}

// raw runs f on the driver's connection.
func (e *sqliteEngine) raw(f func(sqliteRaw) error) error {
	return e.conn.Raw(func(c any) error {
		raw, ok := c.(sqliteRaw)
		if !ok {
			return fmt.Errorf("store: unexpected SQLite connection %T", c)
		}
		return f(raw)
	})
}

func (e *sqliteEngine) prepare(ctx context.Context, c sqliteRaw, query string) (driver.Stmt, error) {
	if s, ok := e.stmts[query]; ok {
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	e.stmts[query] = s
	return s, nil
}

func (e *sqliteEngine) named(args []any) []driver.NamedValue {
	e.args = e.args[:0]
	for i, a := range args {
		e.args = append(e.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return e.args
}

func (e *sqliteEngine) exec(ctx context.Context, c sqliteRaw, query string, args ...any) error {
	_, err := e.run(ctx, c, query, args)
	return err
}

func (e *sqliteEngine) run(ctx context.Context, c sqliteRaw, query string, args []any) (driver.Result, error) {
	s, err := e.prepare(ctx, c, query)
	if err != nil {
		return nil, err
	}
	x, ok := s.(driver.StmtExecContext)
	if !ok {
		return nil, fmt.Errorf("store: unexpected SQLite statement %T", s)
	}
	return x.ExecContext(ctx, e.named(args))
}

// query calls f with each row; the row is reused.
func (e *sqliteEngine) query(ctx context.Context, c sqliteRaw, query string, f func([]driver.Value) error, args ...any) (err error) {
	s, err := e.prepare(ctx, c, query)
	if err != nil {
		return err
	}
	q, ok := s.(driver.StmtQueryContext)
	if !ok {
		return fmt.Errorf("store: unexpected SQLite statement %T", s)
	}
	rows, err := q.QueryContext(ctx, e.named(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := len(rows.Columns())
	e.row = slices.Grow(e.row[:0], n)[:n]
	for {
		switch err := rows.Next(e.row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := f(e.row); err != nil {
			return err
		}
	}
}

func (e *sqliteEngine) flush(ctx context.Context, p *pending) error {
	return e.raw(func(c sqliteRaw) error {
		args := make([]any, 0, bulkRows*len(roomColumns))
		err := e.insert(ctx, c, &commandSQL, len(p.commands), args, func(args []any, i int) []any {
			r := &p.commands[i]
			return append(args, r.key.cmid, r.key.room, r.fingerprint[:], r.seq, micros(r.at), textOf(r.refusal))
		})
		if err != nil {
			return err
		}
		if err := e.saveRooms(ctx, c, p.rooms, args); err != nil {
			return err
		}
		err = e.insert(ctx, c, &eventSQL, len(p.events), args, func(args []any, i int) []any {
			ev := &p.events[i]
			return append(args, ev.pos, ev.prev, ev.room, ev.seq, string(ev.typ), micros(ev.at), ev.hash[:], ev.body)
		})
		if err != nil {
			return err
		}
		for i := range p.events {
			if ev := &p.events[i]; ev.marked() {
				if err := e.exec(ctx, c, sqliteAddMark, ev.room, ev.seq, ev.pos); err != nil {
					return err
				}
			}
		}
		for _, l := range p.ledgers {
			res, err := e.run(ctx, c, sqliteLedger, []any{l.Committed, l.Held, l.n, l.stored.Committed, l.stored.Held})
			if err != nil {
				return err
			}
			if err := changed(res, 1); err != nil {
				return err
			}
		}
		return nil
	})
}

// bulkRows is how many rows one statement inserts: a statement a row costs about
// a third more, longer ones gain nothing.
const bulkRows = 8

// bulkInsert are statements that insert one row and bulkRows rows.
type bulkInsert struct{ one, many string }

func newBulkInsert(table, columns, conflict string) bulkInsert {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", strings.Count(columns, ",")+1), ", ") + ")"
	into := "INSERT INTO " + table + " (" + columns + ") VALUES " + row
	return bulkInsert{one: into + conflict, many: into + strings.Repeat(", "+row, bulkRows-1) + conflict}
}

var (
	commandSQL = newBulkInsert("commands", "cmid, room_id, fingerprint, seq, at, refusal", "")
	eventSQL   = newBulkInsert("events", "pos, prev, room_id, seq, type, at, hash, body", "")
)

// insert writes n rows; row appends the values of the row i. A row that the database
// leaves as it is fails all.
func (e *sqliteEngine) insert(ctx context.Context, c sqliteRaw, into *bulkInsert, n int, args []any, row func(args []any, i int) []any) error {
	for i := 0; i < n; {
		query, rows := into.one, 1
		if n-i >= bulkRows {
			query, rows = into.many, bulkRows
		}
		args = args[:0]
		for range rows {
			args = row(args, i)
			i++
		}
		res, err := e.run(ctx, c, query, args)
		if err != nil {
			return err
		}
		if err := changed(res, rows); err != nil {
			return err
		}
	}
	return nil
}

// saveRooms writes the heads before the rows, whose triggers look at them.
func (e *sqliteEngine) saveRooms(ctx context.Context, c sqliteRaw, list []*room, args []any) error {
	heads := make([]*room, 0, len(list))
	for _, r := range list {
		if r.stored {
			heads = append(heads, r)
		} else if err := e.addRoom(ctx, c, r, args); err != nil {
			return err
		}
	}
	err := e.insert(ctx, c, &roomSQL.saveHeads, len(heads), args, func(args []any, i int) []any {
		r := heads[i]
		return r.appendHot(append(args, r.n, r.storedSeq))
	})
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := e.saveRow(ctx, c, r, args); err != nil {
			return err
		}
	}
	return nil
}

func (e *sqliteEngine) addRoom(ctx context.Context, c sqliteRaw, r *room, args []any) error {
	res, err := e.run(ctx, c, roomSQL.addHead, r.appendHot(append(args[:0], int64(0))))
	if err != nil {
		return err
	}
	if r.n, err = res.LastInsertId(); err != nil {
		return err
	}
	return e.exec(ctx, c, roomSQL.addRow, append(r.appendSlow(r.appendStatic(args[:0])), r.checkValue(), r.n)...)
}

// saveRow writes what is not of the head, where it has changed.
func (e *sqliteEngine) saveRow(ctx context.Context, c sqliteRaw, r *room, args []any) error {
	if r.stored && r.storedSlow != r.slow() {
		res, err := e.run(ctx, c, roomSQL.saveRow, append(r.appendSlow(args[:0]), r.state.Room))
		if err != nil {
			return err
		}
		if err := changed(res, 1); err != nil {
			return err
		}
	}
	if err := e.saveDeliveries(ctx, c, r); err != nil {
		return err
	}
	if r.stored && r.checkMoved {
		return e.exec(ctx, c, sqliteCheck, r.checkValue(), r.state.Room)
	}
	return nil
}

func (e *sqliteEngine) saveDeliveries(ctx context.Context, c sqliteRaw, r *room) error {
	if !r.deliveriesMoved() {
		return nil
	}
	list, err := r.deliveriesJSON()
	if err != nil {
		return err
	}
	return e.exec(ctx, c, sqliteDelivered, r.state.Room, list)
}

// changed checks that a statement found its rows as they were read.
func changed(res driver.Result, rows int) error {
	if n, err := res.RowsAffected(); err != nil || n != int64(rows) {
		return errors.Join(errRaced, err)
	}
	return nil
}

// textOf is a text column that may be NULL.
func textOf(raw []byte) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}

// jsonList is a list of texts as one argument.
func jsonList[T any](list []T) string {
	raw, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("store: encode a list of texts: %v", err))
	}
	return string(raw)
}

var _ engine = (*sqliteEngine)(nil)
