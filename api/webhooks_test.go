package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley/api"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/webhooks"
	"parley/store/webhooks/webhookstest"
)

func (p *person) hooks() []webhooks.Webhook {
	p.w.t.Helper()
	list, err := webhooks.List(context.Background(), p.w.store, p.id)
	must(p.w.t, err)
	return list
}

func (p *person) makeHook(form string) *reply {
	p.w.t.Helper()
	return p.call("POST", "/api/account/webhooks", object{
		"form": form, "name": "Our room", "url": "https://hooks.example/in?key=verysecret",
	}).want(201)
}

func TestWebhooksAreOnesOwn(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Secret = strings.Repeat("s", 32) }})
	p, other := w.join(rooms.Influencer), w.join(rooms.Influencer)
	made := p.makeHook("signed")
	id := made.text("webhook.id")
	if made.text("webhook.host") != "hooks.example" || len(made.text("secret")) < 40 {
		t.Errorf("made %s", made.raw)
	}
	if chat := p.makeHook("chat"); chat.text("secret") != "" {
		t.Errorf("a chat has a secret: %s", chat.raw)
	}
	listed := p.call("GET", "/api/account/webhooks", nil).want(200)
	if raw := string(listed.raw); strings.Contains(raw, "verysecret") || strings.Contains(raw, made.text("secret")) || !strings.Contains(raw, id) {
		t.Errorf("the list tells %s", raw)
	}
	for _, h := range p.hooks() {
		if strings.Contains(string(h.Target), "verysecret") {
			t.Error("the address can be read in the store")
		}
	}

	path := "/api/account/webhooks/" + id
	for _, what := range []struct{ method, path string }{{"DELETE", path}, {"POST", path + "/on"}, {"POST", path + "/test"}} {
		other.call(what.method, what.path, nil).refused(404, "not_found", "")
	}
	choice := object{"zone": "UTC", "hour": 7, "webhook": id, "topics": object{
		"daily": true, "weekly": true, "monthly": true, "requests": true, "offers": true, "deals": true,
	}}
	other.call("PUT", "/api/account/preferences", choice).refused(422, "invalid", "webhook")
	p.call("PUT", "/api/account/preferences", choice).want(200)
	if got := p.call("GET", "/api/account/preferences", nil).want(200).text("webhook"); got != id {
		t.Errorf("told at %q", got)
	}
	p.call("POST", path+"/test", nil).want(202)
	waiting := func() int {
		n, err := jobs.Waiting(t.Context(), w.store, rooms.At(w.clock().Add(time.Minute)), []string{jobs.Webhook}, 10)
		must(t, err)
		return n[jobs.Webhook]
	}
	if waiting() != 1 {
		t.Errorf("%d messages wait", waiting())
	}
	p.call("DELETE", path, nil).want(204)
	if p.prefers().Webhook != "" || waiting() != 0 || len(p.hooks()) != 1 {
		t.Error("something is left of it")
	}
}

func TestWhatNoWebhookCanBe(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	for name, c := range map[string]struct {
		body  object
		field string
	}{
		"not encrypted":  {object{"form": "chat", "name": "N", "url": "http://hooks.example"}, "url"},
		"with a name":    {object{"form": "chat", "name": "N", "url": "https://me:pass@hooks.example"}, "url"},
		"too long":       {object{"form": "chat", "name": "N", "url": "https://hooks.example/" + strings.Repeat("x", 500)}, "url"},
		"no address":     {object{"form": "chat", "name": "N", "url": "hooks.example"}, "url"},
		"an unknown one": {object{"form": "smoke", "name": "N", "url": "https://hooks.example"}, "form"},
		"no name":        {object{"form": "chat", "name": " ", "url": "https://hooks.example"}, "name"},
	} {
		t.Run(name, func(t *testing.T) { p.call("POST", "/api/account/webhooks", c.body).refused(422, "invalid", c.field) })
	}
	for range webhooks.Max {
		p.makeHook("signed")
	}
	p.call("POST", "/api/account/webhooks", object{"form": "chat", "name": "N", "url": "https://hooks.example"}).refused(409, "not_allowed", "")
}

func TestAWebhookThatIsOffIsSwitchedOnAgain(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	path := "/api/account/webhooks/" + p.makeHook("signed").text("webhook.id")
	_, err := store.Write(t.Context(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, webhookstest.SwitchOff(ctx, tx, &webhooks.Message{To: p.hooks()[0]}, "the server answered 500")
	})
	must(t, err)
	off := p.call("GET", "/api/account/webhooks", nil).want(200)
	if raw := string(off.raw); !strings.Contains(raw, `"off_reason":"the server answered 500"`) || strings.Contains(raw, `"off_at":null`) {
		t.Errorf("off: %s", off.raw)
	}
	p.call("POST", path+"/test", nil).refused(409, "not_allowed", "")
	if on := p.call("POST", path+"/on", nil).want(200); on.number("failures") != 0 || on.text("off_reason") != "" {
		t.Errorf("on: %s", on.raw)
	}
	p.call("POST", path+"/test", nil).want(202)
}

// TestTriesOfWebhooksAreFew: each has the server call an address that somebody chose.
func TestTriesOfWebhooksAreFew(t *testing.T) {
	var c clock
	w := start(t, options{clock: c.now, config: func(c *api.Config) {
		c.Secret = strings.Repeat("s", 32)
		c.Limits.WebhookTests = api.Rate{PerSecond: 1. / 60, Burst: 2}
	}})
	p, other := w.join(rooms.Influencer), w.join(rooms.Influencer)
	path := "/api/account/webhooks/" + p.makeHook("chat").text("webhook.id") + "/test"
	second := "/api/account/webhooks/" + p.makeHook("chat").text("webhook.id") + "/test"
	p.call("POST", path, nil).want(202)
	p.call("POST", second, nil).want(202)
	for range 2 { // of all one's webhooks together
		p.call("POST", path, nil).refused(429, "rate_limited", "")
	}
	other.call("POST", "/api/account/webhooks/"+other.makeHook("chat").text("webhook.id")+"/test", nil).want(202)
	c.forward(time.Minute)
	p.call("POST", second, nil).want(202)
	p.call("POST", path, nil).refused(429, "rate_limited", "")
}
