package api_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"parley/api"
	"parley/rooms"
	"parley/store"
	"parley/store/outbox"
)

var secretInMail = regexp.MustCompile(`/(?:verify|reset)#(\S+)`)

// mailed waits for the newest mail of a kind to a user and returns the secret in it.
func (p *person) mailed(kind string) string {
	p.w.t.Helper()
	var token string
	until(p.w.t, "a mail "+kind, func() bool {
		list, _, err := outbox.List(context.Background(), p.w.store, outbox.Filter{User: p.id, Kind: kind})
		must(p.w.t, err)
		if len(list) == 0 {
			return false
		}
		mail, err := outbox.Get(context.Background(), p.w.store, list[0].ID)
		must(p.w.t, err)
		if found := secretInMail.FindStringSubmatch(mail.Text); found != nil {
			token = found[1]
		}
		return true
	})
	return token
}

func TestASponsorWaitsForApprovalAndIsLetInLive(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.RequireApproval = true }})
	admin, sponsor, influencer := w.admin(), w.join(rooms.Sponsor), w.join(rooms.Influencer)
	if at(influencer.call("GET", "/api/me", nil).want(200).body, "user.approved") != true {
		t.Error("an influencer waits for an approval")
	}
	s := sponsor.dial()
	s.done(object{"type": "join", "topic": "inbox"})
	say := object{"type": "message", "room": newID(), "text": "x"}
	if got := s.ask(say); at(got, "error.details.reason") != "not_approved" {
		t.Errorf("a command before: %v", got)
	}
	if list := admin.call("GET", "/api/admin/approvals", nil).want(200).items(); len(list) != 1 || at(list[0], "id") != sponsor.id {
		t.Fatalf("waiting: %v", list)
	}
	path := "/api/admin/approvals/" + sponsor.id
	admin.call("POST", path+"/refuse", object{"reason": "no papers"}).want(204)
	if me := sponsor.call("GET", "/api/me", nil).want(200); me.text("user.refused") != "no papers" {
		t.Errorf("refused: %s", me.raw)
	}
	admin.call("POST", path+"/approve", nil).want(204)
	for _, kind := range []string{"refused", "approved"} {
		s.next("word of it", func(f object) bool { return f["type"] == "notice" && at(f, "data.kind") == kind })
		sponsor.mailed(kind)
	}
	// The socket that was open before may now do what it might not.
	if got := s.ask(object{"type": "message", "room": newID(), "text": "x"}); at(got, "error.code") != "not_found" {
		t.Errorf("a command after: %v", got)
	}
	sponsor.campaign()
	admin.call("POST", path+"/approve", nil).refused(409, "not_allowed", "")
}

func TestAPasswordIsResetByMail(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	s := p.dial()
	for _, email := range []string{p.email, "nobody@example.com"} {
		if r := w.send("POST", "/api/auth/forgot", object{"email": email}, nil).want(202); len(r.raw) != 0 {
			t.Errorf("the answer for %s: %s", email, r.raw)
		}
	}
	body := object{"token": p.mailed("reset"), "password": "another horse battery"}
	w.send("POST", "/api/auth/reset", object{"token": "wrong", "password": "another horse battery"}, nil).refused(422, "invalid", "token")
	w.send("POST", "/api/auth/reset", object{"token": body["token"], "password": "short"}, nil).refused(422, "invalid", "password")
	w.send("POST", "/api/auth/reset", body, nil).want(204)
	if code := s.closed(); code != 4200 {
		t.Errorf("closed with %d, want 4200", code)
	}
	p.call("GET", "/api/me", nil).refused(401, "unauthenticated", "")
	w.send("POST", "/api/auth/reset", body, nil).refused(422, "invalid", "token")
	w.send("POST", "/api/auth/login", object{"email": p.email, "password": password}, nil).want(401)
	again := w.send("POST", "/api/auth/login", object{"email": p.email, "password": "another horse battery"}, nil).want(200)
	if at(again.body, "user.verified") != true {
		t.Error("who read the mail has not shown that the address is theirs")
	}
	w.send("POST", "/api/auth/forgot", object{"email": p.email}, nil).want(202)
}

func TestAResetLinkWorksForAnHour(t *testing.T) {
	var c clock
	w := start(t, options{clock: c.now})
	p := w.join(rooms.Sponsor)
	w.send("POST", "/api/auth/forgot", object{"email": p.email}, nil).want(202)
	token := p.mailed("reset")
	c.forward(time.Hour)
	w.send("POST", "/api/auth/reset", object{"token": token, "password": "another horse battery"}, nil).refused(422, "invalid", "token")
}

func TestAddressesAreConfirmedAndChanged(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Influencer)
	token := p.mailed("verify")
	w.send("POST", "/api/auth/verify", object{"token": token}, nil).want(200)
	w.send("POST", "/api/auth/verify", object{"token": token}, nil).refused(422, "invalid", "token")
	if at(p.call("GET", "/api/me", nil).body, "user.verified") != true {
		t.Error("not confirmed")
	}
	p.call("POST", "/api/account/verification", nil).refused(409, "not_allowed", "")
	other := w.join(rooms.Sponsor)
	p.call("POST", "/api/account/email", object{"email": "new@example.com", "password": "wrong password"}).refused(422, "invalid", "password")
	p.call("POST", "/api/account/email", object{"email": other.email, "password": password}).refused(409, "already_exists", "email")
	p.call("POST", "/api/account/email", object{"email": "new@example.com", "password": password}).want(202)
	p.mailed("email_change_note")
	if now := p.call("GET", "/api/me", nil).text("user.email"); now != p.email {
		t.Errorf("it is %s before it was confirmed", now)
	}
	w.send("POST", "/api/auth/verify", object{"token": p.mailed("email_change")}, nil).want(200)
	if now := p.call("GET", "/api/me", nil).text("user.email"); now != "new@example.com" {
		t.Errorf("it is %s", now)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	other := &person{w: w, id: p.id, email: p.email}
	r := w.send("POST", "/api/auth/login", object{"email": p.email, "password": password},
		http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}}).want(200)
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == "parley_session" {
			other.cookie = c.Value
		}
	}
	token := p.token()
	there := other.dial()
	list := p.call("GET", "/api/account/sessions", nil).want(200).items()
	if len(list) != 3 {
		t.Fatalf("listed: %v", list)
	}
	ids := map[string]string{}
	for _, item := range list {
		ids[at(item, "kind").(string)+at(item, "agent").(string)] = at(item, "id").(string)
		if at(item, "current") == true && at(item, "agent") == "Firefox on Linux" {
			t.Error("another session is taken for this one")
		}
	}
	stranger := w.join(rooms.Sponsor)
	stranger.call("DELETE", "/api/account/sessions/"+ids["cookieFirefox on Linux"], nil).refused(404, "not_found", "")
	if strings.Contains(w.logs.String(), "level=ERROR") {
		t.Error("what is not there is taken for a defect of the server")
	}
	p.call("DELETE", "/api/account/sessions/"+ids["cookieFirefox on Linux"], nil).want(204)
	if code := there.closed(); code != 4200 {
		t.Errorf("closed with %d, want 4200", code)
	}
	other.call("GET", "/api/me", nil).want(401)
	bearer := http.Header{"Authorization": {"Bearer " + token}}
	p.call("DELETE", "/api/account/sessions", nil).want(204)
	w.send("GET", "/api/me", nil, bearer).want(200) // a token is no session of a browser
	p.call("POST", "/api/account/password", object{"current": "wrong password", "password": "another horse battery"}).
		refused(422, "invalid", "current")
	p.call("POST", "/api/account/password", object{"current": password, "password": "another horse battery"}).want(204)
	w.send("GET", "/api/me", nil, bearer).want(401)
	p.call("GET", "/api/me", nil).want(200)
}

// One more browser than may be ends the login that is the longest ago, at once.
func TestBrowsersAreBounded(t *testing.T) {
	const most = 50
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	first := &person{w: w, id: p.id, cookie: p.cookie}
	there, token := first.dial(), p.token()
	at := time.Now()
	for i := range most - 1 {
		var hash [32]byte
		hash[0] = byte(i + 1)
		must(t, w.store.CreateSession(t.Context(), store.Session{
			TokenHash: hash, UserID: p.id, Kind: store.SessionCookie,
			CreatedAt: rooms.At(at.Add(time.Duration(i+1) * time.Second)), ExpiresAt: rooms.At(at.Add(time.Hour)),
		}))
	}
	p.logIn()
	if code := there.closed(); code != 4200 {
		t.Errorf("the oldest was closed with %d, want 4200", code)
	}
	first.call("GET", "/api/me", nil).want(401)
	w.send("GET", "/api/me", nil, http.Header{"Authorization": {"Bearer " + token}}).want(200)
	if n := len(p.call("GET", "/api/account/sessions", nil).want(200).items()); n != most+1 {
		t.Errorf("%d sessions, want %d and a token", n, most)
	}
}

func TestTheSecondFactor(t *testing.T) {
	var c clock
	w := start(t, options{clock: c.now, config: func(cfg *api.Config) {
		cfg.AdminSecondFactor, cfg.Secret = true, strings.Repeat("s", 32)
	}})
	p := w.admin()
	if at(p.call("GET", "/api/session", nil).want(200).body, "user.must_enroll") != true {
		t.Error("an admin need not set it up")
	}
	if r := p.call("GET", "/api/admin/feed", nil).refused(403, "forbidden", ""); r.text("error.details.reason") != "second_factor_setup" {
		t.Errorf("before: %s", r.raw)
	}
	secret := p.call("POST", "/api/account/factor", object{"password": password}).want(200).text("secret")
	code := func() string {
		text, err := totp.GenerateCode(secret, c.now())
		must(t, err)
		return text
	}
	p.call("POST", "/api/account/factor/confirm", object{"code": "000000"}).refused(422, "invalid", "code")
	first := code()
	codes := p.call("POST", "/api/account/factor/confirm", object{"code": first}).want(200).body["recovery_codes"].([]any)
	p.call("GET", "/api/admin/feed", nil).want(200)
	login := object{"email": p.email, "password": password}
	if r := w.send("POST", "/api/auth/login", login, nil).want(401); r.text("error.details.reason") != "second_factor" {
		t.Errorf("without a code: %s", r.raw)
	}
	login["code"] = first
	w.send("POST", "/api/auth/login", login, nil).refused(422, "invalid", "code") // a code counts once
	c.forward(30 * time.Second)
	login["code"] = code()
	w.send("POST", "/api/auth/login", login, nil).want(200)
	login["code"] = strings.ToUpper(codes[0].(string))
	w.send("POST", "/api/auth/login", login, nil).want(200)
	w.send("POST", "/api/auth/login", login, nil).refused(422, "invalid", "code")
	p.call("POST", "/api/account/factor/remove", object{"password": password, "code": "1"}).refused(409, "not_allowed", "")
}

func TestADeletedAccountLeavesItsLogs(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	n.sponsor.call("POST", "/api/account/delete", object{"password": "wrong password"}).refused(422, "invalid", "password")
	r := n.sponsor.call("POST", "/api/account/delete", object{"password": password}).refused(409, "not_allowed", "")
	if list, ok := at(r.body, "error.details.campaigns").([]any); !ok || len(list) != 1 || at(list[0], "id") != n.campaign {
		t.Errorf("in the way: %s", r.raw)
	}
	s := n.influencer.dial()
	n.influencer.call("POST", "/api/account/delete", object{"password": password}).want(204)
	if code := s.closed(); code != 4200 {
		t.Errorf("closed with %d, want 4200", code)
	}
	w.send("POST", "/api/auth/login", object{"email": n.influencer.email, "password": password}, nil).want(401)
	room := n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200)
	if room.text("status") != "closed" || room.text("influencer.name") != "Deleted account" {
		t.Errorf("the room: %s", room.raw)
	}
	mails, _, err := outbox.List(context.Background(), w.store, outbox.Filter{User: n.influencer.id})
	must(t, err)
	for _, m := range mails {
		if m.To != "" {
			t.Errorf("a mail is left: %+v", m)
		}
	}
}

func TestStrangersLockNobodyOut(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) {
		c.Limits.LoginsPerAccount = api.Rate{PerSecond: 1e-9, Burst: 3}
		c.Limits.LoginsOfStrangers = api.Rate{PerSecond: 1e-9, Burst: 3}
	}})
	p := w.join(rooms.Sponsor)
	r := w.send("POST", "/api/auth/login", object{"email": p.email, "password": password}, nil).want(200)
	var device string
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == "parley_device" {
			device = c.Value
		}
	}
	wrong := object{"email": p.email, "password": "wrong password"}
	for range 2 {
		w.send("POST", "/api/auth/login", wrong, nil).want(401)
	}
	w.send("POST", "/api/auth/login", object{"email": p.email, "password": password}, nil).want(429)
	w.send("POST", "/api/auth/login", object{"email": p.email, "password": password},
		http.Header{"Cookie": {"parley_device=" + device}}).want(200)
	w.send("POST", "/api/auth/login", object{"email": p.email, "password": password},
		http.Header{"Cookie": {"parley_device=made-up"}}).want(429)
}

func TestVisitorsAreAnsweredWithoutAnError(t *testing.T) {
	w := start(t, options{})
	r := w.send("GET", "/api/session", nil, nil).want(200)
	if user, given := r.body["user"]; !given || user != nil {
		t.Errorf("nobody: %s", r.raw)
	}
	w.send("GET", "/api/session", nil, http.Header{"Cookie": {"parley_session=gone"}}).want(200)
}
