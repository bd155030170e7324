package store

import (
	"log/slog"
	"sync"
)

// brokenRooms remembers the rooms whose rows do not make a room, as the writer met them
// in this process: each is told once in the log, and what looks at rooms by itself leaves
// them alone. A room that is found whole again, as after a repair, is forgotten. It holds
// an id for each broken room of the database at most.
type brokenRooms struct {
	log *slog.Logger

	mu  sync.Mutex
	ids map[string]struct{}
}

func newBrokenRooms(log *slog.Logger) *brokenRooms {
	return &brokenRooms{log: log, ids: make(map[string]struct{})}
}

// met notes why a room is broken.
func (b *brokenRooms) met(id string, why error) {
	b.mu.Lock()
	_, known := b.ids[id]
	b.ids[id] = struct{}{}
	b.mu.Unlock()
	if !known {
		b.log.Error("the rows of a room do not make one: it takes no commands and expires nothing", "room", id, "error", why)
	}
}

// whole notes that a room is not broken.
func (b *brokenRooms) whole(id string) {
	b.mu.Lock()
	delete(b.ids, id)
	b.mu.Unlock()
}

func (b *brokenRooms) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.ids)
}

// without leaves the broken ones out of a list, in place, which has limit items then at
// most.
func (b *brokenRooms) without(ids []string, limit int) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := ids[:0]
	for _, id := range ids {
		if _, broken := b.ids[id]; !broken && len(kept) < limit {
			kept = append(kept, id)
		}
	}
	return kept
}

// BrokenRooms counts the rooms that this process has met whose rows do not make a room.
// Verify tells what is wrong with them.
func (s *Store) BrokenRooms() int { return s.broken.count() }
