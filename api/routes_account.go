package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/credentials"
	"parley/store/exports"
	"parley/store/flags"
	"parley/store/jobs"
	"parley/store/news"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/preferences"
	"parley/store/profiles"
	"parley/store/reports"
	"parley/store/search"
	"parley/store/webhooks"
)

type (
	accountInput struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"80"`
		}
	}
	selfOutput    struct{ Body sessionView }
	passwordInput struct {
		Body struct {
			Current  string `json:"current" maxLength:"1000" doc:"The password until now"`
			Password string `json:"password" minLength:"10" maxLength:"200"`
		}
	}
	emailInput struct {
		Body struct {
			Email    string `json:"email" format:"email" maxLength:"254"`
			Password string `json:"password" maxLength:"1000"`
		}
	}
	ownBudgetInput struct {
		Currency rooms.Currency `path:"currency"`
		Body     struct {
			Amount int64 `json:"amount" minimum:"0" doc:"0 removes the bound"`
		}
	}
	deleteInput struct {
		Body struct {
			Password string `json:"password" maxLength:"1000"`
			Code     string `json:"code,omitempty" maxLength:"40" doc:"Of the second factor, where there is one"`
		}
	}
)

func (s *Server) accountRoutes() {
	tags := []string{"account"}
	handle(s, huma.Operation{
		OperationID: "changeAccount", Method: http.MethodPatch, Path: "/api/account", Tags: tags, Security: signedIn,
		Summary: "Change one's name",
	}, s.changeAccount)
	handle(s, huma.Operation{
		OperationID: "changePassword", Method: http.MethodPost, Path: "/api/account/password", Tags: tags, Security: signedIn,
		Summary: "Choose another password: all other sessions and tokens end", DefaultStatus: http.StatusNoContent,
		Metadata: toEnroll,
	}, s.changePassword)
	handle(s, huma.Operation{
		OperationID: "changeEmail", Method: http.MethodPost, Path: "/api/account/email", Tags: tags, Security: signedIn,
		Summary: "Ask for another e-mail address: it counts once it was confirmed", DefaultStatus: http.StatusAccepted,
	}, s.changeEmail)
	handle(s, huma.Operation{
		OperationID: "setOwnBudget", Method: http.MethodPut, Path: "/api/account/budgets/{currency}", Tags: tags, Security: signedIn,
		Summary: "Bound what one's campaigns of a currency may have together", DefaultStatus: http.StatusNoContent,
	}, s.setOwnBudget)
	handle(s, huma.Operation{
		OperationID: "deleteAccount", Method: http.MethodPost, Path: "/api/account/delete", Tags: tags, Security: signedIn,
		Summary:       "Delete one's account: the person goes, the logs of negotiations stay",
		DefaultStatus: http.StatusNoContent,
	}, s.deleteAccount)
}

func (s *Server) changeAccount(ctx context.Context, r *request, in *accountInput) (*selfOutput, error) {
	name, err := cleanLine("name", in.Body.Name, true)
	if err != nil {
		return nil, err
	}
	u, err := s.store.UpdateUser(ctx, r.who.id, store.UserPatch{Name: &name})
	if err != nil {
		return nil, found(err, "user")
	}
	return &selfOutput{Body: sessionView{User: s.viewSelf(&u, r.who.secondFactor)}}, nil
}

func (s *Server) changePassword(ctx context.Context, r *request, in *passwordInput) (*struct{}, error) {
	if err := checkPassword(in.Body.Password); err != nil {
		return nil, err
	}
	u, err := s.confirmPassword(ctx, r, "current", in.Body.Current)
	if err != nil {
		return nil, err
	}
	hash, err := s.passwords.hash(ctx, in.Body.Password, u.Name, u.Email)
	if err != nil {
		return nil, busyPasswords(err)
	}
	ended, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) ([]store.Session, error) {
		if err := r.stillIn(ctx, t); err != nil {
			return nil, err
		}
		if _, err := t.UpdateUser(ctx, u.ID, store.UserPatch{PasswordHash: &hash}); err != nil {
			return nil, err
		}
		ended, err := s.newPassword(ctx, t, &u, &r.who.session)
		if err != nil {
			return nil, err
		}
		return ended, audit.Append(ctx, t, r.origin().entry(r.who, audit.ActionPasswordChanged, "user", u.ID))
	})
	if err != nil {
		return nil, err
	}
	s.closeSessions(ended, "password changed")
	return nil, nil
}

// closeSessions closes the connections of sessions that have ended, on every instance.
func (s *Server) closeSessions(ended []store.Session, reason string) {
	for i := range ended {
		s.hub.DisconnectSession(ended[i].UserID, sessionName(ended[i].TokenHash), closeSessionEnded, reason)
	}
}

func (s *Server) changeEmail(ctx context.Context, r *request, in *emailInput) (*struct{}, error) {
	email, err := cleanEmail(in.Body.Email)
	if err != nil {
		return nil, err
	}
	u, err := s.confirmPassword(ctx, r, "password", in.Body.Password)
	if err != nil {
		return nil, err
	}
	if email == u.Email {
		return nil, invalid("email", rooms.Because("own_address", "is your address already"))
	}
	if _, err := s.store.UserByEmail(ctx, email); !errors.Is(err, store.ErrNotFound) {
		if err != nil {
			return nil, err
		}
		return nil, refused(&rooms.Refusal{
			Code: rooms.CodeAlreadyExists, Field: "email", Message: "This e-mail address is taken.",
		})
	}
	if err := s.limits.mails.check("email " + u.ID); err != nil {
		return nil, err
	}
	confirm, err := s.ticket(u.ID, email, credentials.ChangeEmail, verifyTTL, s.newAddressLetter)
	if err != nil {
		return nil, err
	}
	asked := audit.Also(r.origin().entry(r.who, audit.ActionEmailChange, "user", u.ID))
	return nil, s.run(ctx, r.stillIn, confirm, asked, func(ctx context.Context, t *store.Tx) error {
		id, err := t.NewID()
		if err != nil {
			return err
		}
		note, err := s.oldAddressLetter().Mail("email_note:"+id, u.ID, u.Email)
		if err != nil {
			return err
		}
		return outbox.Put(ctx, t, note)
	})
}

func (s *Server) setOwnBudget(ctx context.Context, r *request, in *ownBudgetInput) (*struct{}, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	return nil, s.store.SetSponsorBudget(ctx, r.who.id, in.Currency, in.Body.Amount)
}

func (s *Server) deleteAccount(ctx context.Context, r *request, in *deleteInput) (*struct{}, error) {
	u, err := s.confirmPassword(ctx, r, "password", in.Body.Password)
	if err != nil {
		return nil, err
	}
	required := rooms.Invalid("code", rooms.Because("code_required", "is required: your account has a second factor"))
	shown, err := s.secondFactor(ctx, r.origin(), u.ID, in.Body.Code, required)
	if err != nil {
		return nil, err
	}
	allowed := func(ctx context.Context, t *store.Tx) error {
		if err := r.stillIn(ctx, t); err != nil {
			return err
		}
		return shown.proof(ctx, t)
	}
	var parts []store.Also
	for _, erase := range []func(context.Context, *store.Tx, string) error{
		outbox.Erase, notices.Erase, credentials.Erase, profiles.Erase, preferences.Erase,
		exports.Erase, reports.Erase, webhooks.Erase, jobs.Erase, news.Erase, flags.Erase, search.Erase,
	} {
		parts = append(parts, func(ctx context.Context, t *store.Tx) error { return erase(ctx, t, u.ID) })
	}
	parts = append(parts, audit.Also(r.origin().entry(r.who, audit.ActionUserDeleted, "user", u.ID)))
	if err := s.store.Leave(ctx, u.ID, allowed, parts...); err != nil {
		return nil, err
	}
	s.hub.Disconnect(u.ID, closeSessionEnded, "account deleted")
	return nil, nil
}
