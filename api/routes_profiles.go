package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"parley/api/cache"
	"parley/rooms"
	"parley/store/profiles"
)

type platformView struct {
	Platform     platformText `json:"platform"`
	Handle       string       `json:"handle" minLength:"1" maxLength:"100"`
	Followers    int64        `json:"followers" minimum:"0" maximum:"10000000000"`
	EngagementBP int64        `json:"engagement_bp" minimum:"0" maximum:"10000" doc:"Engagement rate in basis points: 325 is 3.25 %"`
}

// nicheText is one niche; what is around it is trimmed.
type nicheText string

// Schema implements huma.SchemaProvider.
func (nicheText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, MaxLength: intPtr(profiles.MaxNiche)}
}

// platformText is one of rooms.Platforms.
type platformText string

// Schema implements huma.SchemaProvider.
func (platformText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: enumOf(rooms.Platforms...)}
}

// pictureView are the addresses of a picture's files, which never change.
type pictureView struct {
	Large string `json:"large" doc:"512 pixels a side"`
	Small string `json:"small" doc:"96 pixels a side"`
}

// profileView is what everybody may see of an influencer.
type profileView struct {
	ID             string         `json:"id" doc:"The user's"`
	Slug           string         `json:"slug" doc:"The short address: /i/{slug}"`
	Name           string         `json:"name"`
	Bio            string         `json:"bio"`
	Category       string         `json:"category"`
	Niches         []string       `json:"niches" nullable:"false"`
	Reach          int64          `json:"reach" doc:"Followers on all platforms"`
	Platforms      []platformView `json:"platforms" nullable:"false" doc:"Most followers first"`
	AcceptsInvites bool           `json:"accepts_invites"`
	CompletedDeals int64          `json:"completed_deals"`
	Picture        *pictureView   `json:"picture,omitempty"`
	JoinedAt       rooms.Time     `json:"joined_at"`
}

type profilePatch struct {
	Name           *string         `json:"name,omitempty" minLength:"1" maxLength:"80"`
	Slug           *string         `json:"slug,omitempty" minLength:"3" maxLength:"40" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" doc:"The short address"`
	Bio            *string         `json:"bio,omitempty" maxLength:"1000"`
	Category       *string         `json:"category,omitempty" maxLength:"60"`
	Niches         *[]nicheText    `json:"niches,omitempty" maxItems:"10" nullable:"false"`
	Platforms      *[]platformView `json:"platforms,omitempty" maxItems:"12" nullable:"false"`
	AcceptsInvites *bool           `json:"accepts_invites,omitempty"`
	Reach          *int64          `json:"reach,omitempty" minimum:"0" maximum:"10000000000" doc:"Counts only without platforms; with them it is their sum"`
}

// cardView is what a sponsor shows to those whom it invites.
type cardView struct {
	ID       string       `json:"id" doc:"The user's"`
	Name     string       `json:"name"`
	Kind     string       `json:"kind" enum:"company,individual"`
	Industry string       `json:"industry"`
	About    string       `json:"about"`
	Picture  *pictureView `json:"picture,omitempty"`
	JoinedAt rooms.Time   `json:"joined_at"`
}

type cardPatch struct {
	Name     *string `json:"name,omitempty" minLength:"1" maxLength:"80"`
	Kind     *string `json:"kind,omitempty" enum:"company,individual"`
	Industry *string `json:"industry,omitempty" maxLength:"60"`
	About    *string `json:"about,omitempty" maxLength:"1000"`
}

type (
	slugInput struct {
		Slug string `path:"slug" maxLength:"100"`
	}
	profileOutput    struct{ Body profileView }
	editProfileInput struct{ Body profilePatch }
	addressOutput    struct{ Body addressView }
	addressView      struct {
		Slug    string `json:"slug"`
		Free    bool   `json:"free" doc:"Whether one may have it"`
		Problem string `json:"problem,omitempty" doc:"Why not, for a person"`
	}
	cardOutput    struct{ Body cardView }
	editCardInput struct{ Body cardPatch }
	cardInput     struct {
		ID string `path:"id"`
	}
)

func (s *Server) profileRoutes() {
	tags := []string{"profiles"}
	handle(s, huma.Operation{
		OperationID: "publicProfile", Method: http.MethodGet, Path: "/api/profiles/{slug}", Tags: tags,
		Summary: "An influencer's public profile, for everybody",
	}, s.publicProfile)
	handle(s, huma.Operation{
		OperationID: "ownProfile", Method: http.MethodGet, Path: "/api/profile", Tags: tags, Security: signedIn,
		Summary: "One's own profile as an influencer",
	}, s.ownProfile)
	handle(s, huma.Operation{
		OperationID: "editProfile", Method: http.MethodPatch, Path: "/api/profile", Tags: tags, Security: signedIn,
		Summary: "Change one's profile; a list replaces the one before",
	}, s.editProfile)
	handle(s, huma.Operation{
		OperationID: "checkAddress", Method: http.MethodGet, Path: "/api/profile/addresses/{slug}", Tags: tags, Security: signedIn,
		Summary: "Whether one may have a short address",
	}, s.checkAddress)
	handle(s, huma.Operation{
		OperationID: "ownCard", Method: http.MethodGet, Path: "/api/card", Tags: tags, Security: signedIn,
		Summary: "One's own card as a sponsor",
	}, s.ownCard)
	handle(s, huma.Operation{
		OperationID: "editCard", Method: http.MethodPatch, Path: "/api/card", Tags: tags, Security: signedIn,
		Summary: "Change one's card",
	}, s.editCard)
	handle(s, huma.Operation{
		OperationID: "sponsorCard", Method: http.MethodGet, Path: "/api/sponsors/{id}", Tags: tags, Security: signedIn,
		Summary: "A sponsor's card, for influencers who judge an invitation",
	}, s.sponsorCard)
}

func (s *Server) publicProfile(ctx context.Context, r *request, in *slugInput) (*profileOutput, error) {
	p, err := s.profileAt(ctx, in.Slug)
	if err != nil {
		return nil, found(err, "profile")
	}
	return &profileOutput{Body: viewProfile(&p)}, nil
}

// profileAt is the profile at a short address, for everybody.
func (s *Server) profileAt(ctx context.Context, slug string) (profiles.Profile, error) {
	slug = strings.ToLower(slug)
	return cachedFor(ctx, s, spaceProfiles, cache.Everybody(), func(ctx context.Context) (profiles.Profile, error) {
		return profiles.BySlug(ctx, s.store, slug)
	}, slug)
}

func (s *Server) ownProfile(ctx context.Context, r *request, _ *struct{}) (*profileOutput, error) {
	if err := r.who.need(rooms.Influencer); err != nil {
		return nil, err
	}
	p, err := profiles.Of(ctx, s.store, r.who.id)
	if err != nil {
		return nil, found(err, "profile")
	}
	return &profileOutput{Body: viewProfile(&p)}, nil
}

func (s *Server) editProfile(ctx context.Context, r *request, in *editProfileInput) (*profileOutput, error) {
	if err := r.who.need(rooms.Influencer); err != nil {
		return nil, err
	}
	b := &in.Body
	patch := profiles.Patch{
		Name: b.Name, Slug: b.Slug, Bio: b.Bio, Category: b.Category,
		AcceptsInvites: b.AcceptsInvites, Reach: b.Reach,
	}
	trim(patch.Name, patch.Bio, patch.Category)
	if b.Niches != nil {
		niches := make([]string, len(*b.Niches))
		for i, niche := range *b.Niches {
			niches[i] = strings.TrimSpace(string(niche))
		}
		patch.Niches = &niches
	}
	if b.Platforms != nil {
		list := make([]profiles.Platform, len(*b.Platforms))
		for i, p := range *b.Platforms {
			trim(&p.Handle)
			list[i] = profiles.Platform{
				Platform: string(p.Platform), Handle: p.Handle, Followers: p.Followers, EngagementBP: p.EngagementBP,
			}
		}
		patch.Platforms = &list
	}
	p, err := profiles.Save(ctx, s.store, r.who.id, patch)
	if err != nil {
		return nil, found(err, "profile")
	}
	return &profileOutput{Body: viewProfile(&p)}, nil
}

// trim takes the spaces from both ends of texts that were typed.
func trim(texts ...*string) {
	for _, t := range texts {
		if t != nil {
			*t = strings.TrimSpace(*t)
		}
	}
}

func (s *Server) checkAddress(ctx context.Context, r *request, in *slugInput) (*addressOutput, error) {
	if err := r.who.need(rooms.Influencer); err != nil {
		return nil, err
	}
	out := &addressOutput{Body: addressView{Slug: in.Slug}}
	if err := profiles.CheckSlug(in.Slug, r.who.id); err != nil {
		out.Body.Problem = asError(err).Info.Message
		return out, nil
	}
	var err error
	out.Body.Free, err = profiles.SlugFree(ctx, s.store, in.Slug, r.who.id)
	if err == nil && !out.Body.Free {
		out.Body.Problem = "This address is taken."
	}
	return out, err
}

func (s *Server) ownCard(ctx context.Context, r *request, _ *struct{}) (*cardOutput, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	return s.showCard(ctx, r.who.id)
}

func (s *Server) editCard(ctx context.Context, r *request, in *editCardInput) (*cardOutput, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	b := &in.Body
	trim(b.Name, b.Industry, b.About)
	c, err := profiles.SaveCard(ctx, s.store, r.who.id, profiles.CardPatch{
		Name: b.Name, Kind: b.Kind, Industry: b.Industry, About: b.About,
	})
	if err != nil {
		return nil, found(err, "card")
	}
	return &cardOutput{Body: viewCard(&c)}, nil
}

// sponsorCard is not for other sponsors, who have nothing to judge.
func (s *Server) sponsorCard(ctx context.Context, r *request, in *cardInput) (*cardOutput, error) {
	if r.who.role == rooms.Sponsor && r.who.id != in.ID {
		return nil, notFound("sponsor")
	}
	if r.who.role == rooms.Influencer {
		u, err := s.store.UserByID(ctx, in.ID)
		if err != nil {
			return nil, found(err, "sponsor")
		}
		if u.FlaggedAt != nil {
			return nil, notFound("sponsor")
		}
	}
	return s.showCard(ctx, in.ID)
}

func (s *Server) showCard(ctx context.Context, user string) (*cardOutput, error) {
	c, err := profiles.CardOf(ctx, s.store, user)
	if err != nil {
		return nil, found(err, "sponsor")
	}
	return &cardOutput{Body: viewCard(&c)}, nil
}

func viewProfile(p *profiles.Profile) profileView {
	v := profileView{
		ID: p.UserID, Slug: p.Slug, Name: p.Name, Bio: p.Bio, Category: p.Category, Niches: p.Niches, Reach: p.Reach,
		Platforms: make([]platformView, len(p.Platforms)), AcceptsInvites: p.AcceptsInvites,
		CompletedDeals: p.Completed, Picture: viewPicture(p.Picture), JoinedAt: p.JoinedAt,
	}
	if v.Niches == nil {
		v.Niches = []string{}
	}
	for i, pl := range p.Platforms {
		v.Platforms[i] = platformView{
			Platform: platformText(pl.Platform), Handle: pl.Handle, Followers: pl.Followers, EngagementBP: pl.EngagementBP,
		}
	}
	return v
}

func viewCard(c *profiles.Card) cardView {
	return cardView{
		ID: c.UserID, Name: c.Name, Kind: c.Kind, Industry: c.Industry, About: c.About,
		Picture: viewPicture(c.Picture), JoinedAt: c.JoinedAt,
	}
}
