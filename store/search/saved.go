package search

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Kind is what a saved search looks for.
type Kind string

// The kinds of saved searches.
const (
	KindCampaigns   Kind = "campaigns"
	KindInfluencers Kind = "influencers"
)

// MaxSaved is how many searches one user may save.
const MaxSaved = 50

// Saved is a search that a user has named.
type Saved struct {
	ID        string
	Kind      Kind
	Name      string
	Query     string // as in the address of the search
	CreatedAt rooms.Time
}

// savedModel is a row of saved_searches.
type savedModel struct {
	bun.BaseModel `bun:"table:saved_searches"`

	ID        string `bun:",pk"`
	UserID    string
	Kind      string
	Name      string
	Query     string
	CreatedAt int64
}

func (m *savedModel) saved() Saved {
	return Saved{ID: m.ID, Kind: Kind(m.Kind), Name: m.Name, Query: m.Query, CreatedAt: rooms.FromMicros(m.CreatedAt)}
}

// SavedSearches are those of a user, the newest first.
func (x *Index) SavedSearches(ctx context.Context, user string, kind Kind) ([]Saved, error) {
	var models []savedModel
	err := x.db.NewSelect().Model(&models).Where("user_id = ?", user).Where("kind = ?", string(kind)).Order("id DESC").Scan(ctx)
	if err != nil {
		return nil, store.ReadError("list saved searches", err)
	}
	list := make([]Saved, len(models))
	for i := range models {
		list[i] = models[i].saved()
	}
	return list, nil
}

// Save keeps a search; ID and CreatedAt are made here. A user has MaxSaved at most.
func (x *Index) Save(ctx context.Context, user string, s Saved) (Saved, error) {
	id, err := x.store.NewID()
	if err != nil {
		return Saved{}, err
	}
	return store.Write(ctx, x.store, func(ctx context.Context, t *store.Tx) (Saved, error) {
		n, err := t.DB.NewSelect().Model((*savedModel)(nil)).Where("user_id = ?", user).Count(ctx)
		if err != nil {
			return Saved{}, fmt.Errorf("save search: %w", err)
		}
		if n >= MaxSaved {
			return Saved{}, rooms.NotAllowed("too_many_searches",
				fmt.Sprintf("You have %d saved searches already; delete one first.", MaxSaved))
		}
		m := &savedModel{ID: id, UserID: user, Kind: string(s.Kind), Name: s.Name, Query: s.Query, CreatedAt: t.Now.UnixMicro()}
		if _, err := t.DB.NewInsert().Model(m).Exec(ctx); err != nil {
			return Saved{}, fmt.Errorf("save search: %w", err)
		}
		return m.saved(), nil
	})
}

// RenameSaved gives a user's search another name.
func (x *Index) RenameSaved(ctx context.Context, user, id, name string) (Saved, error) {
	return store.Write(ctx, x.store, func(ctx context.Context, t *store.Tx) (Saved, error) {
		var m savedModel
		if err := t.DB.NewSelect().Model(&m).Where("id = ?", id).Where("user_id = ?", user).Scan(ctx); err != nil {
			return Saved{}, store.RowError("rename saved search", err)
		}
		m.Name = name
		if _, err := t.DB.NewUpdate().Model(&m).Column("name").WherePK().Exec(ctx); err != nil {
			return Saved{}, fmt.Errorf("rename saved search: %w", err)
		}
		return m.saved(), nil
	})
}

// DeleteSaved removes a user's search.
func (x *Index) DeleteSaved(ctx context.Context, user, id string) error {
	_, err := store.Write(ctx, x.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		res, err := t.DB.NewDelete().Model((*savedModel)(nil)).Where("id = ?", id).Where("user_id = ?", user).Exec(ctx)
		if err != nil {
			return struct{}{}, fmt.Errorf("delete saved search: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return struct{}{}, fmt.Errorf("delete saved search: %w", store.ErrNotFound)
		}
		return struct{}{}, nil
	})
	return err
}

// Erase removes a user's saved searches.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*savedModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("erase saved searches: %w", err)
	}
	return nil
}
