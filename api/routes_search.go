package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/api/cache"
	"parley/rooms"
	"parley/store/search"
)

type (
	searchCampaignsInput struct {
		Query     string       `query:"q" maxLength:"1000" doc:"Words, in any order; each stands for all that begin with it"`
		Category  string       `query:"category" maxLength:"60" doc:"Its words"`
		Niche     string       `query:"niche" maxLength:"60" doc:"Its words"`
		Platform  platformText `query:"platform" doc:"That content is wanted on"`
		Currency  string       `query:"currency" maxLength:"3" doc:"Of the budget; needed where budgets are compared"`
		MinBudget int64        `query:"min_budget" minimum:"0" maximum:"100000000000000" doc:"Minor units"`
		MaxBudget int64        `query:"max_budget" minimum:"0" maximum:"100000000000000" doc:"Minor units; 0 for no bound"`
		From      string       `query:"from" maxLength:"10" doc:"A date: campaigns that still run on it"`
		Until     string       `query:"until" maxLength:"10" doc:"A date: campaigns that have begun by then"`
		Sort      string       `query:"sort" enum:"best,newest,ending,budget" doc:"By default the best match; budget needs a currency"`
		Cursor    string       `query:"cursor" maxLength:"200"`
		Limit     int          `query:"limit" minimum:"1" maximum:"100" default:"20"`
	}
	searchCampaignsOutput struct {
		Body struct {
			Items      []openCampaignView `json:"items" nullable:"false"`
			NextCursor string             `json:"next_cursor" doc:"For the next page; empty at the end"`
			Corrected  []string           `json:"corrected,omitempty" doc:"The words that were looked for where nothing holds those that were typed"`
		}
	}
	searchInfluencersInput struct {
		Query         string       `query:"q" maxLength:"1000" doc:"Words of name, handles, bio, category and niches, in any order; each stands for all that begin with it"`
		Category      string       `query:"category" maxLength:"60" doc:"Its words"`
		Niche         string       `query:"niche" maxLength:"60" doc:"Its words"`
		Platform      platformText `query:"platform"`
		MinReach      int64        `query:"min_reach" minimum:"0" maximum:"100000000000" doc:"Followers"`
		MaxReach      int64        `query:"max_reach" minimum:"0" maximum:"100000000000" doc:"Followers; 0 for no bound"`
		MinEngagement int64        `query:"min_engagement" minimum:"0" maximum:"10000" doc:"Basis points"`
		MaxEngagement int64        `query:"max_engagement" minimum:"0" maximum:"10000" doc:"Basis points; 0 for no bound"`
		Currency      string       `query:"currency" maxLength:"3" doc:"Of fees; needed where they are compared"`
		MinFee        int64        `query:"min_fee" minimum:"0" maximum:"100000000000000" doc:"Of the typical fee of at least three deals, in minor units"`
		MaxFee        int64        `query:"max_fee" minimum:"0" maximum:"100000000000000" doc:"Minor units; 0 for no bound"`
		Accepts       bool         `query:"accepts_invites" doc:"Only those who may be invited"`
		Sort          string       `query:"sort" enum:"best,reach,engagement,active" doc:"By default the best match"`
		Cursor        string       `query:"cursor" maxLength:"200"`
		Limit         int          `query:"limit" minimum:"1" maximum:"100" default:"20"`
	}
	searchInfluencersOutput struct {
		Body struct {
			Items      []influencerView `json:"items" nullable:"false"`
			NextCursor string           `json:"next_cursor" doc:"For the next page; empty at the end"`
			Corrected  []string         `json:"corrected,omitempty" doc:"The words that were looked for where nothing holds those that were typed"`
		}
	}
)

// openCampaignView is what a stranger may see of a campaign: the budget as a whole and
// never what is taken of it, nor by whom.
type openCampaignView struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Goals       string      `json:"goals"`
	Category    string      `json:"category"`
	Niches      []string    `json:"niches" nullable:"false"`
	Platforms   []string    `json:"platforms" nullable:"false" doc:"That content is wanted on"`
	StartsOn    rooms.Date  `json:"starts_on" format:"date"`
	EndsOn      rooms.Date  `json:"ends_on" format:"date" doc:"The last day"`
	EndsAt      rooms.Time  `json:"ends_at" doc:"The first instant after the campaign"`
	Budget      rooms.Money `json:"budget" doc:"The whole of it"`
	Sponsor     personView  `json:"sponsor"`
	Room        string      `json:"room,omitempty" doc:"One's own negotiation in it, if there is one"`
}

// influencerView is what a sponsor finds.
type influencerView struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Slug           string         `json:"slug" doc:"The short address: /i/{slug}"`
	Bio            string         `json:"bio"`
	Category       string         `json:"category"`
	Niches         []string       `json:"niches" nullable:"false"`
	Picture        *pictureView   `json:"picture,omitempty"`
	AcceptsInvites bool           `json:"accepts_invites"`
	Reach          int64          `json:"reach" doc:"Followers on all platforms"`
	EngagementBP   int64          `json:"engagement_bp" doc:"Over all platforms, in basis points"`
	CompletedDeals int64          `json:"completed_deals"`
	ActiveAt       rooms.Time     `json:"active_at" doc:"The last sign of life"`
	Platforms      []platformView `json:"platforms" nullable:"false" doc:"Most followers first"`
	Fees           []feesView     `json:"fees" nullable:"false" doc:"Of past deals, by currency, where there are at least three"`
}

// feesView are amounts in minor units, rounded to steps of 1, 2, 5, 10 … so that no single
// deal is told.
type feesView struct {
	Currency rooms.Currency `json:"currency"`
	Deals    int64          `json:"deals"`
	Low      int64          `json:"low" doc:"At most the lowest fee"`
	Typical  int64          `json:"typical" doc:"About the median"`
	High     int64          `json:"high" doc:"At least the highest fee"`
}

func (s *Server) searchRoutes() {
	tags := []string{"search"}
	handle(s, huma.Operation{
		OperationID: "searchCampaigns", Method: http.MethodGet, Path: "/api/open-campaigns", Tags: tags, Security: signedIn,
		Summary: "Search the public campaigns that one may apply to, for influencers",
	}, s.searchCampaigns)
	handle(s, huma.Operation{
		OperationID: "searchInfluencers", Method: http.MethodGet, Path: "/api/influencers", Tags: tags, Security: signedIn,
		Summary: "Search influencers, for sponsors",
	}, s.searchInfluencers)
}

func (s *Server) searchCampaigns(ctx context.Context, r *request, in *searchCampaignsInput) (*searchCampaignsOutput, error) {
	if r.who.role != rooms.Admin {
		if err := r.who.need(rooms.Influencer); err != nil {
			return nil, err
		}
	}
	currency, err := currencyOf(in.Currency)
	if err != nil {
		return nil, err
	}
	f := search.CampaignFilter{
		Text: in.Query, Category: in.Category, Niche: in.Niche, Platform: string(in.Platform),
		Currency: currency, MinBudget: in.MinBudget, MaxBudget: in.MaxBudget,
		Sort: search.CampaignSort(in.Sort), Now: rooms.At(s.cfg.Clock()), Cursor: in.Cursor, Limit: in.Limit,
	}
	if in.From != "" {
		day, err := rooms.Date(in.From).Time()
		if err != nil {
			return nil, invalid("from", rooms.NoDate())
		}
		at := rooms.At(day)
		f.From = &at
	}
	if in.Until != "" {
		day, err := rooms.Date(in.Until).Time()
		if err != nil {
			return nil, invalid("until", rooms.NoDate())
		}
		at := rooms.At(day.AddDate(0, 0, 1))
		f.Until = &at
	}
	// What is found is the same for everybody; the reader's own rooms are not kept.
	page, err := cachedFor(ctx, s, spaceCampaigns, cache.Everybody(), func(ctx context.Context) (search.Page[search.Campaign], error) {
		return s.search.Campaigns(ctx, f)
	}, fmt.Sprintf("%#v", *in))
	if err != nil {
		return nil, err
	}
	known, err := s.search.RoomsIn(ctx, r.who.id, page.Items)
	if err != nil {
		return nil, err
	}
	out := &searchCampaignsOutput{}
	out.Body.NextCursor, out.Body.Corrected = page.Next, page.Corrected
	out.Body.Items = make([]openCampaignView, len(page.Items))
	for i := range page.Items {
		c := &page.Items[i]
		out.Body.Items[i] = openCampaignView{
			ID: c.ID, Name: c.Name, Description: c.Description, Goals: c.Goals, Category: c.Category,
			Niches: orEmpty(c.Niches), Platforms: orEmpty(c.Platforms),
			StartsOn: dateOf(c.StartsAt.Time), EndsOn: lastDay(c.EndsAt), EndsAt: c.EndsAt,
			Budget:  rooms.Money{Amount: c.Budget, Currency: c.Currency},
			Sponsor: personView{ID: c.Sponsor, Name: c.SponsorName}, Room: known[c.ID],
		}
	}
	return out, nil
}

func (s *Server) searchInfluencers(ctx context.Context, r *request, in *searchInfluencersInput) (*searchInfluencersOutput, error) {
	if r.who.role != rooms.Admin {
		if err := r.who.need(rooms.Sponsor); err != nil {
			return nil, err
		}
	}
	currency, err := currencyOf(in.Currency)
	if err != nil {
		return nil, err
	}
	page, err := s.search.Influencers(ctx, search.InfluencerFilter{
		Text: in.Query, Category: in.Category, Niche: in.Niche, Platform: string(in.Platform),
		MinReach: in.MinReach, MaxReach: in.MaxReach, MinEngagement: in.MinEngagement, MaxEngagement: in.MaxEngagement,
		Currency: currency, MinFee: in.MinFee, MaxFee: in.MaxFee, AcceptsInvites: in.Accepts,
		Sort: search.InfluencerSort(in.Sort), Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &searchInfluencersOutput{}
	out.Body.NextCursor, out.Body.Corrected = page.Next, page.Corrected
	out.Body.Items = make([]influencerView, len(page.Items))
	for i := range page.Items {
		out.Body.Items[i] = viewInfluencer(&page.Items[i])
	}
	return out, nil
}

func viewInfluencer(i *search.Influencer) influencerView {
	v := influencerView{
		ID: i.ID, Name: i.Name, Slug: i.Slug, Bio: i.Bio, Category: i.Category, Niches: orEmpty(i.Niches),
		Picture: viewPicture(i.Picture), AcceptsInvites: i.AcceptsInvites, Reach: i.Reach, EngagementBP: i.EngagementBP,
		CompletedDeals: i.Completed, ActiveAt: i.ActiveAt,
		Platforms: make([]platformView, len(i.Platforms)), Fees: make([]feesView, len(i.Fees)),
	}
	for n, p := range i.Platforms {
		v.Platforms[n] = platformView{platformText(p.Platform), p.Handle, p.Followers, p.EngagementBP}
	}
	for n, f := range i.Fees {
		v.Fees[n] = feesView{f.Currency, f.Deals, f.Low, f.Typical, f.High}
	}
	return v
}

func currencyOf(text string) (rooms.Currency, error) {
	currency := rooms.Currency(text)
	if text != "" && !currency.Valid() {
		return "", invalid("currency", rooms.Because("currency", "must be an ISO 4217 code such as EUR"))
	}
	return currency, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
