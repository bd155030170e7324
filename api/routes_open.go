package api

import (
	"context"
	"crypto/sha256"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/oklog/ulid/v2"

	"parley/rooms"
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
	there, err := s.roomsThere(ctx, r.who, []invitation{{ID: f.id}})
	if err != nil {
		return nil, err
	}
	if !there[f.id] {
		accepts, err := s.search.Invitable(ctx, []string{open.Influencer})
		if err != nil {
			return nil, err
		}
		if err := mayInvite(accepts, open.Influencer); err != nil {
			return nil, err
		}
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

// open makes a room.
func (s *Server) open(ctx context.Context, r *request, campaign string, f frame, open rooms.Open) (*openOutput, error) {
	if !isULID(campaign) {
		return nil, notFound("campaign")
	}
	f = s.opening(r.who, f.id, campaign, open)
	result, err := s.command(ctx, r.who, r.origin(), &f)
	if err != nil {
		return nil, err
	}
	return &openOutput{Body: roomOpenedView{Room: f.room, Seq: result.Seq}}, nil
}

// opening is the command that makes a room.
func (s *Server) opening(who *caller, id, campaign string, open rooms.Open) frame {
	room := roomFor(who, id)
	open.ID, open.Campaign, open.Limit = room, campaign, s.cfg.OffersPerSide
	return frame{kind: open.Name(), id: id, room: room, command: open}
}

// roomFor is the id of the room that a command makes. It follows from who asks and the
// command's id, so that the same request always means the same room.
func roomFor(who *caller, id string) string {
	sum := sha256.Sum256([]byte(who.id + " " + id))
	return ulid.ULID(sum[:len(ulid.ULID{})]).String()
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
		default:
			err = decodeOpening(m, &open)
		}
		if err != nil {
			return f, err
		}
	}
	switch {
	case !isULID(f.id):
		return f, invalid("id", rooms.Form("must be a ULID"))
	case invitation && open.Influencer == "":
		return f, invalid("influencer", rooms.Required())
	}
	if err := checkOpening(&open); err != nil {
		return f, err
	}
	f.command = open
	return f, nil
}

// decodeOpening reads a member that all openings of rooms have.
func decodeOpening(m member, open *rooms.Open) (err *Error) {
	switch m.name {
	case "terms":
		terms, refusal := rooms.ParsePatch(m.value)
		if refusal != nil {
			return refused(refusal)
		}
		open.Terms = &terms
	case "expires_in":
		open.ExpiresIn, err = lifetime(m)
	case "message":
		open.Message, err = text(m, 0)
	default:
		err = invalid(m.name, rooms.UnknownField())
	}
	return err
}

func checkOpening(open *rooms.Open) *Error {
	if open.Terms == nil && open.ExpiresIn != 0 {
		return invalid("expires_in", rooms.Form("belongs to terms, which are missing"))
	}
	return nil
}
