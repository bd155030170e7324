package store

import (
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
)

// userModel is a row of users.
type userModel struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID           string `bun:",pk"`
	Email        string
	Name         string
	Role         string
	PasswordHash string
	Approved     bool
	FlaggedAt    *int64
	FlagReason   string
	Category     string
	Niche        string
	Reach        int64
	CreatedAt    int64
	VerifiedAt   *int64
	RefusedAt    *int64
	RefuseReason string
	DeletedAt    *int64
}

func userRow(u *User) *userModel {
	return &userModel{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: string(u.Role), PasswordHash: u.PasswordHash,
		Approved: u.Approved, FlaggedAt: microsOrNil(u.FlaggedAt), FlagReason: u.FlagReason,
		Category: u.Category, Niche: u.Niche, Reach: u.Reach, CreatedAt: micros(u.CreatedAt),
		VerifiedAt: microsOrNil(u.VerifiedAt), RefusedAt: microsOrNil(u.RefusedAt), RefuseReason: u.RefuseReason,
		DeletedAt: microsOrNil(u.DeletedAt),
	}
}

func (m *userModel) user() User {
	return User{
		ID: m.ID, Email: m.Email, Name: m.Name, Role: rooms.Side(m.Role), PasswordHash: m.PasswordHash,
		Approved: m.Approved, FlaggedAt: timeOrNil(m.FlaggedAt), FlagReason: m.FlagReason,
		Category: m.Category, Niche: m.Niche, Reach: m.Reach, CreatedAt: timeOf(m.CreatedAt),
		VerifiedAt: timeOrNil(m.VerifiedAt), RefusedAt: timeOrNil(m.RefusedAt), RefuseReason: m.RefuseReason,
		DeletedAt: timeOrNil(m.DeletedAt),
	}
}

// sessionModel is a row of sessions.
type sessionModel struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	TokenHash []byte `bun:",pk"`
	UserID    string
	Kind      string
	Name      string
	CreatedAt int64
	ExpiresAt int64
	SeenAt    int64
	Agent     string
}

func sessionRow(s *Session) *sessionModel {
	return &sessionModel{
		TokenHash: s.TokenHash[:], UserID: s.UserID, Kind: s.Kind, Name: s.Name,
		CreatedAt: micros(s.CreatedAt), ExpiresAt: micros(s.ExpiresAt), SeenAt: micros(s.SeenAt), Agent: s.Agent,
	}
}

func (m *sessionModel) session() Session {
	s := Session{
		UserID: m.UserID, Kind: m.Kind, Name: m.Name,
		CreatedAt: timeOf(m.CreatedAt), ExpiresAt: timeOf(m.ExpiresAt), SeenAt: timeOf(m.SeenAt), Agent: m.Agent,
	}
	copy(s.TokenHash[:], m.TokenHash)
	return s
}

// budgetModel is a row of sponsor_budgets.
type budgetModel struct {
	bun.BaseModel `bun:"table:sponsor_budgets,alias:b"`

	UserID   string `bun:",pk"`
	Currency string `bun:",pk"`
	Amount   int64
}

// campaignColumns are what campaignModel and campaignRowModel have in common.
type campaignColumns struct {
	ID          string `bun:",pk"`
	SponsorID   string
	Name        string
	Description string
	Goals       string
	Category    string
	Niches      string
	Platforms   string
	StartsAt    int64
	EndsAt      int64
	Public      bool
	Currency    string
	Budget      int64
	ArchivedAt  *int64
	SettledAt   *int64
	FlaggedAt   *int64
	FlagReason  string
	CreatedAt   int64
	UpdatedAt   int64
}

// campaignModel is a campaign as it is read.
type campaignModel struct {
	bun.BaseModel `bun:"table:campaigns,alias:c"`
	campaignColumns

	Committed int64
	Held      int64
}

// campaignRowModel is a campaign as it is written: all but the ledger, which is the writer's.
type campaignRowModel struct {
	bun.BaseModel `bun:"table:campaign_rows,alias:c"`
	campaignColumns
}

func campaignRow(c *Campaign) (*campaignRowModel, error) {
	niches, err := listText(c.Niches)
	if err != nil {
		return nil, fmt.Errorf("store: encode niches: %w", err)
	}
	platforms, err := listText(c.Platforms)
	if err != nil {
		return nil, fmt.Errorf("store: encode platforms: %w", err)
	}
	return &campaignRowModel{campaignColumns: campaignColumns{
		ID: c.ID, SponsorID: c.Sponsor, Name: c.Name, Description: c.Description, Goals: c.Goals,
		Category: c.Category, Niches: niches, Platforms: platforms, StartsAt: micros(c.StartsAt), EndsAt: micros(c.EndsAt),
		Public: c.Public, Currency: string(c.Currency), Budget: c.Budget,
		ArchivedAt: microsOrNil(c.ArchivedAt), FlaggedAt: microsOrNil(c.FlaggedAt), FlagReason: c.FlagReason,
		CreatedAt: micros(c.CreatedAt), UpdatedAt: micros(c.UpdatedAt),
	}}, nil
}

// listText is the form of a list of texts in a column.
func listText(list []string) (string, error) {
	if list == nil {
		list = []string{}
	}
	raw, err := json.Marshal(list)
	return string(raw), err
}

func (m *campaignModel) campaign() (Campaign, error) {
	c := Campaign{
		ID: m.ID, Sponsor: m.SponsorID, Name: m.Name, Description: m.Description, Goals: m.Goals,
		Category: m.Category, StartsAt: timeOf(m.StartsAt), EndsAt: timeOf(m.EndsAt), Public: m.Public,
		Currency: rooms.Currency(m.Currency), Budget: m.Budget, Committed: m.Committed, Held: m.Held,
		ArchivedAt: timeOrNil(m.ArchivedAt), FlaggedAt: timeOrNil(m.FlaggedAt), FlagReason: m.FlagReason,
		CreatedAt: timeOf(m.CreatedAt), UpdatedAt: timeOf(m.UpdatedAt),
	}
	if err := json.Unmarshal([]byte(m.Niches), &c.Niches); err != nil {
		return c, fmt.Errorf("%w: campaign %s: niches: %w", errCorrupt, m.ID, err)
	}
	if err := json.Unmarshal([]byte(m.Platforms), &c.Platforms); err != nil {
		return c, fmt.Errorf("%w: campaign %s: platforms: %w", errCorrupt, m.ID, err)
	}
	return c, nil
}

func campaignsOf(models []campaignModel) ([]Campaign, error) {
	list := make([]Campaign, len(models))
	for i := range models {
		var err error
		if list[i], err = models[i].campaign(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func microsOrNil(t *rooms.Time) *int64 {
	if t == nil {
		return nil
	}
	us := micros(*t)
	return &us
}

func timeOrNil(us *int64) *rooms.Time {
	if us == nil {
		return nil
	}
	t := timeOf(*us)
	return &t
}
