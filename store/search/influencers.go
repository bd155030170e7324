package search

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/profiles"
)

// InfluencerSort is an order of influencers.
type InfluencerSort string

// The orders of influencers, the most first. Without words the best match is the widest
// reach.
const (
	InfluencersBest       InfluencerSort = "best"
	InfluencersReach      InfluencerSort = "reach"
	InfluencersEngagement InfluencerSort = "engagement"
	InfluencersActive     InfluencerSort = "active"
)

// InfluencerFilter selects influencers who are approved, not flagged and not deleted. Zero
// values select all.
type InfluencerFilter struct {
	Text     string
	Category string // its words
	Niche    string // its words
	Platform string // of rooms.Platforms
	// MinReach and MaxReach are followers.
	MinReach, MaxReach int64
	// MinEngagement and MaxEngagement are basis points.
	MinEngagement, MaxEngagement int64
	// MinFee and MaxFee bound the typical fee of past deals in Currency, in its minor
	// units; see Fees. Without a currency they are refused.
	MinFee, MaxFee int64
	Currency       rooms.Currency
	// AcceptsInvites leaves out who does not want to be invited.
	AcceptsInvites bool
	Sort           InfluencerSort
	Cursor         string
	Limit          int
}

// minDeals is how many deals it takes before their fees are told, in the steps of Fees.
const minDeals = 3

// Fees tell about what an influencer's deals in a currency have cost, in steps of 1, 2, 5,
// 10 … minor units and only where there are at least three, so that nobody learns the
// amount of one.
type Fees struct {
	Currency rooms.Currency
	Deals    int64
	Low      int64 // at most the lowest
	Typical  int64 // the step at or below the median
	High     int64 // at least the highest
}

// Influencer is what is shown of one who was found.
type Influencer struct {
	ID             string
	Name           string
	Slug           string
	Bio            string
	Category       string
	Niches         []string
	Picture        string
	AcceptsInvites bool
	Reach          int64
	EngagementBP   int64 // of all platforms, by their followers
	Completed      int64 // deals
	ActiveAt       rooms.Time
	Platforms      []profiles.Platform // most followers first
	Fees           []Fees              // by currency
}

// narrow is a range that an index of SQLite serves.
type narrow struct {
	from  string
	where conditions
	fees  bool // of influencer_fees, not of influencer_docs
}

// influencerQuery is a search in one stage.
type influencerQuery struct {
	match
	order  ordering
	where  conditions
	ranges []narrow
	limit  int
}

var influencerOrders = map[InfluencerSort]ordering{
	InfluencersReach:      {key: "i.reach", id: "i.user_id", desc: true, index: "influencers_by_reach"},
	InfluencersEngagement: {key: "i.engagement_bp", id: "i.user_id", desc: true, index: "influencers_by_engagement"},
	InfluencersActive:     {key: "i.active_at", id: "i.user_id", desc: true, index: "influencers_by_activity"},
}

// Influencers searches influencers.
func (x *Index) Influencers(ctx context.Context, f InfluencerFilter) (Page[Influencer], error) {
	at, err := parseCursor(f.Cursor)
	if err != nil {
		return Page[Influencer]{}, err
	}
	base, err := f.query()
	if err != nil {
		return Page[Influencer]{}, err
	}
	filter := match{}.and(inCategory, f.Category).and(inNiches, f.Niche).and(inPlatforms, f.Platform)
	best := f.Sort == "" || f.Sort == InfluencersBest
	hits, next, corrected, err := x.hits(ctx, f.Text, filter, best, at, pageSize(f.Limit),
		func(m match, after *hit, limit int) ([]hit, error) {
			q := base
			q.match, q.limit = m, limit
			q.order.after(&q.where, after)
			sql, err := x.form.influencers(ctx, x.db, &q)
			if err != nil {
				return nil, err
			}
			return scan(ctx, sql)
		})
	if err != nil {
		return Page[Influencer]{}, err
	}
	list, err := x.influencers(ctx, hits)
	return Page[Influencer]{Items: list, Next: next.String(), Corrected: corrected}, err
}

func (f *InfluencerFilter) query() (influencerQuery, error) {
	q := influencerQuery{}
	sort := f.Sort
	if sort == "" || sort == InfluencersBest {
		sort = InfluencersReach
	}
	var ok bool
	if q.order, ok = influencerOrders[sort]; !ok {
		return q, unknown("sort")
	}
	q.where.add("i.shown")
	if f.AcceptsInvites {
		q.where.add("i.accepts_invites")
	}
	if f.MinFee > 0 || f.MaxFee > 0 {
		if f.Currency == "" {
			return q, rooms.Invalid("currency", rooms.Because("currency_required", "is required where fees are compared"))
		}
		var fees conditions
		fees.add(fmt.Sprintf("f.deals >= %d", minDeals))
		fees.add("f.currency = ?", string(f.Currency))
		between(&fees, "f.typical", f.MinFee, f.MaxFee)
		q.ranges = append(q.ranges, narrow{from: "influencer_fees f INDEXED BY influencer_fees_typical", where: fees, fees: true})
		q.where.add("EXISTS (SELECT 1 FROM influencer_fees f WHERE f.user_id = i.user_id AND "+fees.sql+")", fees.args...)
	}
	for _, r := range []struct {
		column, index string
		low, high     int64
	}{
		{"i.reach", "influencers_by_reach", f.MinReach, f.MaxReach},
		{"i.engagement_bp", "influencers_by_engagement", f.MinEngagement, f.MaxEngagement},
	} {
		if r.low == 0 && r.high == 0 {
			continue
		}
		between(&q.where, r.column, r.low, r.high)
		if r.column != q.order.key {
			n := narrow{from: "influencer_docs i INDEXED BY " + r.index}
			n.where.add("i.shown")
			between(&n.where, r.column, r.low, r.high)
			q.ranges = append(q.ranges, n)
		}
	}
	return q, nil
}

// between adds the bounds that are set.
func between(c *conditions, column string, low, high int64) {
	if low > 0 {
		c.add(column+" >= ?", low)
	}
	if high > 0 {
		c.add(column+" <= ?", high)
	}
}

// influencers reads what is shown of hits.
func (x *Index) influencers(ctx context.Context, hits []hit) ([]Influencer, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	who := bun.List(ids(hits))
	var rows []struct {
		ID, Name, Slug, Bio, Category, Niches, Picture string
		AcceptsInvites                                 bool
		Reach, EngagementBP, Completed, ActiveAt       int64
	}
	err := x.db.NewRaw("SELECT u.id, u.name, p.slug, p.bio, u.category, p.niches, p.picture, p.accepts_invites, i.reach,"+
		" i.engagement_bp AS engagement_bp, i.active_at, (SELECT count(*) FROM ad_request_rows r"+
		" WHERE r.influencer_id = u.id AND r.status = ?) AS completed"+
		" FROM influencer_docs i JOIN users u ON u.id = i.user_id JOIN profiles p ON p.user_id = i.user_id"+
		" WHERE i.user_id IN (?)", string(rooms.Completed), who).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("search influencers", err)
	}
	list := make([]Influencer, len(rows))
	for i := range rows {
		r := &rows[i]
		list[i] = Influencer{
			ID: r.ID, Name: r.Name, Slug: r.Slug, Bio: r.Bio, Category: r.Category, Picture: r.Picture,
			AcceptsInvites: r.AcceptsInvites, Reach: r.Reach, EngagementBP: r.EngagementBP, Completed: r.Completed,
			ActiveAt: rooms.FromMicros(r.ActiveAt),
		}
		if err := json.Unmarshal([]byte(r.Niches), &list[i].Niches); err != nil {
			return nil, corrupt("profile", r.ID, err)
		}
	}
	list = inOrder(hits, list, func(i *Influencer) string { return i.ID })
	byID := make(map[string]*Influencer, len(list))
	for i := range list {
		byID[list[i].ID] = &list[i]
	}
	var platforms []struct {
		UserID, Platform, Handle string
		Followers, EngagementBP  int64
	}
	err = x.db.NewRaw("SELECT user_id, platform, handle, followers, engagement_bp AS engagement_bp FROM profile_platforms"+
		" WHERE user_id IN (?) ORDER BY followers DESC, platform, handle", who).Scan(ctx, &platforms)
	if err != nil {
		return nil, store.ReadError("search influencers", err)
	}
	for _, r := range platforms {
		if i := byID[r.UserID]; i != nil {
			i.Platforms = append(i.Platforms, profiles.Platform{
				Platform: r.Platform, Handle: r.Handle, Followers: r.Followers, EngagementBP: r.EngagementBP,
			})
		}
	}
	var fees []struct {
		UserID, Currency          string
		Deals, Low, Typical, High int64
	}
	err = x.db.NewRaw("SELECT user_id, currency, deals, low, typical, high FROM influencer_fees"+
		" WHERE user_id IN (?) AND deals >= ? ORDER BY currency", who, minDeals).Scan(ctx, &fees)
	if err != nil {
		return nil, store.ReadError("search influencers", err)
	}
	for _, r := range fees {
		if i := byID[r.UserID]; i != nil {
			i.Fees = append(i.Fees, Fees{rooms.Currency(r.Currency), r.Deals, r.Low, r.Typical, r.High})
		}
	}
	return list, nil
}
