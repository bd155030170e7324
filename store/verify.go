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
	v := &verifier{ctx: ctx, tx: tx, bind: s.reads.lists.bind, problem: problem, sums: make(map[string]rooms.Move)}
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
	sums    map[string]rooms.Move // by campaign

	// The room whose events are read.
	current string
	fold    room
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
	if err := v.log("WHERE room_id = ? ORDER BY seq", func() {}, id); err != nil {
		return err
	}
	found := false
	err := v.rows("SELECT "+qualified("")+" FROM ad_requests WHERE id = ?", func(row []any) error {
		found = true
		if !v.spoiled {
			v.compare(row)
		}
		return nil
	}, id)
	if err == nil && !found {
		err = fmt.Errorf("verify: %w", ErrNotFound)
	}
	v.report.Head = v.fold.head
	return err
}

func (v *verifier) all() error {
	if err := v.positions(); err != nil {
		return err
	}
	folds := make(map[string]room)
	keep := func() {
		f := v.fold
		if v.spoiled {
			f.broken = errCorrupt
		} else {
			sum := v.sums[f.state.Campaign]
			sum.Held += f.state.Held()
			sum.Committed += f.state.Committed()
			v.sums[f.state.Campaign] = sum
		}
		f.state.Last, f.state.Deal = slim(f.state.Last), slim(f.state.Deal)
		folds[v.current] = f
	}
	if err := v.log("ORDER BY room_id, seq", keep); err != nil {
		return err
	}
	err := v.rows("SELECT "+qualified("")+" FROM ad_requests", func(row []any) error {
		id, _ := row[0].(string)
		fold, ok := folds[id]
		if !ok {
			v.found(Problem{Room: id, What: "it has no events"})
			return nil
		}
		delete(folds, id)
		if v.fold, v.spoiled = fold, fold.broken != nil; !v.spoiled {
			v.compare(row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range folds {
		v.found(Problem{Room: id, What: "it has events but no row"})
	}
	return v.ledgers()
}

// slim keeps of an offer what a row says of it.
func slim(o *rooms.Offer) *rooms.Offer {
	if o == nil {
		return nil
	}
	return &rooms.Offer{
		Seq: o.Seq, Author: o.Author, ExpiresAt: o.ExpiresAt, Terms: rooms.Terms{Fee: o.Terms.Fee},
	}
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

// log folds events and calls end after each room.
func (v *verifier) log(tail string, end func(), args ...any) error {
	v.current, v.fold, v.spoiled = "", room{}, false
	err := v.rows("SELECT pos, room_id, seq, type, at, hash, body FROM events "+tail, func(row []any) error {
		p := columns[any]{v: row}
		e := eventRow{pos: p.int(), room: p.text(), seq: p.int(), typ: rooms.EventType(p.text()), at: timeOf(p.int())}
		copy(e.hash[:], p.bytes())
		e.body = p.bytes()
		if err := p.err("event"); err != nil {
			return err
		}
		if e.room != v.current {
			if v.current != "" {
				end()
			}
			v.current = e.room
			v.fold, v.spoiled = room{}, false
			v.report.Rooms++
		}
		v.report.Events++
		if !v.spoiled {
			v.event(&e)
		}
		return nil
	}, args...)
	if err == nil && v.current != "" {
		end()
	}
	return err
}

// event checks one event and folds it.
func (v *verifier) event(e *eventRow) {
	fail := func(format string, args ...any) {
		v.spoiled = true
		v.found(Problem{Room: e.room, Seq: e.seq, What: fmt.Sprintf(format, args...)})
	}
	if want := v.fold.state.Seq + 1; e.seq != want {
		fail("follows event %d", want-1)
		return
	}
	if got := rooms.Chain(v.fold.head, e.body); got != e.hash {
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
	if e.pos <= v.fold.pos {
		fail("its position %d is not after that of the event before", e.pos)
		return
	}
	if err := v.fold.state.Apply(event); err != nil {
		fail("it cannot be folded: %v", err)
		return
	}
	v.fold.head, v.fold.pos, v.fold.updated = e.hash, e.pos, e.at
}

// compare checks a room's row against the fold of its events.
func (v *verifier) compare(row []any) {
	id, _ := row[0].(string)
	r, err := parseRoom(row)
	if err != nil {
		v.found(Problem{Room: id, What: err.Error()})
		return
	}
	// What readers have read is no event.
	v.fold.readSponsor, v.fold.readInfluencer = r.readSponsor, r.readInfluencer
	if s := &r.state; r.readSponsor > s.Seq || r.readInfluencer > s.Seq {
		v.found(Problem{Room: id, What: "it was read past its end"})
	}
	want := v.fold.appendHot(v.fold.appendStatic(nil))
	for i, w := range want {
		got := row[i]
		if !reflect.DeepEqual(got, w) {
			v.found(Problem{Room: id, What: fmt.Sprintf("column %s holds %s, its log says %s", roomColumns[i], shown(got), shown(w))})
		}
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
	err := v.rows("SELECT "+ledgerColumns+" FROM campaigns c", func(row []any) error {
		v.report.Campaigns++
		l, err := parseLedger(row)
		if err != nil {
			v.found(Problem{Campaign: l.ID, What: err.Error()})
			return nil
		}
		sum := v.sums[l.ID]
		delete(v.sums, l.ID)
		if sum.Held != l.Held || sum.Committed != l.Committed {
			v.found(Problem{Campaign: l.ID, What: fmt.Sprintf("holds %d and committed %d, its rooms %d and %d",
				l.Held, l.Committed, sum.Held, sum.Committed)})
		}
		if l.Held < 0 || l.Committed < 0 || l.Held > math.MaxInt64-l.Committed || l.Held+l.Committed > l.Budget {
			v.found(Problem{Campaign: l.ID, What: "its budget is overdrawn"})
		}
		return nil
	})
	for id := range v.sums {
		v.found(Problem{Campaign: id, What: "its rooms have no campaign"})
	}
	return err
}
