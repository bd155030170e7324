package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
)

// reader is the pool of connections that only read. The statements that joins
// and resumes run all the time are prepared once a connection.
type reader struct {
	db     *bun.DB
	lists  listForm
	onRead func(query string, args []any) // nil: nobody looks

	snapshot, tail, head, feed, feedNewest, feedHead, session, accessEnded statement
}

// statement is a prepared query and its text.
type statement struct {
	*sql.Stmt
	query string
}

// readHook shows the queries that bun writes.
type readHook func(query string, args []any)

// BeforeQuery implements bun.QueryHook.
func (h readHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	h(e.Query, nil)
	return ctx
}

// AfterQuery implements bun.QueryHook.
func (readHook) AfterQuery(context.Context, *bun.QueryEvent) {}

// listForm is how a database takes a list of texts as one argument.
type listForm struct {
	in    string // follows the column's name
	value func([]string) any
	// numbered says that arguments are $1, $2 … and not ?.
	numbered bool
}

// bind writes the arguments' places in the form of the database.
func (f listForm) bind(query string) string {
	if !f.numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for _, c := range []byte(query) {
		if c != '?' {
			b.WriteByte(c)
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

const (
	// completingJoins add completingColumns.
	completingJoins = " LEFT JOIN events l ON l.pos = r.last_offer_pos" +
		" LEFT JOIN events d ON d.pos = r.deal_pos AND r.deal_pos <> r.last_offer_pos" +
		" LEFT JOIN deliveries v ON v.room_id = r.id AND r.progress <> ''"
	nameJoins = " JOIN campaigns c ON c.id = r.campaign_id" +
		" JOIN users s ON s.id = r.sponsor_id JOIN users i ON i.id = r.influencer_id"

	committedColumns = "e.pos, e.room_id, e.seq, e.type, e.body"
	feedFrom         = "SELECT " + committedColumns + ", r.campaign_id, r.sponsor_id, r.influencer_id FROM events e JOIN ad_requests r ON r.id = e.room_id"
)

// tailSQL reads the events of a room with low < seq <= high: it starts at the first
// mark that is not below high, or at the room's last event, and goes back.
const tailSQL = "WITH RECURSIVE start (pos) AS (SELECT coalesce(" +
	"(SELECT m.pos FROM event_marks m WHERE m.room_id = ? AND m.seq >= ? ORDER BY m.seq LIMIT 1)," +
	" (SELECT r.last_pos FROM ad_requests r WHERE r.id = ?)))," +
	" walk (pos, prev, room_id, seq, type, body) AS (" +
	"SELECT e.pos, e.prev, e.room_id, e.seq, e.type, e.body FROM start JOIN events e ON e.pos = start.pos" +
	" UNION ALL SELECT e.pos, e.prev, e.room_id, e.seq, e.type, e.body FROM walk w JOIN events e ON e.pos = w.prev" +
	" WHERE w.seq > ? + 1)" +
	" SELECT w.pos, w.room_id, w.seq, w.type, w.body FROM walk w WHERE w.seq > ? AND w.seq <= ? ORDER BY w.seq"

// tailArgs are the arguments of tailSQL.
func tailArgs(room string, low, high int64) []any {
	return []any{room, high, room, low, low, high}
}

func newReader(ctx context.Context, db *bun.DB, lists listForm, onRead func(string, []any)) (*reader, error) {
	r := &reader{db: db, lists: lists, onRead: onRead}
	for _, s := range []struct {
		stmt  *statement
		query string
	}{
		{&r.snapshot, "SELECT " + qualified("r.") + completingColumns + ", c.name, c.ends_at, s.name, i.name" +
			" FROM ad_requests r" + completingJoins + nameJoins + " WHERE r.id = ?"},
		{&r.tail, tailSQL},
		{&r.head, "SELECT seq FROM ad_requests WHERE id = ?"},
		{&r.feed, feedFrom + " WHERE e.pos > ? AND e.pos < ? ORDER BY e.pos LIMIT ?"},
		{&r.feedNewest, feedFrom + " WHERE e.pos > ? AND e.pos < ? ORDER BY e.pos DESC LIMIT ?"},
		{&r.feedHead, "SELECT coalesce(max(pos), 0) FROM events"},
		{&r.session, "SELECT s.kind, s.name, s.created_at, s.expires_at, s.agent, s.seen_at, u.id, u.email, u.name, u.role, u.password_hash," +
			" CAST(CASE WHEN u.approved THEN 1 ELSE 0 END AS BIGINT), u.flagged_at, u.flag_reason, u.category, u.niche, u.reach, u.created_at, u.verified_at," +
			" CAST(CASE WHEN f.confirmed_at IS NULL THEN 0 ELSE 1 END AS BIGINT)" +
			" FROM sessions s JOIN users u ON u.id = s.user_id" +
			" LEFT JOIN second_factors f ON f.user_id = u.id WHERE s.token_hash = ? AND s.expires_at > ?"},
		{&r.accessEnded, "SELECT access_ended FROM meta"},
	} {
		var err error
		s.stmt.query = lists.bind(s.query)
		if s.stmt.Stmt, err = db.DB.PrepareContext(ctx, s.stmt.query); err != nil {
			return nil, unavailable("prepare", err)
		}
	}
	return r, nil
}

func (r *reader) close() error {
	var errs []error
	for _, s := range []statement{r.snapshot, r.tail, r.head, r.feed, r.feedNewest, r.feedHead, r.session, r.accessEnded} {
		if s.Stmt != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, r.db.Close())...)
}

// rows runs a query and calls f with each row's values, which f may keep.
func (r *reader) rows(ctx context.Context, what, query string, f func(row []any) error, args ...any) error {
	query = r.lists.bind(query)
	if r.onRead != nil {
		r.onRead(query, args)
	}
	rows, err := r.db.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return unavailable(what, err)
	}
	return scanRows(what, rows, f)
}

// prepared does the same with a prepared statement.
func (r *reader) prepared(ctx context.Context, what string, stmt statement, f func(row []any) error, args ...any) error {
	if r.onRead != nil {
		r.onRead(stmt.query, args)
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return unavailable(what, err)
	}
	return scanRows(what, rows, f)
}

func scanRows(what string, rows *sql.Rows, f func(row []any) error) (err error) {
	defer func() {
		if cerr := rows.Close(); err == nil && cerr != nil {
			err = unavailable(what, cerr)
		}
	}()
	names, err := rows.Columns()
	if err != nil {
		return unavailable(what, err)
	}
	row, into := make([]any, len(names)), make([]any, len(names))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return unavailable(what, err)
		}
		if err := f(row); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return unavailable(what, err)
	}
	return nil
}
