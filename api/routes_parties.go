package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/store"
	"parley/store/profiles"
)

// partiesView is what the two sides of a room show of themselves.
type (
	partiesView struct {
		Sponsor    *cardView    `json:"sponsor,omitempty" doc:"Absent once the account is deleted"`
		Influencer *profileView `json:"influencer,omitempty" doc:"Absent once the account is deleted"`
	}
	partiesOutput struct{ Body partiesView }
)

func (s *Server) partyRoutes() {
	handle(s, huma.Operation{
		OperationID: "roomParties", Method: http.MethodGet, Path: "/api/rooms/{id}/parties", Tags: []string{"rooms"}, Security: signedIn,
		Summary: "Who the two sides of a room are: the sponsor's card and the influencer's profile, for both and for admins",
	}, s.roomParties)
}

// roomParties shows them to each other whether or not they are on show elsewhere: who
// negotiates may know with whom.
func (s *Server) roomParties(ctx context.Context, r *request, in *roomInput) (*partiesOutput, error) {
	if err := s.mayRead(ctx, r.who, in.ID); err != nil {
		return nil, err
	}
	room, err := s.store.Room(ctx, in.ID)
	if err != nil {
		return nil, found(err, "room")
	}
	out := &partiesOutput{}
	switch c, err := profiles.CardOf(ctx, s.store, room.Sponsor); {
	case err == nil:
		v := viewCard(&c)
		out.Body.Sponsor = &v
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	switch p, err := profiles.Of(ctx, s.store, room.Influencer); {
	case err == nil:
		v := viewProfile(&p)
		out.Body.Influencer = &v
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	return out, nil
}
