package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"parley/rooms"
)

// User is a person who can log in. Role is Sponsor, Influencer or Admin.
type User struct {
	ID           string
	Email        string // lower case
	Name         string
	Role         rooms.Side
	PasswordHash string
	// Approved says that an admin let the user negotiate.
	Approved   bool
	FlaggedAt  *rooms.Time
	FlagReason string
	CreatedAt  rooms.Time

	// What an influencer shows of themselves.
	Category string
	Niche    string
	Reach    int64
}

// UserPatch changes what is not nil. What an influencer shows of themselves is
// changed by the package profiles, with what else must change then.
type UserPatch struct {
	Name         *string
	PasswordHash *string
	Approved     *bool
}

// UserFilter selects users, newest first.
type UserFilter struct {
	Role rooms.Side // empty for all
	// Pending selects those whom no admin has approved yet.
	Pending bool
	Flagged bool
	Query   string // part of the name or the e-mail address
	Cursor  string
	Limit   int
}

// InfluencerFilter searches influencers who can be invited, widest reach first.
type InfluencerFilter struct {
	Query    string // part of the name, category or niche
	Category string
	MinReach int64
	Cursor   string
	Limit    int
}

// Kinds of sessions.
const (
	SessionCookie = "cookie"
	SessionBearer = "bearer"
)

// Session is a login. Only the hash of its token is stored.
type Session struct {
	TokenHash [32]byte
	UserID    string
	Kind      string
	Name      string
	CreatedAt rooms.Time
	ExpiresAt rooms.Time
}

// CreateUser adds a user and makes its ID and CreatedAt where they are not set.
// A taken e-mail address is refused with already_exists. What is in also happens in the
// same transaction.
func (s *Store) CreateUser(ctx context.Context, u User, also ...Also) (User, error) {
	u.Email = normalEmail(u.Email)
	if u.ID == "" {
		id, err := s.newID()
		if err != nil {
			return User{}, err
		}
		u.ID = id
	}
	return write(ctx, s, false, func(ctx context.Context, t *Tx) (User, error) {
		created, err := t.createUser(ctx, u)
		if err != nil {
			return User{}, err
		}
		return created, t.also(ctx, also)
	})
}

func (t *Tx) createUser(ctx context.Context, u User) (User, error) {
	if u.CreatedAt.IsZero() {
		u.CreatedAt = t.Now
	}
	if _, err := t.DB.NewInsert().Model(userRow(&u)).Exec(ctx); err != nil {
		if isUnique(err) {
			return User{}, &rooms.Refusal{
				Code: rooms.CodeAlreadyExists, Field: "email", Message: "This e-mail address is taken.",
			}
		}
		return User{}, fmt.Errorf("create user: %w", err)
	}
	return u, nil
}

// normalEmail is the form in which addresses are stored and compared.
func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// UserByEmail finds a user by e-mail address, whatever its case.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return s.user(ctx, "email", normalEmail(email))
}

// UserByID finds a user.
func (s *Store) UserByID(ctx context.Context, id string) (User, error) { return s.user(ctx, "id", id) }

func (s *Store) user(ctx context.Context, column, value string) (User, error) {
	var m userModel
	err := s.reads.db.NewSelect().Model(&m).Where("? = ?", bun.Ident(column), value).Scan(ctx)
	if err != nil {
		return User{}, readError("find user", err)
	}
	return m.user(), nil
}

// UpdateUser changes a user. What is in also happens in the same transaction.
func (s *Store) UpdateUser(ctx context.Context, id string, p UserPatch, also ...Also) (User, error) {
	return write(ctx, s, false, func(ctx context.Context, t *Tx) (User, error) {
		var m userModel
		if err := t.DB.NewSelect().Model(&m).Where("id = ?", id).Scan(ctx); err != nil {
			return User{}, notFound("update user", err)
		}
		set(&m.Name, p.Name)
		set(&m.PasswordHash, p.PasswordHash)
		set(&m.Approved, p.Approved)
		_, err := t.DB.NewUpdate().Model(&m).WherePK().Column("name", "password_hash", "approved").Exec(ctx)
		if err != nil {
			return User{}, fmt.Errorf("update user: %w", err)
		}
		return m.user(), t.also(ctx, also)
	})
}

// set changes what a patch names.
func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// ListUsers lists users for an admin.
func (s *Store) ListUsers(ctx context.Context, f UserFilter) (list []User, next string, err error) {
	var models []userModel
	limit := pageSize(f.Limit)
	q := s.reads.db.NewSelect().Model(&models).Order("id DESC").Limit(int64(limit) + 1)
	if f.Role != "" {
		q = q.Where("role = ?", string(f.Role))
	}
	if f.Pending {
		q = q.Where("NOT approved")
	}
	if f.Flagged {
		q = q.Where("flagged_at IS NOT NULL")
	}
	if f.Query != "" {
		q = contains(q, f.Query, "name", "email")
	}
	if f.Cursor != "" {
		q = q.Where("id < ?", f.Cursor)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", readError("list users", err)
	}
	models, more := page(models, limit)
	if more {
		next = models[limit-1].ID
	}
	return usersOf(models), next, nil
}

// ListInfluencers searches influencers; those flagged or not approved are left
// out.
func (s *Store) ListInfluencers(ctx context.Context, f InfluencerFilter) (list []User, next string, err error) {
	var models []userModel
	limit := pageSize(f.Limit)
	q := s.reads.db.NewSelect().Model(&models).
		Where("role = ?", string(rooms.Influencer)).Where("approved").Where("flagged_at IS NULL").
		Order("reach DESC", "id ASC").Limit(int64(limit) + 1)
	if f.Category != "" {
		q = q.Where("lower(category) = lower(?)", f.Category)
	}
	if f.MinReach > 0 {
		q = q.Where("reach >= ?", f.MinReach)
	}
	if f.Query != "" {
		q = contains(q, f.Query, "name", "category", "niche")
	}
	if f.Cursor != "" {
		reach, id, err := parseCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		q = q.Where("(reach < ? OR (reach = ? AND id > ?))", reach, reach, id)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", readError("list influencers", err)
	}
	models, more := page(models, limit)
	if more {
		last := models[limit-1]
		next = makeCursor(last.Reach, last.ID)
	}
	return usersOf(models), next, nil
}

func usersOf(models []userModel) []User {
	list := make([]User, len(models))
	for i := range models {
		list[i] = models[i].user()
	}
	return list
}

// CreateSession adds a session.
func (s *Store) CreateSession(ctx context.Context, ses Session) error {
	_, err := write(ctx, s, false, func(ctx context.Context, t *Tx) (struct{}, error) {
		m := sessionRow(&ses)
		if m.CreatedAt == 0 {
			m.CreatedAt = micros(t.Now)
		}
		_, err := t.DB.NewInsert().Model(m).Exec(ctx)
		switch {
		case err == nil:
			return struct{}{}, nil
		case isForeignKey(err):
			return struct{}{}, fmt.Errorf("create session: user: %w", ErrNotFound)
		default:
			return struct{}{}, fmt.Errorf("create session: %w", err)
		}
	})
	return err
}

// SessionUser finds the session of a token that has not expired at now, and its
// user.
func (s *Store) SessionUser(ctx context.Context, tokenHash [32]byte, now rooms.Time) (Session, User, error) {
	ses, u := Session{TokenHash: tokenHash}, User{}
	found := false
	err := s.reads.prepared(ctx, "find session", s.reads.session, func(row []any) error {
		p := columns[any]{v: row}
		ses.Kind, ses.Name, ses.CreatedAt, ses.ExpiresAt = p.text(), p.text(), timeOf(p.int()), timeOf(p.int())
		u.ID, u.Email, u.Name, u.Role = p.text(), p.text(), p.text(), rooms.Side(p.text())
		u.PasswordHash, u.Approved = p.text(), p.int() != 0
		if at := timeOf(p.intOrNull()); !at.IsZero() {
			u.FlaggedAt = &at
		}
		u.FlagReason, u.Category, u.Niche = p.text(), p.text(), p.text()
		u.Reach, u.CreatedAt = p.int(), timeOf(p.int())
		ses.UserID, found = u.ID, true
		return p.err("session")
	}, tokenHash[:], micros(now))
	if err == nil && !found {
		err = fmt.Errorf("find session: %w", ErrNotFound)
	}
	return ses, u, err
}

// ListSessions lists a user's sessions that have not expired at now, newest first.
func (s *Store) ListSessions(ctx context.Context, user string, now rooms.Time) ([]Session, error) {
	var models []sessionModel
	err := s.reads.db.NewSelect().Model(&models).Where("user_id = ?", user).
		Where("expires_at > ?", micros(now)).Order("created_at DESC").Scan(ctx)
	if err != nil {
		return nil, readError("list sessions", err)
	}
	list := make([]Session, len(models))
	for i := range models {
		list[i] = models[i].session()
	}
	return list, nil
}

// RevokeSession ends a session.
func (s *Store) RevokeSession(ctx context.Context, tokenHash [32]byte) error {
	return s.deleteSessions(ctx, "token_hash", tokenHash[:])
}

// RevokeUserSessions ends all sessions of a user.
func (s *Store) RevokeUserSessions(ctx context.Context, user string) error {
	return s.deleteSessions(ctx, "user_id", user)
}

// PruneSessions removes sessions that have expired at now and counts them.
func (s *Store) PruneSessions(ctx context.Context, now rooms.Time) (int64, error) {
	return write(ctx, s, false, func(ctx context.Context, t *Tx) (int64, error) {
		res, err := t.DB.NewDelete().Model((*sessionModel)(nil)).Where("expires_at <= ?", micros(now)).Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("prune sessions: %w", err)
		}
		return res.RowsAffected()
	})
}

func (s *Store) deleteSessions(ctx context.Context, column string, value any) error {
	_, err := write(ctx, s, false, func(ctx context.Context, t *Tx) (struct{}, error) {
		_, err := t.DB.NewDelete().Model((*sessionModel)(nil)).Where("? = ?", bun.Ident(column), value).Exec(ctx)
		if err != nil {
			err = fmt.Errorf("revoke session: %w", err)
		}
		return struct{}{}, err
	})
	return err
}
