package insight_test

import (
	"context"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/admin"
	"parley/store/insight"
	"parley/store/storetest/scale"
)

// BenchmarkReads measures the reads behind the lists, the tracking and the statistics
// in a large market; see package scale.
func BenchmarkReads(b *testing.B) {
	ctx := context.Background()
	s := scale.Open(b)
	now := rooms.At(time.Now())
	sponsors, _, err := s.ListUsers(ctx, store.UserFilter{Role: rooms.Sponsor, Limit: 200})
	must(b, err)
	influencers, _, err := s.ListUsers(ctx, store.UserFilter{Role: rooms.Influencer, Limit: 200})
	must(b, err)
	var campaigns []store.Campaign
	for i := range sponsors {
		list, _, err := s.ListCampaigns(ctx, sponsors[i].ID, store.CampaignFilter{Limit: 5})
		must(b, err)
		campaigns = append(campaigns, list...)
	}
	day := now.Time
	for _, read := range []struct {
		name string
		do   func(i int) error
	}{
		{"tracking of a campaign", func(i int) error {
			_, _, err := insight.Campaign(ctx, s, campaigns[i%len(campaigns)].ID)
			return err
		}},
		{"overview of a sponsor", func(i int) error {
			_, err := insight.Sponsor(ctx, s, sponsors[i%len(sponsors)].ID, now)
			return err
		}},
		{"statistics, now", func(int) error { _, err := insight.Present(ctx, s, now); return err }},
		{"statistics, 90 days", func(int) error {
			_, err := insight.Between(ctx, s, day.AddDate(0, 0, -89), day)
			return err
		}},
		{"statistics, 365 days", func(int) error {
			_, err := insight.Between(ctx, s, day.AddDate(0, 0, -364), day)
			return err
		}},
		{"campaigns of a sponsor", func(i int) error {
			_, _, err := s.ListCampaigns(ctx, sponsors[i%len(sponsors)].ID, store.CampaignFilter{Limit: 50})
			return err
		}},
		{"inbox of a sponsor", func(i int) error {
			_, _, _, err := s.ListRooms(ctx, sponsors[i%len(sponsors)].ID, store.RoomFilter{Limit: 50})
			return err
		}},
		{"inbox of an influencer", func(i int) error {
			_, _, _, err := s.ListRooms(ctx, influencers[i%len(influencers)].ID, store.RoomFilter{Limit: 50})
			return err
		}},
		{"admin's campaigns", func(int) error {
			_, _, err := admin.Campaigns(ctx, s, now, admin.CampaignFilter{Limit: 50})
			return err
		}},
		{"admin's rooms", func(int) error { _, _, err := admin.Rooms(ctx, s, admin.RoomFilter{Limit: 50}); return err }},
	} {
		b.Run(read.name, func(b *testing.B) { scale.Measure(b, read.do) })
	}
}
