package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
)

// Campaign is a sponsor's container of ad requests. Amounts are minor units of
// Currency.
type Campaign struct {
	ID          string
	Sponsor     string // user id
	Name        string
	Description string
	Goals       string
	Category    string
	Niches      []string
	Platforms   []string // that content is wanted on, of rooms.Platforms
	StartsAt    rooms.Time
	EndsAt      rooms.Time
	Public      bool
	Currency    rooms.Currency
	Budget      int64
	Committed   int64
	Held        int64
	ArchivedAt  *rooms.Time
	FlaggedAt   *rooms.Time
	FlagReason  string
	CreatedAt   rooms.Time
	UpdatedAt   rooms.Time
}

// CampaignPatch changes what is not nil. Currency never changes.
type CampaignPatch struct {
	Name        *string
	Description *string
	Goals       *string
	Category    *string
	Niches      *[]string
	Platforms   *[]string
	StartsAt    *rooms.Time
	EndsAt      *rooms.Time
	Public      *bool
	Budget      *int64
}

// SponsorBudget bounds the sum of a sponsor's campaign budgets in one currency.
type SponsorBudget struct {
	Currency rooms.Currency
	Amount   int64
	// Allocated is the sum of the budgets of the campaigns that are not archived.
	Allocated int64
}

// CampaignFilter selects campaigns of a list.
type CampaignFilter struct {
	Query    string // part of the name, description, category or niches
	Category string
	// Archived selects campaigns that are archived, or that are not; nil for all.
	Archived *bool
	Cursor   string
	Limit    int
}

// CreateCampaign adds a campaign and makes its ID and CreatedAt where they are
// not set. Refusals name the field.
func (s *Store) CreateCampaign(ctx context.Context, c Campaign) (Campaign, error) {
	if c.ID == "" {
		id, err := s.newID()
		if err != nil {
			return Campaign{}, err
		}
		c.ID = id
	}
	return write(ctx, s, true, func(ctx context.Context, t *Tx) (Campaign, error) { return t.createCampaign(ctx, c) })
}

func (t *Tx) createCampaign(ctx context.Context, c Campaign) (Campaign, error) {
	if c.CreatedAt.IsZero() {
		c.CreatedAt = t.Now
	}
	c.UpdatedAt, c.Committed, c.Held = t.Now, 0, 0
	c.ArchivedAt, c.FlaggedAt, c.FlagReason = nil, nil, ""
	if !c.Currency.Valid() {
		return Campaign{}, rooms.Invalid("currency", rooms.Because("currency", "must be an ISO 4217 code such as EUR"))
	}
	if err := checkCampaign(ctx, t, &c); err != nil {
		return Campaign{}, err
	}
	if !t.Now.Before(c.EndsAt) {
		return Campaign{}, rooms.Invalid("ends_at", rooms.Because("past", "must not be past"))
	}
	m, err := campaignRow(&c)
	if err != nil {
		return Campaign{}, err
	}
	_, err = t.DB.NewInsert().Model(m).Exec(ctx)
	switch {
	case err == nil:
		return c, nil
	case isForeignKey(err):
		return Campaign{}, fmt.Errorf("create campaign: sponsor: %w", ErrNotFound)
	case isUnique(err):
		return Campaign{}, rooms.Refuse(rooms.CodeAlreadyExists, "This campaign exists already.")
	default:
		return Campaign{}, fmt.Errorf("create campaign: %w", err)
	}
}

// checkCampaign refuses texts that no reader could show, dates in the wrong order and
// budgets out of bounds: below what is taken of it, or over the sponsor's own budget of
// the currency.
func checkCampaign(ctx context.Context, t *Tx, c *Campaign) error {
	if r := checkTexts(c); r != nil {
		return r
	}
	if !c.StartsAt.Before(c.EndsAt) {
		return rooms.Invalid("ends_at", rooms.Because("before_start", "must be after the start"))
	}
	ledger := rooms.Campaign{Currency: c.Currency, Budget: c.Budget, Committed: c.Committed, Held: c.Held}
	if r := ledger.CheckBudget(c.Budget); r != nil {
		return r
	}
	bound, err := sponsorBound(ctx, t, c.Sponsor, c.Currency)
	if err != nil || bound == 0 {
		return err
	}
	others, err := allocated(ctx, t, c.Sponsor, c.Currency, c.ID)
	if err != nil {
		return err
	}
	if others+c.Budget > bound {
		return &rooms.Refusal{
			Code: rooms.CodeBudgetExceeded, Field: "budget.amount",
			Message: "The budgets of your campaigns would exceed your own budget in this currency.",
			Details: BoundDetails{
				Bound: bound, Allocated: others, Available: bound - others, Needed: c.Budget, Currency: c.Currency,
			},
		}
	}
	return nil
}

// checkTexts refuses control characters: but for those that break lines in the long texts
// none has a meaning, and PostgreSQL cannot keep all of them.
func checkTexts(c *Campaign) *rooms.Refusal {
	const breaks = "\n\r\t"
	for _, f := range []struct{ field, text, but string }{
		{"name", c.Name, ""}, {"description", c.Description, breaks}, {"goals", c.Goals, breaks}, {"category", c.Category, ""},
	} {
		if rooms.HasControls(f.text, f.but) {
			return rooms.Invalid(f.field, rooms.ControlCharacters())
		}
	}
	for i, niche := range c.Niches {
		if rooms.HasControls(niche, "") {
			return rooms.Invalid(fmt.Sprintf("niches[%d]", i), rooms.ControlCharacters())
		}
	}
	return nil
}

// BoundDetails tell what a sponsor's own budget leaves for a campaign: the bound less
// what the other campaigns of the currency have.
type BoundDetails struct {
	Bound     int64          `json:"bound"`
	Allocated int64          `json:"allocated"`
	Available int64          `json:"available"`
	Needed    int64          `json:"needed"`
	Currency  rooms.Currency `json:"currency"`
}

// sponsorBound is the sponsor's own budget, 0 for none.
func sponsorBound(ctx context.Context, t *Tx, sponsor string, currency rooms.Currency) (int64, error) {
	var amount int64
	err := t.DB.NewSelect().Model((*budgetModel)(nil)).Column("amount").
		Where("user_id = ?", sponsor).Where("currency = ?", string(currency)).Scan(ctx, &amount)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the sponsor's budget: %w", err)
	}
	return amount, nil
}

// allocated sums the budgets of a sponsor's campaigns but one. An archived
// campaign counts with what its deals have committed.
func allocated(ctx context.Context, t *Tx, sponsor string, currency rooms.Currency, but string) (int64, error) {
	var sum int64
	err := t.DB.NewSelect().Model((*campaignModel)(nil)).
		ColumnExpr("CAST(coalesce(sum("+allocatedAmount+"), 0) AS BIGINT)").
		Where("sponsor_id = ?", sponsor).Where("currency = ?", string(currency)).Where("id <> ?", but).Scan(ctx, &sum)
	if err != nil {
		return 0, fmt.Errorf("sum the sponsor's budgets: %w", err)
	}
	return sum, nil
}

const allocatedAmount = "CASE WHEN archived_at IS NULL THEN budget ELSE committed END"

// Campaign finds a campaign.
func (s *Store) Campaign(ctx context.Context, id string) (Campaign, error) {
	var m campaignModel
	if err := s.reads.db.NewSelect().Model(&m).Where("id = ?", id).Scan(ctx); err != nil {
		return Campaign{}, readError("find campaign", err)
	}
	return m.campaign()
}

// UpdateCampaign changes a sponsor's campaign. ErrNotFound when it is not theirs.
// Terms that were sent stay as they are; from now on the new dates and budget
// hold.
func (s *Store) UpdateCampaign(ctx context.Context, sponsor, id string, p CampaignPatch) (Campaign, error) {
	return write(ctx, s, true, func(ctx context.Context, t *Tx) (Campaign, error) {
		c, err := ownCampaign(ctx, t, sponsor, id)
		if err != nil {
			return Campaign{}, err
		}
		if c.ArchivedAt != nil {
			return Campaign{}, rooms.NotAllowed("archived", "The campaign is archived.")
		}
		if p.EndsAt != nil && p.EndsAt.Equal(c.EndsAt.Time) {
			p.EndsAt = nil // what has ended stays settled
		}
		if p.EndsAt != nil && !t.Now.Before(*p.EndsAt) {
			return Campaign{}, rooms.Invalid("ends_at", rooms.Because("past", "must not be past"))
		}
		set(&c.Name, p.Name)
		set(&c.Description, p.Description)
		set(&c.Goals, p.Goals)
		set(&c.Category, p.Category)
		set(&c.Niches, p.Niches)
		set(&c.Platforms, p.Platforms)
		set(&c.StartsAt, p.StartsAt)
		set(&c.EndsAt, p.EndsAt)
		set(&c.Public, p.Public)
		set(&c.Budget, p.Budget)
		if err := checkCampaign(ctx, t, &c); err != nil {
			return Campaign{}, err
		}
		c.UpdatedAt = t.Now
		m, err := campaignRow(&c)
		if err != nil {
			return Campaign{}, err
		}
		columns := []string{"name", "description", "goals", "category", "niches", "platforms", "starts_at", "ends_at",
			"public", "budget", "updated_at"}
		if p.EndsAt != nil {
			columns = append(columns, "settled_at") // it runs again
		}
		if _, err := t.DB.NewUpdate().Model(m).Column(columns...).WherePK().Exec(ctx); err != nil {
			return Campaign{}, fmt.Errorf("update campaign: %w", err)
		}
		return c, nil
	})
}

func ownCampaign(ctx context.Context, t *Tx, sponsor, id string) (Campaign, error) {
	var m campaignModel
	err := t.DB.NewSelect().Model(&m).Where("id = ?", id).Where("sponsor_id = ?", sponsor).Scan(ctx)
	if err != nil {
		return Campaign{}, notFound("find campaign", err)
	}
	return m.campaign()
}

// DealsDetails name the rooms whose deals stand in the way, 20 at most.
type DealsDetails struct {
	Deals []Obstacle `json:"deals"`
}

// ArchiveCampaign ends a campaign: its open rooms close, its holds are released.
// It is refused while a deal is in force, with not_allowed and DealsDetails, in
// which each room has its influencer's name.
func (s *Store) ArchiveCampaign(ctx context.Context, sponsor, id string) error {
	_, err := write(ctx, s, true, func(ctx context.Context, t *Tx) (struct{}, error) {
		c, err := ownCampaign(ctx, t, sponsor, id)
		if err != nil || c.ArchivedAt != nil {
			return struct{}{}, err
		}
		var in DealsDetails
		err = t.DB.NewSelect().TableExpr("ad_requests AS r").Join("JOIN users AS i ON i.id = r.influencer_id").
			ColumnExpr("r.id, i.name").Where("r.campaign_id = ?", id).Where("r.status = ?", string(rooms.Agreed)).
			OrderExpr("r.id").Limit(maxObstacles).Scan(ctx, &in.Deals)
		if err != nil {
			return struct{}{}, fmt.Errorf("archive campaign: %w", err)
		}
		if len(in.Deals) > 0 {
			return struct{}{}, &rooms.Refusal{
				Code: rooms.CodeNotAllowed, Message: "Deals of this campaign are in force; they are completed first.", Details: in,
			}
		}
		if err := t.closeRooms(ctx, "campaign_id", id, "campaign_archived"); err != nil {
			return struct{}{}, err
		}
		_, err = t.DB.NewUpdate().Table("campaign_rows").Set("archived_at = ?", micros(t.Now)).
			Set("settled_at = ?", micros(t.Now)).Set("updated_at = ?", micros(t.Now)).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return struct{}{}, fmt.Errorf("archive campaign: %w", err)
		}
		return struct{}{}, nil
	})
	return err
}

// ListCampaigns lists a sponsor's campaigns, newest first, by Archived, Cursor and
// Limit of the filter.
func (s *Store) ListCampaigns(ctx context.Context, sponsor string, f CampaignFilter) (list []Campaign, next string, err error) {
	q := s.reads.db.NewSelect().Where("sponsor_id = ?", sponsor)
	switch {
	case f.Archived == nil:
	case *f.Archived:
		q = q.Where("archived_at IS NOT NULL")
	default:
		q = q.Where("archived_at IS NULL")
	}
	return s.campaigns(ctx, q, f.Cursor, f.Limit)
}

// ListAllCampaigns lists campaigns for an admin, newest first.
func (s *Store) ListAllCampaigns(ctx context.Context, f CampaignFilter) (list []Campaign, next string, err error) {
	q := s.reads.db.NewSelect()
	if f.Category != "" {
		q = q.Where("lower(category) = lower(?)", f.Category)
	}
	if f.Query != "" {
		q = contains(q, f.Query, "name", "description", "category", "niches")
	}
	return s.campaigns(ctx, q, f.Cursor, f.Limit)
}

func (s *Store) campaigns(ctx context.Context, q *bun.SelectQuery, cursor string, limit int) ([]Campaign, string, error) {
	var models []campaignModel
	limit = pageSize(limit)
	q = q.Model(&models).Order("id DESC").Limit(int64(limit) + 1)
	if cursor != "" {
		q = q.Where("id < ?", cursor)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", readError("list campaigns", err)
	}
	models, more := page(models, limit)
	list, err := campaignsOf(models)
	if err != nil || !more {
		return list, "", err
	}
	return list, models[limit-1].ID, nil
}

// SetSponsorBudget bounds a sponsor's campaigns of one currency; 0 removes the
// bound. It is refused below what the campaigns have already.
func (s *Store) SetSponsorBudget(ctx context.Context, sponsor string, currency rooms.Currency, amount int64) error {
	_, err := write(ctx, s, true, func(ctx context.Context, t *Tx) (struct{}, error) {
		return struct{}{}, t.SetSponsorBudget(ctx, sponsor, currency, amount)
	})
	return err
}

// SetSponsorBudget is Store.SetSponsorBudget inside a transaction, for a sponsor who is
// new: it does not see what commands of the same batch do to campaigns.
func (t *Tx) SetSponsorBudget(ctx context.Context, sponsor string, currency rooms.Currency, amount int64) error {
	if !currency.Valid() {
		return rooms.Invalid("currency", rooms.Because("currency", "must be an ISO 4217 code such as EUR"))
	}
	if amount < 0 || amount > rooms.MaxAmountMinor {
		return rooms.Invalid("amount", rooms.Between(0, rooms.MaxAmountMinor))
	}
	m := &budgetModel{UserID: sponsor, Currency: string(currency), Amount: amount}
	if amount == 0 {
		if _, err := t.DB.NewDelete().Model(m).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("remove the sponsor's budget: %w", err)
		}
		return nil
	}
	sum, err := allocated(ctx, t, sponsor, currency, "")
	if err != nil {
		return err
	}
	if amount < sum {
		return &rooms.Refusal{
			Code: rooms.CodeBudgetExceeded, Field: "amount",
			Message: "The budget cannot be cut below those of your campaigns.",
			Details: rooms.BudgetDetails{Available: 0, Needed: sum, Currency: currency},
		}
	}
	_, err = t.DB.NewInsert().Model(m).On("CONFLICT (user_id, currency) DO UPDATE").Set("amount = EXCLUDED.amount").Exec(ctx)
	switch {
	case err == nil:
		return nil
	case isForeignKey(err):
		return fmt.Errorf("set the sponsor's budget: %w", ErrNotFound)
	default:
		return fmt.Errorf("set the sponsor's budget: %w", err)
	}
}

// SponsorBudgets lists a sponsor's budgets by currency.
func (s *Store) SponsorBudgets(ctx context.Context, sponsor string) ([]SponsorBudget, error) {
	var list []SponsorBudget
	err := s.reads.db.NewSelect().Model((*budgetModel)(nil)).Column("currency", "amount").
		ColumnExpr("(SELECT CAST(coalesce(sum("+allocatedAmount+"), 0) AS BIGINT) FROM campaigns c"+
			" WHERE c.sponsor_id = b.user_id AND c.currency = b.currency) AS allocated").
		Where("b.user_id = ?", sponsor).Order("currency").Scan(ctx, &list)
	if err != nil {
		return nil, readError("list budgets", err)
	}
	return list, nil
}
