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
	// VerifiedAt is when the user showed that the address is theirs.
	VerifiedAt *rooms.Time
	// Approved says that the user may negotiate: an admin let them, or none is asked.
	Approved bool
	// RefusedAt is when an admin refused that, and RefuseReason why.
	RefusedAt    *rooms.Time
	RefuseReason string
	FlaggedAt    *rooms.Time
	FlagReason   string
	CreatedAt    rooms.Time
	// DeletedAt is when the person was removed. What the logs say of them stays.
	DeletedAt *rooms.Time

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
	// RefuseReason refuses the approval, or takes the refusal back when it is empty.
	RefuseReason *string
	// Email is another address; one that is taken is refused with already_exists.
	Email *string
	// Verified says whether the address is known to be the user's.
	Verified *bool
}

// UserFilter selects users, newest first.
type UserFilter struct {
	Role rooms.Side // empty for all
	// Pending selects those of whom no admin has decided yet, Refused those who were
	// not approved.
	Pending, Refused bool
	Flagged          bool
	Query            string // part of the name or the e-mail address
	Cursor           string
	Limit            int
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
			return User{}, emailTaken()
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
		u, err := t.UpdateUser(ctx, id, p)
		if err != nil {
			return User{}, err
		}
		return u, t.also(ctx, also)
	})
}

// UpdateUser changes a user who was not deleted.
func (t *Tx) UpdateUser(ctx context.Context, id string, p UserPatch) (User, error) {
	m, err := t.user(ctx, "id", id)
	if err != nil {
		return User{}, fmt.Errorf("update user: %w", err)
	}
	set(&m.Name, p.Name)
	set(&m.PasswordHash, p.PasswordHash)
	set(&m.Approved, p.Approved)
	set(&m.Email, p.Email)
	m.Email = normalEmail(m.Email)
	now := micros(t.Now)
	if p.Verified != nil {
		m.VerifiedAt = nil
		if *p.Verified {
			m.VerifiedAt = &now
		}
	}
	if p.RefuseReason != nil {
		m.RefusedAt, m.RefuseReason = nil, *p.RefuseReason
		if m.RefuseReason != "" {
			m.RefusedAt = &now
		}
	}
	_, err = t.DB.NewUpdate().Model(m).WherePK().Column("name", "password_hash", "approved", "email", "verified_at",
		"refused_at", "refuse_reason").Exec(ctx)
	switch {
	case err == nil:
		return m.user(), nil
	case isUnique(err):
		return User{}, emailTaken()
	default:
		return User{}, fmt.Errorf("update user: %w", err)
	}
}

// User finds a user who was not deleted, as the transaction sees them.
func (t *Tx) User(ctx context.Context, id string) (User, error) {
	m, err := t.user(ctx, "id", id)
	if err != nil {
		return User{}, fmt.Errorf("find user: %w", err)
	}
	return m.user(), nil
}

func (t *Tx) user(ctx context.Context, column, value string) (*userModel, error) {
	var m userModel
	err := t.DB.NewSelect().Model(&m).Where("? = ?", bun.Ident(column), value).Where("deleted_at IS NULL").Scan(ctx)
	if err != nil {
		return nil, notFound("user", err)
	}
	return &m, nil
}

func emailTaken() *rooms.Refusal {
	return &rooms.Refusal{Code: rooms.CodeAlreadyExists, Field: "email", Message: "This e-mail address is taken."}
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
		q = q.Where("NOT approved").Where("refused_at IS NULL").Where("deleted_at IS NULL")
	}
	if f.Refused {
		q = q.Where("NOT approved").Where("refused_at IS NOT NULL").Where("deleted_at IS NULL")
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

func usersOf(models []userModel) []User {
	list := make([]User, len(models))
	for i := range models {
		list[i] = models[i].user()
	}
	return list
}
