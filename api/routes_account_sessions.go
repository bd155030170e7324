package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
)

type (
	ownSessionView struct {
		ID        string     `json:"id"`
		Kind      string     `json:"kind" enum:"cookie,bearer" doc:"A browser's, or a program's token"`
		Name      string     `json:"name" doc:"What a token is for"`
		Agent     string     `json:"agent" doc:"The browser, coarsely"`
		Current   bool       `json:"current" doc:"Whether it is the one that asks"`
		CreatedAt rooms.Time `json:"created_at"`
		SeenAt    rooms.Time `json:"seen_at" doc:"The last use, to a quarter of an hour"`
		ExpiresAt rooms.Time `json:"expires_at"`
	}
	ownSessionsOutput struct {
		Body struct {
			Items []ownSessionView `json:"items" nullable:"false"`
		}
	}
	ownSessionInput struct {
		ID string `path:"id" maxLength:"40"`
	}
)

func (s *Server) accountSessionRoutes() {
	tags := []string{"account"}
	handle(s, huma.Operation{
		OperationID: "listSessions", Method: http.MethodGet, Path: "/api/account/sessions", Tags: tags, Security: signedIn,
		Summary: "Where one is logged in, and one's tokens, newest first",
	}, s.listSessions)
	handle(s, huma.Operation{
		OperationID: "endSession", Method: http.MethodDelete, Path: "/api/account/sessions/{id}", Tags: tags, Security: signedIn,
		Summary: "End a session or revoke a token; its connections close at once", DefaultStatus: http.StatusNoContent,
	}, s.endSession)
	handle(s, huma.Operation{
		OperationID: "endOtherSessions", Method: http.MethodDelete, Path: "/api/account/sessions", Tags: tags, Security: signedIn,
		Summary: "End all other sessions of browsers; tokens stay", DefaultStatus: http.StatusNoContent,
	}, s.endOtherSessions)
}

func (s *Server) listSessions(ctx context.Context, r *request, _ *struct{}) (*ownSessionsOutput, error) {
	list, err := s.store.ListSessions(ctx, r.who.id, rooms.At(s.cfg.Clock()))
	if err != nil {
		return nil, err
	}
	out := &ownSessionsOutput{}
	out.Body.Items = make([]ownSessionView, len(list))
	for i := range list {
		ses := &list[i]
		out.Body.Items[i] = ownSessionView{
			ID: sessionName(ses.TokenHash), Kind: ses.Kind, Name: ses.Name, Agent: ses.Agent,
			Current: ses.TokenHash == r.who.session, CreatedAt: ses.CreatedAt, SeenAt: ses.SeenAt, ExpiresAt: ses.ExpiresAt,
		}
	}
	return out, nil
}

func (s *Server) endSession(ctx context.Context, r *request, in *ownSessionInput) (*struct{}, error) {
	begins, known := sessionNamed(in.ID)
	if !known {
		return nil, notFound("session")
	}
	entry := r.origin().entry(r.who, audit.ActionSessionEnded, "session", in.ID)
	ended, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) ([]store.Session, error) {
		ended, err := t.RevokeSessions(ctx, r.who.id, store.SessionFilter{Begins: begins})
		switch {
		case err != nil:
			return nil, err
		case len(ended) == 0:
			return nil, store.ErrNotFound
		}
		return ended, audit.Append(ctx, t, entry)
	})
	if err != nil {
		return nil, found(err, "session")
	}
	s.closeSessions(ended, "session ended")
	return nil, nil
}

func (s *Server) endOtherSessions(ctx context.Context, r *request, _ *struct{}) (*struct{}, error) {
	entry := r.origin().entry(r.who, audit.ActionSessionEnded, "user", r.who.id)
	ended, err := store.Write(ctx, s.store, func(ctx context.Context, t *store.Tx) ([]store.Session, error) {
		ended, err := t.RevokeSessions(ctx, r.who.id, store.SessionFilter{Kind: store.SessionCookie, But: &r.who.session})
		if err != nil {
			return nil, err
		}
		return ended, audit.Append(ctx, t, entry)
	})
	if err != nil {
		return nil, err
	}
	s.closeSessions(ended, "session ended")
	return nil, nil
}
