package store

import (
	"context"
	"errors"
	"fmt"

	"parley/rooms"
)

// Story is a stretch of history that is told into the store in one transaction:
// many users, campaigns and commands, each at its own time by the store's clock,
// which the teller moves. Everything goes the way that it always goes, through the
// same checks and decisions; only the commits are fewer. It is for the demo's data
// and for databases to measure on.
type Story struct {
	// Tx is the transaction, for the packages below this one.
	Tx *Tx

	clock func() rooms.Time
}

// errToldTwice ends a story that the database made begin anew.
var errToldTwice = errors.New("store: another process writes; a story is told alone")

// Tell runs do in one transaction. It is not for a database that others write to:
// what do has done outside of the transaction could not be taken back.
func (s *Store) Tell(ctx context.Context, do func(ctx context.Context, y *Story) error) error {
	told := false
	_, err := write(ctx, s, true, func(ctx context.Context, t *Tx) (struct{}, error) {
		if told {
			return struct{}{}, errToldTwice
		}
		told = true
		return struct{}{}, do(ctx, &Story{Tx: t, clock: func() rooms.Time { return rooms.At(s.cfg.Clock()) }})
	})
	return err
}

// Opening names the room that an Open command will make.
type Opening struct{ Room, Campaign, Influencer, Actor string }

// Expect loads what commands will need as sets. What was not expected is loaded one
// by one.
func (y *Story) Expect(ctx context.Context, openings []Opening, campaigns []string) error {
	set := y.Tx.set
	want := wanted{pos: !set.known}
	for _, c := range campaigns {
		if set.ledgers[c] == nil {
			want.campaigns = append(want.campaigns, c)
		}
	}
	for _, o := range openings {
		if set.rooms[o.Room] == nil {
			want.rooms = append(want.rooms, o.Room)
		}
		want.opens = append(want.opens, openKey{o.Campaign, o.Influencer, o.Actor})
	}
	if err := set.fetch(ctx, &want); err != nil {
		return fmt.Errorf("tell: %w", err)
	}
	return nil
}

// CreateUser adds a user, whose ID must be set.
func (y *Story) CreateUser(ctx context.Context, u User) (User, error) {
	y.Tx.Now = y.clock()
	u.Email = normalEmail(u.Email)
	return y.Tx.createUser(ctx, u)
}

// CreateCampaign adds a campaign, whose ID must be set.
func (y *Story) CreateCampaign(ctx context.Context, c Campaign) (Campaign, error) {
	y.Tx.Now = y.clock()
	return y.Tx.createCampaign(ctx, c)
}

// Do decides a command. Its Done is not called. A refusal is in the result; the
// error is the database's.
func (y *Story) Do(ctx context.Context, c Command) (Result, error) {
	var fingerprint rooms.Hash
	if c.CMID != "" {
		fingerprint = rooms.Fingerprint(c.Actor, c.Body)
	}
	return y.Tx.set.command(ctx, &c, fingerprint)
}

// State is a room's newest state, not to be changed; it is the zero State where the
// room does not exist.
func (y *Story) State(ctx context.Context, room string) (*rooms.State, error) {
	r, err := y.Tx.set.room(ctx, room)
	if err == nil {
		err = r.broken
	}
	if err != nil {
		return nil, fmt.Errorf("tell: %w", err)
	}
	return &r.state, nil
}

// Settle closes the rooms of a campaign that has ended.
func (y *Story) Settle(ctx context.Context, campaign string) error {
	y.Tx.Now = y.clock()
	if err := y.Tx.set.flush(ctx); err != nil { // the rooms are found by their rows
		return err
	}
	return y.Tx.settle(ctx, campaign)
}
