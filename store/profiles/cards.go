package profiles

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Card is what a sponsor shows to those whom it invites.
type Card struct {
	UserID    string
	Name      string
	Kind      string // Company or Individual
	Industry  string
	About     string
	Picture   string // see Picture.ID; empty for none
	JoinedAt  rooms.Time
	UpdatedAt rooms.Time
}

// Kinds of sponsors.
const (
	Company    = "company"
	Individual = "individual"
)

// CardPatch changes what is not nil.
type CardPatch struct {
	Name     *string
	Kind     *string
	Industry *string
	About    *string
}

func (p *CardPatch) check() error {
	if p.Kind != nil && *p.Kind != Company && *p.Kind != Individual {
		return rooms.Invalid("kind", rooms.OneOf("company", "individual"))
	}
	return first(
		line("name", p.Name, 1, MaxName),
		line("industry", p.Industry, 0, MaxIndustry),
		text("about", p.About, MaxAbout),
	)
}

// cardModel is a row of sponsor_cards.
type cardModel struct {
	bun.BaseModel `bun:"table:sponsor_cards,alias:c"`

	UserID    string `bun:",pk"`
	Kind      string
	Industry  string
	About     string
	Picture   string
	UpdatedAt int64

	Name     string `bun:",scanonly"`
	JoinedAt int64  `bun:",scanonly"`
}

// CardOf is the card of a sponsor; those of flagged users are found too.
func CardOf(ctx context.Context, s *store.Store, user string) (Card, error) {
	c, err := findCard(ctx, s.Reads(), user)
	return c, store.ReadError("find card", err)
}

func findCard(ctx context.Context, db bun.IDB, user string) (Card, error) {
	var m cardModel
	err := db.NewSelect().Model(&m).ColumnExpr("c.*, u.name, u.created_at AS joined_at").
		Join("JOIN users u ON u.id = c.user_id").Where("c.user_id = ?", user).Scan(ctx)
	if err != nil {
		return Card{}, err
	}
	return Card{
		UserID: m.UserID, Name: m.Name, Kind: m.Kind, Industry: m.Industry, About: m.About, Picture: m.Picture,
		JoinedAt: timeOf(m.JoinedAt), UpdatedAt: timeOf(m.UpdatedAt),
	}, nil
}

// SaveCard changes a card and returns it. What is not valid is refused with the
// field's name.
func SaveCard(ctx context.Context, s *store.Store, user string, patch CardPatch) (Card, error) {
	return store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (Card, error) {
		return ChangeCard(ctx, t, user, patch)
	})
}

// ChangeCard is SaveCard inside a transaction.
func ChangeCard(ctx context.Context, t *store.Tx, user string, patch CardPatch) (Card, error) {
	if err := patch.check(); err != nil {
		return Card{}, err
	}
	q := t.DB.NewUpdate().Table("sponsor_cards").Where("user_id = ?", user).Set("updated_at = ?", t.Now.UnixMicro())
	setText(q, "kind", patch.Kind)
	setText(q, "industry", patch.Industry)
	setText(q, "about", patch.About)
	res, err := q.Exec(ctx)
	if err != nil {
		return Card{}, fmt.Errorf("change card: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return Card{}, missing("change card", err)
	}
	if patch.Name != nil {
		if _, err := t.DB.NewUpdate().Table("users").Set("name = ?", *patch.Name).Where("id = ?", user).Exec(ctx); err != nil {
			return Card{}, fmt.Errorf("change card: %w", err)
		}
	}
	c, err := findCard(ctx, t.DB, user)
	if err != nil {
		return Card{}, store.RowError("change card", err)
	}
	return c, nil
}
