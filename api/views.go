package api

import (
	"encoding/json"
	"fmt"
	"time"

	"parley/rooms"
	"parley/store"
)

// The shapes that REST answers with. Times are RFC 3339, dates YYYY-MM-DD, money
// in minor units.

type personView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type userView struct {
	ID       string     `json:"id"`
	Email    string     `json:"email"`
	Name     string     `json:"name"`
	Role     rooms.Side `json:"role" enum:"sponsor,influencer,admin"`
	Approved bool       `json:"approved" doc:"Whether the user may negotiate"`
	Flagged  bool       `json:"flagged" doc:"Under review: the user may only read why, answer once, and leave"`
	Verified bool       `json:"verified" doc:"Whether the address was confirmed"`
	Refused  string     `json:"refused,omitempty" doc:"Why an admin did not approve the user"`
	// The next two are only told to the user.
	SecondFactor bool   `json:"second_factor,omitempty" doc:"Whether a code is asked for at log-in"`
	MustEnroll   bool   `json:"must_enroll,omitempty" doc:"Whether a second factor is to be set up before anything else"`
	Category     string `json:"category,omitempty"`
	Niche        string `json:"niche,omitempty"`
	Reach        int64  `json:"reach,omitempty" doc:"An influencer's followers"`
}

func viewUser(u *store.User) userView {
	return userView{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, Approved: u.Approved || u.Role == rooms.Admin,
		Flagged:  u.FlaggedAt != nil,
		Verified: u.VerifiedAt != nil, Refused: u.RefuseReason,
		Category: u.Category, Niche: u.Niche, Reach: u.Reach,
	}
}

type campaignView struct {
	ID          string         `json:"id"`
	Sponsor     string         `json:"sponsor" doc:"The id of its owner"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Goals       string         `json:"goals"`
	Category    string         `json:"category"`
	Niches      []string       `json:"niches" nullable:"false"`
	Platforms   []string       `json:"platforms" nullable:"false" doc:"That content is wanted on"`
	StartsOn    rooms.Date     `json:"starts_on" format:"date"`
	EndsOn      rooms.Date     `json:"ends_on" format:"date" doc:"The last day"`
	EndsAt      rooms.Time     `json:"ends_at" doc:"The first instant after the campaign"`
	Currency    rooms.Currency `json:"currency"`
	Visibility  string         `json:"visibility" enum:"public,private"`
	Archived    bool           `json:"archived"`
	Flagged     bool           `json:"flagged"`
	// What is taken of the budget is for the owner and for admins.
	Budget    *rooms.Money `json:"budget,omitempty" doc:"The whole of it; only for the owner where the campaign is private"`
	Committed *int64       `json:"committed,omitempty" doc:"What deals take; only for the owner"`
	Held      *int64       `json:"held,omitempty" doc:"What open offers of the sponsor take; only for the owner"`
	Available *int64       `json:"available,omitempty" doc:"Budget less committed and held; only for the owner"`
	RoomCount *int64       `json:"room_count,omitempty" doc:"Its ad requests; only for the owner"`
}

const (
	visibilityPublic  = "public"
	visibilityPrivate = "private"
)

// viewCampaign shows a campaign; the figures are for its owner and for admins.
func viewCampaign(c *store.Campaign, figures bool) campaignView {
	v := campaignView{
		ID: c.ID, Sponsor: c.Sponsor, Name: c.Name, Description: c.Description, Goals: c.Goals, Category: c.Category, Niches: orEmpty(c.Niches), Platforms: orEmpty(c.Platforms),
		StartsOn: dateOf(c.StartsAt.Time), EndsOn: lastDay(c.EndsAt), EndsAt: c.EndsAt,
		Currency: c.Currency, Visibility: visibilityPrivate,
		Archived: c.ArchivedAt != nil, Flagged: c.FlaggedAt != nil,
	}
	if c.Public {
		v.Visibility = visibilityPublic
	}
	if c.Public || figures {
		v.Budget = &rooms.Money{Amount: c.Budget, Currency: c.Currency}
	}
	if figures {
		committed, held, available := c.Committed, c.Held, c.Budget-c.Committed-c.Held
		v.Committed, v.Held, v.Available = &committed, &held, &available
	}
	return v
}

// lastDay is the day before the instant that ends something.
func lastDay(end rooms.Time) rooms.Date { return dateOf(end.Time.Add(-time.Microsecond)) }

func dateOf(t time.Time) rooms.Date { return rooms.Date(t.UTC().Format(time.DateOnly)) }

type roomCampaignView struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Currency rooms.Currency `json:"currency"`
	EndsAt   rooms.Time     `json:"ends_at"`
}

type standingView struct {
	Seq       int64       `json:"seq"`
	Author    rooms.Side  `json:"author" enum:"sponsor,influencer"`
	Fee       rooms.Money `json:"fee"`
	ExpiresAt rooms.Time  `json:"expires_at"`
}

type dealView struct {
	Seq          int64          `json:"seq"`
	Fee          rooms.Money    `json:"fee"`
	Deliverables rooms.Progress `json:"deliverables" doc:"How many there are, wait for the sponsor's word, are confirmed"`
}

type summaryView struct {
	Room       string           `json:"room"`
	Seq        int64            `json:"seq"`
	Status     rooms.Status     `json:"status"`
	Frozen     bool             `json:"frozen"`
	Turn       rooms.Side       `json:"turn" enum:"sponsor,influencer," doc:"Who is to act, or empty"`
	Unread     int              `json:"unread"`
	UpdatedAt  rooms.Time       `json:"updated_at"`
	Campaign   roomCampaignView `json:"campaign"`
	Sponsor    personView       `json:"sponsor"`
	Influencer personView       `json:"influencer"`
	Standing   *standingView    `json:"standing"`
	Deal       *dealView        `json:"deal"`
}

func viewSummary(r *store.RoomSummary, user string) summaryView {
	v := summaryView{
		Room: r.Room, Seq: r.Seq, Status: r.Status, Frozen: r.Frozen, Turn: r.Turn, UpdatedAt: r.UpdatedAt,
		Campaign:   roomCampaignView{ID: r.Campaign, Name: r.CampaignName, Currency: r.Currency, EndsAt: r.CampaignEndsAt},
		Sponsor:    personView{ID: r.Sponsor, Name: r.SponsorName},
		Influencer: personView{ID: r.Influencer, Name: r.InfluencerName},
	}
	v.Unread = r.Unread.Of(rooms.Sponsor)
	if user == r.Influencer {
		v.Unread = r.Unread.Of(rooms.Influencer)
	}
	if o := r.Standing; o != nil {
		v.Standing = &standingView{Seq: o.Seq, Author: o.Author, Fee: o.Fee, ExpiresAt: o.ExpiresAt}
	}
	if o := r.Deal; o != nil {
		v.Deal = &dealView{Seq: o.Seq, Fee: o.Fee, Deliverables: r.Progress}
	}
	return v
}

type offerCounts struct {
	Sponsor    int `json:"sponsor"`
	Influencer int `json:"influencer"`
	Limit      int `json:"limit"`
}

type seenView struct {
	Sponsor    int64 `json:"sponsor"`
	Influencer int64 `json:"influencer"`
}

// snapshotView is a room's whole state, in a join's answer and over REST.
type snapshotView struct {
	Room           string               `json:"room"`
	Seq            int64                `json:"seq"`
	Status         rooms.Status         `json:"status"`
	Frozen         bool                 `json:"frozen"`
	Turn           rooms.Side           `json:"turn" enum:"sponsor,influencer,"`
	OpenedBy       rooms.Side           `json:"opened_by" enum:"sponsor,influencer"`
	EndedBy        rooms.Side           `json:"ended_by" enum:"sponsor,influencer,admin,system,"`
	CloseReason    string               `json:"close_reason"`
	Standing       *rooms.Offer         `json:"standing"`
	Deal           *rooms.Offer         `json:"deal"`
	Deliveries     []rooms.Delivery     `json:"deliveries" nullable:"false" doc:"What was done for each deliverable of the deal"`
	Offers         offerCounts          `json:"offers"`
	SectionAuthors rooms.SectionAuthors `json:"section_authors"`
	Seen           seenView             `json:"seen"`
	Campaign       roomCampaignView     `json:"campaign"`
	Sponsor        personView           `json:"sponsor"`
	Influencer     personView           `json:"influencer"`
}

func viewSnapshot(r *store.RoomSnapshot) *snapshotView {
	s := &r.State
	deliveries := s.Deliveries
	if deliveries == nil {
		deliveries = []rooms.Delivery{}
	}
	return &snapshotView{
		Room: s.Room, Seq: s.Seq, Status: s.Status, Frozen: s.Frozen != 0, Turn: s.Turn(),
		OpenedBy: s.OpenedBy, EndedBy: s.EndedBy, CloseReason: s.CloseReason,
		Standing: s.Standing(), Deal: s.Deal, Deliveries: deliveries,
		Offers:         offerCounts{Sponsor: s.Offers.Sponsor, Influencer: s.Offers.Influencer, Limit: s.Limit},
		SectionAuthors: s.Authors,
		Seen:           seenView{Sponsor: r.SeenSponsor, Influencer: r.SeenInfluencer},
		Campaign: roomCampaignView{
			ID: s.Campaign, Name: r.CampaignName, Currency: s.Currency, EndsAt: r.CampaignEndsAt,
		},
		Sponsor:    personView{ID: s.Sponsor, Name: r.SponsorName},
		Influencer: personView{ID: s.Influencer, Name: r.InfluencerName},
	}
}

func encodeSnapshot(r *store.RoomSnapshot) ([]byte, error) {
	raw, err := json.Marshal(viewSnapshot(r))
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return raw, nil
}
