package store

import (
	"context"
	"fmt"

	"parley/rooms"
)

// DealRecord is the event that made a room's deal what it is: the last acceptance.
type DealRecord struct {
	Seq int64
	At  rooms.Time
	// Hash is the chain's head at that event: it holds for the event and for all before.
	Hash rooms.Hash
}

// DealRecord finds the last acceptance in a room's log, going back from its end;
// ErrNotFound where nothing was accepted.
func (s *Store) DealRecord(ctx context.Context, room string) (DealRecord, error) {
	var row struct {
		Seq, At int64
		Hash    []byte
	}
	accepted := string(rooms.TypeAccepted)
	err := s.Reads().NewRaw("WITH RECURSIVE chain (pos, prev, seq, type, at, hash) AS ("+
		" SELECT e.pos, e.prev, e.seq, e.type, e.at, e.hash FROM ad_requests AS r JOIN events AS e ON e.pos = r.last_pos WHERE r.id = ?"+
		" UNION ALL SELECT e.pos, e.prev, e.seq, e.type, e.at, e.hash FROM chain AS c JOIN events AS e ON e.pos = c.prev"+
		" WHERE c.type <> ? AND c.prev > 0)"+
		" SELECT seq, at, hash FROM chain WHERE type = ?", room, accepted, accepted).Scan(ctx, &row)
	if err != nil {
		return DealRecord{}, ReadError("find the acceptance", err)
	}
	record := DealRecord{Seq: row.Seq, At: timeOf(row.At)}
	if copy(record.Hash[:], row.Hash) != len(record.Hash) {
		return DealRecord{}, fmt.Errorf("%w: room %s: the hash of event %d has %d bytes", ErrUnavailable, room, row.Seq, len(row.Hash))
	}
	return record, nil
}
