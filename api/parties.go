package api

import (
	"context"
	"sync"

	"parley/rooms"
)

// maxParties bounds the rooms whose parties are remembered, some 150 bytes each.
const maxParties = 1 << 16

// parties remembers who negotiates in a room. That never changes, so it is safe
// to keep; it is asked for every join, typing and seen.
type parties struct {
	mu    sync.RWMutex
	rooms map[string]pair
}

type pair struct{ sponsor, influencer string }

func newParties() parties { return parties{rooms: make(map[string]pair)} }

func (p *parties) learn(room, sponsor, influencer string) {
	p.mu.RLock()
	_, known := p.rooms[room]
	p.mu.RUnlock()
	if known {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.rooms) >= maxParties {
		for some := range p.rooms { // any: it is read again when it is asked for
			delete(p.rooms, some)
			break
		}
	}
	p.rooms[room] = pair{sponsor, influencer}
}

// side is the part that a user has in a room, or empty. store.ErrNotFound says
// that there is no such room.
func (r *Relay) side(ctx context.Context, room, user string) (rooms.Side, error) {
	r.parties.mu.RLock()
	who, known := r.parties.rooms[room]
	r.parties.mu.RUnlock()
	if !known {
		row, err := r.store.Room(ctx, room)
		if err != nil {
			return "", err
		}
		who = pair{row.Sponsor, row.Influencer}
		r.parties.learn(room, who.sponsor, who.influencer)
	}
	switch user {
	case who.sponsor:
		return rooms.Sponsor, nil
	case who.influencer:
		return rooms.Influencer, nil
	default:
		return "", nil
	}
}
