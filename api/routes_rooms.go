package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
)

type (
	listRoomsInput struct {
		View     string `query:"view" enum:"pending,accepted,rejected" doc:"Several statuses: pending is invited, applied and negotiating, accepted agreed and completed, rejected the rest"`
		Status   string `query:"status" enum:"invited,applied,negotiating,agreed,completed,declined,withdrawn,expired,closed"`
		Turn     string `query:"turn" enum:"mine,theirs" doc:"Only rooms in which it is one's own turn, or the other side's"`
		Unread   bool   `query:"unread" doc:"Only rooms with events that one has not seen"`
		Work     string `query:"deliverables" enum:"to_do,to_confirm,confirmed" doc:"Only deals with deliverables that are to be delivered, wait for the sponsor's word, or are confirmed"`
		Query    string `query:"q" maxLength:"100" doc:"Part of the campaign's name or of a party's"`
		Campaign string `query:"campaign" maxLength:"40" doc:"Only rooms of this campaign"`
		Currency string `query:"currency" pattern:"^[A-Z]{3}$" doc:"Only rooms of campaigns in this currency"`
		Cursor   string `query:"cursor" maxLength:"200"`
		Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	listRoomsOutput struct {
		Body struct {
			Items       []summaryView `json:"items" nullable:"false"`
			NextCursor  string        `json:"next_cursor" doc:"For the next page; empty at the end"`
			UnreadTotal int64         `json:"unread_total" doc:"Unread events in all of one's rooms"`
			TurnTotal   int64         `json:"turn_total" doc:"Of all of one's rooms those in which it is one's turn"`
		}
	}
	roomCampaignsInput struct {
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	roomCampaignsOutput struct {
		Body struct {
			Items      []namedView `json:"items" nullable:"false"`
			NextCursor string      `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	roomInput struct {
		ID string `path:"id"`
	}
	eventsInput struct {
		ID     string `path:"id"`
		After  int64  `query:"after" minimum:"0" doc:"Only events with a higher seq"`
		Before int64  `query:"before" minimum:"0" doc:"Only events with a lower seq; alone, the newest of them"`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	commandInput struct {
		ID    string  `path:"id"`
		Epoch string  `header:"Parley-Epoch" maxLength:"64" doc:"The store's history that the command was given in; with another one it is refused with restored"`
		Body  rawBody `required:"true"`
	}
)

func (s *Server) roomRoutes() {
	tags := []string{"rooms"}
	handle(s, huma.Operation{
		OperationID: "listRooms", Method: http.MethodGet, Path: "/api/rooms", Tags: tags, Security: signedIn,
		Summary: "One's rooms, newest change first",
	}, s.listRooms)
	// Before the route of a room, which would take the word for an id.
	handle(s, huma.Operation{
		OperationID: "roomCampaigns", Method: http.MethodGet, Path: "/api/rooms/campaigns", Tags: tags, Security: signedIn,
		Summary: "The campaigns in which one has rooms, the oldest first",
	}, s.roomCampaigns)
	handle(s, huma.Operation{
		OperationID: "getRoom", Method: http.MethodGet, Path: "/api/rooms/{id}", Tags: tags, Security: signedIn,
		Summary: "A room's whole state", Responses: answers(http.StatusOK, "The state at seq", "Snapshot"),
	}, s.getRoom)
	handle(s, huma.Operation{
		OperationID: "listEvents", Method: http.MethodGet, Path: "/api/rooms/{id}/events", Tags: tags, Security: signedIn,
		Summary: "A room's events, oldest first", Responses: answers(http.StatusOK, "A page of events", "EventPage"),
	}, s.listEvents)
	handle(s, huma.Operation{
		OperationID: "command", Method: http.MethodPost, Path: "/api/rooms/{id}/commands", Tags: tags, Security: signedIn,
		Summary:   "Give a command, as over the socket; the same id again gives the same answer",
		Responses: answers(http.StatusOK, "The event is on disk", "CommandResult"),
		// Decoded and checked by the socket's decoder.
		RequestBody: bodyOf("Command"), SkipValidateBody: true,
	}, s.postCommand)
}

func (s *Server) listRooms(ctx context.Context, r *request, in *listRoomsInput) (*listRoomsOutput, error) {
	list, next, totals, err := s.store.ListRooms(ctx, r.who.id, store.RoomFilter{
		Statuses: statusesOf(in.View, in.Status), Mine: in.Turn == "mine", Theirs: in.Turn == "theirs",
		Unread: in.Unread, Work: store.Work(in.Work), Query: strings.TrimSpace(in.Query), Campaign: in.Campaign,
		Currency: rooms.Currency(in.Currency),
		Cursor:   in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &listRoomsOutput{}
	out.Body.NextCursor, out.Body.UnreadTotal, out.Body.TurnTotal = next, totals.Unread, totals.Turns
	out.Body.Items = make([]summaryView, len(list))
	for i := range list {
		out.Body.Items[i] = viewSummary(&list[i], r.who.id)
	}
	return out, nil
}

func (s *Server) roomCampaigns(ctx context.Context, r *request, in *roomCampaignsInput) (*roomCampaignsOutput, error) {
	list, next, err := s.store.RoomCampaigns(ctx, r.who.id, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &roomCampaignsOutput{}
	out.Body.NextCursor = next
	out.Body.Items = views(list, func(c *store.NamedCampaign) namedView { return namedView{ID: c.ID, Name: c.Name} })
	return out, nil
}

// inboxViews are the three states of a request, each of several statuses.
var inboxViews = map[string][]rooms.Status{
	"pending":  {rooms.Invited, rooms.Applied, rooms.Negotiating},
	"accepted": {rooms.Agreed, rooms.Completed},
	"rejected": {rooms.StatusDeclined, rooms.StatusWithdrawn, rooms.StatusExpired, rooms.StatusClosed},
}

// statusesOf are those that a list is asked for; the finer question counts.
func statusesOf(group, status string) []rooms.Status {
	if status != "" {
		return []rooms.Status{rooms.Status(status)}
	}
	return inboxViews[group]
}

// mayRead lets the two parties and admins see a room.
func (s *Server) mayRead(ctx context.Context, who *caller, room string) error {
	if !isULID(room) {
		return notFound("room")
	}
	side, err := s.relay.side(ctx, room, who.id)
	if err != nil {
		return found(err, "room")
	}
	if side == "" && who.role != rooms.Admin {
		return notFound("room")
	}
	return nil
}

// snapshot is a room's state as JSON, and the seq up to which it reaches.
func (s *Server) snapshot(ctx context.Context, room string) (int64, []byte, error) {
	snapshot, err := s.store.Snapshot(ctx, room)
	if err != nil {
		return 0, nil, err
	}
	raw, err := encodeSnapshot(&snapshot)
	return snapshot.State.Seq, raw, err
}

func (s *Server) getRoom(ctx context.Context, r *request, in *roomInput) (*raw, error) {
	if err := s.mayRead(ctx, r.who, in.ID); err != nil {
		return nil, err
	}
	_, body, err := s.snapshot(ctx, in.ID)
	if err != nil {
		return nil, found(err, "room")
	}
	return rawJSON(body), nil
}

func (s *Server) listEvents(ctx context.Context, r *request, in *eventsInput) (*raw, error) {
	if err := s.mayRead(ctx, r.who, in.ID); err != nil {
		return nil, err
	}
	events, err := s.store.Events(ctx, in.ID, in.After, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	size := 32
	for i := range events {
		size += len(events[i].Body) + 1
	}
	body := append(make([]byte, 0, size), `{"items":[`...)
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, events[i].Body...)
	}
	return rawJSON(append(body, `]}`...)), nil
}

func (s *Server) postCommand(ctx context.Context, r *request, in *commandInput) (*raw, error) {
	if !isULID(in.ID) {
		return nil, notFound("room")
	}
	if in.Epoch != "" && in.Epoch != s.store.Epoch() {
		return nil, fail(codeRestored, "The database was restored from a backup; look at what stands now.")
	}
	if len(in.Body) > maxFrameBytes {
		return nil, malformed("A command has 16 KiB at most.")
	}
	f, refusal := decodeCommand(in.ID, in.Body)
	if refusal != nil {
		return nil, refusal
	}
	result, err := s.command(ctx, r.who, r.origin(), &f)
	if err != nil {
		return nil, err
	}
	return rawJSON(appendDone(nil, f.id, result)), nil
}
