package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
)

type (
	feedInput struct {
		Before int64 `query:"before" minimum:"0" doc:"Only events with a lower number; without it the newest"`
		Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	flagInput struct {
		Body struct {
			Kind   string `json:"kind" enum:"user,campaign,room"`
			ID     string `json:"id" minLength:"1" maxLength:"40"`
			Reason string `json:"reason" minLength:"1" maxLength:"500"`
		}
	}
	unflagInput struct {
		Kind string `path:"kind" enum:"user,campaign,room"`
		ID   string `path:"id" maxLength:"40"`
	}
)

func (s *Server) adminRoutes() {
	tags := []string{"admin"}
	handle(s, huma.Operation{
		OperationID: "adminFeed", Method: http.MethodGet, Path: "/api/admin/feed", Tags: tags, Security: signedIn,
		Summary: "The newest events of all rooms, oldest first", Responses: answers(http.StatusOK, "A page of the feed", "FeedPage"),
	}, s.adminFeed)
	handle(s, huma.Operation{
		OperationID: "adminRoom", Method: http.MethodGet, Path: "/api/admin/rooms/{id}", Tags: tags, Security: signedIn,
		Summary: "Any room's whole state", Responses: answers(http.StatusOK, "The state at seq", "Snapshot"),
	}, s.adminRoom)
	handle(s, huma.Operation{
		OperationID: "flag", Method: http.MethodPost, Path: "/api/admin/flags", Tags: tags, Security: signedIn,
		Summary:       "Put a user, a campaign or a room under review: its rooms freeze, a user's connections close",
		DefaultStatus: http.StatusNoContent,
	}, s.flag)
	handle(s, huma.Operation{
		OperationID: "unflag", Method: http.MethodDelete, Path: "/api/admin/flags/{kind}/{id}", Tags: tags, Security: signedIn,
		Summary: "End a review: clocks go on", DefaultStatus: http.StatusNoContent,
	}, s.unflag)
}

func (s *Server) adminFeed(ctx context.Context, r *request, in *feedInput) (*raw, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	head, err := s.store.FeedHead(ctx)
	if err != nil {
		return nil, err
	}
	before := in.Before
	if before == 0 || before > head+1 {
		before = head + 1
	}
	// Numbers have no gaps, so the newest page is found by counting.
	events, err := s.store.FeedEvents(ctx, max(0, before-1-int64(in.Limit)), before, in.Limit)
	if err != nil {
		return nil, err
	}
	body := append([]byte(nil), `{"items":[`...)
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, '{')
		body = appendFeedItem(body, &events[i].Committed, events[i].Campaign)
		body = append(body, '}')
	}
	body = append(body, `],"head":`...)
	body = strconv.AppendInt(body, head, 10)
	return rawJSON(append(body, '}')), nil
}

func (s *Server) adminRoom(ctx context.Context, r *request, in *roomInput) (*raw, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	return s.getRoom(ctx, r, in)
}

func (s *Server) flag(ctx context.Context, r *request, in *flagInput) (*struct{}, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	f := store.Flag{
		Kind: store.FlagKind(in.Body.Kind), ID: in.Body.ID,
		Reason: strings.TrimSpace(in.Body.Reason), Admin: r.who.id,
	}
	if f.Reason == "" {
		return nil, invalid("reason", "is required")
	}
	if f.Kind == store.FlagUser && f.ID == r.who.id {
		return nil, invalid("id", "must not be your own")
	}
	if err := s.store.Flag(ctx, f); err != nil {
		return nil, found(err, in.Body.Kind)
	}
	if f.Kind == store.FlagUser {
		// The flag is committed: whoever connects from now on is refused.
		s.hub.Disconnect(f.ID, closeFlagged, "flagged")
	}
	return nil, nil
}

func (s *Server) unflag(ctx context.Context, r *request, in *unflagInput) (*struct{}, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	err := s.store.Unflag(ctx, store.Flag{
		Kind: store.FlagKind(in.Kind), ID: in.ID, Reason: "review ended", Admin: r.who.id,
	})
	if err != nil {
		return nil, found(err, in.Kind)
	}
	return nil, nil
}
