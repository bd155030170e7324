package store

import (
	"context"

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

// UserPatch changes what is not nil.
type UserPatch struct {
	Name         *string
	PasswordHash *string
	Approved     *bool
	Category     *string
	Niche        *string
	Reach        *int64
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
// A taken e-mail address is refused with already_exists.
func (s *Store) CreateUser(ctx context.Context, u User) (User, error) { return u, ErrUnavailable }

// UserByEmail finds a user by e-mail address, whatever its case.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return User{}, ErrUnavailable
}

// UserByID finds a user.
func (s *Store) UserByID(ctx context.Context, id string) (User, error) { return User{}, ErrUnavailable }

// UpdateUser changes a user.
func (s *Store) UpdateUser(ctx context.Context, id string, p UserPatch) (User, error) {
	return User{}, ErrUnavailable
}

// ListUsers lists users for an admin.
func (s *Store) ListUsers(ctx context.Context, f UserFilter) (list []User, next string, err error) {
	return nil, "", ErrUnavailable
}

// ListInfluencers searches influencers; flagged ones are left out.
func (s *Store) ListInfluencers(ctx context.Context, f InfluencerFilter) (list []User, next string, err error) {
	return nil, "", ErrUnavailable
}

// CreateSession adds a session.
func (s *Store) CreateSession(ctx context.Context, ses Session) error { return ErrUnavailable }

// SessionUser finds the session of a token that has not expired at now, and its
// user.
func (s *Store) SessionUser(ctx context.Context, tokenHash [32]byte, now rooms.Time) (Session, User, error) {
	return Session{}, User{}, ErrUnavailable
}

// ListSessions lists a user's sessions that have not expired at now, newest first.
func (s *Store) ListSessions(ctx context.Context, user string, now rooms.Time) ([]Session, error) {
	return nil, ErrUnavailable
}

// RevokeSession ends a session.
func (s *Store) RevokeSession(ctx context.Context, tokenHash [32]byte) error { return ErrUnavailable }

// RevokeUserSessions ends all sessions of a user.
func (s *Store) RevokeUserSessions(ctx context.Context, user string) error { return ErrUnavailable }
