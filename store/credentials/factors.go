package credentials

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Factor is a user's second factor.
type Factor struct {
	User string
	// Secret is what codes are made from, in the form that the caller seals it in.
	Secret []byte
	// Confirmed is when a first code showed that the user has the secret; until
	// then nobody is asked for codes.
	Confirmed *rooms.Time
	// LastStep is the time step of the last code that was taken.
	LastStep int64
}

// factorModel is a row of second_factors.
type factorModel struct {
	bun.BaseModel `bun:"table:second_factors,alias:f"`

	UserID      string `bun:",pk"`
	Secret      []byte
	CreatedAt   int64
	ConfirmedAt *int64
	LastStep    int64
}

// codeModel is a row of recovery_codes.
type codeModel struct {
	bun.BaseModel `bun:"table:recovery_codes,alias:c"`

	UserID   string `bun:",pk"`
	CodeHash []byte `bun:",pk"`
}

// FactorOf finds a user's second factor, confirmed or not.
func FactorOf(ctx context.Context, s *store.Store, user string) (Factor, error) {
	f, err := factorOf(ctx, s.Reads(), user)
	if err != nil {
		return f, store.ReadError("find second factor", err)
	}
	return f, nil
}

func factorOf(ctx context.Context, db bun.IDB, user string) (Factor, error) {
	var m factorModel
	if err := db.NewSelect().Model(&m).Where("user_id = ?", user).Scan(ctx); err != nil {
		return Factor{}, err
	}
	return Factor{
		User: m.UserID, Secret: m.Secret, Confirmed: store.TimeOrNil(m.ConfirmedAt), LastStep: m.LastStep,
	}, nil
}

// Propose stores a secret that the user is yet to confirm, in the place of an earlier
// one that was not. A confirmed factor is refused with not_allowed.
func Propose(ctx context.Context, t *store.Tx, user string, secret []byte) error {
	res, err := t.DB.NewInsert().Model(&factorModel{UserID: user, Secret: secret, CreatedAt: store.Micros(t.Now)}).
		On("CONFLICT (user_id) DO UPDATE").Set("secret = EXCLUDED.secret").Set("created_at = EXCLUDED.created_at").
		Set("last_step = 0").Where("f.confirmed_at IS NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("propose a second factor: %w", err)
	}
	return one(res.RowsAffected, "propose a second factor",
		rooms.NotAllowed("second_factor_on", "Two-factor authentication is on already."))
}

// TakeStep takes the code of a time step, so that neither it nor an older one counts
// again: a *rooms.Refusal says that it did before. The first one confirms the factor. It
// is a code of the factor that was read: ErrNotFound where the user has that one no more.
func TakeStep(ctx context.Context, t *store.Tx, f *Factor, step int64) error {
	now, err := factorOf(ctx, t.DB, f.User)
	if err == nil && !bytes.Equal(now.Secret, f.Secret) {
		err = sql.ErrNoRows
	}
	if err != nil {
		return store.RowError("take a code", err)
	}
	res, err := t.DB.NewUpdate().Model((*factorModel)(nil)).Set("last_step = ?", step).
		Set("confirmed_at = coalesce(confirmed_at, ?)", store.Micros(t.Now)).
		Where("user_id = ?", f.User).Where("last_step < ?", step).Exec(ctx)
	if err != nil {
		return fmt.Errorf("take a code: %w", err)
	}
	return one(res.RowsAffected, "take a code", rooms.Invalid("code", rooms.Because("code_used", "was used already; wait for the next one")))
}

// HasFactor tells whether a user has a second factor in force, as the transaction sees it.
func HasFactor(ctx context.Context, t *store.Tx, user string) (bool, error) {
	has, err := t.DB.NewSelect().Model((*factorModel)(nil)).
		Where("user_id = ?", user).Where("confirmed_at IS NOT NULL").Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a second factor: %w", err)
	}
	return has, nil
}

// one gives the refusal when no row was changed.
func one(affected func() (int64, error), what string, otherwise *rooms.Refusal) error {
	switch n, err := affected(); {
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	case n == 0:
		return otherwise
	default:
		return nil
	}
}

// SetRecoveryCodes stores the hashes of new recovery codes in the place of all
// earlier ones.
func SetRecoveryCodes(ctx context.Context, t *store.Tx, user string, hashes [][32]byte) error {
	if err := dropCodes(ctx, t, user); err != nil {
		return err
	}
	rows := make([]codeModel, len(hashes))
	for i := range hashes {
		rows[i] = codeModel{UserID: user, CodeHash: hashes[i][:]}
	}
	if _, err := t.DB.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("set recovery codes: %w", err)
	}
	return nil
}

// UseRecoveryCode takes a code and tells how many are left: store.ErrNotFound when
// there is no such code.
func UseRecoveryCode(ctx context.Context, t *store.Tx, user string, hash [32]byte) (left int, err error) {
	res, err := t.DB.NewDelete().Model((*codeModel)(nil)).
		Where("user_id = ?", user).Where("code_hash = ?", hash[:]).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("use a recovery code: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if err == nil {
			err = store.ErrNotFound
		}
		return 0, fmt.Errorf("use a recovery code: %w", err)
	}
	n, err := t.DB.NewSelect().Model((*codeModel)(nil)).Where("user_id = ?", user).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count recovery codes: %w", err)
	}
	return int(n), nil
}

// RecoveryCodesLeft counts a user's codes that were not used.
func RecoveryCodesLeft(ctx context.Context, s *store.Store, user string) (int, error) {
	n, err := s.Reads().NewSelect().Model((*codeModel)(nil)).Where("user_id = ?", user).Count(ctx)
	if err != nil {
		return 0, store.ReadError("count recovery codes", err)
	}
	return int(n), nil
}

// RemoveFactor removes a user's second factor and its recovery codes.
func RemoveFactor(ctx context.Context, t *store.Tx, user string) error {
	if err := dropCodes(ctx, t, user); err != nil {
		return err
	}
	if _, err := t.DB.NewDelete().Model((*factorModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("remove second factor: %w", err)
	}
	return nil
}

func dropCodes(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*codeModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("remove recovery codes: %w", err)
	}
	return nil
}

// Erase removes everything that this package keeps of a user.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	if err := RemoveFactor(ctx, t, user); err != nil {
		return err
	}
	if err := Cancel(ctx, t, user); err != nil {
		return err
	}
	return ForgetDevices(ctx, t, user)
}
