package api

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/admin"
	"parley/store/audit"
)

type (
	auditView struct {
		Pos         int64           `json:"pos"`
		At          rooms.Time      `json:"at"`
		Actor       personView      `json:"actor" doc:"Without an id: nobody known, or the system itself"`
		Area        audit.Area      `json:"area"`
		Action      string          `json:"action"`
		SubjectKind string          `json:"subject_kind"`
		SubjectID   string          `json:"subject_id"`
		SubjectName string          `json:"subject_name" doc:"Of a user, as it is now"`
		Details     json.RawMessage `json:"details"`
		Addr        string          `json:"addr" doc:"The network that it came from"`
		RequestID   string          `json:"request_id"`
		Hash        string          `json:"hash"`
	}
	listAuditInput struct {
		Actor   string    `query:"actor" maxLength:"40"`
		Action  string    `query:"action" maxLength:"100" doc:"One action, or an area such as auth. with its point"`
		Kind    string    `query:"kind" maxLength:"40" doc:"Of the subject"`
		Subject string    `query:"subject" maxLength:"40"`
		From    time.Time `query:"from"`
		Until   time.Time `query:"until" doc:"Not included"`
		Cursor  string    `query:"cursor" maxLength:"20"`
		Limit   int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	listAuditOutput struct {
		Body struct {
			Items      []auditView `json:"items" nullable:"false"`
			NextCursor string      `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	verificationOutput struct{ Body verificationView }
	verificationView   struct {
		At       rooms.Time `json:"at"`
		Entries  int64      `json:"entries"`
		Problems []string   `json:"problems" nullable:"false" doc:"The first of them"`
		Count    int64      `json:"count" doc:"Of all problems"`
		Pos      int64      `json:"pos" doc:"The last entry"`
		Hash     string     `json:"hash" doc:"Its hash: noted elsewhere, it shows later that the log is the same"`
	}
)

func (s *Server) adminRecordRoutes(tags []string) {
	handle(s, huma.Operation{
		OperationID: "listAudit", Method: http.MethodGet, Path: "/api/admin/audit", Tags: tags, Security: signedIn,
		Summary: "What admins did and what touches security, newest first",
	}, s.listAudit)
	handle(s, huma.Operation{
		OperationID: "auditVerification", Method: http.MethodGet, Path: "/api/admin/audit/verification", Tags: tags, Security: signedIn,
		Summary: "Read the audit log's whole chain and tell what is wrong with it",
	}, s.auditVerification)
}

func (in *listAuditInput) filter() audit.Filter {
	f := audit.Filter{
		Actor: in.Actor, Action: audit.Action(in.Action), Subject: audit.Subject{Kind: in.Kind, ID: in.Subject},
		Cursor: in.Cursor, Limit: in.Limit,
	}
	if !in.From.IsZero() {
		from := rooms.At(in.From)
		f.From = &from
	}
	if !in.Until.IsZero() {
		until := rooms.At(in.Until)
		f.Until = &until
	}
	return f
}

func (s *Server) listAudit(ctx context.Context, r *request, in *listAuditInput) (*listAuditOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := s.auditPage(ctx, in.filter())
	if err != nil {
		return nil, err
	}
	out := &listAuditOutput{}
	out.Body.Items, out.Body.NextCursor = list, next
	return out, nil
}

// auditPage is a page of the audit log with the names of now.
func (s *Server) auditPage(ctx context.Context, f audit.Filter) ([]auditView, string, error) {
	list, next, err := audit.List(ctx, s.store, f)
	if err != nil {
		return nil, "", err
	}
	var ids []string
	for i := range list {
		ids = append(ids, list[i].Actor)
		if list[i].Subject.Kind == string(store.FlagUser) {
			ids = append(ids, list[i].Subject.ID)
		}
	}
	names, err := admin.Names(ctx, s.store, ids)
	if err != nil {
		return nil, "", err
	}
	items := make([]auditView, len(list))
	for i := range list {
		e := &list[i]
		details, err := json.Marshal(e.Details)
		if err != nil {
			return nil, "", err
		}
		items[i] = auditView{
			Pos: e.Pos, At: e.At, Actor: personView{ID: e.Actor, Name: names[e.Actor]}, Area: e.Action.Area(), Action: string(e.Action),
			SubjectKind: e.Subject.Kind, SubjectID: e.Subject.ID, Details: details,
			Addr: e.Addr, RequestID: e.RequestID, Hash: e.Hash.String(),
		}
		if e.Subject.Kind == string(store.FlagUser) {
			items[i].SubjectName = names[e.Subject.ID]
		}
	}
	return items, next, nil
}

// verification keeps the last reading of the audit log's chain: it reads all of it, so
// one at a time does, and not more often than freshVerification.
type verification struct {
	mu   sync.Mutex
	last *verificationView
}

const (
	freshVerification = 10 * time.Second
	maxProblemsTold   = 20
)

func (s *Server) auditVerification(ctx context.Context, r *request, _ *struct{}) (*verificationOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	v := &s.verification
	v.mu.Lock()
	defer v.mu.Unlock()
	now := rooms.At(s.cfg.Clock())
	if v.last == nil || now.Sub(v.last.At.Time) >= freshVerification {
		view := &verificationView{At: now, Problems: []string{}}
		report, err := audit.Verify(ctx, s.store, func(p audit.Problem) {
			if len(view.Problems) < maxProblemsTold {
				view.Problems = append(view.Problems, p.String())
			}
		})
		if err != nil {
			return nil, err
		}
		view.Entries, view.Count, view.Pos, view.Hash = report.Entries, report.Problems, report.Pos, report.Hash.String()
		v.last = view
	}
	return &verificationOutput{Body: *v.last}, nil
}
