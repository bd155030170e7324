package api

import (
	"context"
	"encoding/base64"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store/audit"
	"parley/store/outbox"
)

type (
	mailView struct {
		ID          string      `json:"id"`
		Kind        string      `json:"kind"`
		User        string      `json:"user" doc:"Whom it is for; empty for an address without an account"`
		To          string      `json:"to"`
		Subject     string      `json:"subject"`
		State       string      `json:"state" enum:"queued,sent,failed,withdrawn,kept"`
		Attempts    int         `json:"attempts"`
		LastError   string      `json:"last_error"`
		CreatedAt   rooms.Time  `json:"created_at"`
		NextAttempt *rooms.Time `json:"next_attempt,omitempty"`
		SentAt      *rooms.Time `json:"sent_at,omitempty"`
	}
	listMailInput struct {
		State  string `query:"state" enum:"queued,sent,failed,withdrawn,kept"`
		User   string `query:"user" maxLength:"40"`
		Q      string `query:"q" maxLength:"100" doc:"Part of the address or the subject"`
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	listMailOutput struct {
		Body struct {
			Items      []mailView `json:"items" nullable:"false"`
			NextCursor string     `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	getMailOutput  struct{ Body mailDetailView }
	mailDetailView struct {
		Mail mailView `json:"mail"`
		Text string   `json:"text"`
		HTML string   `json:"html" doc:"As it is sent; its page shows it"`
		// Pictures in the text are not among them.
		Files []mailFileView `json:"files" nullable:"false" doc:"What is attached to be opened"`
	}
	mailFileView struct {
		Number int    `json:"number" doc:"By which it is downloaded"`
		Name   string `json:"name"`
		Bytes  int    `json:"bytes"`
	}
	mailPageOutput struct {
		Type   string `header:"Content-Type" hidden:"true"`
		Policy string `header:"Content-Security-Policy" hidden:"true"`
		Frame  string `header:"X-Frame-Options" hidden:"true"`
		Body   []byte
	}
	mailFileInput struct {
		ID     string `path:"id" maxLength:"40"`
		Number int    `path:"number" minimum:"0" maximum:"1000"`
	}
	mailFileOutput struct {
		Type        string `header:"Content-Type" hidden:"true"`
		Disposition string `header:"Content-Disposition" hidden:"true"`
		Policy      string `header:"Content-Security-Policy" hidden:"true"`
		Body        []byte
	}
)

const mediaBytes = "application/octet-stream"

func (s *Server) adminMailRoutes(tags []string) {
	handle(s, huma.Operation{
		OperationID: "listMail", Method: http.MethodGet, Path: "/api/admin/mail", Tags: tags, Security: signedIn,
		Summary: "Mail that is to be sent or was, newest first",
	}, s.listMail)
	handle(s, huma.Operation{
		OperationID: "getMail", Method: http.MethodGet, Path: "/api/admin/mail/{id}", Tags: tags, Security: signedIn,
		Summary: "A mail with its texts; that it was read is in the audit log. Where mails are sent, what is secret in them is left out",
	}, s.getMail)
	handle(s, huma.Operation{
		OperationID: "showMail", Method: http.MethodGet, Path: "/api/admin/mail/{id}/page", Tags: tags, Security: signedIn,
		Summary: "A mail as it is laid out, a page that does nothing, for a frame; that it was read is in the audit log",
		Responses: map[string]*huma.Response{"200": {
			Description: "A page", Content: map[string]*huma.MediaType{"text/html": {}},
		}},
	}, s.showMail)
	handle(s, huma.Operation{
		OperationID: "downloadMailFile", Method: http.MethodGet, Path: "/api/admin/mail/{id}/files/{number}", Tags: tags, Security: signedIn,
		Summary: "A file attached to a mail; that it was read is in the audit log as is the mail's reading",
		Responses: map[string]*huma.Response{"200": {
			Description: "The file, to be saved",
			Content: map[string]*huma.MediaType{
				mediaBytes: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
				mediaPDF:   {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			},
		}},
	}, s.downloadMailFile)
}

func (in *listMailInput) filter() outbox.Filter {
	return outbox.Filter{State: outbox.State(in.State), User: in.User, Query: in.Q, Cursor: in.Cursor, Limit: in.Limit}
}

func (s *Server) listMail(ctx context.Context, r *request, in *listMailInput) (*listMailOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := outbox.List(ctx, s.store, in.filter())
	if err != nil {
		return nil, err
	}
	out := &listMailOutput{}
	out.Body.Items, out.Body.NextCursor = views(list, viewMail), next
	return out, nil
}

func (s *Server) getMail(ctx context.Context, r *request, in *adminIDInput) (*getMailOutput, error) {
	m, err := s.readMail(ctx, r, in.ID)
	if err != nil {
		return nil, err
	}
	view := mailDetailView{Mail: viewMail(&m), Text: m.Text, HTML: m.HTML, Files: []mailFileView{}}
	for i := range m.Attachments {
		if a := &m.Attachments[i]; a.ContentID == "" {
			view.Files = append(view.Files, mailFileView{Number: i, Name: a.Name, Bytes: len(a.Data)})
		}
	}
	return &getMailOutput{Body: view}, nil
}

// readMail is a mail for an admin to read, which is noted, without what is secret in it
// where it is sent to whom it is for.
func (s *Server) readMail(ctx context.Context, r *request, id string) (outbox.Mail, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return outbox.Mail{}, err
	}
	m, err := outbox.Get(ctx, s.store, id)
	if err != nil {
		return outbox.Mail{}, found(err, "mail")
	}
	if err := audit.Record(ctx, s.store, r.origin().entry(r.who, audit.ActionMailRead, "mail", m.ID)); err != nil {
		return outbox.Mail{}, err
	}
	if s.cfg.SendsMail {
		m.Text, m.HTML = withoutSecrets(m.Text), withoutSecrets(m.HTML)
	}
	return m, nil
}

// letterPolicy lets a mail have its styles and the pictures in it, and nothing else: it
// loads, runs, sends and opens nothing, and stands in a frame of the app alone.
const letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; sandbox; frame-ancestors 'self'"

func (s *Server) showMail(ctx context.Context, r *request, in *adminIDInput) (*mailPageOutput, error) {
	m, err := s.readMail(ctx, r, in.ID)
	if err != nil {
		return nil, err
	}
	return &mailPageOutput{
		Type: "text/html; charset=utf-8", Policy: letterPolicy, Frame: "SAMEORIGIN", Body: []byte(withPictures(&m)),
	}, nil
}

// withPictures is a mail's HTML with the pictures that it shows by their content ids put
// into it: what shows it need not be let load anything.
func withPictures(m *outbox.Mail) string {
	var old []string
	for i := range m.Attachments {
		a := &m.Attachments[i]
		switch a.MediaType {
		case "image/png", "image/jpeg", "image/gif":
			if a.ContentID != "" {
				old = append(old, `"cid:`+a.ContentID+`"`,
					`"data:`+a.MediaType+";base64,"+base64.StdEncoding.EncodeToString(a.Data)+`"`)
			}
		}
	}
	return strings.NewReplacer(old...).Replace(m.HTML)
}

// inertPolicy is for what is to be saved and not shown: should a browser show it after
// all, it loads, runs and sends nothing.
const inertPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// downloadMailFile gives a file to be saved, so that nothing in it is shown at this
// address; but for PDF it does not tell browsers what it is.
func (s *Server) downloadMailFile(ctx context.Context, r *request, in *mailFileInput) (*mailFileOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	file, err := outbox.File(ctx, s.store, in.ID, in.Number)
	if err != nil {
		return nil, found(err, "file")
	}
	if err := audit.Record(ctx, s.store, r.origin().entry(r.who, audit.ActionMailRead, "mail", in.ID)); err != nil {
		return nil, err
	}
	out := &mailFileOutput{Type: mediaBytes, Policy: inertPolicy, Body: file.Data}
	if file.MediaType == mediaPDF {
		out.Type = mediaPDF
	}
	out.Disposition = mime.FormatMediaType("attachment", map[string]string{"filename": file.Name})
	return out, nil
}

func viewMail(m *outbox.Mail) mailView {
	return mailView{
		ID: m.ID, Kind: m.Kind, User: m.User, To: m.To, Subject: m.Subject, State: string(m.State), Attempts: m.Attempts,
		LastError: m.LastError, CreatedAt: m.CreatedAt, NextAttempt: m.NextAttempt, SentAt: m.SentAt,
	}
}
