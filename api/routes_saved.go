package api

import (
	"context"
	"net/http"
	"net/url"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store/search"
)

// savedView is a search that somebody has named.
type savedView struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" enum:"campaigns,influencers"`
	Name      string     `json:"name"`
	Query     string     `json:"query" doc:"The parameters of the search, as in an address"`
	CreatedAt rooms.Time `json:"created_at"`
}

type (
	listSavedInput struct {
		Kind string `query:"kind" enum:"campaigns,influencers" doc:"By default the kind of one's role"`
	}
	listSavedOutput struct {
		Body struct {
			Items []savedView `json:"items" nullable:"false" doc:"The newest first"`
			Limit int         `json:"limit" doc:"How many one may have"`
		}
	}
	saveInput struct {
		Body struct {
			Name  string `json:"name" minLength:"1" maxLength:"80"`
			Query string `json:"query" maxLength:"1500" doc:"The parameters of the search, as in an address"`
		}
	}
	savedOutput      struct{ Body savedView }
	renameSavedInput struct {
		ID   string `path:"id" maxLength:"40"`
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"80"`
		}
	}
	deleteSavedInput struct {
		ID string `path:"id" maxLength:"40"`
	}
)

func (s *Server) savedRoutes() {
	tags := []string{"search"}
	handle(s, huma.Operation{
		OperationID: "listSavedSearches", Method: http.MethodGet, Path: "/api/saved-searches", Tags: tags, Security: signedIn,
		Summary: "One's saved searches: of campaigns for influencers, of influencers for sponsors",
	}, s.listSaved)
	handle(s, huma.Operation{
		OperationID: "saveSearch", Method: http.MethodPost, Path: "/api/saved-searches", Tags: tags, Security: signedIn,
		Summary: "Save a search", DefaultStatus: http.StatusCreated,
	}, s.saveSearch)
	handle(s, huma.Operation{
		OperationID: "renameSavedSearch", Method: http.MethodPatch, Path: "/api/saved-searches/{id}", Tags: tags, Security: signedIn,
		Summary: "Give a saved search another name",
	}, s.renameSaved)
	handle(s, huma.Operation{
		OperationID: "deleteSavedSearch", Method: http.MethodDelete, Path: "/api/saved-searches/{id}", Tags: tags, Security: signedIn,
		Summary: "Forget a saved search", DefaultStatus: http.StatusNoContent,
	}, s.deleteSaved)
}

// savedKind is what somebody searches for.
func savedKind(who *caller) (search.Kind, error) {
	switch who.role {
	case rooms.Influencer:
		return search.KindCampaigns, nil
	case rooms.Sponsor:
		return search.KindInfluencers, nil
	default:
		return "", forbidden("Only sponsors and influencers save searches.", "")
	}
}

func viewSaved(s *search.Saved) savedView {
	return savedView{ID: s.ID, Kind: string(s.Kind), Name: s.Name, Query: s.Query, CreatedAt: s.CreatedAt}
}

func (s *Server) listSaved(ctx context.Context, r *request, in *listSavedInput) (*listSavedOutput, error) {
	kind, err := savedKind(r.who)
	if err != nil {
		return nil, err
	}
	if in.Kind != "" {
		kind = search.Kind(in.Kind)
	}
	list, err := s.search.SavedSearches(ctx, r.who.id, kind)
	if err != nil {
		return nil, err
	}
	out := &listSavedOutput{}
	out.Body.Limit = search.MaxSaved
	out.Body.Items = make([]savedView, len(list))
	for i := range list {
		out.Body.Items[i] = viewSaved(&list[i])
	}
	return out, nil
}

func (s *Server) saveSearch(ctx context.Context, r *request, in *saveInput) (*savedOutput, error) {
	kind, err := savedKind(r.who)
	if err != nil {
		return nil, err
	}
	name, err := cleanLine("name", in.Body.Name, true)
	if err != nil {
		return nil, err
	}
	query, err := savedQuery(kind, in.Body.Query)
	if err != nil {
		return nil, err
	}
	saved, err := s.search.Save(ctx, r.who.id, search.Saved{Kind: kind, Name: name, Query: query})
	if err != nil {
		return nil, err
	}
	return &savedOutput{Body: viewSaved(&saved)}, nil
}

// savedQuery is a query in its one form. It holds what its search knows, but for the
// place in the list; what it says is checked when it is run, as that may change.
func savedQuery(kind search.Kind, text string) (string, error) {
	query, err := url.ParseQuery(text)
	if err != nil {
		return "", invalid("query", rooms.Because("search_query", "is not that of an address"))
	}
	input := reflect.TypeFor[searchCampaignsInput]()
	if kind == search.KindInfluencers {
		input = reflect.TypeFor[searchInfluencersInput]()
	}
	known := make(map[string]bool)
	for i := range input.NumField() {
		known[input.Field(i).Tag.Get("query")] = true
	}
	for name, values := range query {
		if !known[name] || name == "cursor" || name == "limit" || len(values) != 1 {
			return "", invalid("query", rooms.Because("search_query", "holds what the search does not know"))
		}
	}
	return query.Encode(), nil
}

func (s *Server) renameSaved(ctx context.Context, r *request, in *renameSavedInput) (*savedOutput, error) {
	name, err := cleanLine("name", in.Body.Name, true)
	if err != nil {
		return nil, err
	}
	saved, err := s.search.RenameSaved(ctx, r.who.id, in.ID, name)
	if err != nil {
		return nil, found(err, "saved search")
	}
	return &savedOutput{Body: viewSaved(&saved)}, nil
}

func (s *Server) deleteSaved(ctx context.Context, r *request, in *deleteSavedInput) (*struct{}, error) {
	return nil, found(s.search.DeleteSaved(ctx, r.who.id, in.ID), "saved search")
}
