package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"parley/rooms"
	"parley/store"
)

// The session cookie's name. With https it has the prefix by which a browser takes it
// from no other host, for no other path and only over https.
const (
	cookieName       = "parley_session"
	hostPrefix       = "__Host-"
	cookieNameSecure = hostPrefix + cookieName
)

func (s *Server) cookieName() string { return s.bound(cookieName) }

// bound is a cookie's name with the prefix that https asks for.
func (s *Server) bound(name string) string {
	if s.origins.https() {
		return hostPrefix + name
	}
	return name
}

// tokenBytes is the length of a token before it is written as text.
const tokenBytes = 32

// HashToken is what is stored of a session's token. A token has 256 random
// bits: no salt and no slow hash would make it harder to guess.
func HashToken(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

func newToken(random io.Reader) (string, error) {
	var raw [tokenBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("random token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// credential is what a request shows.
type credential struct {
	token  string
	bearer bool
}

// credentialOf reads the Authorization header, or else the cookie.
func credentialOf(authorization, cookie string) credential {
	if authorization != "" {
		scheme, token, _ := strings.Cut(authorization, " ")
		if !strings.EqualFold(scheme, "bearer") {
			return credential{bearer: true}
		}
		return credential{token: strings.TrimSpace(token), bearer: true}
	}
	return credential{token: cookie}
}

// caller is who makes a request. It holds no memory of the request.
type caller struct {
	id       string
	role     rooms.Side
	approved bool
	// flagged callers are under review: all they may do is read why, answer, and leave.
	flagged bool
	// unverified callers have yet to confirm their address before they negotiate.
	unverified bool
	// mustEnroll callers have yet to set up a second factor before anything else.
	mustEnroll bool
	// secondFactor says that the caller has one.
	secondFactor bool
	// seen is when the session was last noted as used.
	seen time.Time
	// session names the login among the user's; it is the token's hash.
	session [sha256.Size]byte
	expires time.Time
}

// actor is the caller as the rules see them.
func (c *caller) actor() rooms.Actor { return rooms.Actor{ID: c.id, Role: c.role} }

// sessionName is what the hub knows the session by.
func (c *caller) sessionName() string { return sessionName(c.session) }

// sessionName names a session to its owner and to the hub. It is a part of a hash: no
// token follows from it.
func sessionName(hash [sha256.Size]byte) string { return hex.EncodeToString(hash[:sessionNameBytes]) }

const sessionNameBytes = 8

// sessionNamed is how the hash of a session of that name begins; false for what names none.
func sessionNamed(name string) ([]byte, bool) {
	begins, err := hex.DecodeString(name)
	return begins, err == nil && len(begins) == sessionNameBytes
}

// mayNegotiate tells whether the caller may do what sponsors and influencers do.
func (c *caller) mayNegotiate() error {
	if !c.approved && c.role != rooms.Admin {
		return forbidden("An admin has yet to approve your account.", "not_approved")
	}
	if c.unverified {
		return forbidden("Confirm your e-mail address first.", "not_verified")
	}
	return nil
}

// mayShow tells whether the caller may bring a campaign into that view. Private ones may
// be prepared while one waits for an admin; publishing is negotiating.
func (c *caller) mayShow(public bool) error {
	if !public {
		return nil
	}
	return c.mayNegotiate()
}

// need refuses other roles.
func (c *caller) need(role rooms.Side) error {
	if c.role != role {
		return forbidden(fmt.Sprintf("Only for the role %s.", role), "")
	}
	return nil
}

func flagged() *Error {
	return forbidden("Your account is under review by an admin.", "flagged")
}

// authenticate finds who a token belongs to, now. A flagged user is found too, see
// caller.flagged.
func (s *Server) authenticate(ctx context.Context, cred credential) (caller, error) {
	if cred.token == "" {
		return caller{}, unauthenticated()
	}
	return s.sessionOwner(ctx, HashToken(cred.token))
}

// sessionCaller is sessionOwner for those who may do everything that their role may:
// a flagged user is refused.
func (s *Server) sessionCaller(ctx context.Context, hash [sha256.Size]byte) (caller, error) {
	who, err := s.sessionOwner(ctx, hash)
	if err == nil && who.flagged {
		return caller{}, flagged()
	}
	return who, err
}

func (s *Server) sessionOwner(ctx context.Context, hash [sha256.Size]byte) (caller, error) {
	session, user, err := s.store.SessionUser(ctx, hash, rooms.At(s.cfg.Clock()))
	if errors.Is(err, store.ErrNotFound) {
		return caller{}, unauthenticated()
	}
	if err != nil {
		return caller{}, fmt.Errorf("find session: %w", err)
	}
	return caller{
		id: user.ID, role: user.Role, approved: user.Approved, flagged: user.FlaggedAt != nil,
		unverified:   s.cfg.RequireVerified && user.VerifiedAt == nil && user.Role != rooms.Admin,
		mustEnroll:   s.mustEnroll(user.Role, session.SecondFactor),
		secondFactor: session.SecondFactor, seen: session.SeenAt.Time,
		session: session.TokenHash, expires: session.ExpiresAt.Time,
	}, nil
}

// mustEnroll tells whether somebody has yet to set up a second factor.
func (s *Server) mustEnroll(role rooms.Side, secondFactor bool) bool {
	return s.cfg.AdminSecondFactor && role == rooms.Admin && !secondFactor
}

// mayNegotiate asks the store again about a caller who might not when they came: an
// open connection learns of an approval with its next command.
func (s *Server) mayNegotiate(who *caller) error {
	err := who.mayNegotiate()
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	if now, readErr := s.sessionCaller(ctx, who.session); readErr == nil {
		return now.mayNegotiate()
	}
	return err
}

// stillIn refuses, in the transaction of what the caller asked for, when their session has
// ended since the request was let in: what a new password closes, nothing opens again that
// was under way.
func (r *request) stillIn(ctx context.Context, t *store.Tx) error {
	err := t.NeedSession(ctx, r.who.session)
	if errors.Is(err, store.ErrNotFound) {
		return rooms.Refuse(codeUnauthenticated, "Log in first.")
	}
	return err
}

// newSession makes a session, to be stored, and its token.
func (s *Server) newSession(user, kind, name string, ttl time.Duration) (string, store.Session, error) {
	token, err := newToken(s.cfg.Rand)
	if err != nil {
		return "", store.Session{}, err
	}
	now := rooms.At(s.cfg.Clock())
	return token, store.Session{
		TokenHash: HashToken(token), UserID: user, Kind: kind, Name: name,
		CreatedAt: now, ExpiresAt: now.Add(ttl),
	}, nil
}

// seenEvery is how exactly the last use of a session is noted: finer would be a write
// with every request.
const seenEvery = 15 * time.Minute

// touch notes that a session is used, now and then.
func (s *Server) touch(who *caller) {
	now := s.cfg.Clock()
	if now.Sub(who.seen) < seenEvery {
		return
	}
	hash := who.session
	s.chores.do(func(ctx context.Context) {
		if err := s.store.TouchSession(ctx, hash, rooms.At(now)); err != nil {
			s.log.Warn("note a session's use", "err", err)
		}
	})
}

// cookie carries a token of a session; an empty one takes it away.
func (s *Server) cookie(token string, ttl time.Duration) http.Cookie {
	return s.namedCookie(s.cookieName(), token, ttl)
}

func (s *Server) namedCookie(name, token string, ttl time.Duration) http.Cookie {
	c := http.Cookie{
		Name: name, Value: token, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.origins.https(),
		MaxAge: int(ttl / time.Second),
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}
