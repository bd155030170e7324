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
	"parley/store/notices"
	"parley/store/outbox"
)

type (
	factorView struct {
		On       bool        `json:"on"`
		Since    *rooms.Time `json:"since,omitempty"`
		Left     int         `json:"recovery_codes_left"`
		Required bool        `json:"required" doc:"Whether it must stay on"`
	}
	factorOutput     struct{ Body factorView }
	confirmPassInput struct {
		Body struct {
			Password string `json:"password" maxLength:"1000"`
		}
	}
	proposedView struct {
		Secret string `json:"secret" doc:"To be typed where no picture can be taken"`
		URI    string `json:"uri" doc:"otpauth://…, what the QR code says"`
		QR     qrView `json:"qr"`
	}
	proposedOutput struct{ Body proposedView }
	codeInput      struct {
		Body struct {
			Code string `json:"code" minLength:"1" maxLength:"40"`
		}
	}
	recoveryCodesOutput struct {
		Body struct {
			Codes []string `json:"recovery_codes" nullable:"false" doc:"Shown only now; each works once"`
		}
	}
	removeFactorInput struct {
		Body struct {
			Password string `json:"password" maxLength:"1000"`
			Code     string `json:"code" minLength:"1" maxLength:"40"`
		}
	}
)

func (s *Server) accountFactorRoutes() {
	tags := []string{"account"}
	handle(s, huma.Operation{
		OperationID: "getFactor", Method: http.MethodGet, Path: "/api/account/factor", Tags: tags, Security: signedIn,
		Summary: "Whether two-factor authentication is on", Metadata: toEnroll,
	}, s.getFactor)
	handle(s, huma.Operation{
		OperationID: "proposeFactor", Method: http.MethodPost, Path: "/api/account/factor", Tags: tags, Security: signedIn,
		Summary: "Make a secret for an authenticator app; it counts once a code of it was confirmed", Metadata: toEnroll,
	}, s.proposeFactor)
	handle(s, huma.Operation{
		OperationID: "confirmFactor", Method: http.MethodPost, Path: "/api/account/factor/confirm", Tags: tags, Security: signedIn,
		Summary: "Turn two-factor authentication on by a first code", Metadata: toEnroll,
	}, s.confirmFactor)
	handle(s, huma.Operation{
		OperationID: "newRecoveryCodes", Method: http.MethodPost, Path: "/api/account/factor/recovery-codes", Tags: tags, Security: signedIn,
		Summary: "Make new recovery codes; those from before no longer work",
	}, s.newCodes)
	handle(s, huma.Operation{
		OperationID: "removeFactor", Method: http.MethodPost, Path: "/api/account/factor/remove", Tags: tags, Security: signedIn,
		Summary: "Turn two-factor authentication off", DefaultStatus: http.StatusNoContent,
	}, s.removeFactor)
}

func (s *Server) getFactor(ctx context.Context, r *request, _ *struct{}) (*factorOutput, error) {
	out := &factorOutput{Body: factorView{Required: s.mustEnroll(r.who.role, false)}}
	f, err := s.confirmedFactor(ctx, r.who.id)
	if err != nil || f == nil {
		return out, err
	}
	out.Body.On, out.Body.Since = true, f.Confirmed
	out.Body.Left, err = credentials.RecoveryCodesLeft(ctx, s.store, r.who.id)
	return out, err
}

func (s *Server) proposeFactor(ctx context.Context, r *request, in *confirmPassInput) (*proposedOutput, error) {
	u, err := s.confirmPassword(ctx, r, "password", in.Body.Password)
	if err != nil {
		return nil, err
	}
	key, err := newFactorKey(s.cfg.Rand, u.Email)
	if err != nil {
		return nil, err
	}
	sealed, err := s.sealer.Seal([]byte(key.Secret()), u.ID)
	if err != nil {
		return nil, err
	}
	err = s.run(ctx, r.stillIn,
		func(ctx context.Context, t *store.Tx) error { return credentials.Propose(ctx, t, u.ID, sealed) })
	if err != nil {
		return nil, err
	}
	picture, err := drawQR(key.URL())
	if err != nil {
		return nil, err
	}
	return &proposedOutput{Body: proposedView{Secret: key.Secret(), URI: key.URL(), QR: picture}}, nil
}

func (s *Server) confirmFactor(ctx context.Context, r *request, in *codeInput) (*recoveryCodesOutput, error) {
	f, err := credentials.FactorOf(ctx, s.store, r.who.id)
	if errors.Is(err, store.ErrNotFound) || err == nil && f.Confirmed != nil {
		return nil, refused(rooms.NotAllowed("nothing_to_confirm", "There is nothing to confirm; begin again."))
	}
	if err != nil {
		return nil, err
	}
	proof, err := s.proof(ctx, r.origin(), &f, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return s.withNewCodes(ctx, r, "second_factor_on", audit.ActionTOTPEnabled, proof,
		s.factorMail(r.who.id, true))
}

// factorInForce is the second factor of somebody who has confirmed their password.
func (s *Server) factorInForce(ctx context.Context, r *request, password string) (*credentials.Factor, error) {
	if _, err := s.confirmPassword(ctx, r, "password", password); err != nil {
		return nil, err
	}
	f, err := s.confirmedFactor(ctx, r.who.id)
	if err == nil && f == nil {
		err = refused(rooms.NotAllowed("second_factor_off", "Two-factor authentication is off."))
	}
	return f, err
}

func (s *Server) newCodes(ctx context.Context, r *request, in *confirmPassInput) (*recoveryCodesOutput, error) {
	if _, err := s.factorInForce(ctx, r, in.Body.Password); err != nil {
		return nil, err
	}
	return s.withNewCodes(ctx, r, "recovery_codes_made", audit.ActionCodesMade)
}

// withNewCodes makes recovery codes in the transaction of parts.
func (s *Server) withNewCodes(
	ctx context.Context, r *request, notice string, action audit.Action, parts ...store.Also,
) (*recoveryCodesOutput, error) {
	codes, hashes, err := newRecoveryCodes(s.cfg.Rand)
	if err != nil {
		return nil, err
	}
	parts = append(parts, r.stillIn,
		func(ctx context.Context, t *store.Tx) error {
			return credentials.SetRecoveryCodes(ctx, t, r.who.id, hashes)
		},
		s.tell(r.who.id, notice),
		audit.Also(r.origin().entry(r.who, action, "user", r.who.id)))
	if err := s.run(ctx, parts...); err != nil {
		return nil, err
	}
	out := &recoveryCodesOutput{}
	out.Body.Codes = codes
	return out, nil
}

// tell adds a notice without data.
func (s *Server) tell(user, kind string) store.Also {
	return func(ctx context.Context, t *store.Tx) error {
		return notices.Add(ctx, t, notices.Notice{User: user, Kind: kind})
	}
}

// factorMail tells a user that the second factor was turned on or off.
func (s *Server) factorMail(user string, on bool) store.Also {
	return func(ctx context.Context, t *store.Tx) error {
		u, err := t.User(ctx, user)
		if err != nil {
			return err
		}
		id, err := t.NewID()
		if err != nil {
			return err
		}
		mail, err := s.factorLetter(on).Mail("second_factor:"+id, u.ID, u.Email)
		if err != nil {
			return err
		}
		return outbox.Put(ctx, t, mail)
	}
}

func (s *Server) removeFactor(ctx context.Context, r *request, in *removeFactorInput) (*struct{}, error) {
	if s.mustEnroll(r.who.role, false) {
		return nil, refused(rooms.NotAllowed("second_factor_required", "Admins of this server must have a second factor."))
	}
	f, err := s.factorInForce(ctx, r, in.Body.Password)
	if err != nil {
		return nil, err
	}
	proof, err := s.proof(ctx, r.origin(), f, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return nil, s.run(ctx, r.stillIn, proof,
		func(ctx context.Context, t *store.Tx) error { return credentials.RemoveFactor(ctx, t, r.who.id) },
		s.tell(r.who.id, "second_factor_off"), s.factorMail(r.who.id, false),
		audit.Also(r.origin().entry(r.who, audit.ActionTOTPDisabled, "user", r.who.id)))
}
