package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/outbox/letter"
	"parley/store/profiles"
)

type (
	applicantView struct {
		ID           string     `json:"id"`
		Email        string     `json:"email"`
		Name         string     `json:"name"`
		Verified     bool       `json:"verified" doc:"Whether the address was confirmed"`
		Kind         string     `json:"kind"`
		Industry     string     `json:"industry"`
		CreatedAt    rooms.Time `json:"created_at"`
		RefuseReason string     `json:"refuse_reason,omitempty"`
	}
	applicantsInput struct {
		State  string `query:"state" enum:"pending,refused" default:"pending"`
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	applicantsOutput struct {
		Body struct {
			Items      []applicantView `json:"items" nullable:"false"`
			NextCursor string          `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	applicantInput struct {
		ID string `path:"id" maxLength:"40"`
	}
	refuseInput struct {
		ID   string `path:"id" maxLength:"40"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Told to the sponsor"`
		}
	}
)

func (s *Server) approvalRoutes() {
	tags := []string{"admin"}
	handle(s, huma.Operation{
		OperationID: "listApplicants", Method: http.MethodGet, Path: "/api/admin/approvals", Tags: tags, Security: signedIn,
		Summary: "Sponsors of whom an admin is to decide, or who were refused, newest first",
	}, s.listApplicants)
	handle(s, huma.Operation{
		OperationID: "approveSponsor", Method: http.MethodPost, Path: "/api/admin/approvals/{id}/approve", Tags: tags, Security: signedIn,
		Summary: "Let a sponsor negotiate; the sponsor is told at once", DefaultStatus: http.StatusNoContent,
	}, s.approveSponsor)
	handle(s, huma.Operation{
		OperationID: "refuseSponsor", Method: http.MethodPost, Path: "/api/admin/approvals/{id}/refuse", Tags: tags, Security: signedIn,
		Summary: "Do not let a sponsor negotiate; the sponsor is told why", DefaultStatus: http.StatusNoContent,
	}, s.refuseSponsor)
}

func (s *Server) listApplicants(ctx context.Context, r *request, in *applicantsInput) (*applicantsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := s.store.ListUsers(ctx, store.UserFilter{
		Role: rooms.Sponsor, Pending: in.State == "pending", Refused: in.State == "refused", Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &applicantsOutput{}
	out.Body.NextCursor = next
	out.Body.Items = make([]applicantView, len(list))
	for i := range list {
		u := &list[i]
		card, err := profiles.CardOf(ctx, s.store, u.ID)
		if err != nil {
			return nil, err
		}
		out.Body.Items[i] = applicantView{
			ID: u.ID, Email: u.Email, Name: u.Name, Verified: u.VerifiedAt != nil, Kind: card.Kind, Industry: card.Industry,
			CreatedAt: u.CreatedAt, RefuseReason: u.RefuseReason,
		}
	}
	return out, nil
}

func (s *Server) approveSponsor(ctx context.Context, r *request, in *applicantInput) (*struct{}, error) {
	yes, none := true, ""
	return nil, s.judge(ctx, r, in.ID, judgement{
		patch: store.UserPatch{Approved: &yes, RefuseReason: &none}, letter: s.approvedLetter(),
		action: audit.ActionUserApproved, data: json.RawMessage(`{}`),
	})
}

func (s *Server) refuseSponsor(ctx context.Context, r *request, in *refuseInput) (*struct{}, error) {
	reason, err := cleanLine("reason", in.Body.Reason, true)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(map[string]string{"reason": reason})
	if err != nil {
		return nil, err
	}
	return nil, s.judge(ctx, r, in.ID, judgement{
		patch: store.UserPatch{RefuseReason: &reason}, letter: s.refusedLetter(reason),
		action: audit.ActionUserRefused, data: data,
	})
}

// judgement is what an admin decides about a sponsor who waits, or was refused.
type judgement struct {
	patch  store.UserPatch
	letter letter.Letter
	action audit.Action
	data   json.RawMessage // of the notice
}

func (s *Server) judge(ctx context.Context, r *request, id string, j judgement) error {
	if err := r.who.need(rooms.Admin); err != nil {
		return err
	}
	err := s.run(ctx, func(ctx context.Context, t *store.Tx) error {
		u, err := t.User(ctx, id)
		switch {
		case err != nil:
			return err
		case u.Role != rooms.Sponsor:
			return store.ErrNotFound
		case u.Approved:
			return rooms.NotAllowed("approved_already", "The sponsor is approved already.")
		}
		if _, err := t.UpdateUser(ctx, id, j.patch); err != nil {
			return err
		}
		if err := notices.Add(ctx, t, notices.Notice{User: id, Kind: j.letter.Kind, Data: j.data}); err != nil {
			return err
		}
		mailID, err := t.NewID()
		if err != nil {
			return err
		}
		mail, err := j.letter.Mail(j.letter.Kind+":"+mailID, u.ID, u.Email)
		if err != nil {
			return err
		}
		return outbox.Put(ctx, t, mail)
	}, audit.Also(r.origin().entry(r.who, j.action, "user", id)))
	return found(err, "sponsor")
}
