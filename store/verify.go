package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math"
	"reflect"

	"parley/rooms"
)

// Problem is something that Verify found wrong. Room or Campaign names the place.
type Problem struct {
	Room     string
	Campaign string
	Seq      int64
	What     string
}

func (p Problem) String() string {
	switch {
	case p.Campaign != "":
		return fmt.Sprintf("campaign %s: %s", p.Campaign, p.What)
	case p.Seq != 0:
		return fmt.Sprintf("room %s, event %d: %s", p.Room, p.Seq, p.What)
	case p.Room != "":
		return fmt.Sprintf("room %s: %s", p.Room, p.What)
	default:
		return p.What
	}
}

// Report is what Verify has looked at.
type Report struct {
	Rooms, Events, Campaigns, Problems int
	// Head is the hash of the last event when one room was asked for.
	Head rooms.Hash
}

// Verify checks the log of one room, or of all with room empty, on one snapshot of
// the database: the chain of hashes, the numbers without gaps, that the rows are
// the fold of the events, and with all rooms the campaigns' ledgers. It calls
// problem with what it finds wrong. ErrNotFound when there is no such room.
func (s *Store) Verify(ctx context.Context, room string, problem func(Problem)) (Report, error) {
	opts := &sql.TxOptions{ReadOnly: true}
	if s.reads.lists.numbered { // SQLite's transactions are snapshots by themselves
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.reads.db.DB.BeginTx(ctx, opts)
	if err != nil {
		return Report{}, unavailable("verify", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	v := &verifier{ctx: ctx, tx: tx, bind: s.reads.lists.bind, problem: problem}
	if room != "" {
		err = v.one(room)
	} else {
		err = v.all()
	}
	return v.report, err
}

// verifier folds logs and compares.
type verifier struct {
	ctx     context.Context //nolint:containedctx // lives as long as one call of Verify
	tx      *sql.Tx
	bind    func(string) string
	problem func(Problem)
	report  Report
	folds   map[string]*fold
}

// fold is what a room's events say.
type fold struct {
	room
	spoiled bool // what is wrong was told; the log cannot be folded further
}

func (v *verifier) found(p Problem) {
	v.report.Problems++
	if v.problem != nil {
		v.problem(p)
	}
}

func (v *verifier) rows(query string, f func(row []any) error, args ...any) error {
	rows, err := v.tx.QueryContext(v.ctx, v.bind(query), args...)
	if err != nil {
		return unavailable("verify", err)
	}
	return scanRows("verify", rows, f)
}

func (v *verifier) one(id string) error {
	err := v.log("WITH RECURSIVE walk (pos, prev) AS (SELECT e.pos, e.prev FROM ad_requests r JOIN events e ON e.pos = r.last_pos"+
		" WHERE r.id = ? UNION ALL SELECT e.pos, e.prev FROM walk w JOIN events e ON e.pos = w.prev)"+
		" SELECT "+rowColumns+" FROM events WHERE pos IN (SELECT pos FROM walk) ORDER BY seq", id)
	if err != nil {
		return err
	}
	if err := v.rooms("WHERE r.id = ?", id); err != nil {
		return err
	}
	if v.report.Rooms == 0 {
		return fmt.Errorf("verify: %w", ErrNotFound)
	}
	if f := v.folds[id]; f != nil {
		v.report.Head = f.head
	}
	return nil
}

func (v *verifier) all() error {
	if err := v.positions(); err != nil {
		return err
	}
	// The log is read once, in the order in which it was written; the rooms are
	// folded side by side.
	if err := v.log("SELECT " + rowColumns + " FROM events ORDER BY pos"); err != nil {
		return err
	}
	if err := v.rooms(""); err != nil {
		return err
	}
	for id, f := range v.folds {
		if !f.stored {
			v.found(Problem{Room: id, What: "it has events but no row"})
		}
	}
	if err := v.marks(); err != nil {
		return err
	}
	return v.ledgers()
}

// rooms compares rows with what their events say.
func (v *verifier) rooms(where string, args ...any) error {
	return v.rows("SELECT "+qualified("r.")+", v.list FROM ad_requests r LEFT JOIN deliveries v ON v.room_id = r.id "+where, func(row []any) error {
		v.report.Rooms++
		id, _ := row[0].(string)
		f := v.folds[id]
		if f == nil {
			v.found(Problem{Room: id, What: "it has no events"})
			return nil
		}
		f.stored = true
		if !f.spoiled {
			v.compare(f, row)
		}
		return nil
	}, args...)
}

// positions checks that the events of all rooms are numbered without gaps.
func (v *verifier) positions() error {
	return v.rows("SELECT count(*), coalesce(min(pos), 1), coalesce(max(pos), 0) FROM events", func(row []any) error {
		p := columns[any]{v: row}
		count, low, high := p.int(), p.int(), p.int()
		if count != high || low != 1 {
			v.found(Problem{What: fmt.Sprintf("%d events have positions from %d to %d", count, low, high)})
		}
		return p.err("positions")
	})
}

// marks checks that every event that reads start from is marked, and no other.
func (v *verifier) marks() error {
	err := v.rows(fmt.Sprintf("SELECT e.room_id, e.seq FROM events e WHERE e.seq %% %d = 0 AND NOT EXISTS"+
		" (SELECT 1 FROM event_marks m WHERE m.room_id = e.room_id AND m.seq = e.seq AND m.pos = e.pos)", markEvery), func(row []any) error {
		p := columns[any]{v: row}
		v.found(Problem{Room: p.text(), Seq: p.int(), What: "it is not marked"})
		return p.err("mark")
	})
	if err != nil {
		return err
	}
	return v.rows(fmt.Sprintf("SELECT m.room_id, m.seq FROM event_marks m WHERE m.seq %% %d <> 0 OR NOT EXISTS"+
		" (SELECT 1 FROM events e WHERE e.pos = m.pos AND e.room_id = m.room_id AND e.seq = m.seq)", markEvery), func(row []any) error {
		p := columns[any]{v: row}
		v.found(Problem{Room: p.text(), Seq: p.int(), What: "a mark names another event"})
		return p.err("mark")
	})
}

// log folds the events that a query gives.
func (v *verifier) log(query string, args ...any) error {
	v.folds = make(map[string]*fold)
	return v.rows(query, func(row []any) error {
		e, err := parseEventRow(row)
		if err != nil {
			return err
		}
		f := v.folds[e.room]
		if f == nil {
			f = &fold{}
			v.folds[e.room] = f
		}
		v.report.Events++
		if !f.spoiled {
			v.event(f, &e)
		}
		return nil
	}, args...)
}

// event checks one event and folds it.
func (v *verifier) event(f *fold, e *eventRow) {
	fail := func(format string, args ...any) {
		f.spoiled = true
		v.found(Problem{Room: e.room, Seq: e.seq, What: fmt.Sprintf(format, args...)})
	}
	if want := f.state.Seq + 1; e.seq != want {
		fail("follows event %d", want-1)
		return
	}
	if got := rooms.Chain(f.head, e.body); got != e.hash {
		fail("its hash does not follow from its bytes and the event before")
		return
	}
	event, err := rooms.ParseEvent(e.body)
	if err != nil {
		fail("its bytes cannot be read: %v", err)
		return
	}
	if again := event.AppendCanonical(nil); !bytes.Equal(again, e.body) {
		fail("its bytes are not canonical")
		return
	}
	if event.Room != e.room || event.Seq != e.seq || event.Data.Type() != e.typ || !event.At.Equal(e.at.Time) {
		fail("its columns are not those of its bytes")
		return
	}
	if e.prev != f.pos || e.pos <= f.pos {
		fail("at %d it names %d as the event before, which is at %d", e.pos, e.prev, f.pos)
		return
	}
	if err := f.state.Apply(event); err != nil {
		fail("it cannot be folded: %v", err)
		return
	}
	f.head, f.pos, f.updated = e.hash, e.pos, e.at
	f.locate(event.Data, e.pos)
}

// compare checks a room's row against the fold of its events.
func (v *verifier) compare(f *fold, row []any) {
	id := f.state.Room
	r, err := parseRoom(row)
	if err != nil {
		v.found(Problem{Room: id, What: err.Error()})
		return
	}
	// What readers have read is no event.
	f.readSponsor, f.readInfluencer = r.readSponsor, r.readInfluencer
	if s := &r.state; r.readSponsor > s.Seq || r.readInfluencer > s.Seq {
		v.found(Problem{Room: id, What: "it was read past its end"})
	}
	want := f.values(nil)
	for i, w := range want {
		got := row[i]
		if !reflect.DeepEqual(got, w) {
			v.found(Problem{Room: id, What: fmt.Sprintf("column %s holds %s, its log says %s", roomColumns[i], shown(got), shown(w))})
		}
	}
	list, err := deliveriesOf(packDeliveries(f.state.Deliveries), textBytes(row[len(roomColumns)]))
	if err != nil || !reflect.DeepEqual(list, f.state.Deliveries) {
		v.found(Problem{Room: id, What: "its deliverables are not those of its log"})
	}
	if due := micros(r.last.ExpiresAt); r.state.Stands && r.state.Frozen == 0 && (r.checkAt == 0 || r.checkAt > due) {
		v.found(Problem{Room: id, What: "its offer's end would be missed"})
	}
}

func shown(v any) string {
	if b, ok := v.([]byte); ok {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%v", v)
}

// ledgers checks what the campaigns say is taken against what their rooms take.
func (v *verifier) ledgers() error {
	sums := make(map[string]rooms.Move)
	for _, f := range v.folds {
		if f.spoiled {
			continue
		}
		sum := sums[f.state.Campaign]
		sum.Held += f.state.Held()
		sum.Committed += f.state.Committed()
		sums[f.state.Campaign] = sum
	}
	err := v.rows("SELECT "+ledgerColumns+" FROM campaigns c", func(row []any) error {
		v.report.Campaigns++
		l, err := parseLedger(row)
		if err != nil {
			v.found(Problem{Campaign: l.ID, What: err.Error()})
			return nil
		}
		sum := sums[l.ID]
		delete(sums, l.ID)
		if sum.Held != l.Held || sum.Committed != l.Committed {
			v.found(Problem{Campaign: l.ID, What: fmt.Sprintf("holds %d and committed %d, its rooms %d and %d",
				l.Held, l.Committed, sum.Held, sum.Committed)})
		}
		if l.Held < 0 || l.Committed < 0 || l.Held > math.MaxInt64-l.Committed || l.Held+l.Committed > l.Budget {
			v.found(Problem{Campaign: l.ID, What: "its budget is overdrawn"})
		}
		return nil
	})
	for id := range sums {
		v.found(Problem{Campaign: id, What: "its rooms have no campaign"})
	}
	return err
}
