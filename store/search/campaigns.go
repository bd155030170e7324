package search

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// CampaignSort is an order of campaigns.
type CampaignSort string

// The orders of campaigns. Without words the best match is the newest.
const (
	CampaignsBest   CampaignSort = "best"
	CampaignsNewest CampaignSort = "newest"
	CampaignsEnding CampaignSort = "ending"
	// CampaignsBudget is by the budget, the largest first, of one currency.
	CampaignsBudget CampaignSort = "budget"
)

// CampaignFilter selects campaigns that anybody may find: public, not at their end, not
// archived, not flagged, of a sponsor who is approved and not flagged. Zero values
// select all.
type CampaignFilter struct {
	Text     string
	Category string // its words
	Niche    string // its words
	Platform string // of rooms.Platforms
	Currency rooms.Currency
	// MinBudget and MaxBudget are minor units of Currency, without which they are
	// refused; 0 for no bound.
	MinBudget, MaxBudget int64
	// From and Until select the campaigns that run at some time from one, exclusive, to
	// the other, exclusive.
	From, Until *rooms.Time
	Sort        CampaignSort
	Now         rooms.Time
	Cursor      string
	Limit       int
}

// Campaign is what a stranger may see of a campaign: never what its deals and offers
// take of the budget.
type Campaign struct {
	ID          string
	Name        string
	Description string
	Goals       string
	Category    string
	Niches      []string
	Platforms   []string
	StartsAt    rooms.Time
	EndsAt      rooms.Time
	Currency    rooms.Currency
	Budget      int64 // minor units of Currency
	Sponsor     string
	SponsorName string
}

// campaignQuery is a search in one stage.
type campaignQuery struct {
	match
	order ordering
	where conditions
	limit int
}

var campaignOrders = map[CampaignSort]ordering{
	CampaignsNewest: {id: "c.id", desc: true, index: "campaigns_open"},
	CampaignsEnding: {key: "c.ends_at", id: "c.id", index: "campaigns_open_by_end"},
	CampaignsBudget: {key: "c.budget", id: "c.id", desc: true, index: "campaigns_open_by_budget"},
}

// openCampaign is what everybody may find, but for its time; the indexes of campaigns
// have the same words.
const openCampaign = "c.public AND c.archived_at IS NULL AND c.flagged_at IS NULL"

// Campaigns searches campaigns.
func (x *Index) Campaigns(ctx context.Context, f CampaignFilter) (Page[Campaign], error) {
	at, err := parseCursor(f.Cursor)
	if err != nil {
		return Page[Campaign]{}, err
	}
	order, where, err := f.query()
	if err != nil {
		return Page[Campaign]{}, err
	}
	filter := match{}.and(inCategory, f.Category).and(inNiches, f.Niche).and(inPlatforms, f.Platform)
	best := f.Sort == "" || f.Sort == CampaignsBest
	hits, next, corrected, err := x.hits(ctx, f.Text, filter, best, at, pageSize(f.Limit),
		func(m match, after *hit, limit int) ([]hit, error) {
			q := &campaignQuery{match: m, order: order, where: where, limit: limit}
			order.after(&q.where, after)
			sql, err := x.form.campaigns(ctx, x.db, q)
			if err != nil {
				return nil, err
			}
			return scan(ctx, sql)
		})
	if err != nil {
		return Page[Campaign]{}, err
	}
	list, err := x.openCampaigns(ctx, hits)
	return Page[Campaign]{Items: list, Next: next.String(), Corrected: corrected}, err
}

func (f *CampaignFilter) query() (ordering, conditions, error) {
	var where conditions
	sort := f.Sort
	if sort == "" || sort == CampaignsBest {
		sort = CampaignsNewest
	}
	order, ok := campaignOrders[sort]
	if !ok {
		return order, where, unknown("sort")
	}
	if f.Currency == "" && (f.MinBudget != 0 || f.MaxBudget != 0 || sort == CampaignsBudget) {
		return order, where, rooms.Invalid("currency", rooms.Because("currency_required", "is required where budgets are compared"))
	}
	where.add(openCampaign)
	where.add("c.ends_at > ?", f.Now.UnixMicro())
	where.add("EXISTS (SELECT 1 FROM users u WHERE u.id = c.sponsor_id AND u.approved AND u.flagged_at IS NULL AND u.deleted_at IS NULL)")
	if f.Currency != "" {
		where.add("c.currency = ?", string(f.Currency))
	}
	if f.MinBudget > 0 {
		where.add("c.budget >= ?", f.MinBudget)
	}
	if f.MaxBudget > 0 {
		where.add("c.budget <= ?", f.MaxBudget)
	}
	if f.From != nil {
		where.add("c.ends_at > ?", f.From.UnixMicro())
	}
	if f.Until != nil {
		where.add("c.starts_at < ?", f.Until.UnixMicro())
	}
	return order, where, nil
}

// openCampaigns reads what is shown of hits.
func (x *Index) openCampaigns(ctx context.Context, hits []hit) ([]Campaign, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	var rows []struct {
		ID, Name, Description, Goals, Category, Niches, Platforms string
		StartsAt, EndsAt                                          int64
		Currency                                                  string
		Budget                                                    int64
		Sponsor, SponsorName                                      string
	}
	err := x.db.NewRaw("SELECT c.id, c.name, c.description, c.goals, c.category, c.niches, c.platforms, c.starts_at,"+
		" c.ends_at, c.currency, c.budget, c.sponsor_id AS sponsor, u.name AS sponsor_name"+
		" FROM campaigns c JOIN users u ON u.id = c.sponsor_id WHERE c.id IN (?)", bun.List(ids(hits))).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("search campaigns", err)
	}
	list := make([]Campaign, len(rows))
	for i := range rows {
		r := &rows[i]
		list[i] = Campaign{
			ID: r.ID, Name: r.Name, Description: r.Description, Goals: r.Goals, Category: r.Category,
			StartsAt: rooms.FromMicros(r.StartsAt), EndsAt: rooms.FromMicros(r.EndsAt),
			Currency: rooms.Currency(r.Currency), Budget: r.Budget, Sponsor: r.Sponsor, SponsorName: r.SponsorName,
		}
		if err := json.Unmarshal([]byte(r.Niches), &list[i].Niches); err != nil {
			return nil, corrupt("campaign", r.ID, err)
		}
		if err := json.Unmarshal([]byte(r.Platforms), &list[i].Platforms); err != nil {
			return nil, corrupt("campaign", r.ID, err)
		}
	}
	return inOrder(hits, list, func(c *Campaign) string { return c.ID }), nil
}
