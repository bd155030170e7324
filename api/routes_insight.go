package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store/insight"
)

// statuses are all states of an ad request, in the order in which they are shown.
var statuses = []rooms.Status{
	rooms.Invited, rooms.Applied, rooms.Negotiating, rooms.Agreed, rooms.Completed,
	rooms.StatusDeclined, rooms.StatusWithdrawn, rooms.StatusExpired, rooms.StatusClosed,
}

type (
	stateCountView struct {
		Status rooms.Status `json:"status" enum:"invited,applied,negotiating,agreed,completed,declined,withdrawn,expired,closed"`
		Count  int64        `json:"count"`
	}
	// countsView are ad requests by all that is counted apart.
	countsView struct {
		Rooms       int64            `json:"rooms"`
		States      []stateCountView `json:"states" nullable:"false" doc:"All states, those without ad requests too"`
		Frozen      int64            `json:"frozen" doc:"Under review; counted by their state too"`
		Mine        int64            `json:"mine" doc:"The sponsor is to answer or to confirm"`
		Theirs      int64            `json:"theirs" doc:"The influencer is to answer or to deliver"`
		Unread      int64            `json:"unread" doc:"Events that the sponsor has not seen"`
		UnreadRooms int64            `json:"unread_rooms"`
		Work        workView         `json:"deliverables" doc:"Of the deals in force and completed"`
	}
	workView struct {
		Total     int64 `json:"total"`
		ToDo      int64 `json:"to_do" doc:"To be delivered, for the first time or again"`
		ToConfirm int64 `json:"to_confirm" doc:"Wait for the sponsor's word"`
		Confirmed int64 `json:"confirmed"`
	}
	expiryView struct {
		Room       string      `json:"room"`
		Campaign   personView  `json:"campaign"`
		Influencer personView  `json:"influencer"`
		Turn       rooms.Side  `json:"turn" enum:"sponsor,influencer" doc:"Who could still answer"`
		Fee        rooms.Money `json:"fee"`
		ExpiresAt  rooms.Time  `json:"expires_at"`
	}
	totalsView struct {
		Currency  rooms.Currency `json:"currency"`
		Campaigns int64          `json:"campaigns"`
		Budget    int64          `json:"budget"`
		Committed int64          `json:"committed"`
		Held      int64          `json:"held"`
		Available int64          `json:"available"`
	}
	campaignCountsView struct {
		Campaign string     `json:"campaign"`
		Counts   countsView `json:"counts"`
	}
	trackingOutput struct {
		Body struct {
			Campaign campaignView `json:"campaign"`
			Counts   countsView   `json:"counts"`
			Expiries []expiryView `json:"expiries" nullable:"false" doc:"The next standing offers to end, soonest first"`
		}
	}
	overviewOutput struct {
		Body struct {
			Totals    []totalsView         `json:"totals" nullable:"false" doc:"By currency, without archived campaigns"`
			Running   int64                `json:"running" doc:"Campaigns that run now"`
			Counts    countsView           `json:"counts"`
			Campaigns []campaignCountsView `json:"campaigns" nullable:"false" doc:"Those that have ad requests, newest first"`
			Expiries  []expiryView         `json:"expiries" nullable:"false"`
		}
	}
)

func (s *Server) insightRoutes() {
	tags := []string{"campaigns"}
	handle(s, huma.Operation{
		OperationID: "trackCampaign", Method: http.MethodGet, Path: "/api/campaigns/{id}/tracking", Tags: tags, Security: signedIn,
		Summary: "What a campaign has come to: budget, ad requests, what ends next; for its owner",
	}, s.trackCampaign)
	handle(s, huma.Operation{
		OperationID: "overview", Method: http.MethodGet, Path: "/api/overview", Tags: tags, Security: signedIn,
		Summary: "The same across all campaigns of a sponsor",
	}, s.overview)
}

func viewCounts(c *insight.Counts) countsView {
	v := countsView{
		Rooms: c.Rooms(), States: make([]stateCountView, len(statuses)), Frozen: c.Frozen,
		Mine: c.Mine, Theirs: c.Theirs, Unread: c.Unread, UnreadRooms: c.UnreadRooms,
		Work: workView{c.Work.Total, c.Work.ToDo(), c.Work.Delivered, c.Work.Confirmed},
	}
	for i, status := range statuses {
		v.States[i] = stateCountView{Status: status, Count: c.ByStatus[status]}
	}
	return v
}

func viewExpiries(list []insight.Expiry) []expiryView {
	views := make([]expiryView, len(list))
	for i := range list {
		e := &list[i]
		views[i] = expiryView{
			Room: e.Room, Campaign: personView{ID: e.Campaign, Name: e.CampaignName},
			Influencer: personView{ID: e.Influencer, Name: e.InfluencerName}, Turn: e.Turn, Fee: e.Fee, ExpiresAt: e.At,
		}
	}
	return views
}

func (s *Server) trackCampaign(ctx context.Context, r *request, in *campaignInput) (*trackingOutput, error) {
	c, err := s.store.Campaign(ctx, in.ID)
	if err != nil {
		return nil, found(err, "campaign")
	}
	if c.Sponsor != r.who.id && r.who.role != rooms.Admin {
		return nil, notFound("campaign")
	}
	counts, expiries, err := insight.Campaign(ctx, s.store, c.ID)
	if err != nil {
		return nil, err
	}
	out := &trackingOutput{}
	out.Body.Campaign = viewCampaign(&c, true)
	out.Body.Counts = viewCounts(&counts)
	out.Body.Campaign.RoomCount = &out.Body.Counts.Rooms
	out.Body.Expiries = viewExpiries(expiries)
	return out, nil
}

func (s *Server) overview(ctx context.Context, r *request, _ *struct{}) (*overviewOutput, error) {
	if err := r.who.need(rooms.Sponsor); err != nil {
		return nil, err
	}
	o, err := insight.Sponsor(ctx, s.store, r.who.id, rooms.At(s.cfg.Clock()))
	if err != nil {
		return nil, err
	}
	out := &overviewOutput{}
	b := &out.Body
	b.Running, b.Counts, b.Expiries = o.Running, viewCounts(&o.All), viewExpiries(o.Expiries)
	b.Totals = viewTotals(o.Totals)
	b.Campaigns = make([]campaignCountsView, 0, len(o.ByCampaign))
	for _, id := range o.Newest() {
		b.Campaigns = append(b.Campaigns, campaignCountsView{Campaign: id, Counts: viewCounts(o.ByCampaign[id])})
	}
	return out, nil
}

func viewTotals(list []insight.Totals) []totalsView {
	views := make([]totalsView, len(list))
	for i, t := range list {
		views[i] = totalsView{
			Currency: t.Currency, Campaigns: t.Campaigns, Budget: t.Budget, Committed: t.Committed, Held: t.Held,
			Available: t.Budget - t.Committed - t.Held,
		}
	}
	return views
}
