package store

import (
	"fmt"
	"slices"
	"strings"

	"parley/rooms"
)

// columns takes values one after the other and remembers what did not fit.
type columns[V any] struct {
	v   []V
	i   int
	bad string
}

func (p *columns[V]) next() any {
	if p.i >= len(p.v) {
		p.bad = "is missing"
		return nil
	}
	v := any(p.v[p.i])
	p.i++
	return v
}

func take[T, V any](p *columns[V]) T {
	v := p.next()
	t, ok := v.(T)
	if !ok && p.bad == "" {
		p.bad = fmt.Sprintf("%d holds a %T", p.i-1, v)
	}
	return t
}

func (p *columns[V]) text() string  { return take[string](p) }
func (p *columns[V]) int() int64    { return take[int64](p) }
func (p *columns[V]) bytes() []byte { return take[[]byte](p) }

func (p *columns[V]) intOrNull() int64 {
	if p.i < len(p.v) && any(p.v[p.i]) == nil {
		p.i++
		return 0
	}
	return p.int()
}

func (p *columns[V]) textOrNull() (string, bool) {
	if p.i < len(p.v) && any(p.v[p.i]) == nil {
		p.i++
		return "", false
	}
	return p.text(), true
}

// committed reads the columns of committedColumns.
func (p *columns[V]) committed() Committed {
	return Committed{Pos: p.int(), Room: p.text(), Seq: p.int(), Type: rooms.EventType(p.text()), Body: p.bytes()}
}

func (p *columns[V]) err(what string) error {
	if p.bad != "" {
		return fmt.Errorf("%w: %s: column %s", errCorrupt, what, p.bad)
	}
	return nil
}

// ledgerColumns are the columns of a ledger.
const ledgerColumns = "c.id, c.sponsor_id, c.currency, CAST(CASE WHEN c.public THEN 1 ELSE 0 END AS BIGINT), c.archived_at, c.ends_at, " +
	"c.budget, c.committed, c.held, c.flagged_at"

// qualified lists the room's columns with a prefix.
func qualified(prefix string) string {
	return prefix + strings.Join(roomColumns[:], ", "+prefix)
}

// completingColumns are what a room's row does not have: the bytes of its last
// offer, of its deal, where that is another, and the list of its deliverables.
const completingColumns = ", l.body, d.body, v.list"

// parseStoredRoom reads the columns of a room and completingColumns.
func parseStoredRoom[V any](row []V) (roomRow, error) {
	n := len(roomColumns)
	r, err := parseRoom(row[:n])
	if err != nil {
		return r, err
	}
	r.complete(textBytes(row[n+2]), func(seq int64) (*rooms.Offer, error) {
		body, _ := any(row[n]).([]byte)
		if seq != r.last.Seq {
			body, _ = any(row[n+1]).([]byte)
		}
		if body == nil {
			return nil, fmt.Errorf("%w: room %s: offer %d is missing", errCorrupt, r.state.Room, seq)
		}
		return offerFrom(body)
	})
	return r, nil
}

// ledgersWanted are the campaigns that are asked for, by name or by a room.
func ledgersWanted(want *wanted, got *loaded) []string {
	ids := slices.Clone(want.campaigns)
	for _, o := range want.opens {
		ids = append(ids, o.campaign)
	}
	for i := range got.rooms {
		ids = append(ids, got.rooms[i].state.Campaign)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// parseLedger reads the columns of ledgerColumns.
func parseLedger[V any](row []V) (ledger, error) {
	p := columns[V]{v: row}
	var l ledger
	l.ID, l.Sponsor, l.Currency, l.Public = p.text(), p.text(), rooms.Currency(p.text()), p.int() != 0
	l.Archived = p.intOrNull() != 0
	l.EndsAt = timeOf(p.int())
	l.Budget, l.Committed, l.Held = p.int(), p.int(), p.int()
	l.flagged = p.intOrNull() != 0
	l.stored = l.sums()
	if p.bad != "" {
		return l, fmt.Errorf("%w: campaign %s: column %s", errCorrupt, l.ID, p.bad)
	}
	return l, nil
}

// parseCommand reads fingerprint, seq, at and refusal.
func parseCommand[V any](key commandKey, row []V) (commandRow, error) {
	p := columns[V]{v: row}
	r := commandRow{key: key}
	copy(r.fingerprint[:], p.bytes())
	r.seq, r.at = p.int(), timeOf(p.int())
	if refusal, ok := p.textOrNull(); ok {
		r.refusal = []byte(refusal)
	}
	if p.bad != "" {
		return r, fmt.Errorf("%w: command %s: column %s", errCorrupt, key.cmid, p.bad)
	}
	return r, nil
}

// parseParty reads id, role and flagged_at.
func parseParty[V any](row []V) (partyRow, error) {
	p := columns[V]{v: row}
	u := partyRow{id: p.text(), role: rooms.Side(p.text()), flagged: p.intOrNull() != 0}
	if p.bad != "" {
		return u, fmt.Errorf("%w: user %s: column %s", errCorrupt, u.id, p.bad)
	}
	return u, nil
}

// rowColumns are the columns of a whole event.
const rowColumns = "pos, prev, room_id, seq, type, at, hash, body"

// parseEventRow reads rowColumns.
func parseEventRow[V any](row []V) (eventRow, error) {
	p := columns[V]{v: row}
	e := eventRow{
		pos: p.int(), prev: p.int(), room: p.text(), seq: p.int(), typ: rooms.EventType(p.text()), at: timeOf(p.int()),
	}
	copy(e.hash[:], p.bytes())
	e.body = p.bytes()
	return e, p.err("event")
}
