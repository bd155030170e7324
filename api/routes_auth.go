package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"parley/rooms"
	"parley/rooms/strictjson"
	"parley/store"
	"parley/store/audit"
	"parley/store/notices"
	"parley/store/preferences"
	"parley/store/profiles"
)

type registerInput struct{ Body registerRequest }

type registerRequest struct {
	Email    string       `json:"email" format:"email" maxLength:"254"`
	Password string       `json:"password" minLength:"10" maxLength:"200"`
	Name     string       `json:"name" minLength:"1" maxLength:"80"`
	Role     rooms.Side   `json:"role" enum:"sponsor,influencer"`
	Kind     string       `json:"kind,omitempty" enum:"company,individual" doc:"What a sponsor is"`
	Industry string       `json:"industry,omitempty" maxLength:"60" doc:"A sponsor's"`
	Budget   *rooms.Money `json:"budget,omitempty" doc:"What a sponsor's campaigns in this currency may have together"`
	Category string       `json:"category,omitempty" maxLength:"60" doc:"What an influencer is about"`
	Niche    string       `json:"niche,omitempty" maxLength:"60"`
	Reach    int64        `json:"reach,omitempty" minimum:"0" maximum:"10000000000" doc:"An influencer's followers"`
	Zone     string       `json:"zone,omitempty" maxLength:"60" doc:"The browser's time zone, for the hour of reminders; one that is not known is left out"`
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"1000"`
		Code     string `json:"code,omitempty" maxLength:"40" doc:"Of the second factor, or a recovery code"`
		Zone     string `json:"zone,omitempty" maxLength:"60" doc:"The browser's time zone, kept where none was chosen yet"`
	}
}

type sessionOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      sessionView
}

type sessionView struct {
	User userView `json:"user"`
}

// viewSelf is a user as they see themselves.
func (s *Server) viewSelf(u *store.User, secondFactor bool) userView {
	v := viewUser(u)
	v.SecondFactor, v.MustEnroll = secondFactor, s.mustEnroll(u.Role, secondFactor)
	return v
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

// whoView is meView for everybody.
type whoView struct {
	User *userView  `json:"user" doc:"null when nobody is logged in"`
	Now  rooms.Time `json:"now" doc:"The server's clock"`
}

type whoOutput struct{ Body whoView }

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
		Metadata: whileBlocked,
	}, s.logout)
	handle(s, huma.Operation{
		OperationID: "createToken", Method: http.MethodPost, Path: "/api/auth/tokens", Tags: []string{"auth"},
		Summary: "Make a token for a program", DefaultStatus: http.StatusCreated, Security: signedIn,
	}, s.createToken)
	handle(s, huma.Operation{
		OperationID: "session", Method: http.MethodGet, Path: "/api/session", Tags: []string{"auth"},
		Summary: "Who is logged in, if anybody", Metadata: forGuests,
	}, s.whoIsThere)
	handle(s, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/api/me", Tags: []string{"auth"},
		Summary: "Who is logged in", Security: signedIn, Metadata: whileBlocked,
	}, s.me)
}

func (s *Server) register(ctx context.Context, r *request, in *registerInput) (*sessionOutput, error) {
	if err := s.limits.logins.check(addrKey(r.addr)); err != nil {
		return nil, err
	}
	b := &in.Body
	u, err := b.user()
	if err != nil {
		return nil, err
	}
	if u.PasswordHash, err = s.passwords.hash(ctx, b.Password, u.Name, u.Email); err != nil {
		return nil, busyPasswords(err)
	}
	if u.ID, err = s.store.NewID(); err != nil {
		return nil, err
	}
	u.Approved = b.Role != rooms.Sponsor || !s.cfg.RequireApproval
	verify, err := s.verifyMail(u.ID, u.Email)
	if err != nil {
		return nil, err
	}
	entry := r.origin().entry(&caller{id: u.ID}, audit.ActionRegistered, "user", u.ID)
	if u, err = s.store.CreateUser(ctx, u, b.besides(u.ID), verify, audit.Also(entry)); err != nil {
		return nil, err
	}
	return s.logIn(ctx, r, &u, b.Zone, factorShown{})
}

// user is the row of somebody who registers, checked.
func (b *registerRequest) user() (store.User, error) {
	email, err := cleanEmail(b.Email)
	if err != nil {
		return store.User{}, err
	}
	u := store.User{Email: email, Role: b.Role}
	if u.Name, err = cleanLine("name", b.Name, true); err != nil {
		return u, err
	}
	if err := checkPassword(b.Password); err != nil {
		return u, err
	}
	if b.Role == rooms.Influencer {
		if b.Kind != "" || b.Industry != "" || b.Budget != nil {
			return u, invalid("kind", rooms.Form("belongs to sponsors, with the industry and the budget"))
		}
		if u.Category, err = cleanLine("category", b.Category, false); err != nil {
			return u, err
		}
		if u.Niche, err = cleanLine("niche", b.Niche, false); err != nil {
			return u, err
		}
		u.Reach = b.Reach
	} else if b.Industry, err = cleanLine("industry", b.Industry, false); err != nil {
		return u, err
	}
	return u, nil
}

// besides is what comes with the row: an influencer's short address, a sponsor's card
// and budget.
func (b *registerRequest) besides(user string) store.Also {
	return func(ctx context.Context, t *store.Tx) error {
		if b.Role == rooms.Influencer {
			return profiles.Claim(ctx, t, user, b.Name)
		}
		card := profiles.CardPatch{}
		if b.Kind != "" {
			card.Kind = &b.Kind
		}
		if b.Industry != "" {
			card.Industry = &b.Industry
		}
		if _, err := profiles.ChangeCard(ctx, t, user, card); err != nil {
			return err
		}
		if b.Budget == nil {
			return nil
		}
		return within("budget", t.SetSponsorBudget(ctx, user, b.Budget.Currency, b.Budget.Amount))
	}
}

// within puts the field of a refusal into the object that it was in.
func within(object string, err error) error {
	var refusal *rooms.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	inside := *refusal
	inside.Field = strictjson.Join(object, refusal.Field)
	return &inside
}

// maxBrowsers is in how many browsers a user may be logged in. One more ends the login
// that is the longest ago: nobody is kept out by logins that they have forgotten.
const maxBrowsers = 50

// logIn starts a session in the browser that the request comes from, whose time zone may
// be empty. shown is their second factor; who has just registered has none.
func (s *Server) logIn(ctx context.Context, r *request, u *store.User, zone string, shown factorShown) (*sessionOutput, error) {
	d, err := s.deviceOf(ctx, r, u.ID)
	if err != nil {
		return nil, err
	}
	token, session, err := s.newSession(u.ID, store.SessionCookie, "", s.cfg.SessionTTL)
	if err != nil {
		return nil, err
	}
	session.Agent = agentName(r.http.Get(fiber.HeaderUserAgent))
	remember := s.remember(u.ID, &d)
	entry := r.origin().entry(&caller{id: u.ID}, audit.ActionLogin, "user", u.ID)
	forgotten, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) ([]store.Session, error) {
		// Checking a password takes a while, in which it may have been changed and all
		// that it had opened been closed.
		now, err := t.User(ctx, u.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if err != nil || now.PasswordHash != u.PasswordHash {
			return nil, rooms.Refuse(codeUnauthenticated, wrongLogin)
		}
		if shown.proof != nil {
			if err := shown.proof(ctx, t); err != nil {
				return nil, err
			}
		}
		ended, err := t.RevokeSessions(ctx, u.ID, store.SessionFilter{Kind: store.SessionCookie, Newest: maxBrowsers - 1})
		if err != nil {
			return nil, err
		}
		if err := t.CreateSession(ctx, session); err != nil {
			return nil, err
		}
		if err := remember(ctx, t); err != nil {
			return nil, err
		}
		if err := preferences.Introduce(ctx, t, u.ID, zone); err != nil {
			return nil, err
		}
		return ended, audit.Append(ctx, t, entry)
	})
	if err != nil {
		return nil, err
	}
	s.closeSessions(forgotten, "logged in elsewhere")
	// The adapter would join two cookies into one header, which is none.
	known := s.rememberCookie(&d)
	r.http.Response().Header.Add(fiber.HeaderSetCookie, known.String())
	return &sessionOutput{
		SetCookie: s.cookie(token, s.cfg.SessionTTL), Body: sessionView{User: s.viewSelf(u, shown.on)},
	}, nil
}

const wrongLogin = "The e-mail address or the password is wrong."

// login takes the same time and gives the same answer whether the address is
// unknown or the password wrong. Who has a second factor is asked for its code once the
// password was right.
func (s *Server) login(ctx context.Context, r *request, in *loginInput) (*sessionOutput, error) {
	email := strings.ToLower(strings.TrimSpace(in.Body.Email))
	if err := s.limits.logins.check(addrKey(r.addr)); err != nil {
		return nil, err
	}
	u, err := s.store.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	d, err := s.deviceOf(ctx, r, u.ID)
	if err != nil {
		return nil, err
	}
	if err := s.throttleLogin(r, email, &d); err != nil {
		return nil, err
	}
	ok, err := s.passwords.matches(ctx, in.Body.Password, u.PasswordHash)
	if err != nil {
		return nil, busyPasswords(err)
	}
	if !ok {
		if u.ID != "" {
			s.noteFailure(u.ID, r.origin(), audit.ActionLoginFailed)
		}
		return nil, fail(codeUnauthenticated, wrongLogin)
	}
	shown, err := s.secondFactor(ctx, r.origin(), u.ID, in.Body.Code, &rooms.Refusal{
		Code: codeUnauthenticated, Message: "Enter a code of your authenticator app.",
		Details: reasonDetails{Reason: "second_factor"},
	})
	if err != nil {
		return nil, err
	}
	return s.logIn(ctx, r, &u, in.Body.Zone, shown)
}

func busyPasswords(err error) error {
	if errors.Is(err, errPasswordsBusy) {
		return rateLimited(5 * time.Second)
	}
	return err
}

func (s *Server) logout(ctx context.Context, r *request, _ *struct{}) (*cookieOutput, error) {
	err := s.run(ctx,
		func(ctx context.Context, t *store.Tx) error { return t.RevokeSession(ctx, r.who.session) },
		audit.Also(r.origin().entry(r.who, audit.ActionLogout, "session", r.who.sessionName())))
	if err != nil {
		return nil, err
	}
	s.hub.DisconnectSession(r.who.id, r.who.sessionName(), closeSessionEnded, "logged out")
	return &cookieOutput{SetCookie: s.cookie("", 0)}, nil
}

// maxTokens is how many tokens that have not expired a user may have.
const maxTokens = 50

func (s *Server) createToken(ctx context.Context, r *request, in *tokenInput) (*tokenOutput, error) {
	ttl := s.cfg.TokenTTL
	if in.Body.ExpiresIn != 0 {
		ttl = time.Duration(in.Body.ExpiresIn) * time.Second
	}
	name, err := cleanLine("name", in.Body.Name, true)
	if err != nil {
		return nil, err
	}
	token, session, err := s.newSession(r.who.id, store.SessionBearer, name, ttl)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		return nil, err
	}
	entry := r.origin().entry(r.who, audit.ActionTokenCreated, "session", sessionName(session.TokenHash))
	_, err = store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		if err := r.stillIn(ctx, t); err != nil {
			return struct{}{}, err
		}
		n, err := t.CountSessions(ctx, r.who.id, store.SessionBearer)
		if err != nil {
			return struct{}{}, err
		}
		if n >= maxTokens {
			return struct{}{}, rooms.NotAllowed("too_many_tokens", fmt.Sprintf("You have %d tokens already; revoke one first.", n))
		}
		if err := t.CreateSession(ctx, session); err != nil {
			return struct{}{}, err
		}
		if err := notices.Add(ctx, t, notices.Notice{User: r.who.id, Kind: "token_made", Data: data}); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, audit.Append(ctx, t, entry)
	})
	if err != nil {
		return nil, err
	}
	return &tokenOutput{Body: tokenView{Token: token, Name: name, ExpiresAt: session.ExpiresAt}}, nil
}

// whoIsThere is for the app, which asks before it knows whether anybody is logged in: a
// refusal would be an error in the browser's console.
func (s *Server) whoIsThere(ctx context.Context, r *request, _ *struct{}) (*whoOutput, error) {
	out := &whoOutput{Body: whoView{Now: rooms.At(s.cfg.Clock())}}
	if r.who == nil {
		return out, nil
	}
	u, err := s.store.UserByID(ctx, r.who.id)
	if err != nil {
		return nil, found(err, "user")
	}
	self := s.viewSelf(&u, r.who.secondFactor)
	out.Body.User = &self
	return out, nil
}

func (s *Server) me(ctx context.Context, r *request, _ *struct{}) (*meOutput, error) {
	u, err := s.store.UserByID(ctx, r.who.id)
	if err != nil {
		return nil, found(err, "user")
	}
	v := meView{User: s.viewSelf(&u, r.who.secondFactor), Epoch: s.store.Epoch(), Now: rooms.At(s.cfg.Clock())}
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
		return "", invalid(field, rooms.Required())
	}
	if rooms.HasControls(s, "") {
		return "", invalid(field, rooms.ControlCharacters())
	}
	return s, nil
}

// cleanEmail is an address in the form in which it is stored.
func cleanEmail(raw string) (string, error) {
	email := strings.ToLower(strings.TrimSpace(raw))
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 {
		return "", invalid("email", rooms.Because("email", "must be an e-mail address"))
	}
	return email, nil
}
