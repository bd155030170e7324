package api_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/api"
	"parley/hub"
	"parley/hub/membus"
	"parley/rooms"
	"parley/store"
	"parley/store/credentials"
)

func TestRegistrationAndLogin(t *testing.T) {
	w := start(t, options{})
	p := &person{w: w}
	body := object{
		"email": "Ada@Example.com ", "password": password, "name": " Ada ", "role": "influencer",
		"category": "food", "niche": "bread", "reach": 1200,
	}
	r := p.call("POST", "/api/auth/register", body).want(201)
	if r.text("user.email") != "ada@example.com" || r.text("user.name") != "Ada" ||
		r.number("user.reach") != 1200 || at(r.body, "user.approved") != true {
		t.Errorf("registered: %s", r.raw)
	}
	if strings.Contains(string(r.raw), password) || at(r.body, "user.password") != nil {
		t.Error("the answer holds the password")
	}
	cookie := r.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	p.call("GET", "/api/me", nil).want(200)
	w.send("POST", "/api/auth/register", body, nil).refused(409, "already_exists", "email")

	login := object{"email": "ADA@example.com", "password": password}
	w.send("POST", "/api/auth/login", login, nil).want(200)
	login["password"] = "something else"
	wrong := w.send("POST", "/api/auth/login", login, nil).refused(401, "unauthenticated", "")
	login["email"] = "nobody@example.com"
	unknown := w.send("POST", "/api/auth/login", login, nil).refused(401, "unauthenticated", "")
	if wrong.text("error.message") != unknown.text("error.message") {
		t.Errorf("an unknown address is told from a wrong password: %s, %s", wrong.raw, unknown.raw)
	}
}

func TestRegistrationRefusesByField(t *testing.T) {
	w := start(t, options{})
	for field, value := range map[string]any{
		"email": "not an address", "password": "short", "name": "", "role": "admin", "reach": -1, "admin": true,
	} {
		body := object{"email": "a@example.com", "password": password, "name": "A", "role": "sponsor"}
		body[field] = value
		w.send("POST", "/api/auth/register", body, nil).refused(422, "invalid", field)
	}
	w.send("POST", "/api/auth/register", object{
		"email": "a@example.com", "password": password, "name": "A\u0007B", "role": "sponsor",
	}, nil).refused(422, "invalid", "name")
	easy := w.send("POST", "/api/auth/register", object{
		"email": "a@example.com", "password": "northquay1", "name": "Northquay Drives", "role": "sponsor",
	}, nil).refused(422, "invalid", "password")
	if code := at(easy.body, "error.problem.code"); code != "too_guessable" {
		t.Errorf("a password made of one's name is %v", code)
	}
	for field := range map[string]bool{"email": true, "password": true, "name": true, "role": true} {
		body := object{"email": "a@example.com", "password": password, "name": "A", "role": "sponsor"}
		delete(body, field)
		w.send("POST", "/api/auth/register", body, nil).refused(422, "invalid", field)
	}
	w.send("POST", "/api/auth/register", `{"email":`, nil).refused(400, "malformed", "")
	w.send("POST", "/api/auth/register", `[]`, nil).want(422)
	w.send("POST", "/api/auth/register", nil, nil).want(400)
	w.send("POST", "/api/auth/register", strings.Repeat(" ", 100<<10), nil).want(413)
}

func TestHTTPSMakesCookiesSecureAndOneOrigin(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.PublicURL = "https://parley.example" }})
	r := w.send("POST", "/api/auth/register", object{
		"email": "a@example.com", "password": password, "name": "A", "role": "sponsor",
	}, http.Header{"Origin": {"https://parley.example"}}).want(201)
	if !strings.Contains(strings.ToLower(r.header.Get("Set-Cookie")), "secure") {
		t.Errorf("cookie %q is not Secure", r.header.Get("Set-Cookie"))
	}
	if r.header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS over https")
	}
	if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "wss://parley.example") {
		t.Errorf("the policy %q does not allow the socket", csp)
	}
	// The host of the request no longer counts.
	w.send("POST", "/api/auth/login", object{"email": "a@example.com", "password": password},
		http.Header{"Origin": {"http://" + w.addr}}).refused(403, "forbidden", "")
}

func TestOtherSitesCannotActWithOnesCookie(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	cookie := "parley_session=" + p.cookie
	for name, header := range map[string]http.Header{
		"foreign origin":   {"Cookie": {cookie}, "Origin": {"http://evil.example"}},
		"opaque origin":    {"Cookie": {cookie}, "Origin": {"null"}},
		"cross-site fetch": {"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}},
		"sister domain":    {"Cookie": {cookie}, "Sec-Fetch-Site": {"same-site"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.send("POST", "/api/auth/tokens", object{"name": "x"}, header).refused(403, "forbidden", "")
			w.send("GET", "/api/me", nil, header).want(200) // a page of another site cannot read it
		})
	}
	own := http.Header{"Cookie": {cookie}, "Origin": {"http://" + w.addr}, "Sec-Fetch-Site": {"same-origin"}}
	w.send("POST", "/api/auth/tokens", object{"name": "x"}, own).want(201)
}

func TestTokensForPrograms(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	made := p.call("POST", "/api/auth/tokens", object{"name": "bot", "expires_in": 3600}).want(201)
	expires, err := time.Parse(time.RFC3339, made.text("expires_at"))
	must(t, err)
	if left := time.Until(expires); left > time.Hour || left < 50*time.Minute {
		t.Errorf("a token for an hour lives %s", left)
	}
	bearer := http.Header{"Authorization": {"Bearer " + made.text("token")}}
	if got := w.send("GET", "/api/me", nil, bearer).want(200).text("user.id"); got != p.id {
		t.Errorf("the token is %s's", got)
	}
	// A program's own token ends with its logout, its owner's session does not.
	w.send("POST", "/api/auth/logout", nil, bearer).want(204)
	w.send("GET", "/api/me", nil, bearer).refused(401, "unauthenticated", "")
	p.call("GET", "/api/me", nil).want(200)
	p.call("POST", "/api/auth/tokens", object{"name": " "}).refused(422, "invalid", "name")
	p.call("POST", "/api/auth/tokens", object{"name": "x", "expires_in": 1}).refused(422, "invalid", "expires_in")
}

func TestLogoutEndsTheSessionsSocketsOnly(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	other := &person{w: w, id: p.id, email: p.email}
	other.call("POST", "/api/auth/login", object{"email": p.email, "password": password}).want(200)
	ended, stays := p.dial(), other.dial()
	old := p.cookie
	p.call("POST", "/api/auth/logout", nil).want(204)
	if p.cookie != "" {
		t.Errorf("the cookie was left: %q", p.cookie)
	}
	if code := ended.closed(); code != 4200 {
		t.Errorf("closed with %d, want 4200", code)
	}
	w.send("GET", "/api/me", nil, http.Header{"Cookie": {"parley_session=" + old}}).refused(401, "unauthenticated", "")
	stays.done(object{"type": "join", "topic": "inbox"})
}

// clock is a clock that tests move.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(by time.Duration) { c.ahead.Add(int64(by)) }

func TestSessionsExpire(t *testing.T) {
	var c clock
	w := start(t, options{clock: c.now, config: func(c *api.Config) { c.SessionTTL = time.Hour }})
	p := w.join(rooms.Sponsor)
	s := p.dial()
	s.done(object{"type": "join", "topic": "inbox"})
	c.forward(time.Hour)
	if code := s.closed(); code != 4200 {
		t.Errorf("closed with %d, want 4200", code)
	}
	p.call("GET", "/api/me", nil).refused(401, "unauthenticated", "")
	header := http.Header{"Origin": {"http://" + w.addr}, "Cookie": {"parley_session=" + p.cookie}}
	if _, resp, err := w.dialRaw(header); err == nil || resp == nil || resp.StatusCode != 401 {
		t.Errorf("a socket with an expired session: %v, %v", resp, err)
	}
}

// Two instances on one file, each of which believes that a bus connects them, and none
// does: every message is lost, and only the store tells the second one what ended.
func TestAccessThatEndedElsewhereClosesSockets(t *testing.T) {
	first := start(t, options{})
	second := start(t, options{database: first.database, config: func(c *api.Config) { c.RecheckEvery = 5 * time.Millisecond }})
	admin := first.admin()
	there := func(p *person) *sock { return (&person{w: second, id: p.id, cookie: p.cookie}).dial() }
	stays := there(first.join(rooms.Sponsor))
	for name, c := range map[string]struct {
		end  func(p *person)
		code websocket.StatusCode
	}{
		"logout":   {func(p *person) { p.call("POST", "/api/auth/logout", nil).want(204) }, 4200},
		"deletion": {func(p *person) { p.call("POST", "/api/account/delete", object{"password": password}).want(204) }, 4200},
		"flag": {func(p *person) {
			admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": p.id, "reason": "spam"}).want(204)
		}, 4201},
	} {
		t.Run(name, func(t *testing.T) {
			p := first.join(rooms.Influencer)
			s := there(p)
			s.done(object{"type": "join", "topic": "inbox"})
			c.end(p)
			if code := s.closed(); code != c.code {
				t.Errorf("closed with %d, want %d", code, c.code)
			}
		})
	}
	stays.done(object{"type": "join", "topic": "inbox"})
}

// Rule 12 of the negotiation: whoever is flagged on one instance is cut off from every
// other within a second, be it told by the bus or, without one, by the store.
func TestAFlagClosesSocketsOnAnotherInstance(t *testing.T) {
	for name, isUp := range map[string]bool{"told by the bus": true, "without a bus": false} {
		t.Run(name, func(t *testing.T) {
			var o options
			if isUp {
				broker := membus.NewBroker()
				o.hub = func(c *hub.Config) { c.Bus, c.Instance = broker.Bus(), newID() }
			}
			o.config = func(c *api.Config) { c.BusUp = func() bool { return isUp } }
			first := start(t, o)
			o.database = first.database
			second := start(t, o)
			p, admin := first.join(rooms.Influencer), first.admin()
			there := &person{w: second, id: p.id, cookie: p.cookie}
			s := there.dial()
			since := time.Now()
			admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": p.id, "reason": "spam"}).want(204)
			if code := s.closed(); code != 4201 {
				t.Errorf("closed with %d, want 4201", code)
			}
			if took := time.Since(since); took > time.Second {
				t.Errorf("it took %v, more than a second", took)
			}
		})
	}
}

func TestFlaggedUsersAreShutOut(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	sockets := []*sock{n.influencer.dial(), n.influencer.dial()}
	watcher := n.sponsor.dial()
	watcher.done(object{"type": "join", "topic": "room:" + n.room, "after": 2})
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": n.influencer.id, "reason": "spam"}).want(204)
	for _, s := range sockets {
		if code := s.closed(); code != 4201 {
			t.Errorf("closed with %d, want 4201", code)
		}
	}
	frozen := watcher.event(n.room, 3)
	if frozen["type"] != "frozen" || at(frozen, "data.source") != "influencer" {
		t.Errorf("the room was not frozen: %v", frozen)
	}
	if r := n.influencer.call("GET", "/api/rooms", nil).refused(403, "forbidden", ""); r.text("error.details.reason") != "flagged" {
		t.Errorf("a flagged user's request: %s", r.raw)
	}
	login := object{"email": n.influencer.email, "password": password}
	if r := w.send("POST", "/api/auth/login", login, nil).want(200); at(r.body, "user.flagged") != true {
		t.Errorf("a flagged user's login: %s", r.raw)
	}
	header := http.Header{"Origin": {"http://" + w.addr}, "Cookie": {"parley_session=" + n.influencer.cookie}}
	if _, resp, err := w.dialRaw(header); err == nil || resp == nil || resp.StatusCode != 403 {
		t.Errorf("a flagged user's socket: %v, %v", resp, err)
	}
	if got := watcher.ask(object{"type": "message", "room": n.room, "text": "x"}); at(got, "error.code") != "frozen" {
		t.Errorf("a command in a frozen room: %v", got)
	}

	admin.call("POST", "/api/admin/flags/user/"+n.influencer.id+"/lift", object{"note": "seen"}).want(204)
	if got := watcher.event(n.room, 4); got["type"] != "unfrozen" {
		t.Errorf("event 4: %v", got)
	}
	w.send("POST", "/api/auth/login", login, nil).want(200)
}

func TestUnapprovedUsersLookButDoNotAct(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.RequireApproval = true }})
	p := w.join(rooms.Sponsor)
	notYet := func(r *reply) {
		t.Helper()
		if r.refused(403, "forbidden", "").text("error.details.reason") != "not_approved" {
			t.Errorf("refused with %s", r.raw)
		}
	}
	body := campaignBody()
	notYet(p.call("POST", "/api/campaigns", body))
	body["visibility"] = "private"
	campaign := "/api/campaigns/" + p.call("POST", "/api/campaigns", body).want(201).text("id")
	p.call("PATCH", campaign, object{"name": "Autumn", "visibility": "private"}).want(200)
	notYet(p.call("PATCH", campaign, object{"visibility": "public"}))
	notYet(p.call("POST", campaign+"/invitations", object{
		"id": newID(), "influencer": w.join(rooms.Influencer).id, "terms": terms(1000),
	}))
	s := p.dial()
	s.done(object{"type": "join", "topic": "inbox"})
	got := s.ask(object{"type": "message", "room": newID(), "text": "x"})
	if at(got, "error.details.reason") != "not_approved" {
		t.Errorf("a command: %v", got)
	}
}

func TestNothingPrivateIsLogged(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	token := n.sponsor.token()
	s := n.sponsor.dial()
	s.done(object{"type": "message", "room": n.room, "text": "a private matter"})
	w.send("POST", "/api/auth/login", object{"email": n.sponsor.email, "password": "wrong password"}, nil).want(401)
	w.send("GET", "/api/rooms?status=agreed", nil, http.Header{"Authorization": {"Bearer " + token}}).want(200)
	w.stop()
	said := w.logs.String()
	if !strings.Contains(said, "request_id") {
		t.Fatal("nothing was logged")
	}
	for _, private := range []string{
		password, "wrong password", token, n.sponsor.cookie, n.sponsor.email, "a private matter", "somebody",
	} {
		if strings.Contains(said, private) {
			t.Errorf("the log holds %q", private)
		}
	}
}

func TestPasswordsMadeElsewhereAreTaken(t *testing.T) {
	w := start(t, options{})
	w.admin().call("GET", "/api/me", nil).want(200)
	if _, err := w.store.UserByEmail(context.Background(), "nobody@example.com"); err == nil {
		t.Error("found nobody")
	}
}

// A log-in is under way while the password is changed: what it was given is the old one,
// and whatever that opened has been closed.
func TestAPasswordThatIsChangedMeanwhileOpensNothing(t *testing.T) {
	proven := make(chan struct{}, 1)
	var armed atomic.Bool
	w := start(t, options{onRead: func(query string, _ []any) {
		// The second factor is asked after once the password was right.
		if strings.Contains(query, "second_factors") && armed.CompareAndSwap(true, false) {
			proven <- struct{}{}
		}
	}})
	p := w.join(rooms.Sponsor)
	changing, changed := make(chan struct{}, 2), make(chan error, 1)
	armed.Store(true)
	passed := sync.OnceFunc(func() { <-proven })
	go func() {
		_, err := store.Write(t.Context(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			changing <- struct{}{}
			passed()
			hash := "another"
			if _, err := tx.UpdateUser(ctx, p.id, store.UserPatch{PasswordHash: &hash}); err != nil {
				return struct{}{}, err
			}
			_, err := tx.RevokeSessions(ctx, p.id, store.SessionFilter{})
			return struct{}{}, err
		})
		changed <- err
	}()
	<-changing
	w.send("POST", "/api/auth/login", object{"email": p.email, "password": password}, nil).refused(401, "unauthenticated", "")
	must(t, <-changed)
	left, err := w.store.ListSessions(t.Context(), p.id, rooms.At(w.clock()))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("sessions: %+v", left)
	}
}

// What a session asks for waits while the session is ended: it comes too late.
func TestAnEndedSessionChangesNothing(t *testing.T) {
	var user string
	asked := make(chan struct{}, 1)
	var armed atomic.Bool
	ask := func() {
		if armed.CompareAndSwap(true, false) {
			asked <- struct{}{}
		}
	}
	w := start(t, options{
		// Both come after the session was found.
		onRead: func(query string, _ []any) {
			if user != "" && strings.Contains(query, "password_hash") && strings.Contains(query, user) {
				ask()
			}
		},
		config: func(c *api.Config) { c.Rand = readerFunc(func(p []byte) (int, error) { ask(); return rand.Read(p) }) },
	})
	p := w.join(rooms.Sponsor)
	user = p.id
	for path, body := range map[string]object{
		"/api/auth/tokens":      {"name": "x"},
		"/api/account/password": {"current": password, "password": "another horse battery"},
		"/api/account/email":    {"email": "other@example.com", "password": password},
		"/api/account/factor":   {"password": password},
		"/api/account/webhooks": {"form": "signed", "name": "x", "url": "https://example.com/hook"},
		"/api/account/delete":   {"password": password},
	} {
		t.Run(path, func(t *testing.T) {
			p.logIn()
			held, ended := make(chan struct{}, 2), make(chan error, 1)
			waits := sync.OnceFunc(func() { <-asked })
			go func() {
				_, err := store.Write(t.Context(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
					held <- struct{}{}
					waits()
					_, err := tx.RevokeSessions(ctx, p.id, store.SessionFilter{})
					return struct{}{}, err
				})
				ended <- err
			}()
			<-held
			armed.Store(true)
			p.call("POST", path, body).refused(401, "unauthenticated", "")
			must(t, <-ended)
			left, err := w.store.ListSessions(t.Context(), p.id, rooms.At(w.clock()))
			must(t, err)
			if len(left) != 0 {
				t.Errorf("sessions: %+v", left)
			}
		})
	}
}

// A second factor that is switched on while a log-in or an account's deletion is under way
// binds it: who shows no code is asked for one.
func TestASecondFactorBindsWhatIsUnderWay(t *testing.T) {
	asked := make(chan struct{}, 1)
	var armed atomic.Bool
	w := start(t, options{onRead: func(query string, _ []any) {
		if strings.Contains(query, "second_factors") && armed.CompareAndSwap(true, false) {
			asked <- struct{}{}
		}
	}})
	for _, c := range []struct {
		name, path    string
		status        int
		code, problem string
	}{
		{"login", "/api/auth/login", 401, "unauthenticated", ""},
		{"deletion", "/api/account/delete", 422, "invalid", "code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.join(rooms.Sponsor)
			before, err := w.store.ListSessions(t.Context(), p.id, rooms.At(w.clock()))
			must(t, err)
			held, on := make(chan struct{}, 2), make(chan error, 1)
			waits := sync.OnceFunc(func() { <-asked })
			go func() {
				_, err := store.Write(t.Context(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
					held <- struct{}{}
					waits()
					f := credentials.Factor{User: p.id, Secret: []byte("sealed")}
					if err := credentials.Propose(ctx, tx, f.User, f.Secret); err != nil {
						return struct{}{}, err
					}
					return struct{}{}, credentials.TakeStep(ctx, tx, &f, 1)
				})
				on <- err
			}()
			<-held
			armed.Store(true)
			body := object{"password": password}
			if c.name == "login" {
				body["email"] = p.email
			}
			r := p.call("POST", c.path, body).refused(c.status, c.code, c.problem)
			must(t, <-on)
			if reason := at(r.body, "error.details.reason"); c.name == "login" && reason != "second_factor" {
				t.Errorf("the reason is %v: %s", reason, r.raw)
			}
			after, err := w.store.ListSessions(t.Context(), p.id, rooms.At(w.clock()))
			must(t, err)
			if len(after) != len(before) {
				t.Errorf("%d sessions, %d before", len(after), len(before))
			}
			p.call("GET", "/api/me", nil).want(200)
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
