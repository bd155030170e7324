package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/profiles"
)

type (
	openInput struct {
		ID   string  `path:"id"`
		Body rawBody `required:"true"`
	}
	openOutput     struct{ Body roomOpenedView }
	roomOpenedView struct {
		Room string `json:"room"`
		Seq  int64  `json:"seq" doc:"The number of the last event that this made"`
	}
)

// openRoutes make rooms: a sponsor invites, an influencer applies.
func (s *Server) openRoutes() {
	tags := []string{"campaigns"}
	handle(s, huma.Operation{
		OperationID: "invite", Method: http.MethodPost, Path: "/api/campaigns/{id}/invitations", Tags: tags, Security: signedIn,
		Summary: "Invite an influencer; the same id again gives the same answer", DefaultStatus: http.StatusCreated,
		RequestBody: bodyOf("Invitation"), SkipValidateBody: true,
	}, s.invite)
	handle(s, huma.Operation{
		OperationID: "apply", Method: http.MethodPost, Path: "/api/campaigns/{id}/applications", Tags: tags, Security: signedIn,
		Summary: "Apply to a public campaign; the same id again gives the same answer", DefaultStatus: http.StatusCreated,
		RequestBody: bodyOf("Application"), SkipValidateBody: true,
	}, s.apply)
}

func (s *Server) invite(ctx context.Context, r *request, in *openInput) (*openOutput, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	f, refusal := decodeOpen(in.Body, true)
	if refusal != nil {
		return nil, refusal
	}
	open := f.command.(rooms.Open)
	u, err := s.store.UserByID(ctx, open.Influencer)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err != nil || u.Role != rooms.Influencer || u.FlaggedAt != nil {
		return nil, invalid("influencer", "is not an influencer who can be invited")
	}
	takes, err := profiles.AcceptsInvites(ctx, s.store, open.Influencer)
	if err != nil {
		return nil, err
	}
	if !takes {
		return nil, invalid("influencer", "takes no invitations at the moment")
	}
	return s.open(ctx, r, in.ID, f, open)
}

func (s *Server) apply(ctx context.Context, r *request, in *openInput) (*openOutput, error) {
	if err := r.who.need(rooms.Influencer); err != nil {
		return nil, err
	}
	f, refusal := decodeOpen(in.Body, false)
	if refusal != nil {
		return nil, refusal
	}
	open := f.command.(rooms.Open)
	open.Influencer = r.who.id
	return s.open(ctx, r, in.ID, f, open)
}

// open makes a room. Its id follows from who asks and the command's id, so that
// the same request always means the same room.
func (s *Server) open(ctx context.Context, r *request, campaign string, f frame, open rooms.Open) (*openOutput, error) {
	if !isULID(campaign) {
		return nil, notFound("campaign")
	}
	sum := sha256.Sum256([]byte(r.who.id + " " + f.id))
	room := ulid.ULID(sum[:len(ulid.ULID{})]).String()
	open.ID, open.Campaign, open.Limit = room, campaign, s.cfg.OffersPerSide
	f.room, f.command = room, open
	result, err := s.command(ctx, r.who, r.origin(), &f)
	if err != nil {
		return nil, err
	}
	return &openOutput{Body: roomOpenedView{Room: room, Seq: result.Seq}}, nil
}

// decodeOpen reads the body of an invitation or an application.
func decodeOpen(raw []byte, invitation bool) (frame, *Error) {
	var space [maxMembers]member
	f := frame{kind: rooms.Open{}.Name()}
	members, err := splitObject(raw, space[:0])
	if err != nil {
		return f, err
	}
	var open rooms.Open
	for _, m := range members {
		switch {
		case m.name == "id":
			f.id, err = text(m, maxIDChars)
		case m.name == "influencer" && invitation:
			open.Influencer, err = text(m, maxIDChars)
		case m.name == "terms":
			terms, refusal := rooms.ParsePatch(m.value)
			if refusal != nil {
				return f, refused(refusal)
			}
			open.Terms = &terms
		case m.name == "expires_in":
			open.ExpiresIn, err = lifetime(m)
		case m.name == "message":
			open.Message, err = text(m, 0)
		default:
			err = invalid(m.name, "is not a known field")
		}
		if err != nil {
			return f, err
		}
	}
	switch {
	case !isULID(f.id):
		return f, invalid("id", "must be a ULID")
	case invitation && open.Influencer == "":
		return f, invalid("influencer", "is required")
	case open.Terms == nil && open.ExpiresIn != 0:
		return f, invalid("expires_in", "belongs to terms, which are missing")
	}
	f.command = open
	return f, nil
}
