package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
)

// RunExpiry announces offers whose time has passed and closes the rooms of ended
// campaigns, every so often, until ctx ends. It only announces: the rules know
// by the clock what has expired.
func (s *Store) RunExpiry(ctx context.Context, every time.Duration) {}

// closeRooms closes a campaign's rooms that are open.
func (t *tx) closeRooms(ctx context.Context, campaign, reason string) error {
	var ids []string
	err := t.db.NewSelect().Table("ad_requests").Column("id").Where("campaign_id = ?", campaign).
		Where("status IN (?)", bun.List([]string{string(rooms.Invited), string(rooms.Applied), string(rooms.Negotiating)})).
		Order("id").Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("close rooms: %w", err)
	}
	for _, id := range ids {
		_, refusal, err := t.set.decide(ctx, id, rooms.Actor{Role: rooms.System}, rooms.Close{Reason: reason})
		if err != nil {
			return fmt.Errorf("close room %s: %w", id, err)
		}
		if refusal != nil {
			return fmt.Errorf("close room %s: %w", id, refusal)
		}
	}
	return nil
}
