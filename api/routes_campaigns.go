package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store"
)

type campaignBody struct {
	Name        string         `json:"name" minLength:"1" maxLength:"120"`
	Description string         `json:"description,omitempty" maxLength:"4000"`
	Goals       string         `json:"goals,omitempty" maxLength:"2000"`
	Category    string         `json:"category,omitempty" maxLength:"60"`
	Niches      []string       `json:"niches,omitempty" maxItems:"10" nullable:"false"`
	Platforms   []platformText `json:"platforms,omitempty" maxItems:"12" uniqueItems:"true" nullable:"false" doc:"That content is wanted on"`
	StartsOn    rooms.Date     `json:"starts_on" format:"date"`
	EndsOn      rooms.Date     `json:"ends_on" format:"date" doc:"The last day"`
	Budget      rooms.Money    `json:"budget"`
	Visibility  string         `json:"visibility,omitempty" enum:"public,private" doc:"By default private"`
}

type campaignPatch struct {
	Name        *string         `json:"name,omitempty" minLength:"1" maxLength:"120"`
	Description *string         `json:"description,omitempty" maxLength:"4000"`
	Goals       *string         `json:"goals,omitempty" maxLength:"2000"`
	Category    *string         `json:"category,omitempty" maxLength:"60"`
	Niches      *[]string       `json:"niches,omitempty" maxItems:"10" nullable:"false"`
	Platforms   *[]platformText `json:"platforms,omitempty" maxItems:"12" uniqueItems:"true" nullable:"false"`
	StartsOn    *rooms.Date     `json:"starts_on,omitempty" format:"date"`
	EndsOn      *rooms.Date     `json:"ends_on,omitempty" format:"date"`
	Budget      *rooms.Money    `json:"budget,omitempty"`
	Visibility  *string         `json:"visibility,omitempty" enum:"public,private"`
}

type (
	createCampaignInput struct{ Body campaignBody }
	campaignOutput      struct{ Body campaignView }
	campaignInput       struct {
		ID string `path:"id"`
	}
	updateCampaignInput struct {
		ID   string `path:"id"`
		Body campaignPatch
	}
	listCampaignsInput struct {
		Archived string `query:"archived" enum:"yes,no" doc:"Only those that are archived, or that are not"`
		Cursor   string `query:"cursor" maxLength:"200"`
		Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	listCampaignsOutput struct {
		Body struct {
			Items      []campaignView `json:"items" nullable:"false"`
			NextCursor string         `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
)

func (s *Server) campaignRoutes() {
	tags := []string{"campaigns"}
	handle(s, huma.Operation{
		OperationID: "listCampaigns", Method: http.MethodGet, Path: "/api/campaigns", Tags: tags, Security: signedIn,
		Summary: "One's own campaigns, the newest first",
	}, s.listCampaigns)
	handle(s, huma.Operation{
		OperationID: "createCampaign", Method: http.MethodPost, Path: "/api/campaigns", Tags: tags, Security: signedIn,
		Summary: "Create a campaign", DefaultStatus: http.StatusCreated,
	}, s.createCampaign)
	handle(s, huma.Operation{
		OperationID: "getCampaign", Method: http.MethodGet, Path: "/api/campaigns/{id}", Tags: tags, Security: signedIn,
		Summary: "A campaign; its figures only for the owner",
	}, s.getCampaign)
	handle(s, huma.Operation{
		OperationID: "updateCampaign", Method: http.MethodPatch, Path: "/api/campaigns/{id}", Tags: tags, Security: signedIn,
		Summary: "Change a campaign; sent terms stay as they are",
	}, s.updateCampaign)
	handle(s, huma.Operation{
		OperationID: "archiveCampaign", Method: http.MethodPost, Path: "/api/campaigns/{id}/archive", Tags: tags, Security: signedIn,
		Summary: "End a campaign for good: its open ad requests close, its holds are released; refused while a deal is in force",
	}, s.archiveCampaign)
}

func (s *Server) listCampaigns(ctx context.Context, r *request, in *listCampaignsInput) (*listCampaignsOutput, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	list, next, err := s.store.ListCampaigns(ctx, r.who.id, store.CampaignFilter{
		Archived: yesOrNo(in.Archived), Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &listCampaignsOutput{}
	out.Body.NextCursor = next
	if out.Body.Items, err = s.viewCampaigns(ctx, list, true); err != nil {
		return nil, err
	}
	return out, nil
}

// viewCampaigns shows campaigns, with the figures if they are the caller's to see.
func (s *Server) viewCampaigns(ctx context.Context, list []store.Campaign, figures bool) ([]campaignView, error) {
	views := make([]campaignView, len(list))
	ids := make([]string, len(list))
	for i := range list {
		views[i], ids[i] = viewCampaign(&list[i], figures), list[i].ID
	}
	if !figures || len(list) == 0 {
		return views, nil
	}
	counts, err := s.store.RoomCounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		count := counts[id]
		views[i].RoomCount = &count
	}
	return views, nil
}

// showCampaign answers with one campaign.
func (s *Server) showCampaign(ctx context.Context, c *store.Campaign, figures bool) (*campaignOutput, error) {
	views, err := s.viewCampaigns(ctx, []store.Campaign{*c}, figures)
	if err != nil {
		return nil, err
	}
	return &campaignOutput{Body: views[0]}, nil
}

func (s *Server) createCampaign(ctx context.Context, r *request, in *createCampaignInput) (*campaignOutput, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	b := &in.Body
	public := b.Visibility == visibilityPublic
	if err := r.who.mayShow(public); err != nil {
		return nil, err
	}
	name, err := cleanLine("name", b.Name, true)
	if err != nil {
		return nil, err
	}
	if !b.Budget.Currency.Valid() {
		return nil, invalid("budget.currency", rooms.Because("currency", "must be an ISO 4217 code such as EUR"))
	}
	starts, ends, err := campaignDates(&b.StartsOn, &b.EndsOn)
	if err != nil {
		return nil, err
	}
	if err := s.endsAhead(*ends); err != nil {
		return nil, err
	}
	c, err := s.store.CreateCampaign(ctx, store.Campaign{
		Sponsor: r.who.id, Name: name, Description: b.Description, Goals: b.Goals,
		Category: b.Category, Niches: b.Niches, Platforms: platformsOf(b.Platforms), StartsAt: *starts, EndsAt: *ends,
		Public: public, Currency: b.Budget.Currency, Budget: b.Budget.Amount,
	})
	if err != nil {
		return nil, err
	}
	return s.showCampaign(ctx, &c, true)
}

// campaignDates turns the first and the last day into the instants that begin
// and end a campaign.
func campaignDates(first, last *rooms.Date) (starts, ends *rooms.Time, err error) {
	if first != nil {
		t, err := first.Time()
		if err != nil {
			return nil, nil, invalid("starts_on", rooms.NoDate())
		}
		at := rooms.At(t)
		starts = &at
	}
	if last != nil {
		t, err := last.Time()
		if err != nil {
			return nil, nil, invalid("ends_on", rooms.NoDate())
		}
		at := rooms.At(t.AddDate(0, 0, 1))
		if at.Year() > 9999 { // no answer could say it: RFC 3339 knows four digits
			return nil, nil, invalid("ends_on", rooms.NoDate())
		}
		ends = &at
	}
	if starts != nil && ends != nil && !starts.Before(*ends) {
		return nil, nil, invalid("ends_on", rooms.Because("before_start", "must not be before starts_on"))
	}
	return starts, ends, nil
}

// endsAhead refuses an end that lies behind.
func (s *Server) endsAhead(ends rooms.Time) error {
	if !s.cfg.Clock().Before(ends.Time) {
		return invalid("ends_on", rooms.Because("past", "must not be past"))
	}
	return nil
}

func (s *Server) getCampaign(ctx context.Context, r *request, in *campaignInput) (*campaignOutput, error) {
	c, err := s.store.Campaign(ctx, in.ID)
	if err != nil {
		return nil, found(err, "campaign")
	}
	switch {
	case r.who.role == rooms.Admin, c.Sponsor == r.who.id:
		return s.showCampaign(ctx, &c, true)
	case r.who.role != rooms.Influencer:
		return nil, notFound("campaign")
	}
	sponsor, err := s.store.UserByID(ctx, c.Sponsor)
	if err != nil {
		return nil, found(err, "campaign")
	}
	if !c.Public || c.FlaggedAt != nil || c.ArchivedAt != nil || sponsor.FlaggedAt != nil {
		// Not on show, but those who negotiate in it know it.
		list, _, _, err := s.store.ListRooms(ctx, r.who.id, store.RoomFilter{Campaign: c.ID, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, notFound("campaign")
		}
	}
	return s.showCampaign(ctx, &c, false)
}

func (s *Server) updateCampaign(ctx context.Context, r *request, in *updateCampaignInput) (*campaignOutput, error) {
	if r.who.role != rooms.Sponsor {
		return nil, notFound("campaign")
	}
	b := &in.Body
	current, err := s.store.Campaign(ctx, in.ID)
	if err != nil {
		return nil, found(err, "campaign")
	}
	if current.Sponsor != r.who.id {
		return nil, notFound("campaign")
	}
	if b.Name != nil {
		if *b.Name, err = cleanLine("name", *b.Name, true); err != nil {
			return nil, err
		}
	}
	starts, ends, err := campaignDates(b.StartsOn, b.EndsOn)
	if err != nil {
		return nil, err
	}
	// A form sends every field: what stays as it is may be past.
	if ends != nil && !ends.Equal(current.EndsAt.Time) {
		if err := s.endsAhead(*ends); err != nil {
			return nil, err
		}
	}
	switch {
	case starts != nil && ends == nil && !starts.Before(current.EndsAt):
		return nil, invalid("starts_on", rooms.Because("after_end", "must not be after ends_on"))
	case ends != nil && starts == nil && !current.StartsAt.Before(*ends):
		return nil, invalid("ends_on", rooms.Because("before_start", "must not be before starts_on"))
	}
	patch := store.CampaignPatch{
		Name: b.Name, Description: b.Description, Goals: b.Goals, Category: b.Category, Niches: b.Niches,
		StartsAt: starts, EndsAt: ends,
	}
	if b.Platforms != nil {
		platforms := platformsOf(*b.Platforms)
		patch.Platforms = &platforms
	}
	if b.Visibility != nil {
		public := *b.Visibility == visibilityPublic
		if err := r.who.mayShow(public && !current.Public); err != nil {
			return nil, err
		}
		patch.Public = &public
	}
	if b.Budget != nil {
		if b.Budget.Currency != current.Currency {
			return nil, invalid("budget.currency", rooms.OneOf(string(current.Currency)))
		}
		patch.Budget = &b.Budget.Amount
	}
	c, err := s.store.UpdateCampaign(ctx, r.who.id, in.ID, patch)
	if err != nil {
		return nil, found(err, "campaign")
	}
	return s.showCampaign(ctx, &c, true)
}

func (s *Server) archiveCampaign(ctx context.Context, r *request, in *campaignInput) (*campaignOutput, error) {
	if r.who.role != rooms.Sponsor {
		return nil, notFound("campaign")
	}
	if err := s.store.ArchiveCampaign(ctx, r.who.id, in.ID); err != nil {
		return nil, found(err, "campaign")
	}
	c, err := s.store.Campaign(ctx, in.ID)
	if err != nil {
		return nil, found(err, "campaign")
	}
	return s.showCampaign(ctx, &c, true)
}

// yesOrNo is a filter that may be absent.
func yesOrNo(text string) *bool {
	if text == "" {
		return nil
	}
	yes := text == "yes"
	return &yes
}

func platformsOf(list []platformText) []string {
	platforms := make([]string, len(list))
	for i, p := range list {
		platforms[i] = string(p)
	}
	return platforms
}
