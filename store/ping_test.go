package store

import (
	"context"
	"testing"

	"parley/rooms"
)

func TestPingsAreToldWithTheCommitOfTheirWrite(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		u := e.user(rooms.Sponsor)
		for _, kind := range []string{"first", "taken_back", "second"} {
			_, err := Write(t.Context(), e.Store, func(_ context.Context, tx *Tx) (struct{}, error) {
				tx.Ping(Ping{User: u.ID, Kind: kind})
				if kind == "taken_back" {
					return struct{}{}, rooms.Invalid("kind", rooms.Form("is wrong"))
				}
				return struct{}{}, nil
			})
			if (err != nil) != (kind == "taken_back") {
				t.Fatalf("%s: %v", kind, err)
			}
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		var told []Ping
		for _, b := range e.batches {
			told = append(told, b.Pings...)
		}
		if len(told) != 2 || told[0] != (Ping{u.ID, "first"}) || told[1] != (Ping{u.ID, "second"}) {
			t.Errorf("told %v", told)
		}
	})
}
