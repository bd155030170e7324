package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
)

// maxInvitations bounds the invitations of one request, well below what the limit on
// commands lets through at once.
const maxInvitations = 20

type (
	inviteManyOutput struct {
		Body struct {
			Items []invitedView `json:"items" nullable:"false" doc:"In the order of the invitations"`
		}
	}
	// invitedView is what became of one invitation: a room or an error.
	invitedView struct {
		ID         string     `json:"id" doc:"The invitation's"`
		Influencer string     `json:"influencer"`
		Room       string     `json:"room,omitempty"`
		Seq        int64      `json:"seq,omitempty" doc:"The number of the last event that this made"`
		Error      *ErrorInfo `json:"error,omitempty"`
	}
)

// invitation is one of many: the id is that of its command.
type invitation struct {
	ID         string `json:"id"`
	Influencer string `json:"influencer"`
}

// fitDetails say how many of the invitations the budget has room for.
type fitDetails struct {
	rooms.BudgetDetails
	Fits int64 `json:"fits"`
}

func (s *Server) inviteManyRoutes() {
	handle(s, huma.Operation{
		OperationID: "inviteMany", Method: http.MethodPost, Path: "/api/campaigns/{id}/invitations/batch",
		Tags: []string{"campaigns"}, Security: signedIn,
		Summary: "Invite several influencers with the same first terms, each into a room of its own",
		Description: "Nothing is sent when the budget does not cover all of them: budget_exceeded names how many fit. " +
			"Otherwise each invitation stands for itself: it has a room or an error. The same ids again give the same " +
			"answers, and nobody is invited twice.",
		RequestBody: bodyOf("Invitations"), SkipValidateBody: true,
	}, s.inviteMany)
}

func (s *Server) inviteMany(ctx context.Context, r *request, in *openInput) (*inviteManyOutput, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	if err := r.who.mayNegotiate(); err != nil {
		return nil, err
	}
	list, f, refusal := decodeInvitations(in.Body)
	if refusal != nil {
		return nil, refusal
	}
	campaign, err := s.ownCampaign(ctx, r.who, in.ID)
	if err != nil {
		return nil, err
	}
	open := f.command.(rooms.Open)
	exists, err := s.roomsThere(ctx, r.who, list)
	if err != nil {
		return nil, err
	}
	if err := fits(campaign, &open, int64(len(list)-len(exists))); err != nil {
		return nil, err
	}
	influencers := make([]string, len(list))
	for i := range list {
		influencers[i] = list[i].Influencer
	}
	accepts, err := s.search.Invitable(ctx, influencers)
	if err != nil {
		return nil, err
	}
	results := make([]invitedView, len(list))
	var frames []frame
	var at []int // which result a frame is for
	for i, inv := range list {
		results[i] = invitedView{ID: inv.ID, Influencer: inv.Influencer}
		if !exists[inv.ID] {
			if err := mayInvite(accepts, inv.Influencer); err != nil {
				results[i].Error = &err.Info
				continue
			}
		}
		one := open
		one.Influencer = inv.Influencer
		frames, at = append(frames, s.opening(r.who, inv.ID, campaign.ID, one)), append(at, i)
	}
	for n, o := range s.submitAll(ctx, r.who, r.origin(), frames) {
		result := &results[at[n]]
		if o.err != nil {
			result.Error = &o.err.Info
			continue
		}
		result.Room, result.Seq = frames[n].room, o.result.Seq
	}
	if err := sameMistake(results); err != nil {
		return nil, err
	}
	out := &inviteManyOutput{}
	out.Body.Items = results
	return out, nil
}

// ownCampaign is a sponsor's.
func (s *Server) ownCampaign(ctx context.Context, who *caller, id string) (*store.Campaign, error) {
	if !isULID(id) {
		return nil, notFound("campaign")
	}
	c, err := s.store.Campaign(ctx, id)
	if err != nil {
		return nil, found(err, "campaign")
	}
	if c.Sponsor != who.id {
		return nil, notFound("campaign")
	}
	return &c, nil
}

// roomsThere are the ids whose invitations have been sent already, by an earlier try of
// the same request.
func (s *Server) roomsThere(ctx context.Context, who *caller, list []invitation) (map[string]bool, error) {
	there := make(map[string]bool)
	for _, inv := range list {
		_, err := s.store.Room(ctx, roomFor(who, inv.ID))
		switch {
		case err == nil:
			there[inv.ID] = true
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	return there, nil
}

// fits refuses what the budget does not cover as a whole. The rules hold it again for
// each room, on what is there by then.
func fits(c *store.Campaign, open *rooms.Open, invitations int64) error {
	if open.Terms == nil || open.Terms.Terms.Fee.Currency != c.Currency || open.Terms.Terms.Fee.Amount <= 0 {
		return nil // no hold, or refused by the rules with a better word
	}
	fee, available := open.Terms.Terms.Fee.Amount, c.Budget-c.Committed-c.Held
	fit := available / fee
	if fit >= invitations {
		return nil
	}
	e := fail(rooms.CodeBudgetExceeded, "The budget does not cover all of these invitations.")
	e.Info.Field = "terms.fee.amount"
	e.Info.Details = fitDetails{
		BudgetDetails: rooms.BudgetDetails{Available: available, Needed: fee * invitations, Currency: c.Currency}, Fits: fit,
	}
	return e
}

// mayInvite judges an influencer by what Invitable told.
func mayInvite(accepts map[string]bool, influencer string) *Error {
	wants, known := accepts[influencer]
	switch {
	case !known:
		return invalid("influencer", rooms.Because("not_invitable", "is not an influencer who can be invited"))
	case !wants:
		return invalid("influencer", rooms.Because("takes_no_invitations", "takes no invitations at the moment"))
	default:
		return nil
	}
}

// sameMistake is the error of all invitations, when what is wrong is in what they share.
func sameMistake(results []invitedView) error {
	first := results[0].Error
	for _, r := range results {
		if r.Error == nil || r.Error.Code != rooms.CodeInvalid || r.Error.Field == "influencer" || r.Error.Field != first.Field {
			return nil
		}
	}
	return &Error{Info: *first, status: statusOf(first.Code)}
}

// decodeInvitations reads the body: the invitations, and what they have in common.
func decodeInvitations(raw []byte) ([]invitation, frame, *Error) {
	var space [maxMembers]member
	f := frame{kind: rooms.Open{}.Name()}
	members, refusal := splitObject(raw, space[:0])
	if refusal != nil {
		return nil, f, refusal
	}
	var list []invitation
	var open rooms.Open
	for _, m := range members {
		if m.name == "invitations" {
			list, refusal = decodeInvited(m.value)
		} else {
			refusal = decodeOpening(m, &open)
		}
		if refusal != nil {
			return nil, f, refusal
		}
	}
	if list == nil {
		return nil, f, invalid("invitations", rooms.Required())
	}
	if refusal := checkOpening(&open); refusal != nil {
		return nil, f, refusal
	}
	f.command = open
	return list, f, nil
}

func decodeInvited(raw []byte) ([]invitation, *Error) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || len(items) == 0 || len(items) > maxInvitations {
		return nil, invalid("invitations", rooms.ItemsAtMost(20))
	}
	ids, people := make(map[string]bool), make(map[string]bool)
	list := make([]invitation, len(items))
	for i, item := range items {
		var space [maxMembers]member
		members, refusal := splitObject(item, space[:0])
		if refusal != nil {
			return nil, refusal
		}
		for _, m := range members {
			switch m.name {
			case "id":
				list[i].ID, refusal = text(m, maxIDChars)
			case "influencer":
				list[i].Influencer, refusal = text(m, maxIDChars)
			default:
				refusal = invalid("invitations."+m.name, rooms.UnknownField())
			}
			if refusal != nil {
				return nil, refusal
			}
		}
		switch {
		case !isULID(list[i].ID):
			return nil, invalid("invitations.id", rooms.Form("must be a ULID"))
		case ids[list[i].ID]:
			return nil, invalid("invitations.id", rooms.Twice("is given twice"))
		case list[i].Influencer == "":
			return nil, invalid("invitations.influencer", rooms.Required())
		case people[list[i].Influencer]:
			return nil, invalid("invitations.influencer", rooms.Twice("is given twice"))
		}
		ids[list[i].ID], people[list[i].Influencer] = true, true
	}
	return list, nil
}
