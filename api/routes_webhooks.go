package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/webhooks"
)

type (
	webhookView struct {
		ID       string `json:"id"`
		Form     string `json:"form" enum:"chat,signed" doc:"Google Chat's, or JSON with a signature"`
		Name     string `json:"name"`
		Host     string `json:"host" doc:"The host of its address, which itself is not told again"`
		Failures int    `json:"failures" doc:"Failed attempts in a row"`
		// OffAt and OffReason tell of one that failed too often.
		OffAt     *rooms.Time `json:"off_at" nullable:"true" doc:"Since when nothing is sent there; null while it is on"`
		OffReason string      `json:"off_reason" doc:"Why the last attempt failed before it was switched off"`
		CreatedAt rooms.Time  `json:"created_at"`
	}
	webhooksOutput struct {
		Body struct {
			Items []webhookView `json:"items" nullable:"false" doc:"The oldest first"`
			Limit int           `json:"limit" doc:"How many one may have"`
		}
	}
	webhookOutput    struct{ Body webhookView }
	makeWebhookInput struct {
		Body struct {
			Form string `json:"form" enum:"chat,signed"`
			Name string `json:"name" minLength:"1" maxLength:"80" doc:"What one calls it"`
			URL  string `json:"url" minLength:"1" maxLength:"500" doc:"An address of https without a name, password or fragment"`
		}
	}
	madeWebhookOutput struct {
		Body struct {
			Webhook webhookView `json:"webhook"`
			Secret  string      `json:"secret" doc:"What its messages are signed with, told only here; empty for Google Chat"`
		}
	}
	webhookInput struct {
		ID string `path:"id" maxLength:"40"`
	}
)

func (s *Server) webhookRoutes() {
	tags := []string{"account"}
	handle(s, huma.Operation{
		OperationID: "listWebhooks", Method: http.MethodGet, Path: "/api/account/webhooks", Tags: tags, Security: signedIn,
		Summary: "One's webhooks",
	}, s.listWebhooks)
	handle(s, huma.Operation{
		OperationID: "makeWebhook", Method: http.MethodPost, Path: "/api/account/webhooks", Tags: tags, Security: signedIn,
		Summary: "Add a webhook; the secret is told only this once", DefaultStatus: http.StatusCreated,
	}, s.makeWebhook)
	handle(s, huma.Operation{
		OperationID: "deleteWebhook", Method: http.MethodDelete, Path: "/api/account/webhooks/{id}", Tags: tags, Security: signedIn,
		Summary: "Delete a webhook and what waits for it; who is told there is told by mail again", DefaultStatus: http.StatusNoContent,
	}, s.deleteWebhook)
	handle(s, huma.Operation{
		OperationID: "switchWebhookOn", Method: http.MethodPost, Path: "/api/account/webhooks/{id}/on", Tags: tags, Security: signedIn,
		Summary: "Switch a webhook on again that failed too often",
	}, s.switchWebhookOn)
	handle(s, huma.Operation{
		OperationID: "testWebhook", Method: http.MethodPost, Path: "/api/account/webhooks/{id}/test", Tags: tags, Security: signedIn,
		Summary: "Send a message to a webhook to see whether it comes", DefaultStatus: http.StatusAccepted,
	}, s.testWebhook)
}

func viewWebhook(w *webhooks.Webhook) webhookView {
	return webhookView{
		ID: w.ID, Form: string(w.Form), Name: w.Name, Host: w.Host, Failures: w.Failures, OffAt: w.OffAt, OffReason: w.OffReason,
		CreatedAt: w.CreatedAt,
	}
}

func (s *Server) listWebhooks(ctx context.Context, r *request, _ *struct{}) (*webhooksOutput, error) {
	list, err := webhooks.List(ctx, s.store, r.who.id)
	if err != nil {
		return nil, err
	}
	out := &webhooksOutput{}
	out.Body.Limit = webhooks.Max
	out.Body.Items = make([]webhookView, len(list))
	for i := range list {
		out.Body.Items[i] = viewWebhook(&list[i])
	}
	return out, nil
}

func (s *Server) makeWebhook(ctx context.Context, r *request, in *makeWebhookInput) (*madeWebhookOutput, error) {
	name, err := cleanLine("name", in.Body.Name, true)
	if err != nil {
		return nil, err
	}
	w := webhooks.Webhook{User: r.who.id, Form: webhooks.Form(in.Body.Form), Name: name}
	if w.Host, err = webhooks.CheckURL(in.Body.URL); err != nil {
		return nil, err
	}
	target := webhooks.Target{URL: in.Body.URL}
	if w.Form == webhooks.Signed {
		if target.Secret, err = newToken(s.cfg.Rand); err != nil {
			return nil, err
		}
	}
	if w.Target, err = target.Seal(s.hooks, r.who.id); err != nil {
		return nil, err
	}
	err = s.run(ctx, r.stillIn, func(ctx context.Context, t *store.Tx) (err error) {
		if w, err = webhooks.Add(ctx, t, w); err != nil {
			return err
		}
		return audit.Append(ctx, t, r.origin().entry(r.who, audit.ActionWebhookMade, "webhook", w.ID))
	})
	if err != nil {
		return nil, err
	}
	out := &madeWebhookOutput{}
	out.Body.Webhook, out.Body.Secret = viewWebhook(&w), target.Secret
	return out, nil
}

func (s *Server) deleteWebhook(ctx context.Context, r *request, in *webhookInput) (*struct{}, error) {
	err := s.run(ctx, func(ctx context.Context, t *store.Tx) error { return webhooks.Delete(ctx, t, r.who.id, in.ID) },
		audit.Also(r.origin().entry(r.who, audit.ActionWebhookDeleted, "webhook", in.ID)))
	return nil, found(err, "webhook")
}

func (s *Server) switchWebhookOn(ctx context.Context, r *request, in *webhookInput) (*webhookOutput, error) {
	w, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) (webhooks.Webhook, error) {
		return webhooks.SwitchOn(ctx, t, r.who.id, in.ID)
	})
	if err != nil {
		return nil, found(err, "webhook")
	}
	return &webhookOutput{Body: viewWebhook(&w)}, nil
}

func (s *Server) testWebhook(ctx context.Context, r *request, in *webhookInput) (*struct{}, error) {
	if err := s.limits.hookTests.check(r.who.id); err != nil {
		return nil, err
	}
	err := s.run(ctx, func(ctx context.Context, t *store.Tx) error {
		w, err := webhooks.Own(ctx, t, r.who.id, in.ID)
		if err != nil {
			return err
		}
		if !w.On() {
			return rooms.NotAllowed("webhook_off", "The webhook is switched off; switch it on first.")
		}
		return webhooks.Put(ctx, t, webhooks.Message{
			To: w, Kind: "test", Title: "A message to try this webhook",
			Text: "A message to try this webhook\n\nIf you read this, it works.\n\n" + s.link("/account/notifications"),
		})
	})
	return nil, found(err, "webhook")
}
