package search_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/rooms"
	"parley/store/search"
	"parley/store/storetest/scale"
)

// BenchmarkLargeMarket measures searches in a large market; see package scale. What
// finds nothing fails: then it would measure nothing.
func BenchmarkLargeMarket(b *testing.B) {
	ctx, s := context.Background(), scale.Open(b)
	x, now := search.New(s), rooms.At(time.Now())
	soon, late := now.Add(24*time.Hour), now.Add(20*24*time.Hour)
	errNothing := errors.New("nothing was found")
	for _, r := range []struct {
		name string
		f    search.InfluencerFilter
	}{
		{"all", search.InfluencerFilter{}},
		{"by engagement", search.InfluencerFilter{Sort: search.InfluencersEngagement}},
		{"active, accepting invites", search.InfluencerFilter{Sort: search.InfluencersActive, AcceptsInvites: true}},
		{"a category", search.InfluencerFilter{Category: "Food"}},
		{"a category, by engagement", search.InfluencerFilter{Category: "Food", Sort: search.InfluencersEngagement}},
		{"category and platform", search.InfluencerFilter{Category: "Food", Platform: "tiktok", AcceptsInvites: true, Sort: search.InfluencersEngagement}},
		{"niche and reach", search.InfluencerFilter{Niche: "coffee", MinReach: 50_000, MaxReach: 500_000, Sort: search.InfluencersEngagement}},
		{"a word", search.InfluencerFilter{Text: "coffee"}},
		{"a misspelt word", search.InfluencerFilter{Text: "cofffee"}},
		{"the beginning of a word", search.InfluencerFilter{Text: "co"}},
		{"two words", search.InfluencerFilter{Text: "slow travel"}},
		{"three beginnings", search.InfluencerFilter{Text: "slow tra sho"}},
		{"word and category", search.InfluencerFilter{Text: "cof", Category: "Food", Sort: search.InfluencersActive}},
		{"engagement at least 7 %", search.InfluencerFilter{MinEngagement: 700, Sort: search.InfluencersReach}},
		{"reach and engagement", search.InfluencerFilter{MinReach: 10_000, MaxReach: 30_000, MinEngagement: 700, Sort: search.InfluencersActive}},
		{"past fees", search.InfluencerFilter{Currency: "EUR", MinFee: 100_000, MaxFee: 200_000}},
		{"past fees and niche", search.InfluencerFilter{Currency: "EUR", MaxFee: 100_000, Sort: search.InfluencersEngagement, Niche: "coffee"}},
	} {
		b.Run("influencers, "+r.name, func(b *testing.B) {
			scale.Measure(b, func(int) error {
				page, err := x.Influencers(ctx, r.f)
				if err == nil && len(page.Items) == 0 {
					err = errNothing
				}
				return err
			})
		})
	}
	for _, r := range []struct {
		name string
		f    search.CampaignFilter
	}{
		{"newest", search.CampaignFilter{}},
		{"ending", search.CampaignFilter{Sort: search.CampaignsEnding}},
		{"by budget", search.CampaignFilter{Sort: search.CampaignsBudget, Currency: "EUR"}},
		{"a category", search.CampaignFilter{Category: "Food"}},
		{"category and niche", search.CampaignFilter{Category: "Food", Niche: "coffee"}},
		{"a word", search.CampaignFilter{Text: "coffee"}},
		{"a misspelt word", search.CampaignFilter{Text: "cofffee"}},
		{"the beginning of a word", search.CampaignFilter{Text: "co"}},
		{"two beginnings", search.CampaignFilter{Text: "cold bre", Sort: search.CampaignsEnding}},
		{"dates", search.CampaignFilter{From: &soon, Until: &late, Category: "Food"}},
		{"budget", search.CampaignFilter{Currency: "EUR", MinBudget: 500_000}},
	} {
		r.f.Now = now
		b.Run("campaigns, "+r.name, func(b *testing.B) {
			scale.Measure(b, func(int) error {
				page, err := x.Campaigns(ctx, r.f)
				if err == nil && len(page.Items) == 0 {
					err = errNothing
				}
				return err
			})
		})
	}
}
