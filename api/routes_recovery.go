package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/credentials"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/outbox/letter"
)

// How long the secrets in mails work.
const (
	verifyTTL = 3 * 24 * time.Hour
	resetTTL  = time.Hour
)

type (
	mailTokenInput struct {
		Body struct {
			Token string `json:"token" minLength:"1" maxLength:"200" doc:"From the link in the mail"`
		}
	}
	verifiedOutput struct {
		Body struct {
			Changed bool `json:"changed" doc:"Whether the account has another address now"`
		}
	}
	forgotInput struct {
		Body struct {
			Email string `json:"email" maxLength:"254"`
		}
	}
	resetInput struct {
		Body struct {
			Token    string `json:"token" minLength:"1" maxLength:"200"`
			Password string `json:"password" minLength:"10" maxLength:"200"`
		}
	}
)

// recoveryRoutes are for those who have a mail of ours and no session.
func (s *Server) recoveryRoutes() {
	tags := []string{"auth"}
	handle(s, huma.Operation{
		OperationID: "verifyEmail", Method: http.MethodPost, Path: "/api/auth/verify", Tags: tags,
		Summary: "Confirm an address by the secret that was sent to it",
	}, s.verifyEmail)
	handle(s, huma.Operation{
		OperationID: "forgotPassword", Method: http.MethodPost, Path: "/api/auth/forgot", Tags: tags,
		Summary:       "Have a link sent by which a new password can be chosen; the answer is the same for every address",
		DefaultStatus: http.StatusAccepted,
	}, s.forgotPassword)
	handle(s, huma.Operation{
		OperationID: "resetPassword", Method: http.MethodPost, Path: "/api/auth/reset", Tags: tags,
		Summary: "Choose a new password: all sessions end", DefaultStatus: http.StatusNoContent,
	}, s.resetPassword)
	handle(s, huma.Operation{
		OperationID: "resendVerification", Method: http.MethodPost, Path: "/api/account/verification", Tags: []string{"account"},
		Summary: "Have the mail to confirm one's address sent again", DefaultStatus: http.StatusAccepted, Security: signedIn,
		Metadata: toEnroll,
	}, s.resendVerification)
}

// ticket makes a secret for a mail, and what stores it with the mail that carries it.
func (s *Server) ticket(
	user, email string, purpose credentials.Purpose, ttl time.Duration, write func(token string) letter.Letter,
) (store.Also, error) {
	token, err := newToken(s.cfg.Rand)
	if err != nil {
		return nil, err
	}
	hash := HashToken(token)
	mail, err := write(token).Mail(string(purpose)+":"+sessionName(hash), user, email)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, t *store.Tx) error {
		err := credentials.Issue(ctx, t, credentials.Ticket{
			Hash: hash, User: user, Purpose: purpose, Email: email, ExpiresAt: t.Now.Add(ttl),
		})
		if err != nil {
			return err
		}
		return outbox.Put(ctx, t, mail)
	}, nil
}

// verifyMail is the mail by which a user shows that an address is theirs.
func (s *Server) verifyMail(user, email string) (store.Also, error) {
	return s.ticket(user, email, credentials.Verify, verifyTTL, s.verifyLetter)
}

// run is a transaction of nothing but parts.
func (s *Server) run(ctx context.Context, parts ...store.Also) error {
	_, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		for _, part := range parts {
			if err := part(ctx, t); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

func (s *Server) resendVerification(ctx context.Context, r *request, _ *struct{}) (*struct{}, error) {
	u, err := s.store.UserByID(ctx, r.who.id)
	if err != nil {
		return nil, found(err, "user")
	}
	if u.VerifiedAt != nil {
		return nil, refused(rooms.NotAllowed("confirmed_already", "Your address is confirmed already."))
	}
	if err := s.limits.mails.check("verify " + u.ID); err != nil {
		return nil, err
	}
	mail, err := s.verifyMail(u.ID, u.Email)
	if err != nil {
		return nil, err
	}
	return nil, s.run(ctx, mail)
}

func usedLink() *Error {
	return invalid("token", rooms.Because("used_link", "has expired or was used; ask for a new link"))
}

func (s *Server) verifyEmail(ctx context.Context, r *request, in *mailTokenInput) (*verifiedOutput, error) {
	if err := s.limits.logins.check(addrKey(r.addr)); err != nil {
		return nil, err
	}
	hash := HashToken(in.Body.Token)
	out := &verifiedOutput{}
	changed, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) (bool, error) {
		k, err := credentials.Use(ctx, t, hash, credentials.Verify, credentials.ChangeEmail)
		if err != nil {
			return false, err
		}
		u, err := t.User(ctx, k.User)
		if err != nil {
			return false, err
		}
		yes, changed := true, k.Purpose == credentials.ChangeEmail
		if !changed && u.Email != k.Email {
			return false, store.ErrNotFound // it has another address by now
		}
		if _, err := t.UpdateUser(ctx, u.ID, store.UserPatch{Email: &k.Email, Verified: &yes}); err != nil {
			return false, err
		}
		kind := "verified"
		if changed {
			kind = "email_changed"
			if err := credentials.Cancel(ctx, t, u.ID); err != nil { // sent to the old address
				return false, err
			}
		}
		if err := notices.Add(ctx, t, notices.Notice{User: u.ID, Kind: kind}); err != nil {
			return false, err
		}
		entry := r.origin().entry(&caller{id: u.ID}, audit.ActionEmailVerified, "user", u.ID)
		entry.Details = map[string]any{"changed": changed}
		return changed, audit.Append(ctx, t, entry)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, usedLink()
	}
	out.Body.Changed = changed
	return out, err
}

// forgotPassword answers before it looks for the account: neither the answer nor its
// time tells whether there is one.
func (s *Server) forgotPassword(ctx context.Context, r *request, in *forgotInput) (*struct{}, error) {
	if err := s.limits.logins.check(addrKey(r.addr)); err != nil {
		return nil, err
	}
	email, err := cleanEmail(in.Body.Email)
	if err != nil {
		return nil, err
	}
	if !s.chores.do(func(ctx context.Context) { s.sendReset(ctx, email) }) {
		return nil, rateLimited(time.Second)
	}
	return nil, nil
}

func (s *Server) sendReset(ctx context.Context, email string) {
	u, err := s.store.UserByEmail(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		return
	}
	if err == nil {
		if ok, _ := s.limits.mails.allow("reset " + u.ID); !ok {
			return // the mailbox has enough of them
		}
		var mail store.Also
		if mail, err = s.ticket(u.ID, u.Email, credentials.Reset, resetTTL, s.resetLetter); err == nil {
			err = s.run(ctx, mail)
		}
	}
	if err != nil {
		s.log.Error("send a link for a new password", "err", err)
	}
}

func (s *Server) resetPassword(ctx context.Context, r *request, in *resetInput) (*struct{}, error) {
	if err := s.limits.logins.check(addrKey(r.addr)); err != nil {
		return nil, err
	}
	if err := checkPassword(in.Body.Password); err != nil {
		return nil, err
	}
	password, err := s.passwords.hash(ctx, in.Body.Password)
	if err != nil {
		return nil, busyPasswords(err)
	}
	hash := HashToken(in.Body.Token)
	user, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) (string, error) {
		k, err := credentials.Use(ctx, t, hash, credentials.Reset)
		if err != nil {
			return "", err
		}
		u, err := t.User(ctx, k.User)
		if err != nil {
			return "", err
		}
		// Who reads the mail has the address; another one that was asked for may be
		// that of somebody who should not have been there.
		patch := store.UserPatch{PasswordHash: &password}
		if yes := true; u.Email == k.Email {
			patch.Verified = &yes
		}
		if _, err := t.UpdateUser(ctx, u.ID, patch); err != nil {
			return "", err
		}
		if _, err := s.newPassword(ctx, t, &u, nil); err != nil {
			return "", err
		}
		if err := credentials.ForgetDevices(ctx, t, u.ID); err != nil {
			return "", err
		}
		return u.ID, audit.Append(ctx, t, r.origin().entry(&caller{id: u.ID}, audit.ActionPasswordReset, "user", u.ID))
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, usedLink()
	}
	if err != nil {
		return nil, err
	}
	s.hub.Disconnect(user, closeSessionEnded, "password reset")
	return nil, nil
}

// newPassword is what every change of a password brings with it: sessions end but the
// one named, links that were sent no longer work, and the user is told.
func (s *Server) newPassword(ctx context.Context, t *store.Tx, u *store.User, but *[32]byte) ([]store.Session, error) {
	ended, err := t.RevokeSessions(ctx, u.ID, store.SessionFilter{But: but})
	if err != nil {
		return nil, err
	}
	if err := credentials.Cancel(ctx, t, u.ID, credentials.Reset, credentials.ChangeEmail); err != nil {
		return nil, err
	}
	if err := notices.Add(ctx, t, notices.Notice{User: u.ID, Kind: "password_changed"}); err != nil {
		return nil, err
	}
	id, err := t.NewID()
	if err != nil {
		return nil, err
	}
	mail, err := s.passwordLetter().Mail("password:"+id, u.ID, u.Email)
	if err != nil {
		return nil, err
	}
	return ended, outbox.Put(ctx, t, mail)
}
