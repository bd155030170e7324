package search

import (
	"context"

	"github.com/uptrace/bun"

	"parley/store"
)

// RoomsIn tells which of the campaigns an influencer has a room in.
func (x *Index) RoomsIn(ctx context.Context, influencer string, list []Campaign) (map[string]string, error) {
	known := make(map[string]string)
	if len(list) == 0 {
		return known, nil
	}
	campaigns := make([]string, len(list))
	for i := range list {
		campaigns[i] = list[i].ID
	}
	var rows []struct{ ID, CampaignID string }
	err := x.db.NewSelect().Table("ad_requests").Column("id", "campaign_id").
		Where("campaign_id IN (?)", bun.List(campaigns)).Where("influencer_id = ?", influencer).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("search campaigns", err)
	}
	for _, r := range rows {
		known[r.CampaignID] = r.ID
	}
	return known, nil
}

// Invitable tells of each influencer who is on show whether they accept invitations;
// nobody else is in the answer.
func (x *Index) Invitable(ctx context.Context, influencers []string) (map[string]bool, error) {
	var rows []struct {
		UserID         string
		AcceptsInvites bool
	}
	err := x.db.NewSelect().Table("influencer_docs").Column("user_id", "accepts_invites").
		Where("user_id IN (?)", bun.List(influencers)).Where("shown").Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("find influencers", err)
	}
	accepts := make(map[string]bool, len(rows))
	for _, r := range rows {
		accepts[r.UserID] = r.AcceptsInvites
	}
	return accepts, nil
}
