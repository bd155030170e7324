package remind

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"parley/digest/desk"
	"parley/rooms"
	"parley/store"
	"parley/store/preferences"
)

// away are the days of absence after which somebody is told of campaigns: every day
// would be the same ones again.
var away = [...]int{3, 7, 14, 30, 60}

const (
	// perCategory is how many of the newest campaigns of a category are looked at.
	perCategory = 20
	// offered is how many of them one person is told of.
	offered = 3
	// keepMarket is for how long the newest campaigns are kept in memory.
	keepMarket = 10 * time.Minute
)

// campaign is one that is open to everybody.
type campaign struct {
	ID, Name, Sponsor, Category string
	Niches                      string
	EndsAt                      int64

	niches []string // of Niches, in lower case
}

// market keeps the newest open campaigns of each category for a while, as every batch of
// an evening's round asks for them.
type market struct {
	mu   sync.Mutex
	at   rooms.Time
	open map[string][]campaign // by category, in lower case
}

func (m *market) load(ctx context.Context, s *store.Store, now rooms.Time) (map[string][]campaign, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != nil && !now.Before(m.at) && now.Before(m.at.Add(keepMarket)) {
		return m.open, nil
	}
	var rows []campaign
	err := s.Reads().NewRaw(`SELECT t.id, t.name, u.name AS sponsor, t.category, t.niches, t.ends_at FROM (
		SELECT c.*, ROW_NUMBER() OVER (PARTITION BY lower(c.category) ORDER BY c.id DESC) AS place FROM campaigns AS c
		WHERE c.public AND c.category <> '' AND c.archived_at IS NULL AND c.flagged_at IS NULL AND c.starts_at <= ?0 AND c.ends_at > ?1
	) AS t JOIN users AS u ON u.id = t.sponsor_id WHERE t.place <= ?2 AND u.approved AND u.flagged_at IS NULL ORDER BY t.id DESC`,
		store.Micros(now), store.Micros(now.Add(soon)), perCategory).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("list open campaigns", err)
	}
	open := make(map[string][]campaign)
	for _, c := range rows {
		var niches []string
		if err := json.Unmarshal([]byte(c.Niches), &niches); err != nil {
			return nil, store.ReadError("read a campaign's niches", err)
		}
		for _, niche := range niches {
			c.niches = append(c.niches, strings.ToLower(niche))
		}
		category := strings.ToLower(c.Category)
		open[category] = append(open[category], c)
	}
	m.at, m.open = now, open
	return open, nil
}

// absent tells for how many days of their own calendar somebody has not been here, by a
// day such as 2026-11-22.
func absent(p *desk.Person, day string) int {
	today, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	y, m, d := p.SeenAt.In(preferences.Location(p.Zone)).Date()
	return int(today.Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
}

// matching lists for each of some influencers the campaigns that may suit them and that
// they are not in yet, the best first.
func matching(ctx context.Context, s *store.Store, now rooms.Time, m *market, people []*desk.Person) (map[string][]campaign, error) {
	if len(people) == 0 {
		return nil, nil
	}
	open, err := m.load(ctx, s, now)
	if err != nil {
		return nil, err
	}
	found := make(map[string][]campaign, len(people))
	var users, campaigns []string
	named := make(map[string]bool)
	for _, p := range people {
		list := slices.Clone(open[strings.ToLower(p.Category)])
		if len(list) == 0 {
			continue
		}
		slices.SortStableFunc(list, func(a, b campaign) int { return common(p, &b) - common(p, &a) })
		found[p.ID] = list
		users = append(users, p.ID)
		for i := range list {
			if !named[list[i].ID] {
				named[list[i].ID] = true
				campaigns = append(campaigns, list[i].ID)
			}
		}
	}
	if len(users) == 0 {
		return nil, nil
	}
	var in []struct{ InfluencerID, CampaignID string }
	err = s.Reads().NewSelect().Table("ad_requests").Column("influencer_id", "campaign_id").
		Where("influencer_id IN (?)", bun.List(users)).Where("campaign_id IN (?)", bun.List(campaigns)).Scan(ctx, &in)
	if err != nil {
		return nil, store.ReadError("find who is in a campaign", err)
	}
	for user, list := range found {
		list = slices.DeleteFunc(list, func(c campaign) bool {
			return slices.ContainsFunc(in, func(r struct{ InfluencerID, CampaignID string }) bool {
				return r.InfluencerID == user && r.CampaignID == c.ID
			})
		})
		found[user] = list[:min(len(list), offered)]
	}
	return found, nil
}

// common counts the niches that an influencer and a campaign share.
func common(p *desk.Person, c *campaign) int {
	n := 0
	for _, niche := range p.Niches {
		if slices.Contains(c.niches, strings.ToLower(niche)) {
			n++
		}
	}
	return n
}
