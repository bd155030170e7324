package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"parley/rooms"
	"parley/store/preferences"
)

func (w *world) signer() preferences.Signer {
	w.t.Helper()
	s, err := preferences.OpenSigner(context.Background(), w.store)
	must(w.t, err)
	return s
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	must(t, err)
	must(t, r.Body.Close())
	return string(raw)
}

func (p *person) prefers() preferences.Preferences {
	p.w.t.Helper()
	got, err := preferences.Get(context.Background(), p.w.store, p.id)
	must(p.w.t, err)
	return got
}

func TestPreferences(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Influencer)
	got := p.call("GET", "/api/account/preferences", nil).want(200)
	if got.text("zone") != "UTC" || got.number("hour") != 18 {
		t.Errorf("at first %s", got.raw)
	}
	topics := object{"daily": true, "weekly": true, "monthly": true, "requests": true, "offers": false, "deals": true}
	p.call("PUT", "/api/account/preferences", object{"zone": "Asia/Kolkata", "hour": 7, "topics": topics}).want(200)
	if got := p.prefers(); got.Zone != "Asia/Kolkata" || got.Hour != 7 || got.Wants(preferences.Offers) || !got.Wants(preferences.Daily) {
		t.Errorf("kept %+v", got)
	}
	for field, body := range map[string]object{
		"zone":         {"zone": "Mars/Olympus", "hour": 7, "topics": topics},
		"hour":         {"zone": "UTC", "hour": 24, "topics": topics},
		"topics.daily": {"zone": "UTC", "hour": 7, "topics": object{"weekly": true, "monthly": true, "requests": true, "offers": true, "deals": true}},
	} {
		p.call("PUT", "/api/account/preferences", body).refused(422, "invalid", field)
	}
	if got := p.prefers(); got.Zone != "Asia/Kolkata" {
		t.Errorf("refused, but kept %+v", got)
	}
}

func TestTheBrowsersZoneIsKeptOnce(t *testing.T) {
	w := start(t, options{})
	p := &person{w: w, email: strings.ToLower(newID()) + "@example.com"}
	p.id = p.call("POST", "/api/auth/register", object{
		"email": p.email, "password": password, "name": "N", "role": "influencer", "zone": "America/Sao_Paulo",
	}).want(201).text("user.id")
	p.call("POST", "/api/auth/login", object{"email": p.email, "password": password, "zone": "Asia/Tokyo"}).want(200)
	if got := p.prefers(); got.Zone != "America/Sao_Paulo" {
		t.Errorf("kept %+v", got)
	}
	q := w.join(rooms.Influencer)
	q.call("POST", "/api/auth/login", object{"email": q.email, "password": password, "zone": "No/Where"}).want(200)
	q.call("POST", "/api/auth/login", object{"email": q.email, "password": password, "zone": "Asia/Tokyo"}).want(200)
	if got := q.prefers(); got.Zone != "Asia/Tokyo" {
		t.Errorf("kept %+v", got)
	}
}

func TestUnsubscribingNeedsAPostAndNothingElse(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	path := "/api/unsubscribe/" + w.signer().Token(p.id, preferences.Deals)
	page, err := http.Get("http://" + w.addr + path)
	must(t, err)
	text := read(t, page)
	if page.StatusCode != 200 || !strings.Contains(text, "<form method=\"post\">") || !strings.Contains(text, "mails about your deals") ||
		!strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") || !strings.Contains(page.Header.Get("Content-Security-Policy"), "style-src 'sha256-") {
		t.Errorf("the page: %d %v\n%s", page.StatusCode, page.Header, text)
	}
	if got := p.prefers(); !got.Wants(preferences.Deals) {
		t.Error("who only opened the link was unsubscribed")
	}
	// As mail programs send it.
	done, err := http.Post("http://"+w.addr+path, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	must(t, err)
	if text := read(t, done); done.StatusCode != 200 || !strings.Contains(text, "You get no more mails about your deals") {
		t.Errorf("after the click: %d\n%s", done.StatusCode, text)
	}
	if got := p.prefers(); got.Wants(preferences.Deals) || !got.Wants(preferences.Daily) {
		t.Errorf("kept %+v", got)
	}
}
