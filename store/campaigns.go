package store

import (
	"context"

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

// CampaignFilter selects open campaigns.
type CampaignFilter struct {
	Query    string // part of the name, description, category or niches
	Category string
	Cursor   string
	Limit    int
}

// CreateCampaign adds a campaign and makes its ID and CreatedAt where they are
// not set. Refusals name the field.
func (s *Store) CreateCampaign(ctx context.Context, c Campaign) (Campaign, error) {
	return c, ErrUnavailable
}

// Campaign finds a campaign.
func (s *Store) Campaign(ctx context.Context, id string) (Campaign, error) {
	return Campaign{}, ErrUnavailable
}

// UpdateCampaign changes a sponsor's campaign. ErrNotFound when it is not theirs.
func (s *Store) UpdateCampaign(ctx context.Context, sponsor, id string, p CampaignPatch) (Campaign, error) {
	return Campaign{}, ErrUnavailable
}

// ArchiveCampaign ends a campaign: its open rooms close, its holds are released.
// It is refused while a deal is in force.
func (s *Store) ArchiveCampaign(ctx context.Context, sponsor, id string) error { return ErrUnavailable }

// ListCampaigns lists a sponsor's campaigns, newest first.
func (s *Store) ListCampaigns(ctx context.Context, sponsor, cursor string, limit int) (list []Campaign, next string, err error) {
	return nil, "", ErrUnavailable
}

// ListOpenCampaigns lists public campaigns that run at now and are neither
// archived nor flagged, newest first.
func (s *Store) ListOpenCampaigns(ctx context.Context, now rooms.Time, f CampaignFilter) (list []Campaign, next string, err error) {
	return nil, "", ErrUnavailable
}

// SetSponsorBudget bounds a sponsor's campaigns of one currency; 0 removes the
// bound. It is refused below what the campaigns have already.
func (s *Store) SetSponsorBudget(ctx context.Context, sponsor string, currency rooms.Currency, amount int64) error {
	return ErrUnavailable
}

// SponsorBudgets lists a sponsor's budgets by currency.
func (s *Store) SponsorBudgets(ctx context.Context, sponsor string) ([]SponsorBudget, error) {
	return nil, ErrUnavailable
}
