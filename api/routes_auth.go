package api

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/profiles"
)

type registerInput struct {
	Body struct {
		Email    string     `json:"email" format:"email" maxLength:"254"`
		Password string     `json:"password" minLength:"10" maxLength:"200"`
		Name     string     `json:"name" minLength:"1" maxLength:"80"`
		Role     rooms.Side `json:"role" enum:"sponsor,influencer"`
		Category string     `json:"category,omitempty" maxLength:"60" doc:"What an influencer is about"`
		Niche    string     `json:"niche,omitempty" maxLength:"60"`
		Reach    int64      `json:"reach,omitempty" minimum:"0" maximum:"10000000000" doc:"An influencer's followers"`
	}
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type sessionOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      sessionView
}

type sessionView struct {
	User userView `json:"user"`
}

type cookieOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type tokenInput struct {
	Body struct {
		Name      string `json:"name" minLength:"1" maxLength:"80" doc:"What the token is for"`
		ExpiresIn int64  `json:"expires_in,omitempty" minimum:"60" maximum:"31536000" doc:"Seconds; by default 90 days"`
	}
}

type tokenView struct {
	Token     string     `json:"token" doc:"Shown only now; for Authorization: Bearer"`
	Name      string     `json:"name"`
	ExpiresAt rooms.Time `json:"expires_at"`
}

type tokenOutput struct{ Body tokenView }

type meOutput struct{ Body meView }

// meView is the user and what only they see.
type meView struct {
	User    userView     `json:"user"`
	Budgets []budgetView `json:"budgets,omitempty" nullable:"false" doc:"A sponsor's own budgets by currency, where they are set"`
	Epoch   string       `json:"epoch" doc:"The store's history"`
	Now     rooms.Time   `json:"now" doc:"The server's clock"`
}

type budgetView struct {
	Currency  rooms.Currency `json:"currency"`
	Amount    int64          `json:"amount"`
	Allocated int64          `json:"allocated" doc:"The sum of the campaigns' budgets"`
}

func (s *Server) authRoutes() {
	handle(s, huma.Operation{
		OperationID: "register", Method: http.MethodPost, Path: "/api/auth/register", Tags: []string{"auth"},
		Summary: "Create an account and log in", DefaultStatus: http.StatusCreated,
	}, s.register)
	handle(s, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: "/api/auth/login", Tags: []string{"auth"},
		Summary: "Log in",
	}, s.login)
	handle(s, huma.Operation{
		OperationID: "logout", Method: http.MethodPost, Path: "/api/auth/logout", Tags: []string{"auth"},
		Summary: "End this session, on every connection", DefaultStatus: http.StatusNoContent, Security: signedIn,
		Metadata: forFlagged,
	}, s.logout)
	handle(s, huma.Operation{
		OperationID: "createToken", Method: http.MethodPost, Path: "/api/auth/tokens", Tags: []string{"auth"},
		Summary: "Make a token for a program", DefaultStatus: http.StatusCreated, Security: signedIn,
	}, s.createToken)
	handle(s, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/api/me", Tags: []string{"auth"},
		Summary: "Who is logged in", Security: signedIn, Metadata: forFlagged,
	}, s.me)
}

func (s *Server) register(ctx context.Context, r *request, in *registerInput) (*sessionOutput, error) {
	if err := s.limits.logins.check(addrKey(r.addr)); err != nil {
		return nil, err
	}
	b := &in.Body
	email, err := cleanEmail(b.Email)
	if err != nil {
		return nil, err
	}
	name, err := cleanLine("name", b.Name, true)
	if err != nil {
		return nil, err
	}
	category, err := cleanLine("category", b.Category, false)
	if err != nil {
		return nil, err
	}
	niche, err := cleanLine("niche", b.Niche, false)
	if err != nil {
		return nil, err
	}
	if err := checkPassword(b.Password); err != nil {
		return nil, err
	}
	hash, err := s.passwords.hash(ctx, b.Password)
	if err != nil {
		return nil, busyPasswords(err)
	}
	u := store.User{
		Email: email, Name: name, Role: b.Role, PasswordHash: hash, Approved: !s.cfg.RequireApproval,
	}
	if b.Role == rooms.Influencer {
		u.Category, u.Niche, u.Reach = category, niche, b.Reach
	}
	if u.ID, err = s.store.NewID(); err != nil {
		return nil, err
	}
	claim := func(ctx context.Context, t *store.Tx) error { return profiles.Claim(ctx, t, u.ID, u.Name) }
	if u, err = s.store.CreateUser(ctx, u, claim); err != nil {
		return nil, err
	}
	return s.logIn(ctx, &u)
}

func (s *Server) logIn(ctx context.Context, u *store.User) (*sessionOutput, error) {
	token, _, err := s.startSession(ctx, u.ID, store.SessionCookie, "", s.cfg.SessionTTL)
	if err != nil {
		return nil, err
	}
	return &sessionOutput{SetCookie: s.cookie(token, s.cfg.SessionTTL), Body: sessionView{User: viewUser(u)}}, nil
}

// login takes the same time and gives the same answer whether the address is
// unknown or the password wrong.
func (s *Server) login(ctx context.Context, r *request, in *loginInput) (*sessionOutput, error) {
	email := strings.ToLower(strings.TrimSpace(in.Body.Email))
	if err := s.limits.logins.check(addrKey(r.addr)); err != nil {
		return nil, err
	}
	if err := s.limits.accounts.check(email); err != nil {
		return nil, err
	}
	u, err := s.store.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	ok, err := s.passwords.matches(ctx, in.Body.Password, u.PasswordHash)
	if err != nil {
		return nil, busyPasswords(err)
	}
	if !ok {
		return nil, fail(codeUnauthenticated, "The e-mail address or the password is wrong.")
	}
	return s.logIn(ctx, &u)
}

func busyPasswords(err error) error {
	if errors.Is(err, errPasswordsBusy) {
		return rateLimited(5 * time.Second)
	}
	return err
}

func (s *Server) logout(ctx context.Context, r *request, _ *struct{}) (*cookieOutput, error) {
	if err := s.store.RevokeSession(ctx, r.who.session); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	s.hub.DisconnectSession(r.who.id, r.who.sessionName(), closeSessionEnded, "logged out")
	return &cookieOutput{SetCookie: s.cookie("", 0)}, nil
}

func (s *Server) createToken(ctx context.Context, r *request, in *tokenInput) (*tokenOutput, error) {
	ttl := s.cfg.TokenTTL
	if in.Body.ExpiresIn != 0 {
		ttl = time.Duration(in.Body.ExpiresIn) * time.Second
	}
	name, err := cleanLine("name", in.Body.Name, true)
	if err != nil {
		return nil, err
	}
	token, session, err := s.startSession(ctx, r.who.id, store.SessionBearer, name, ttl)
	if err != nil {
		return nil, err
	}
	return &tokenOutput{Body: tokenView{Token: token, Name: name, ExpiresAt: session.ExpiresAt}}, nil
}

func (s *Server) me(ctx context.Context, r *request, _ *struct{}) (*meOutput, error) {
	u, err := s.store.UserByID(ctx, r.who.id)
	if err != nil {
		return nil, found(err, "user")
	}
	v := meView{User: viewUser(&u), Epoch: s.store.Epoch(), Now: rooms.At(s.cfg.Clock())}
	if u.Role == rooms.Sponsor {
		budgets, err := s.store.SponsorBudgets(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		for _, b := range budgets {
			v.Budgets = append(v.Budgets, budgetView{Currency: b.Currency, Amount: b.Amount, Allocated: b.Allocated})
		}
	}
	return &meOutput{Body: v}, nil
}

// cleanLine trims a text of one line. Control characters have no place in it:
// they could make one name look like another.
func cleanLine(field, s string, required bool) (string, error) {
	s = strings.TrimSpace(s)
	if required && s == "" {
		return "", invalid(field, "is required")
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", invalid(field, "must not hold control characters")
	}
	return s, nil
}

// cleanEmail is an address in the form in which it is stored.
func cleanEmail(raw string) (string, error) {
	email := strings.ToLower(strings.TrimSpace(raw))
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 {
		return "", invalid("email", "must be an e-mail address")
	}
	return email, nil
}
