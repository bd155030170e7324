package store

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"parley/rooms"
)

// FlagKind is what can be flagged.
type FlagKind string

// The kinds of things that can be flagged.
const (
	FlagUser     FlagKind = "user"
	FlagCampaign FlagKind = "campaign"
	FlagRoom     FlagKind = "room"
)

// Flag puts something under review, or ends the review.
type Flag struct {
	Kind   FlagKind
	ID     string
	Reason string
	Admin  string // user id
}

// told is what both parties of a room read of why it is frozen.
func (f Flag) told() string {
	switch f.Kind {
	case FlagUser:
		return "one party's account"
	case FlagCampaign:
		return "the whole campaign"
	default:
		return f.Reason
	}
}

// freezeChunk is how many rooms are loaded at once.
const freezeChunk = 200

// Flag marks the row and freezes its rooms in the same transaction. The freezes
// are events of the rooms like any other. What is flagged already is refused. What is
// in also happens in the same transaction.
//
// Of a user's or a campaign's flag the rooms' logs tell only what is under review: both
// parties read them for good, and the reason is the owner's affair alone. It is bounded
// as that of a room is, whatever rooms there are.
func (s *Store) Flag(ctx context.Context, f Flag, also ...Also) error {
	switch {
	case f.Reason == "":
		return rooms.Invalid("reason", rooms.Required())
	case utf8.RuneCountInString(f.Reason) > rooms.MaxReason:
		return rooms.Invalid("reason", rooms.CharsAtMost(rooms.MaxReason))
	}
	return s.review(ctx, f, true, also)
}

// Unflag ends a flag and the freezes that came from it.
func (s *Store) Unflag(ctx context.Context, f Flag, also ...Also) error {
	return s.review(ctx, f, false, also)
}

func (s *Store) review(ctx context.Context, f Flag, begin bool, also []Also) error {
	_, err := write(ctx, s, true, func(ctx context.Context, t *Tx) (struct{}, error) {
		var err error
		switch f.Kind {
		case FlagUser:
			err = t.reviewUser(ctx, f, begin)
		case FlagCampaign:
			err = t.reviewCampaign(ctx, f, begin)
		case FlagRoom:
			err = t.freeze(ctx, f, rooms.SourceRoom, []string{f.ID}, begin, true)
		default:
			err = rooms.Invalid("kind", rooms.OneOf("user", "campaign", "room"))
		}
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.also(ctx, also)
	})
	return err
}

func (t *Tx) reviewUser(ctx context.Context, f Flag, begin bool) error {
	if err := t.markRow(ctx, "users", f, begin); err != nil {
		return err
	}
	if begin {
		if err := t.accessEnded(ctx); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		column string
		source rooms.FreezeSource
	}{{"sponsor_id", rooms.SourceSponsor}, {"influencer_id", rooms.SourceInfluencer}} {
		ids, err := t.roomsToReview(ctx, part.column, f.ID, begin)
		if err != nil {
			return err
		}
		if err := t.freeze(ctx, f, part.source, ids, begin, false); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) reviewCampaign(ctx context.Context, f Flag, begin bool) error {
	if err := t.markRow(ctx, "campaign_rows", f, begin); err != nil {
		return err
	}
	ids, err := t.roomsToReview(ctx, "campaign_id", f.ID, begin)
	if err != nil {
		return err
	}
	return t.freeze(ctx, f, rooms.SourceCampaign, ids, begin, false)
}

// markRow sets or clears the flag of a row.
func (t *Tx) markRow(ctx context.Context, table string, f Flag, begin bool) error {
	q := t.DB.NewUpdate().Table(table).Where("id = ?", f.ID)
	if begin {
		q = q.Set("flagged_at = ?", micros(t.Now)).Set("flag_reason = ?", f.Reason).Where("flagged_at IS NULL")
	} else {
		q = q.Set("flagged_at = NULL").Set("flag_reason = ''").Where("flagged_at IS NOT NULL")
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return fmt.Errorf("flag: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("flag: %w", err)
	}
	if n > 0 {
		return nil
	}
	exists, err := t.DB.NewSelect().Table(table).Where("id = ?", f.ID).Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("flag: %w", err)
	case !exists:
		return fmt.Errorf("flag: %w", ErrNotFound)
	case begin:
		return rooms.NotAllowed("flagged_already", "It is flagged already.")
	default:
		return rooms.NotAllowed("not_flagged", "It is not flagged.")
	}
}

// roomsToReview are the rooms in which anything could still happen, or those that
// are frozen.
func (t *Tx) roomsToReview(ctx context.Context, column, id string, begin bool) ([]string, error) {
	q := t.DB.NewSelect().Table("ad_requests").Column("id").Where(column+" = ?", id).Order("id")
	if begin {
		q = q.Where("status NOT IN ('closed', 'completed')")
	} else {
		q = q.Where("frozen <> 0")
	}
	var ids []string
	if err := q.Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("flag: list rooms: %w", err)
	}
	return ids, nil
}

// freeze freezes or unfreezes rooms for one source. Rooms that are so already are
// left out, or refused where strict.
func (t *Tx) freeze(ctx context.Context, f Flag, source rooms.FreezeSource, ids []string, begin, strict bool) error {
	actor := rooms.Actor{ID: f.Admin, Role: rooms.Admin}
	var body rooms.Command = rooms.Freeze{Source: source, Reason: f.told()}
	if !begin {
		body = rooms.Unfreeze{Source: source}
	}
	return t.eachRoom(ctx, ids, func(r *room) error {
		if !strict && r.state.Frozen.Has(source) == begin {
			return nil
		}
		_, refusal, err := t.set.decide(ctx, r.state.Room, actor, body)
		switch {
		case err != nil:
			return fmt.Errorf("flag: %w", err)
		case refusal == nil:
			return nil
		case refusal.Code == rooms.CodeNotFound:
			return fmt.Errorf("flag: %w", ErrNotFound)
		default:
			return refusal
		}
	})
}

// eachRoom calls f with rooms, loading them as sets. A room that is broken is
// left out: it refuses every command by itself.
func (t *Tx) eachRoom(ctx context.Context, ids []string, f func(*room) error) error {
	for len(ids) > 0 {
		chunk := ids[:min(freezeChunk, len(ids))]
		ids = ids[len(chunk):]
		if err := t.set.preload(ctx, chunk); err != nil {
			return fmt.Errorf("load rooms: %w", err)
		}
		for _, id := range chunk {
			r, err := t.set.room(ctx, id)
			if err != nil {
				return fmt.Errorf("load rooms: %w", err)
			}
			if r.broken != nil {
				continue
			}
			if r.state.Seq == 0 {
				return fmt.Errorf("room %s: %w", id, ErrNotFound)
			}
			switch err := f(r); {
			case errors.Is(err, errCorrupt):
				t.set.broken.met(id, err)
			case err != nil:
				return err
			}
		}
	}
	return nil
}
