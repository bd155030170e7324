package store

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
)

const (
	sqliteLastPos = "SELECT coalesce(max(pos), 0) FROM events"
	sqliteLedgers = "SELECT " + ledgerColumns + ", c.n FROM campaigns c WHERE c.id IN (SELECT value FROM json_each(?))"
	sqliteUsers   = "SELECT id, role, flagged_at FROM users WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
	sqliteTaken   = "SELECT r.id, r.campaign_id, r.influencer_id FROM json_each(?) o JOIN ad_request_rows r" +
		" ON r.campaign_id = o.value ->> 0 AND r.influencer_id = o.value ->> 1"

	sqliteAddMark   = "INSERT INTO event_marks (room_id, seq, pos) VALUES (?, ?, ?)"
	sqliteLedger    = "UPDATE campaign_ledgers SET committed = ?, held = ? WHERE n = ? AND committed = ? AND held = ?"
	sqliteDelivered = "INSERT INTO deliveries (room_id, list) VALUES (?, ?) ON CONFLICT (room_id) DO UPDATE SET list = excluded.list"
	sqliteCheck     = "UPDATE ad_request_rows SET check_at = ? WHERE id = ?"
)

// roomStatements are made of the columns' names. What every event changes of a room has a
// table of its own, ad_request_heads, as SQLite writes a changed row whole; the rest has
// ad_request_rows, and ad_requests is the view of both.
type roomStatements struct {
	load, addRow, saveRow string
	addHead               string
	saveHeads             bulkInsert
}

func sqliteRoomStatements() roomStatements {
	slow := roomColumns[staticColumns : staticColumns+slowColumns]
	hot := roomColumns[staticColumns+slowColumns : staticColumns+slowColumns+hotColumns]
	row := slices.Concat(roomColumns[:staticColumns+slowColumns], []string{"check_at", "n"})
	head := "follows, " + strings.Join(hot, ", ")
	replace := make([]string, 0, 1+len(hot))
	for _, c := range append([]string{"follows"}, hot...) {
		replace = append(replace, c+" = excluded."+c)
	}
	return roomStatements{
		load: "SELECT " + qualified("r.") + completingColumns + ", r.n FROM ad_requests r" + completingJoins +
			" WHERE r.id IN (SELECT value FROM json_each(?))",
		addRow:  newBulkInsert("ad_request_rows", strings.Join(row, ", "), "").one,
		saveRow: "UPDATE ad_request_rows SET " + strings.Join(slow, " = ?, ") + " = ? WHERE id = ?",
		addHead: newBulkInsert("ad_request_heads", head, "").one,
		saveHeads: newBulkInsert("ad_request_heads", "n, "+head, " ON CONFLICT (n) DO UPDATE SET "+
			strings.Join(replace, ", ")+" WHERE ad_request_heads.seq = excluded.follows"),
	}
}

func (e *sqliteEngine) load(ctx context.Context, want *wanted) (*loaded, error) {
	var got loaded
	err := e.raw(func(c sqliteRaw) (err error) {
		if want.pos {
			if got.pos, err = e.number(ctx, c, sqliteLastPos); err != nil {
				return err
			}
		}
		if err := e.loadRooms(ctx, c, want, &got); err != nil {
			return err
		}
		if err := e.loadLedgers(ctx, c, want, &got); err != nil {
			return err
		}
		if err := e.loadCommands(ctx, c, want, &got); err != nil {
			return err
		}
		return e.loadOpens(ctx, c, want, &got)
	})
	return &got, err
}

func (e *sqliteEngine) loadRooms(ctx context.Context, c sqliteRaw, want *wanted, got *loaded) error {
	if len(want.rooms) == 0 {
		return nil
	}
	return e.query(ctx, c, roomSQL.load, func(row []driver.Value) error {
		last := len(row) - 1
		r, err := parseStoredRoom(row[:last])
		if err != nil {
			return err
		}
		r.n, _ = row[last].(int64)
		got.rooms = append(got.rooms, r)
		return nil
	}, jsonList(want.rooms))
}

// roomSQL are SQLite's statements on ad requests.
var roomSQL = sqliteRoomStatements()

func (e *sqliteEngine) loadLedgers(ctx context.Context, c sqliteRaw, want *wanted, got *loaded) error {
	ids := ledgersWanted(want, got)
	if len(ids) == 0 {
		return nil
	}
	return e.query(ctx, c, sqliteLedgers, func(row []driver.Value) error {
		last := len(row) - 1
		l, err := parseLedger(row[:last])
		l.n, _ = row[last].(int64)
		got.campaigns = append(got.campaigns, l)
		return err
	}, jsonList(ids))
}

// lookupKeys is how many commands one statement looks up.
const lookupKeys = 16

// sqliteCommands look up some commands, or one.
var sqliteCommands, sqliteCommand = commandLookup(lookupKeys), commandLookup(1)

func commandLookup(n int) string {
	return "WITH k (cmid, room_id) AS (VALUES (?, ?)" + strings.Repeat(", (?, ?)", n-1) + ")" +
		" SELECT c.cmid, c.room_id, c.fingerprint, c.seq, c.at, c.refusal" +
		" FROM k CROSS JOIN commands c ON c.cmid = k.cmid AND c.room_id = k.room_id"
}

func (e *sqliteEngine) loadCommands(ctx context.Context, c sqliteRaw, want *wanted, got *loaded) error {
	found := func(row []driver.Value) error {
		p := columns[driver.Value]{v: row}
		r, err := parseCommand(commandKey{p.text(), p.text()}, row[2:])
		got.commands = append(got.commands, r)
		return err
	}
	args := make([]any, 0, 2*lookupKeys)
	for keys := want.commands; len(keys) > 0; {
		query, n := sqliteCommand, 1
		if len(keys) >= lookupKeys {
			query, n = sqliteCommands, lookupKeys
		}
		args = args[:0]
		for _, key := range keys[:n] {
			args = append(args, key.cmid, key.room)
		}
		keys = keys[n:]
		if err := e.query(ctx, c, query, found, args...); err != nil {
			return err
		}
	}
	return nil
}

func (e *sqliteEngine) loadOpens(ctx context.Context, c sqliteRaw, want *wanted, got *loaded) error {
	if len(want.opens) == 0 {
		return nil
	}
	ids := make([]string, 0, 2*len(want.opens))
	pairs := make([][2]string, 0, len(want.opens))
	for _, o := range want.opens {
		ids = append(ids, o.influencer, o.actor)
		pairs = append(pairs, [2]string{o.campaign, o.influencer})
	}
	err := e.query(ctx, c, sqliteUsers, func(row []driver.Value) error {
		u, err := parseParty(row)
		got.users = append(got.users, u)
		return err
	}, jsonList(ids))
	if err != nil {
		return err
	}
	return e.query(ctx, c, sqliteTaken, func(row []driver.Value) error {
		p := columns[driver.Value]{v: row}
		got.taken = append(got.taken, takenRow{p.text(), p.text(), p.text()})
		return p.err("room")
	}, jsonList(pairs))
}

func (e *sqliteEngine) after(ctx context.Context, pos int64, limit int) (list []eventRow, err error) {
	err = e.raw(func(c sqliteRaw) error {
		return e.query(ctx, c, "SELECT "+rowColumns+" FROM events WHERE pos > ? ORDER BY pos LIMIT ?", func(row []driver.Value) error {
			r, err := parseEventRow(row)
			list = append(list, r)
			return err
		}, pos, int64(limit))
	})
	return list, err
}

func (e *sqliteEngine) event(ctx context.Context, room string, seq int64) (body []byte, err error) {
	err = e.raw(func(c sqliteRaw) error {
		return e.query(ctx, c, tailSQL, func(row []driver.Value) error {
			p := columns[driver.Value]{v: row}
			body = p.committed().Body
			return p.err("event")
		}, tailArgs(room, seq-1, seq)...)
	})
	return body, err
}
