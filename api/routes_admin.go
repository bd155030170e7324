package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/admin"
)

// namedAtOnce bounds the rooms whose names are asked for at once.
const namedAtOnce = 100

type (
	feedInput struct {
		Before   int64  `query:"before" minimum:"0" doc:"Only events with a lower number; without it the newest"`
		Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
		Type     string `query:"type" maxLength:"40" pattern:"^[a-z_]+$"`
		Campaign string `query:"campaign" maxLength:"40"`
		User     string `query:"user" maxLength:"40" doc:"One of the room's parties"`
	}
	feedRoomsInput struct {
		IDs string `query:"ids" required:"true" maxLength:"2800" doc:"Up to 100 ids, with commas between"`
	}
	feedRoomsOutput struct {
		Body struct {
			Items []adminRoomView `json:"items" nullable:"false"`
		}
	}
)

func (s *Server) adminRoutes() {
	tags := []string{"admin"}
	handle(s, huma.Operation{
		OperationID: "adminFeed", Method: http.MethodGet, Path: "/api/admin/feed", Tags: tags, Security: signedIn,
		Summary: "The newest events of all rooms, oldest first", Responses: answers(http.StatusOK, "A page of the feed", "FeedPage"),
	}, s.adminFeed)
	handle(s, huma.Operation{
		OperationID: "adminFeedRooms", Method: http.MethodGet, Path: "/api/admin/feed/rooms", Tags: tags, Security: signedIn,
		Summary: "The rooms behind live events, with names",
	}, s.adminFeedRooms)
	handle(s, huma.Operation{
		OperationID: "adminRoom", Method: http.MethodGet, Path: "/api/admin/rooms/{id}", Tags: tags, Security: signedIn,
		Summary: "Any room's whole state", Responses: answers(http.StatusOK, "The state at seq", "Snapshot"),
	}, s.adminRoom)
	s.adminFlagRoutes(tags)
	s.adminListRoutes(tags)
	s.adminRecordRoutes(tags)
	s.adminMailRoutes(tags)
	s.adminTableRoutes(tags)
	s.adminJobRoutes(tags)
}

// adminFeed answers with a page of the feed. A filter looks back a bounded way; how far
// is told, so that the next request can go on from there.
func (s *Server) adminFeed(ctx context.Context, r *request, in *feedInput) (*raw, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	head, err := s.store.FeedHead(ctx)
	if err != nil {
		return nil, err
	}
	filter := store.FeedFilter{Type: rooms.EventType(in.Type), Campaign: in.Campaign, User: in.User}
	events, searched, err := s.store.SearchFeed(ctx, filter, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	body := append([]byte(nil), `{"items":[`...)
	var ids []string
	seen := make(map[string]bool)
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, '{')
		body = appendFeedItem(body, &events[i])
		body = append(body, '}')
		if id := events[i].Room; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	known, err := admin.RoomsByID(ctx, s.store, ids)
	if err != nil {
		return nil, err
	}
	names, err := json.Marshal(views(known, viewAdminRoom))
	if err != nil {
		return nil, err
	}
	body = append(body, `],"rooms":`...)
	body = append(body, names...)
	body = append(body, `,"head":`...)
	body = strconv.AppendInt(body, head, 10)
	body = append(body, `,"searched":`...)
	body = strconv.AppendInt(body, searched, 10)
	return rawJSON(append(body, '}')), nil
}

// adminFeedRooms gives the names behind the ids of live events, of many rooms at once.
func (s *Server) adminFeedRooms(ctx context.Context, r *request, in *feedRoomsInput) (*feedRoomsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	ids := strings.Split(in.IDs, ",")
	if len(ids) > namedAtOnce {
		return nil, invalid("ids", rooms.Form("are too many"))
	}
	known, err := admin.RoomsByID(ctx, s.store, ids)
	if err != nil {
		return nil, err
	}
	out := &feedRoomsOutput{}
	out.Body.Items = views(known, viewAdminRoom)
	return out, nil
}

func (s *Server) adminRoom(ctx context.Context, r *request, in *roomInput) (*raw, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	return s.getRoom(ctx, r, in)
}
