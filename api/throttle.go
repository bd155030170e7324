package api

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/credentials"
)

// deviceCookie names a browser that has logged in, and is no login by itself.
const deviceCookie = "parley_device"

// deviceTTL is how long a browser is known after its last login.
const deviceTTL = 365 * 24 * time.Hour

// device is the browser that a login comes from.
type device struct {
	token string
	hash  [32]byte
	// known says that it has logged in to this account before.
	known bool
}

// deviceOf finds out whether a browser is known to an account; a browser without a
// name gets one.
func (s *Server) deviceOf(ctx context.Context, r *request, user string) (device, error) {
	d := device{token: strings.Clone(r.http.Cookies(s.bound(deviceCookie)))}
	if d.token == "" {
		token, err := newToken(s.cfg.Rand)
		if err != nil {
			return d, err
		}
		d.token = token
	}
	d.hash = HashToken(d.token)
	since := rooms.At(s.cfg.Clock().Add(-deviceTTL))
	known, err := credentials.Knows(ctx, s.store, user, d.hash, since)
	d.known = known
	return d, err
}

// throttleLogin bounds the tries at an account's password. A browser that has logged in
// to the account before has tries of its own, so that strangers, who can use up
// theirs, lock nobody out of where they usually are. A limiter that is full refuses.
func (s *Server) throttleLogin(r *request, email string, d *device) error {
	if d.known {
		return s.limits.accounts.check(email + " device " + hex.EncodeToString(d.hash[:8]))
	}
	if err := s.limits.accounts.check(email + " from " + addrKey(r.addr)); err != nil {
		return err
	}
	return s.limits.strangers.check(email)
}

// remember notes, in the transaction of a login, that the browser is known from now on.
func (s *Server) remember(user string, d *device) store.Also {
	return func(ctx context.Context, t *store.Tx) error {
		return credentials.Remember(ctx, t, user, d.hash, t.Now.Add(-deviceTTL))
	}
}

func (s *Server) rememberCookie(d *device) http.Cookie {
	return s.namedCookie(s.bound(deviceCookie), d.token, deviceTTL)
}

// confirmPassword checks the password of somebody who is logged in, before what a
// stranger at an open screen must not do.
func (s *Server) confirmPassword(ctx context.Context, r *request, field, password string) (store.User, error) {
	if err := s.limits.accounts.check("confirm " + r.who.id); err != nil {
		return store.User{}, err
	}
	u, err := s.store.UserByID(ctx, r.who.id)
	if errors.Is(err, store.ErrNotFound) {
		return u, unauthenticated()
	}
	if err != nil {
		return u, err
	}
	ok, err := s.passwords.matches(ctx, password, u.PasswordHash)
	if err != nil {
		return u, busyPasswords(err)
	}
	if !ok {
		s.noteFailure(u.ID, r.origin(), audit.ActionConfirmFailed)
		return u, invalid(field, rooms.Because("wrong_password", "is not your password"))
	}
	return u, nil
}
