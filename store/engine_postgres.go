package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
)

// postgresEngine is the writer's connection to PostgreSQL. The row of meta is the
// writers' lock: since positions are numbered without gaps in commit order,
// writers follow each other in any case, and one lock taken first can never
// deadlock. Its version tells whether somebody else has written since.
//
// Each step of a batch is one round trip: the rows go as arrays.
type postgresEngine struct {
	pool *bun.DB
	conn *bun.Conn // nil after it was lost

	version, touches int64 // of meta, in this transaction
	// of meta at this engine's last commit, -1 for unknown
	lastVersion, lastTouches int64
}

func newPostgresEngine(pool *bun.DB) *postgresEngine {
	return &postgresEngine{pool: pool, lastVersion: -1, lastTouches: -1}
}

func (e *postgresEngine) connect(ctx context.Context) error {
	if e.conn != nil {
		return nil
	}
	conn, err := e.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	e.conn = &conn
	return nil
}

// drop gives up a connection that cannot be used any more.
func (e *postgresEngine) drop() {
	if e.conn == nil {
		return
	}
	_ = e.conn.Raw(func(any) error { return driver.ErrBadConn }) // the pool closes it
	_ = e.conn.Close()
	e.conn = nil
}

func (e *postgresEngine) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, txTimeout)
}

// raw runs f on pgx's connection.
func (e *postgresEngine) raw(f func(*pgx.Conn) error) error {
	if e.conn == nil {
		return errors.New("the connection is lost")
	}
	return e.conn.Raw(func(c any) error {
		std, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("store: unexpected PostgreSQL connection %T", c)
		}
		return f(std.Conn())
	})
}

// send runs statements in one round trip.
func (e *postgresEngine) send(ctx context.Context, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return e.raw(func(c *pgx.Conn) error { return c.SendBatch(ctx, b).Close() })
}

func (e *postgresEngine) exec(ctx context.Context, query string) error {
	return e.raw(func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, query)
		return err
	})
}

func (e *postgresEngine) begin(ctx context.Context) (since, error) {
	if err := e.connect(ctx); err != nil {
		return sinceUnknown, err
	}
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue("SELECT version, touches FROM meta FOR UPDATE").QueryRow(func(row pgx.Row) error {
		return row.Scan(&e.version, &e.touches)
	})
	if err := e.send(ctx, &b); err != nil {
		e.rollback(ctx)
		return sinceUnknown, err
	}
	switch {
	case e.version == e.lastVersion:
		return sinceNothing, nil
	case e.touches == e.lastTouches:
		return sinceEvents, nil
	default:
		return sinceUnknown, nil
	}
}

func (e *postgresEngine) commit(ctx context.Context, touched bool) error {
	e.lastVersion, e.lastTouches = -1, -1
	e.version++
	if touched {
		e.touches++
	}
	var b pgx.Batch
	b.Queue("UPDATE meta SET version = $1, touches = $2", e.version, e.touches)
	b.Queue("COMMIT")
	if err := e.send(ctx, &b); err != nil {
		return err
	}
	e.lastVersion, e.lastTouches = e.version, e.touches
	return nil
}

func (e *postgresEngine) rollback(ctx context.Context) {
	e.lastVersion, e.lastTouches = -1, -1
	if err := e.exec(ctx, "ROLLBACK"); err != nil {
		e.drop()
	}
}

func (e *postgresEngine) savepoint(ctx context.Context) error { return e.exec(ctx, "SAVEPOINT item") }

func (e *postgresEngine) release(ctx context.Context) error {
	return e.exec(ctx, "RELEASE SAVEPOINT item")
}

func (e *postgresEngine) rollbackTo(ctx context.Context) error {
	if err := e.exec(ctx, "ROLLBACK TO SAVEPOINT item"); err != nil {
		return err
	}
	return e.release(ctx)
}

func (e *postgresEngine) db() bun.IDB { return *e.conn }

func (e *postgresEngine) tidy(context.Context) {}

func (e *postgresEngine) close() error {
	var err error
	if e.conn != nil {
		err = e.conn.Close()
		e.conn = nil
	}
	return errors.Join(err, e.pool.Close())
}

// postgresSQL are the statements of a batch, made of the columns' names.
var postgresSQL = newPostgresStatements()

type postgresStatements struct {
	loadRooms, addRooms, saveRooms string
}

func newPostgresStatements() postgresStatements {
	var sample room
	kinds := make([]string, 0, len(roomColumns))
	for _, v := range append(sample.values(nil), int64(0)) {
		switch v.(type) {
		case string:
			kinds = append(kinds, "text[]")
		case []byte:
			kinds = append(kinds, "bytea[]")
		default:
			kinds = append(kinds, "bigint[]")
		}
	}
	unnest := func(kinds []string) string {
		places := make([]string, len(kinds))
		for i, kind := range kinds {
			places[i] = "$" + strconv.Itoa(i+1) + "::" + kind
		}
		return "unnest(" + strings.Join(places, ", ") + ")"
	}
	hot := roomColumns[staticColumns : staticColumns+slowColumns+hotColumns]
	sets := make([]string, len(hot))
	for i, c := range hot {
		sets[i] = c + " = v." + c
	}
	hotKinds := append([]string{"text[]", "bigint[]"}, kinds[staticColumns:staticColumns+slowColumns+hotColumns]...)
	return postgresStatements{
		loadRooms: "SELECT " + qualified("r.") + completingColumns + " FROM ad_requests r" + completingJoins + " WHERE r.id = ANY($1)",
		addRooms:  "INSERT INTO ad_requests (" + qualified("") + ") SELECT * FROM " + unnest(kinds),
		saveRooms: "UPDATE ad_requests r SET " + strings.Join(sets, ", ") + " FROM " + unnest(hotKinds) +
			" AS v(id, stored_seq, " + strings.Join(hot, ", ") + ") WHERE r.id = v.id AND r.seq = v.stored_seq",
	}
}

const (
	postgresLedgers = "SELECT " + ledgerColumns + " FROM campaigns c WHERE c.id = ANY($1)" +
		" OR c.id IN (SELECT campaign_id FROM ad_requests WHERE id = ANY($2))"
	postgresCommands = "SELECT k.cmid, k.room_id, c.fingerprint, c.seq, c.at, c.refusal" +
		" FROM unnest($1::text[], $2::text[]) AS k(cmid, room_id) JOIN commands c USING (cmid, room_id)"
	postgresUsers = "SELECT id, role, flagged_at FROM users WHERE deleted_at IS NULL AND id = ANY($1)"
	postgresTaken = "SELECT r.id, r.campaign_id, r.influencer_id FROM unnest($1::text[], $2::text[]) AS o(campaign_id, influencer_id)" +
		" JOIN ad_requests r USING (campaign_id, influencer_id)"
	postgresLastPos = "SELECT coalesce(max(pos), 0) FROM events"

	postgresAddCommands = "INSERT INTO commands (cmid, room_id, fingerprint, seq, at, refusal)" +
		" SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[], $6::text[])"
	postgresAddEvents = "INSERT INTO events (pos, prev, room_id, seq, type, at, hash, body)" +
		" SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bytea[], $8::bytea[])"
	postgresAddMarks    = "INSERT INTO event_marks (room_id, seq, pos) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])"
	postgresSaveLedgers = "UPDATE campaigns c SET committed = v.committed, held = v.held" +
		" FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])" +
		" AS v(id, committed, held, was_committed, was_held)" +
		" WHERE c.id = v.id AND c.committed = v.was_committed AND c.held = v.was_held"
	postgresDelivered = "INSERT INTO deliveries (room_id, list) SELECT * FROM unnest($1::text[], $2::text[])" +
		" ON CONFLICT (room_id) DO UPDATE SET list = excluded.list"
	postgresChecks = "UPDATE ad_requests r SET check_at = v.check_at" +
		" FROM unnest($1::text[], $2::bigint[]) AS v(id, check_at) WHERE r.id = v.id"
)

// postgresTail is tailSQL with its arguments numbered.
var postgresTail = listForm{numbered: true}.bind(tailSQL)

// each calls f with the values of each row.
func each(f func(row []any) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			row, err := rows.Values()
			if err != nil {
				return err
			}
			if err := f(row); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

func (e *postgresEngine) load(ctx context.Context, want *wanted) (*loaded, error) {
	var got loaded
	var b pgx.Batch
	if want.pos {
		b.Queue(postgresLastPos).QueryRow(func(row pgx.Row) error { return row.Scan(&got.pos) })
	}
	if len(want.rooms) > 0 {
		b.Queue(postgresSQL.loadRooms, want.rooms).Query(each(func(row []any) error {
			r, err := parseStoredRoom(row)
			got.rooms = append(got.rooms, r)
			return err
		}))
	}
	if ids := ledgersWanted(want, &got); len(ids)+len(want.rooms) > 0 {
		b.Queue(postgresLedgers, ids, want.rooms).Query(each(func(row []any) error {
			l, err := parseLedger(row)
			got.campaigns = append(got.campaigns, l)
			return err
		}))
	}
	if n := len(want.commands); n > 0 {
		cmids, ids := make([]string, n), make([]string, n)
		for i, key := range want.commands {
			cmids[i], ids[i] = key.cmid, key.room
		}
		b.Queue(postgresCommands, cmids, ids).Query(each(func(row []any) error {
			p := columns[any]{v: row}
			r, err := parseCommand(commandKey{p.text(), p.text()}, row[2:])
			got.commands = append(got.commands, r)
			return err
		}))
	}
	queueOpens(&b, want, &got)
	return &got, e.send(ctx, &b)
}

func queueOpens(b *pgx.Batch, want *wanted, got *loaded) {
	n := len(want.opens)
	if n == 0 {
		return
	}
	users, campaigns, influencers := make([]string, 0, 2*n), make([]string, n), make([]string, n)
	for i, o := range want.opens {
		users = append(users, o.influencer, o.actor)
		campaigns[i], influencers[i] = o.campaign, o.influencer
	}
	b.Queue(postgresUsers, users).Query(each(func(row []any) error {
		u, err := parseParty(row)
		got.users = append(got.users, u)
		return err
	}))
	b.Queue(postgresTaken, campaigns, influencers).Query(each(func(row []any) error {
		p := columns[any]{v: row}
		got.taken = append(got.taken, takenRow{p.text(), p.text(), p.text()})
		return p.err("room")
	}))
}

func (e *postgresEngine) after(ctx context.Context, pos int64, limit int) (list []eventRow, err error) {
	var b pgx.Batch
	b.Queue("SELECT "+rowColumns+" FROM events WHERE pos > $1 ORDER BY pos LIMIT $2", pos, limit).Query(each(func(row []any) error {
		r, err := parseEventRow(row)
		list = append(list, r)
		return err
	}))
	return list, e.send(ctx, &b)
}

func (e *postgresEngine) event(ctx context.Context, room string, seq int64) (body []byte, err error) {
	err = e.raw(func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, postgresTail, tailArgs(room, seq-1, seq)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		return each(func(row []any) error {
			p := columns[any]{v: row}
			body = p.committed().Body
			return p.err("event")
		})(rows)
	})
	return body, err
}

func (e *postgresEngine) flush(ctx context.Context, p *pending) error {
	var b pgx.Batch
	queueCommands(&b, p.commands)
	queueRooms(&b, p.rooms)
	if err := queueDeliveries(&b, p.rooms); err != nil {
		return err
	}
	queueEvents(&b, p.events)
	if n := len(p.ledgers); n > 0 {
		rows := make([][]any, n)
		for i, l := range p.ledgers {
			rows[i] = []any{l.ID, l.Committed, l.Held, l.stored.Committed, l.stored.Held}
		}
		b.Queue(postgresSaveLedgers, arrays(rows)...).Exec(all(n))
	}
	return e.send(ctx, &b)
}

func queueCommands(b *pgx.Batch, list []commandRow) {
	n := len(list)
	if n == 0 {
		return
	}
	cmids, ids, prints := make([]string, n), make([]string, n), make([][]byte, n)
	seqs, ats, refusals := make([]int64, n), make([]int64, n), make([]*string, n)
	for i := range list {
		c := &list[i]
		cmids[i], ids[i], prints[i], seqs[i], ats[i] = c.key.cmid, c.key.room, c.fingerprint[:], c.seq, micros(c.at)
		if c.refusal != nil {
			text := string(c.refusal)
			refusals[i] = &text
		}
	}
	b.Queue(postgresAddCommands, cmids, ids, prints, seqs, ats, refusals)
}

func queueEvents(b *pgx.Batch, list []eventRow) {
	n := len(list)
	if n == 0 {
		return
	}
	poss, prevs, ids, seqs, types := make([]int64, n), make([]int64, n), make([]string, n), make([]int64, n), make([]string, n)
	ats, hashes, bodies := make([]int64, n), make([][]byte, n), make([][]byte, n)
	var markIDs []string
	var markSeqs, marks []int64
	for i := range list {
		ev := &list[i]
		poss[i], prevs[i], ids[i], seqs[i], types[i] = ev.pos, ev.prev, ev.room, ev.seq, string(ev.typ)
		ats[i], hashes[i], bodies[i] = micros(ev.at), ev.hash[:], ev.body
		if ev.marked() {
			markIDs, markSeqs, marks = append(markIDs, ev.room), append(markSeqs, ev.seq), append(marks, ev.pos)
		}
	}
	b.Queue(postgresAddEvents, poss, prevs, ids, seqs, types, ats, hashes, bodies)
	if len(marks) > 0 {
		b.Queue(postgresAddMarks, markIDs, markSeqs, marks)
	}
}

func queueRooms(b *pgx.Batch, list []*room) {
	var added, saved [][]any
	var checked []string
	var checks []*int64
	for _, r := range list {
		if !r.stored {
			added = append(added, append(r.values(nil), r.checkPointer()))
			continue
		}
		saved = append(saved, r.appendHot(r.appendSlow([]any{r.state.Room, r.storedSeq})))
		if r.checkMoved {
			checked = append(checked, r.state.Room)
			checks = append(checks, r.checkPointer())
		}
	}
	if len(added) > 0 {
		b.Queue(postgresSQL.addRooms, arrays(added)...)
	}
	if len(saved) > 0 {
		b.Queue(postgresSQL.saveRooms, arrays(saved)...).Exec(all(len(saved)))
	}
	if len(checked) > 0 {
		b.Queue(postgresChecks, checked, checks)
	}
}

func queueDeliveries(b *pgx.Batch, list []*room) error {
	var ids, lists []string
	for _, r := range list {
		if !r.deliveriesMoved() {
			continue
		}
		list, err := r.deliveriesJSON()
		if err != nil {
			return err
		}
		ids, lists = append(ids, r.state.Room), append(lists, list)
	}
	if len(ids) > 0 {
		b.Queue(postgresDelivered, ids, lists)
	}
	return nil
}

// all checks that an update found n rows as they were read.
func all(n int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != int64(n) {
			return errRaced
		}
		return nil
	}
}

// checkPointer is the value of check_at in an array.
func (r *room) checkPointer() *int64 {
	if r.checkAt == 0 {
		return nil
	}
	due := r.checkAt
	return &due
}

// arrays turns rows of values into an array a column.
func arrays(rows [][]any) []any {
	out := make([]any, len(rows[0]))
	for i, first := range rows[0] {
		switch first.(type) {
		case string:
			out[i] = column[string](rows, i)
		case []byte:
			out[i] = column[[]byte](rows, i)
		case *int64:
			out[i] = column[*int64](rows, i)
		default:
			out[i] = column[int64](rows, i)
		}
	}
	return out
}

func column[T any](rows [][]any, i int) []T {
	list := make([]T, len(rows))
	for k, row := range rows {
		list[k], _ = row[i].(T)
	}
	return list
}

var _ engine = (*postgresEngine)(nil)
