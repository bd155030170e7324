package api

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/flags"
)

type (
	flagInput struct {
		Body struct {
			Kind   string `json:"kind" enum:"user,campaign,room"`
			ID     string `json:"id" minLength:"1" maxLength:"40"`
			Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Told to those whom it concerns"`
		}
	}
	liftInput struct {
		Kind string `path:"kind" enum:"user,campaign,room"`
		ID   string `path:"id" maxLength:"40"`
		Body struct {
			Note string `json:"note" minLength:"1" maxLength:"2000" doc:"Told to those whom it concerns; answers their appeals"`
		}
	}
	upholdInput struct {
		Flag string `path:"flag" maxLength:"40"`
		User string `path:"user" maxLength:"40"`
		Body struct {
			Answer string `json:"answer" minLength:"1" maxLength:"2000" doc:"Told to who appealed; the flag stays"`
		}
	}
	appealInput struct {
		Flag string `path:"flag" maxLength:"40"`
		Body struct {
			Text string `json:"text" minLength:"1" maxLength:"2000"`
		}
	}
	listFlagsInput struct {
		State   string `query:"state" enum:"open,ended,waiting" doc:"waiting: with an appeal that nobody has answered"`
		Kind    string `query:"kind" enum:"user,campaign,room"`
		Subject string `query:"subject" maxLength:"40" doc:"The id of what is flagged"`
		User    string `query:"user" maxLength:"40" doc:"Those that concern a user"`
		Cursor  string `query:"cursor" maxLength:"40"`
		Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"30"`
	}
	listFlagsOutput struct {
		Body struct {
			Items      []flagView `json:"items" nullable:"false"`
			NextCursor string     `json:"next_cursor" doc:"For the next page; empty at the end"`
			Waiting    int        `json:"waiting" doc:"Appeals that nobody has answered"`
		}
	}
	listOwnFlagsInput struct {
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"30"`
	}
	listOwnFlagsOutput struct {
		Body struct {
			Items      []ownFlagView `json:"items" nullable:"false"`
			NextCursor string        `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
)

type (
	// flagView is one review as admins see it.
	flagView struct {
		ID      string      `json:"id"`
		Kind    string      `json:"kind" enum:"user,campaign,room"`
		Subject string      `json:"subject"`
		Name    string      `json:"name" doc:"Of what is flagged; of a room its campaign's"`
		Reason  string      `json:"reason"`
		BegunAt rooms.Time  `json:"begun_at"`
		BegunBy personView  `json:"begun_by"`
		EndedAt *rooms.Time `json:"ended_at,omitempty" doc:"Absent while it is in force"`
		EndedBy *personView `json:"ended_by,omitempty"`
		Note    string      `json:"note" doc:"What those whom it concerns were told at its end"`
		Parties []partyView `json:"parties" nullable:"false" doc:"Whom it concerns"`
	}
	partyView struct {
		ID     string      `json:"id"`
		Name   string      `json:"name"`
		Appeal *appealView `json:"appeal,omitempty" doc:"Absent as long as there is none"`
	}
	appealView struct {
		Text       string      `json:"text"`
		At         rooms.Time  `json:"at"`
		Outcome    string      `json:"outcome" enum:"upheld,lifted," doc:"Empty until an admin has answered"`
		Answer     string      `json:"answer"`
		AnsweredAt *rooms.Time `json:"answered_at,omitempty"`
		AnsweredBy *personView `json:"answered_by,omitempty" doc:"Only for admins"`
	}
	// ownFlagView is one review as those see it whom it concerns: without names.
	ownFlagView struct {
		ID      string      `json:"id"`
		Kind    string      `json:"kind" enum:"user,campaign,room"`
		Subject string      `json:"subject"`
		Name    string      `json:"name" doc:"Of a campaign, and of a room's"`
		Reason  string      `json:"reason"`
		BegunAt rooms.Time  `json:"begun_at"`
		EndedAt *rooms.Time `json:"ended_at,omitempty" doc:"Absent while it is in force"`
		Note    string      `json:"note"`
		Appeal  *appealView `json:"appeal,omitempty" doc:"One's own; absent as long as there is none"`
	}
)

func (s *Server) adminFlagRoutes(tags []string) {
	handle(s, huma.Operation{
		OperationID: "flag", Method: http.MethodPost, Path: "/api/admin/flags", Tags: tags, Security: signedIn,
		Summary:       "Put a user, a campaign or a room under review: its rooms freeze, a user's connections close",
		DefaultStatus: http.StatusNoContent,
	}, s.flag)
	handle(s, huma.Operation{
		OperationID: "liftFlag", Method: http.MethodPost, Path: "/api/admin/flags/{kind}/{id}/lift", Tags: tags, Security: signedIn,
		Summary: "End a review and tell why: clocks go on", DefaultStatus: http.StatusNoContent,
	}, s.lift)
	handle(s, huma.Operation{
		OperationID: "upholdFlag", Method: http.MethodPost, Path: "/api/admin/flags/{flag}/appeals/{user}/uphold", Tags: tags, Security: signedIn,
		Summary: "Answer an appeal; the flag stays", DefaultStatus: http.StatusNoContent,
	}, s.uphold)
	handle(s, huma.Operation{
		OperationID: "listFlags", Method: http.MethodGet, Path: "/api/admin/flags", Tags: tags, Security: signedIn,
		Summary: "The history of flags, newest first",
	}, s.listFlags)
}

func (s *Server) ownFlagRoutes() {
	tags := []string{"flags"}
	handle(s, huma.Operation{
		OperationID: "listOwnFlags", Method: http.MethodGet, Path: "/api/me/flags", Tags: tags, Security: signedIn, Metadata: forFlagged,
		Summary: "What of one's own is or was under review, newest first",
	}, s.listOwnFlags)
	handle(s, huma.Operation{
		OperationID: "appeal", Method: http.MethodPost, Path: "/api/me/flags/{flag}/appeal", Tags: tags, Security: signedIn, Metadata: forFlagged,
		Summary: "Answer a review, once", DefaultStatus: http.StatusNoContent,
	}, s.appeal)
}

// words cleans what a person wrote: it must say something, in so many characters, of
// which the only controls are those that break lines.
func words(field, text string, most int) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", invalid(field, rooms.Required())
	case utf8.RuneCountInString(text) > most:
		return "", invalid(field, rooms.Because("too_long", "is too long"))
	case rooms.HasControls(text, "\n\r\t"):
		return "", invalid(field, rooms.ControlCharacters())
	}
	return text, nil
}

func (s *Server) flag(ctx context.Context, r *request, in *flagInput) (*struct{}, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	reason, err := words("reason", in.Body.Reason, rooms.MaxReason)
	if err != nil {
		return nil, err
	}
	kind, id := store.FlagKind(in.Body.Kind), in.Body.ID
	if kind == store.FlagUser && id == r.who.id {
		return nil, invalid("id", rooms.Because("own", "must not be your own"))
	}
	if err := s.flags.Set(ctx, kind, id, reason, r.origin().deed(r.who)); err != nil {
		return nil, found(err, in.Body.Kind)
	}
	if kind == store.FlagUser {
		// The flag is committed: whoever connects from now on is refused.
		s.hub.Disconnect(id, closeFlagged, "flagged")
	}
	return nil, nil
}

func (s *Server) lift(ctx context.Context, r *request, in *liftInput) (*struct{}, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	note, err := words("note", in.Body.Note, flags.MaxText)
	if err != nil {
		return nil, err
	}
	return nil, found(s.flags.Lift(ctx, store.FlagKind(in.Kind), in.ID, note, r.origin().deed(r.who)), in.Kind)
}

func (s *Server) uphold(ctx context.Context, r *request, in *upholdInput) (*struct{}, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	answer, err := words("answer", in.Body.Answer, flags.MaxText)
	if err != nil {
		return nil, err
	}
	return nil, found(s.flags.Uphold(ctx, in.Flag, in.User, answer, r.origin().deed(r.who)), "appeal")
}

func (s *Server) appeal(ctx context.Context, r *request, in *appealInput) (*struct{}, error) {
	text, err := words("text", in.Body.Text, flags.MaxText)
	if err != nil {
		return nil, err
	}
	return nil, found(s.flags.Appeal(ctx, in.Flag, text, r.origin().deed(r.who)), "flag")
}

func (in *listFlagsInput) filter() flags.Filter {
	return flags.Filter{
		State: in.State, Kind: store.FlagKind(in.Kind), Subject: in.Subject, User: in.User, Cursor: in.Cursor, Limit: in.Limit,
	}
}

func (s *Server) listFlags(ctx context.Context, r *request, in *listFlagsInput) (*listFlagsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := flags.List(ctx, s.store, in.filter())
	if err != nil {
		return nil, err
	}
	out := &listFlagsOutput{}
	if out.Body.Waiting, err = flags.Waiting(ctx, s.store); err != nil {
		return nil, err
	}
	out.Body.Items, out.Body.NextCursor = views(list, viewFlag), next
	return out, nil
}

func (s *Server) listOwnFlags(ctx context.Context, r *request, in *listOwnFlagsInput) (*listOwnFlagsOutput, error) {
	list, next, err := flags.List(ctx, s.store, flags.Filter{User: r.who.id, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &listOwnFlagsOutput{}
	out.Body.NextCursor = next
	out.Body.Items = make([]ownFlagView, len(list))
	for i := range list {
		out.Body.Items[i] = viewOwnFlag(&list[i], r.who.id)
	}
	return out, nil
}

func viewFlag(f *flags.Flag) flagView {
	v := flagView{
		ID: f.ID, Kind: string(f.Kind), Subject: f.Subject, Name: f.Name, Reason: f.Reason,
		BegunAt: f.BegunAt, BegunBy: viewPerson(f.BegunBy), EndedAt: f.EndedAt, Note: f.Note,
		Parties: make([]partyView, len(f.Parties)),
	}
	if f.EndedAt != nil {
		by := viewPerson(f.EndedBy)
		v.EndedBy = &by
	}
	for i := range f.Parties {
		p := &f.Parties[i]
		v.Parties[i] = partyView{ID: p.ID, Name: p.Name, Appeal: viewAppeal(p)}
		if a := v.Parties[i].Appeal; a != nil && p.AnsweredAt != nil {
			by := viewPerson(p.AnsweredBy)
			a.AnsweredBy = &by
		}
	}
	return v
}

func viewOwnFlag(f *flags.Flag, user string) ownFlagView {
	v := ownFlagView{
		ID: f.ID, Kind: string(f.Kind), Subject: f.Subject, Name: f.Name, Reason: f.Reason,
		BegunAt: f.BegunAt, EndedAt: f.EndedAt, Note: f.Note,
	}
	for i := range f.Parties {
		if p := &f.Parties[i]; p.ID == user {
			v.Appeal = viewAppeal(p)
		}
	}
	return v
}

func viewAppeal(p *flags.Party) *appealView {
	if p.AppealedAt == nil {
		return nil
	}
	return &appealView{Text: p.Appeal, At: *p.AppealedAt, Outcome: p.Outcome, Answer: p.Answer, AnsweredAt: p.AnsweredAt}
}

func viewPerson(p flags.Person) personView { return personView{ID: p.ID, Name: p.Name} }
