package credentials

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// deviceModel is a row of devices.
type deviceModel struct {
	bun.BaseModel `bun:"table:devices,alias:d"`

	TokenHash []byte `bun:",pk"`
	UserID    string `bun:",pk"`
	SeenAt    int64
}

// Remember notes that a user has logged in from a browser, which is named by the hash
// of a secret that it keeps. Their browsers that were not seen since before are
// forgotten.
func Remember(ctx context.Context, t *store.Tx, user string, hash [32]byte, before rooms.Time) error {
	_, err := t.DB.NewDelete().Model((*deviceModel)(nil)).
		Where("user_id = ?", user).Where("seen_at < ?", store.Micros(before)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget old devices: %w", err)
	}
	_, err = t.DB.NewInsert().Model(&deviceModel{TokenHash: hash[:], UserID: user, SeenAt: store.Micros(t.Now)}).
		On("CONFLICT (token_hash, user_id) DO UPDATE").Set("seen_at = EXCLUDED.seen_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("remember a device: %w", err)
	}
	return nil
}

// Knows tells whether the user has logged in from a browser since a time.
func Knows(ctx context.Context, s *store.Store, user string, hash [32]byte, since rooms.Time) (bool, error) {
	known, err := s.Reads().NewSelect().Model((*deviceModel)(nil)).Where("token_hash = ?", hash[:]).
		Where("user_id = ?", user).Where("seen_at >= ?", store.Micros(since)).Exists(ctx)
	if err != nil {
		return false, store.ReadError("find device", err)
	}
	return known, nil
}

// ForgetDevices makes all browsers of a user unknown.
func ForgetDevices(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*deviceModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("forget devices: %w", err)
	}
	return nil
}
