package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
)

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
	// Agent is a coarse name of the program that logged in, such as "Firefox on Linux".
	Agent     string
	CreatedAt rooms.Time
	// SeenAt is a coarse time of the last use, see TouchSession.
	SeenAt    rooms.Time
	ExpiresAt rooms.Time
	// SecondFactor says that the user has one. Only SessionUser fills it in.
	SecondFactor bool
}

// CreateSession adds a session.
func (s *Store) CreateSession(ctx context.Context, ses Session) error {
	_, err := write(ctx, s, false, func(ctx context.Context, t *Tx) (struct{}, error) {
		return struct{}{}, t.CreateSession(ctx, ses)
	})
	return err
}

// CountSessions counts a user's sessions of a kind that have not expired.
func (t *Tx) CountSessions(ctx context.Context, user, kind string) (int64, error) {
	n, err := t.DB.NewSelect().Model((*sessionModel)(nil)).Where("user_id = ?", user).Where("kind = ?", kind).
		Where("expires_at > ?", micros(t.Now)).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}

// NeedSession gives ErrNotFound where a session has ended: since the request that it
// makes was let in, somebody may have ended it.
func (t *Tx) NeedSession(ctx context.Context, tokenHash [32]byte) error {
	stands, err := t.DB.NewSelect().Model((*sessionModel)(nil)).Where("token_hash = ?", tokenHash[:]).
		Where("expires_at > ?", micros(t.Now)).Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("need session: %w", err)
	case !stands:
		return fmt.Errorf("need session: %w", ErrNotFound)
	default:
		return nil
	}
}

// CreateSession adds a session.
func (t *Tx) CreateSession(ctx context.Context, ses Session) error {
	m := sessionRow(&ses)
	if m.CreatedAt == 0 {
		m.CreatedAt = micros(t.Now)
	}
	m.SeenAt = m.CreatedAt
	_, err := t.DB.NewInsert().Model(m).Exec(ctx)
	switch {
	case err == nil:
		return nil
	case isForeignKey(err):
		return fmt.Errorf("create session: user: %w", ErrNotFound)
	default:
		return fmt.Errorf("create session: %w", err)
	}
}

// SessionUser finds the session of a token that has not expired at now, and its
// user.
func (s *Store) SessionUser(ctx context.Context, tokenHash [32]byte, now rooms.Time) (Session, User, error) {
	ses, u := Session{TokenHash: tokenHash}, User{}
	found := false
	err := s.reads.prepared(ctx, "find session", s.reads.session, func(row []any) error {
		p := columns[any]{v: row}
		ses.Kind, ses.Name, ses.CreatedAt, ses.ExpiresAt = p.text(), p.text(), timeOf(p.int()), timeOf(p.int())
		ses.Agent, ses.SeenAt = p.text(), timeOf(p.int())
		u.ID, u.Email, u.Name, u.Role = p.text(), p.text(), p.text(), rooms.Side(p.text())
		u.PasswordHash, u.Approved = p.text(), p.int() != 0
		if at := timeOf(p.intOrNull()); !at.IsZero() {
			u.FlaggedAt = &at
		}
		u.FlagReason, u.Category, u.Niche = p.text(), p.text(), p.text()
		u.Reach, u.CreatedAt = p.int(), timeOf(p.int())
		if at := timeOf(p.intOrNull()); !at.IsZero() {
			u.VerifiedAt = &at
		}
		ses.SecondFactor = p.int() != 0
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

// TouchSession notes that a session was used at now, for lists of sessions. The
// caller does so rarely: it is a write.
func (s *Store) TouchSession(ctx context.Context, tokenHash [32]byte, now rooms.Time) error {
	_, err := write(ctx, s, false, func(ctx context.Context, t *Tx) (struct{}, error) {
		_, err := t.DB.NewUpdate().Model((*sessionModel)(nil)).Set("seen_at = ?", micros(now)).
			Where("token_hash = ?", tokenHash[:]).Where("seen_at < ?", micros(now)).Exec(ctx)
		if err != nil {
			err = fmt.Errorf("touch session: %w", err)
		}
		return struct{}{}, err
	})
	return err
}

// RevokeSession ends a session.
func (s *Store) RevokeSession(ctx context.Context, tokenHash [32]byte) error {
	_, err := write(ctx, s, false, func(ctx context.Context, t *Tx) (struct{}, error) {
		return struct{}{}, t.RevokeSession(ctx, tokenHash)
	})
	return err
}

// RevokeUserSessions ends all sessions of a user.
func (s *Store) RevokeUserSessions(ctx context.Context, user string) error {
	_, err := write(ctx, s, false, func(ctx context.Context, t *Tx) (struct{}, error) {
		_, err := t.RevokeSessions(ctx, user, SessionFilter{})
		return struct{}{}, err
	})
	return err
}

// RevokeSession ends a session.
func (t *Tx) RevokeSession(ctx context.Context, tokenHash [32]byte) error {
	_, err := t.DB.NewDelete().Model((*sessionModel)(nil)).Where("token_hash = ?", tokenHash[:]).Exec(ctx)
	if err != nil {
		return fmt.Errorf("revoke session: %w", err)
	}
	return t.accessEnded(ctx)
}

// SessionFilter selects sessions of one user.
type SessionFilter struct {
	Kind string // empty for all
	// But, if set, is a session that is left out.
	But *[32]byte
	// Begins, if set, is how the hash of the token begins.
	Begins []byte
	// Newest is how many of those that were created last are left out.
	Newest int64
}

// RevokeSessions ends sessions of a user and returns them, so that their connections
// can be closed after the commit.
func (t *Tx) RevokeSessions(ctx context.Context, user string, f SessionFilter) ([]Session, error) {
	var models []sessionModel
	q := t.DB.NewDelete().Model(&models).Where("user_id = ?", user)
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.But != nil {
		q = q.Where("token_hash <> ?", f.But[:])
	}
	if f.Begins != nil {
		var first, last [32]byte
		copy(first[:], f.Begins)
		for i := copy(last[:], f.Begins); i < len(last); i++ {
			last[i] = 0xff
		}
		q = q.Where("token_hash BETWEEN ? AND ?", first[:], last[:])
	}
	if f.Newest > 0 {
		newest := t.DB.NewSelect().Model((*sessionModel)(nil)).Column("token_hash").Where("user_id = ?", user).
			OrderExpr("created_at DESC, token_hash").Limit(f.Newest)
		if f.Kind != "" {
			newest = newest.Where("kind = ?", f.Kind)
		}
		q = q.Where("token_hash NOT IN (?)", newest)
	}
	if err := q.Returning("*").Scan(ctx); err != nil {
		return nil, fmt.Errorf("revoke sessions: %w", err)
	}
	if len(models) == 0 {
		return nil, nil // as with nearly every log-in: nobody need look at their sockets
	}
	if err := t.accessEnded(ctx); err != nil {
		return nil, err
	}
	list := make([]Session, len(models))
	for i := range models {
		list[i] = models[i].session()
	}
	return list, nil
}

// accessEnded counts that somebody may no longer do what they could, see AccessEnded.
func (t *Tx) accessEnded(ctx context.Context) error {
	if _, err := t.DB.NewUpdate().Table("meta").Set("access_ended = access_ended + 1").Where("1 = 1").Exec(ctx); err != nil {
		return fmt.Errorf("count ended access: %w", err)
	}
	return nil
}

// AccessEnded is a number that grows with each commit that ends a session before its
// time or flags a user: while it stays, so does what LiveSessions said, but for the
// sessions whose time has come.
func (s *Store) AccessEnded(ctx context.Context) (n int64, err error) {
	err = s.reads.prepared(ctx, "ended access", s.reads.accessEnded, func(row []any) error {
		p := columns[any]{v: row}
		n = p.int()
		return p.err("ended access")
	})
	return n, err
}

// LiveSessions tells which of the sessions have not ended at now, and of those whether
// the user is flagged. It is one query: callers with thousands ask in parts.
func (s *Store) LiveSessions(ctx context.Context, tokenHashes [][32]byte, now rooms.Time) (flagged map[[32]byte]bool, err error) {
	if len(tokenHashes) == 0 {
		return nil, nil
	}
	keys := make([][]byte, len(tokenHashes))
	for i := range tokenHashes {
		keys[i] = tokenHashes[i][:]
	}
	var rows []struct {
		TokenHash []byte
		FlaggedAt *int64
	}
	err = s.reads.db.NewSelect().TableExpr("sessions AS s").Join("JOIN users AS u ON u.id = s.user_id").
		Column("s.token_hash", "u.flagged_at").
		Where("s.token_hash IN (?)", bun.List(keys)).Where("s.expires_at > ?", micros(now)).Scan(ctx, &rows)
	if err != nil {
		return nil, readError("find sessions", err)
	}
	flagged = make(map[[32]byte]bool, len(rows))
	for _, r := range rows {
		flagged[[32]byte(r.TokenHash)] = r.FlaggedAt != nil
	}
	return flagged, nil
}

// PruneSessions removes up to limit sessions that have expired at now and counts them.
func (s *Store) PruneSessions(ctx context.Context, now rooms.Time, limit int) (int64, error) {
	old := s.reads.db.NewSelect().Model((*sessionModel)(nil)).Column("token_hash").
		Where("expires_at <= ?", micros(now)).Order("expires_at").Limit(int64(limit))
	return Sweep(ctx, s, old, func(ctx context.Context, t *Tx, hashes [][]byte) (int64, error) {
		res, err := t.DB.NewDelete().Model((*sessionModel)(nil)).Where("token_hash IN (?)", bun.List(hashes)).Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("prune sessions: %w", err)
		}
		return res.RowsAffected()
	})
}
