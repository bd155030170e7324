package store

import (
	"slices"
	"sync"

	"parley/rooms"
)

// maxRecent bounds the events that are remembered; at 10,000 a second those of three
// seconds, some 3 MiB.
const maxRecent = 32768

// Recent is what is remembered of an event that was committed a moment ago.
type Recent struct {
	Pos  int64
	Room string
	Seq  int64
	Type rooms.EventType
	At   rooms.Time
	// By is the side that caused it, Amends says that it accepted another version of a
	// deal. They are Known of this process's events and of those of rooms that it
	// follows; of others only the log tells.
	By     rooms.Side
	Amends bool
	Known  bool
}

// recent remembers the newest events, so that who follows the log need not have them
// read and parsed again. What it holds is without gaps; it may end before the log does,
// as what other processes commit is only seen with the next transaction here.
type recent struct {
	mu     sync.Mutex
	events []Recent
}

// add appends committed events, oldest first. After a gap only what follows it stays.
func (r *recent) add(rows []eventRow) {
	if len(rows) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.events); n > 0 && r.events[n-1].Pos+1 != rows[0].pos {
		r.events = r.events[:0]
	}
	if len(r.events)+len(rows) > maxRecent {
		// Half at a time, so that an event is moved once.
		keep := max(0, min(len(r.events), maxRecent/2-len(rows)))
		r.events = append(r.events[:0], r.events[len(r.events)-keep:]...)
	}
	for i := range rows {
		e := &rows[i]
		r.events = append(r.events, Recent{
			Pos: e.pos, Room: e.room, Seq: e.seq, Type: e.typ, At: e.at, By: e.by, Amends: e.amends, Known: e.by != "",
		})
	}
}

// after is a copy of the events after a position; nothing where the first of them is not
// remembered.
func (r *recent) after(pos int64) []Recent {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) == 0 || pos+1 < r.events[0].Pos {
		return nil
	}
	from := pos + 1 - r.events[0].Pos
	if from >= int64(len(r.events)) {
		return nil
	}
	return slices.Clone(r.events[from:])
}

// Recent are the first events after a position, without gaps, as far as they were committed
// a moment ago and are remembered. None says nothing: the log is to be read, as it is for
// what follows the last one.
func (s *Store) Recent(pos int64) []Recent { return s.writer.set.recent.after(pos) }
