package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/preferences"
	"parley/store/webhooks"
)

type (
	// topicsView says for each topic whether it is wanted.
	topicsView struct {
		Daily    bool `json:"daily" doc:"The reminder in the evening"`
		Weekly   bool `json:"weekly" doc:"The digest for admins"`
		Monthly  bool `json:"monthly" doc:"The report for sponsors"`
		Requests bool `json:"requests" doc:"New ad requests"`
		Offers   bool `json:"offers" doc:"Offers while one is away"`
		Deals    bool `json:"deals" doc:"Deals struck and what becomes of them"`
	}
	preferencesView struct {
		Zone   string     `json:"zone" minLength:"1" maxLength:"60" doc:"A time zone of the IANA database, such as Europe/Berlin"`
		Hour   int        `json:"hour" minimum:"0" maximum:"23" doc:"The hour of that zone at which the daily reminder comes"`
		Topics topicsView `json:"topics" doc:"What one wants to be told about"`
		// Left out, it is mail.
		Webhook string `json:"webhook" required:"false" maxLength:"40" doc:"The id of one's webhook to which one is told; empty for mail"`
	}
	preferencesInput  struct{ Body preferencesView }
	preferencesOutput struct{ Body preferencesView }
	unsubscribeInput  struct {
		Token string `path:"token" maxLength:"200" doc:"From a mail"`
	}
	htmlOutput struct {
		ContentType string `header:"Content-Type" hidden:"true"`
		Policy      string `header:"Content-Security-Policy" hidden:"true"`
		Body        []byte
	}
)

// each calls do with every topic and its field.
func (v *topicsView) each(do func(t preferences.Topic, wanted *bool)) {
	do(preferences.Daily, &v.Daily)
	do(preferences.Weekly, &v.Weekly)
	do(preferences.Monthly, &v.Monthly)
	do(preferences.Requests, &v.Requests)
	do(preferences.Offers, &v.Offers)
	do(preferences.Deals, &v.Deals)
}

func (s *Server) preferenceRoutes() {
	tags := []string{"account"}
	handle(s, huma.Operation{
		OperationID: "getPreferences", Method: http.MethodGet, Path: "/api/account/preferences", Tags: tags, Security: signedIn,
		Summary: "What one wants to be told, when and where",
	}, s.getPreferences)
	handle(s, huma.Operation{
		OperationID: "setPreferences", Method: http.MethodPut, Path: "/api/account/preferences", Tags: tags, Security: signedIn,
		Summary: "Choose what one wants to be told, when and where",
	}, s.setPreferences)
	page := map[string]*huma.Response{"200": {
		Description: "A page", Content: map[string]*huma.MediaType{"text/html": {}},
	}}
	handle(s, huma.Operation{
		OperationID: "askUnsubscribe", Method: http.MethodGet, Path: "/api/unsubscribe/{token}", Tags: tags, Responses: page,
		Summary: "A page with a button that ends mails of a kind; opening it changes nothing",
	}, s.askUnsubscribe)
	handle(s, huma.Operation{
		OperationID: "unsubscribe", Method: http.MethodPost, Path: "/api/unsubscribe/{token}", Tags: tags, Responses: page,
		Summary: "End mails of a kind, as mail programs do it for their readers (RFC 8058)",
	}, s.unsubscribe)
}

func (s *Server) getPreferences(ctx context.Context, r *request, _ *struct{}) (*preferencesOutput, error) {
	p, err := preferences.Get(ctx, s.store, r.who.id)
	if err != nil {
		return nil, err
	}
	out := &preferencesOutput{Body: preferencesView{Zone: p.Zone, Hour: p.Hour, Webhook: p.Webhook}}
	out.Body.Topics.each(func(t preferences.Topic, wanted *bool) { *wanted = p.Wants(t) })
	return out, nil
}

func (s *Server) setPreferences(ctx context.Context, r *request, in *preferencesInput) (*preferencesOutput, error) {
	p := preferences.Preferences{Zone: in.Body.Zone, Hour: in.Body.Hour, Webhook: in.Body.Webhook}
	in.Body.Topics.each(func(t preferences.Topic, wanted *bool) {
		if !*wanted {
			p.Muted = p.Muted.With(t)
		}
	})
	err := s.run(ctx, func(ctx context.Context, t *store.Tx) error {
		if p.Webhook != "" {
			if _, err := webhooks.Own(ctx, t, r.who.id, p.Webhook); errors.Is(err, store.ErrNotFound) {
				return rooms.Invalid("webhook", rooms.Because("not_yours", "must be one of your webhooks"))
			} else if err != nil {
				return err
			}
		}
		return preferences.Set(ctx, t, r.who.id, p)
	})
	if err != nil {
		return nil, err
	}
	return &preferencesOutput{Body: in.Body}, nil
}

// topicNames are the words of the page, which says them after "No more" and "get".
var topicNames = map[preferences.Topic]string{
	preferences.Daily: "daily reminders", preferences.Weekly: "weekly digests", preferences.Monthly: "monthly reports",
	preferences.Requests: "mails about new ad requests", preferences.Offers: "mails about offers while you are away",
	preferences.Deals: "mails about your deals",
}

// The page stands alone: whoever opens it may be logged in nowhere, in a browser that
// has never seen the app. Its only style is named by its hash in the page's policy.
const unsubscribeStyle = `body{margin:0;font:1rem/1.5 system-ui,sans-serif;background:#f1eee7;color:#1e1b2e}` +
	`main{max-width:30rem;margin:10vh auto;padding:2rem;background:#fff;border-radius:.75rem}` +
	`h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem}a{color:#3d348b}` +
	`button{font:inherit;font-weight:600;padding:.75rem 1.5rem;border:0;border-radius:.5rem;background:#3d348b;color:#fff;cursor:pointer}` +
	`@media(prefers-color-scheme:dark){body{background:#13111b;color:#f0eef7}main{background:#1f1c2b}a{color:#bcb4ff}button{background:#6258c8}}`

var unsubscribePage = template.Must(template.New("unsubscribe").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{.Title}} – Parley</title><style>` + unsubscribeStyle + `</style></head>
<body><main><h1>{{.Title}}</h1>
{{if .Done}}<p>You get no more {{.What}} from Parley. What you did not see there waits for you in the app.</p>
{{else}}<p>With this button you get no more {{.What}} from Parley. Everything else stays as it is.</p>
<form method="post"><button type="submit">No more {{.What}}</button></form>
{{end}}<p><a href="{{.Settings}}">Choose what you get</a></p></main></body></html>
`))

// unsubscribePolicy allows the page its style and its button.
func unsubscribePolicy() string {
	hash := sha256.Sum256([]byte(unsubscribeStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// link reads the token of a link.
func (in *unsubscribeInput) link(ctx context.Context, s *Server) (user string, t preferences.Topic, err error) {
	signer, err := preferences.OpenSigner(ctx, s.store)
	if err != nil {
		return "", "", err
	}
	user, t, ok := signer.Read(in.Token)
	if !ok {
		return "", "", found(store.ErrNotFound, "link")
	}
	return user, t, nil
}

func (s *Server) unsubscribeAnswer(title string, t preferences.Topic, done bool) (*htmlOutput, error) {
	var page bytes.Buffer
	err := unsubscribePage.Execute(&page, struct {
		Title, What, Settings string
		Done                  bool
	}{title, topicNames[t], s.link("/account/notifications"), done})
	if err != nil {
		return nil, err
	}
	return &htmlOutput{ContentType: fiber.MIMETextHTMLCharsetUTF8, Policy: unsubscribePolicy(), Body: page.Bytes()}, nil
}

// askUnsubscribe changes nothing: programs that look at the links of mails open it too.
func (s *Server) askUnsubscribe(ctx context.Context, _ *request, in *unsubscribeInput) (*htmlOutput, error) {
	_, t, err := in.link(ctx, s)
	if err != nil {
		return nil, err
	}
	return s.unsubscribeAnswer("No more of these mails?", t, false)
}

func (s *Server) unsubscribe(ctx context.Context, _ *request, in *unsubscribeInput) (*htmlOutput, error) {
	user, t, err := in.link(ctx, s)
	if err != nil {
		return nil, err
	}
	err = s.run(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.User(ctx, user); err != nil {
			return err
		}
		return preferences.Mute(ctx, tx, user, t)
	})
	if err != nil {
		return nil, found(err, "link")
	}
	return s.unsubscribeAnswer("Done", t, true)
}
