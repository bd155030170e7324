package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
)

// Sizes of the transactions of the expiry, so that commands get in between.
const (
	expiryChunk     = 100
	endedCampaigns  = 20
	expiryAgain     = time.Minute
	expiryMaxRounds = 1000
)

// RunExpiry announces offers whose time has passed and closes the rooms of ended
// campaigns, at once and then every so often, until ctx ends. It only announces:
// the rules know by the clock what has expired. Several processes may run it.
func (s *Store) RunExpiry(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if _, err := s.Expire(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Logger.Error("announcing expired offers failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Expire announces once what is due and counts the rooms that it looked at.
func (s *Store) Expire(ctx context.Context) (int, error) {
	total := 0
	for range expiryMaxRounds {
		n, err := s.expireOffers(ctx)
		total += n
		if err != nil {
			return total, err
		}
		if n < expiryChunk {
			break
		}
	}
	for range expiryMaxRounds {
		n, err := s.settleCampaigns(ctx)
		total += n
		if err != nil || n < endedCampaigns {
			return total, err
		}
	}
	return total, nil
}

// expireOffers looks at rooms whose time to look has come. Those that are known to be
// broken stay due, as their rows are kept as they are, and cost a look at the index.
func (s *Store) expireOffers(ctx context.Context) (int, error) {
	due := func(db bun.IDB, now rooms.Time) ([]string, error) {
		var ids []string
		err := db.NewSelect().Table("ad_requests").Column("id").Where("check_at <= ?", micros(now)).
			Order("check_at").Limit(int64(expiryChunk+s.broken.count())).Scan(ctx, &ids)
		return s.broken.without(ids, expiryChunk), err
	}
	// Most of the time nothing is due, and asking needs no writer.
	if ids, err := due(s.reads.db, rooms.At(s.cfg.Clock())); err != nil || len(ids) == 0 {
		return 0, readError("list due offers", err)
	}
	return write(ctx, s, true, func(ctx context.Context, t *Tx) (int, error) {
		ids, err := due(t.DB, t.Now)
		if err != nil {
			return 0, fmt.Errorf("list due offers: %w", err)
		}
		return len(ids), t.eachRoom(ctx, ids, func(r *room) error { return t.expire(ctx, r) })
	})
}

// expire announces the end of a room's standing offer if it has come, and sets
// when to look again.
func (t *Tx) expire(ctx context.Context, r *room) error {
	next := int64(0)
	if o := r.state.Standing(); o != nil && r.state.Frozen == 0 {
		if t.Now.Before(o.ExpiresAt) {
			next = micros(o.ExpiresAt)
		} else {
			_, refusal, err := t.set.decide(ctx, r.state.Room, rooms.Actor{Role: rooms.System}, rooms.Expire{OfferSeq: o.Seq})
			if err != nil {
				return fmt.Errorf("expire: %w", err)
			}
			if refusal != nil { // the clock went back
				next = micros(t.Now.Add(expiryAgain))
			}
		}
	}
	t.set.touch(r)
	t.set.touched = true
	r.checkAt, r.checkMoved = next, true
	return nil
}

// settleCampaigns closes the rooms of campaigns that have ended.
func (s *Store) settleCampaigns(ctx context.Context) (int, error) {
	ended := func(db bun.IDB, now rooms.Time) ([]string, error) {
		var ids []string
		err := db.NewSelect().Table("campaigns").Column("id").Where("settled_at IS NULL").
			Where("ends_at <= ?", micros(now)).Order("ends_at").Limit(endedCampaigns).Scan(ctx, &ids)
		return ids, err
	}
	if ids, err := ended(s.reads.db, rooms.At(s.cfg.Clock())); err != nil || len(ids) == 0 {
		return 0, readError("list ended campaigns", err)
	}
	return write(ctx, s, true, func(ctx context.Context, t *Tx) (int, error) {
		ids, err := ended(t.DB, t.Now)
		if err != nil {
			return 0, fmt.Errorf("list ended campaigns: %w", err)
		}
		for _, id := range ids {
			if err := t.settle(ctx, id); err != nil {
				return 0, err
			}
		}
		return len(ids), nil
	})
}

// settle closes the rooms of a campaign that has ended.
func (t *Tx) settle(ctx context.Context, id string) error {
	if err := t.closeRooms(ctx, "campaign_id", id, "campaign_ended"); err != nil {
		return err
	}
	_, err := t.DB.NewUpdate().Table("campaign_rows").Set("settled_at = ?", micros(t.Now)).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("settle campaign: %w", err)
	}
	return nil
}

// closeRooms closes the rooms that are open and have an id in a column, such as those
// of a campaign. Where a deal is in force only the amendment that stands expires.
func (t *Tx) closeRooms(ctx context.Context, column, id, reason string) error {
	var ids []string
	err := t.DB.NewSelect().Table("ad_requests").Column("id").Where("? = ?", bun.Ident(column), id).
		Where("status IN (?, ?, ?) OR status = ? AND stands = 1", string(rooms.Invited), string(rooms.Applied),
			string(rooms.Negotiating), string(rooms.Agreed)).
		Order("id").Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("close rooms: %w", err)
	}
	return t.eachRoom(ctx, ids, func(r *room) error {
		var cmd rooms.Command = rooms.Close{Reason: reason}
		if r.state.Status == rooms.Agreed {
			if r.state.Frozen != 0 {
				return nil // its clock stands still; the thaw finds that the campaign has ended
			}
			cmd = rooms.Expire{OfferSeq: r.state.Last.Seq}
		}
		_, refusal, err := t.set.decide(ctx, r.state.Room, rooms.Actor{Role: rooms.System}, cmd)
		if refusal != nil {
			err = errors.Join(err, refusal)
		}
		if err != nil {
			return fmt.Errorf("close room %s: %w", r.state.Room, err)
		}
		return nil
	})
}
