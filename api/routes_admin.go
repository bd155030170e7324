package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
)

type (
	feedInput struct {
		Before int64 `query:"before" minimum:"0" doc:"Only events with a lower number; without it the newest"`
		Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
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
	s.adminFlagRoutes(tags)
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
