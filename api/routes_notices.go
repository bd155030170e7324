package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store/notices"
)

type (
	noticeView struct {
		ID   string          `json:"id"`
		Kind string          `json:"kind" doc:"What it is about; the app has the words"`
		Data json.RawMessage `json:"data" doc:"What the words need, by kind"`
		At   rooms.Time      `json:"at"`
		Read bool            `json:"read"`
	}
	listNoticesInput struct {
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"30"`
	}
	listNoticesOutput struct {
		Body struct {
			Items      []noticeView `json:"items" nullable:"false"`
			NextCursor string       `json:"next_cursor" doc:"For the next page; empty at the end"`
			Unread     int          `json:"unread" doc:"Of all of one's notices"`
		}
	}
	readNoticesInput struct {
		Body struct {
			UpTo string `json:"up_to,omitempty" maxLength:"40" doc:"The newest notice that was seen; without it all"`
		}
	}
)

func (s *Server) noticeRoutes() {
	tags := []string{"notices"}
	handle(s, huma.Operation{
		OperationID: "listNotices", Method: http.MethodGet, Path: "/api/notices", Tags: tags, Security: signedIn,
		Summary: "One's own notices, newest first",
	}, s.listNotices)
	handle(s, huma.Operation{
		OperationID: "readNotices", Method: http.MethodPost, Path: "/api/notices/read", Tags: tags, Security: signedIn,
		Summary: "Mark one's notices as read", DefaultStatus: http.StatusNoContent,
	}, s.readNotices)
}

func (s *Server) listNotices(ctx context.Context, r *request, in *listNoticesInput) (*listNoticesOutput, error) {
	list, next, unread, err := notices.List(ctx, s.store, r.who.id, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listNoticesOutput{}
	out.Body.NextCursor, out.Body.Unread = next, unread
	out.Body.Items = make([]noticeView, len(list))
	for i := range list {
		n := &list[i]
		out.Body.Items[i] = noticeView{ID: n.ID, Kind: n.Kind, Data: n.Data, At: n.CreatedAt, Read: n.ReadAt != nil}
	}
	return out, nil
}

func (s *Server) readNotices(ctx context.Context, r *request, in *readNoticesInput) (*struct{}, error) {
	return nil, notices.MarkRead(ctx, s.store, r.who.id, in.Body.UpTo)
}
