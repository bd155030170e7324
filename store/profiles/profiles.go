package profiles

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Profile is what an influencer shows to everybody.
type Profile struct {
	UserID   string
	Name     string
	Slug     string // the short address, lower case
	Bio      string
	Category string
	Niches   []string
	// Reach counts followers: the sum over the platforms, or what the influencer
	// says as long as there is none.
	Reach          int64
	Platforms      []Platform // most followers first
	AcceptsInvites bool
	Picture        string // see Picture.ID; empty for none
	// Completed counts the deals that both sides have fulfilled.
	Completed int64
	JoinedAt  rooms.Time
	UpdatedAt rooms.Time
}

// Platform is one account of an influencer elsewhere.
type Platform struct {
	Platform     string // one of rooms.Platforms
	Handle       string
	Followers    int64
	EngagementBP int64 // engagement rate in basis points: 325 is 3.25 %
}

// Patch changes what is not nil; a list is replaced as a whole.
type Patch struct {
	Name           *string
	Slug           *string
	Bio            *string
	Category       *string
	Niches         *[]string
	Platforms      *[]Platform
	AcceptsInvites *bool
	// Reach counts only as long as there is no platform.
	Reach *int64
}

// profileModel is a row of profiles.
type profileModel struct {
	bun.BaseModel `bun:"table:profiles,alias:p"`

	UserID         string `bun:",pk"`
	Slug           string
	Bio            string
	Niches         string
	AcceptsInvites bool
	Picture        string
	UpdatedAt      int64

	Name      string `bun:",scanonly"`
	Category  string `bun:",scanonly"`
	Reach     int64  `bun:",scanonly"`
	JoinedAt  int64  `bun:",scanonly"`
	Completed int64  `bun:",scanonly"`
}

// platformModel is a row of profile_platforms.
type platformModel struct {
	bun.BaseModel `bun:"table:profile_platforms,alias:pp"`

	UserID       string `bun:",pk"`
	Platform     string `bun:",pk"`
	Handle       string `bun:",pk"`
	Followers    int64
	EngagementBP int64 `bun:"engagement_bp"`
}

// Of is the profile of an influencer, whether or not it is on show.
func Of(ctx context.Context, s *store.Store, user string) (Profile, error) {
	p, err := find(ctx, s.Reads(), "p.user_id = ?", user)
	return p, store.ReadError("find profile", err)
}

// BySlug is the profile at a short address, for everybody. That of a flagged user
// is not found.
func BySlug(ctx context.Context, s *store.Store, slug string) (Profile, error) {
	if len(slug) > MaxSlug || !slugForm.MatchString(slug) {
		return Profile{}, fmt.Errorf("find profile: %w", store.ErrNotFound)
	}
	p, err := find(ctx, s.Reads(), "p.slug = ? AND u.flagged_at IS NULL", slug)
	return p, store.ReadError("find profile", err)
}

func find(ctx context.Context, db bun.IDB, where string, value string) (Profile, error) {
	var m profileModel
	err := db.NewSelect().Model(&m).ColumnExpr("p.*, u.name, u.category, u.reach, u.created_at AS joined_at").
		ColumnExpr("(SELECT count(*) FROM ad_request_rows r WHERE r.influencer_id = p.user_id AND r.status = ?) AS completed",
			string(rooms.Completed)).
		Join("JOIN users u ON u.id = p.user_id").Where(where, value).Scan(ctx)
	if err != nil {
		return Profile{}, err
	}
	p := Profile{
		UserID: m.UserID, Name: m.Name, Slug: m.Slug, Bio: m.Bio, Category: m.Category, Reach: m.Reach,
		AcceptsInvites: m.AcceptsInvites, Picture: m.Picture, Completed: m.Completed,
		JoinedAt: timeOf(m.JoinedAt), UpdatedAt: timeOf(m.UpdatedAt),
	}
	if err := json.Unmarshal([]byte(m.Niches), &p.Niches); err != nil {
		return Profile{}, fmt.Errorf("profile of %s: niches: %w", m.UserID, err)
	}
	var list []platformModel
	err = db.NewSelect().Model(&list).Where("user_id = ?", m.UserID).Order("followers DESC", "platform", "handle").Scan(ctx)
	if err != nil {
		return Profile{}, err
	}
	p.Platforms = make([]Platform, len(list))
	for i, row := range list {
		p.Platforms[i] = Platform{row.Platform, row.Handle, row.Followers, row.EngagementBP}
	}
	return p, nil
}

// Save changes a profile and returns it. What is not valid is refused with the
// field's name, a short address that somebody has with already_exists.
func Save(ctx context.Context, s *store.Store, user string, patch Patch) (Profile, error) {
	return store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (Profile, error) {
		return Change(ctx, t, user, patch)
	})
}

// Change is Save inside a transaction.
func Change(ctx context.Context, t *store.Tx, user string, patch Patch) (Profile, error) {
	if err := patch.check(user); err != nil {
		return Profile{}, err
	}
	if patch.Slug != nil {
		if err := checkFree(ctx, t.DB, *patch.Slug, user); err != nil {
			return Profile{}, err
		}
	}
	q := t.DB.NewUpdate().Table("profiles").Where("user_id = ?", user).Set("updated_at = ?", t.Now.UnixMicro())
	u := t.DB.NewUpdate().Table("users").Where("id = ?", user)
	setText(q, "slug", patch.Slug)
	setText(q, "bio", patch.Bio)
	setText(u, "name", patch.Name)
	setText(u, "category", patch.Category)
	if patch.AcceptsInvites != nil {
		q = q.Set("accepts_invites = ?", *patch.AcceptsInvites)
	}
	if patch.Niches != nil {
		niches, first := *patch.Niches, ""
		if len(niches) > 0 {
			first = niches[0]
		} else {
			niches = []string{}
		}
		raw, err := json.Marshal(niches)
		if err != nil {
			return Profile{}, fmt.Errorf("encode niches: %w", err)
		}
		q, u = q.Set("niches = ?", string(raw)), u.Set("niche = ?", first)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return Profile{}, fmt.Errorf("change profile: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return Profile{}, missing("change profile", err)
	}
	if patch.Platforms != nil {
		if err := replacePlatforms(ctx, t, user, *patch.Platforms); err != nil {
			return Profile{}, err
		}
	}
	if patch.Platforms != nil || patch.Reach != nil {
		said := "reach"
		var args []any
		if patch.Reach != nil {
			said, args = "?", append(args, *patch.Reach)
		}
		u = u.Set("reach = coalesce((SELECT CAST(sum(followers) AS BIGINT) FROM profile_platforms WHERE user_id = users.id), "+said+")", args...)
	}
	if patch.Name != nil || patch.Category != nil || patch.Niches != nil || patch.Platforms != nil || patch.Reach != nil {
		if _, err := u.Exec(ctx); err != nil {
			return Profile{}, fmt.Errorf("change profile: %w", err)
		}
	}
	p, err := find(ctx, t.DB, "p.user_id = ?", user)
	if err != nil {
		return Profile{}, store.RowError("change profile", err)
	}
	return p, nil
}

func replacePlatforms(ctx context.Context, t *store.Tx, user string, list []Platform) error {
	if _, err := t.DB.NewDelete().Table("profile_platforms").Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("replace platforms: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	rows := make([]platformModel, len(list))
	for i, p := range list {
		rows[i] = platformModel{
			UserID: user, Platform: p.Platform, Handle: p.Handle, Followers: p.Followers, EngagementBP: p.EngagementBP,
		}
	}
	if _, err := t.DB.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("replace platforms: %w", err)
	}
	return nil
}

// Erase removes all that a user shows, as the end of an account does.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	for _, table := range []string{"profile_platforms", "profiles", "sponsor_cards", "pictures"} {
		if _, err := t.DB.NewDelete().Table(table).Where("user_id = ?", user).Exec(ctx); err != nil {
			return fmt.Errorf("erase %s: %w", table, err)
		}
	}
	_, err := t.DB.NewUpdate().Table("users").Set("category = ''").Set("niche = ''").Set("reach = 0").
		Where("id = ?", user).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase what the user's row shows: %w", err)
	}
	return nil
}

func setText(q *bun.UpdateQuery, column string, value *string) {
	if value != nil {
		q.Set("? = ?", bun.Ident(column), *value)
	}
}

// missing is the error of an update that met no row.
func missing(what string, err error) error {
	if err == nil {
		err = store.ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}

func timeOf(us int64) rooms.Time { return rooms.At(time.UnixMicro(us).UTC()) }
