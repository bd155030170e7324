package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store/admin"
)

type (
	adminUserView struct {
		ID           string     `json:"id"`
		Email        string     `json:"email"`
		Name         string     `json:"name"`
		Role         rooms.Side `json:"role" enum:"sponsor,influencer,admin"`
		State        string     `json:"state" enum:"active,pending,refused,flagged,deleted"`
		Verified     bool       `json:"verified" doc:"The e-mail address is confirmed"`
		FlagReason   string     `json:"flag_reason"`
		RefuseReason string     `json:"refuse_reason"`
		Category     string     `json:"category"`
		Niche        string     `json:"niche"`
		Reach        int64      `json:"reach"`
		Kind         string     `json:"kind" doc:"Of a sponsor: company or individual"`
		Industry     string     `json:"industry"`
		CreatedAt    rooms.Time `json:"created_at"`
	}
	adminCampaignView struct {
		ID         string         `json:"id"`
		Name       string         `json:"name"`
		Sponsor    personView     `json:"sponsor"`
		Category   string         `json:"category"`
		State      string         `json:"state" enum:"running,planned,ended,archived"`
		Visibility string         `json:"visibility" enum:"public,private"`
		Flagged    bool           `json:"flagged"`
		FlagReason string         `json:"flag_reason"`
		Currency   rooms.Currency `json:"currency"`
		Budget     int64          `json:"budget"`
		Committed  int64          `json:"committed"`
		Held       int64          `json:"held"`
		StartsAt   rooms.Time     `json:"starts_at"`
		EndsAt     rooms.Time     `json:"ends_at"`
		CreatedAt  rooms.Time     `json:"created_at"`
	}
	adminRoomView struct {
		ID         string         `json:"id"`
		Campaign   namedView      `json:"campaign"`
		Sponsor    personView     `json:"sponsor"`
		Influencer personView     `json:"influencer"`
		Status     rooms.Status   `json:"status"`
		Frozen     bool           `json:"frozen"`
		Currency   rooms.Currency `json:"currency"`
		Fee        int64          `json:"fee" doc:"Of the deal, else of the last offer; 0 without any"`
		Seq        int64          `json:"seq"`
		UpdatedAt  rooms.Time     `json:"updated_at"`
	}
	namedView struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	statusCountView struct {
		Status rooms.Status `json:"status"`
		Count  int64        `json:"count"`
	}
)

type (
	adminUsersInput struct {
		Role   string `query:"role" enum:"sponsor,influencer,admin"`
		State  string `query:"state" enum:"pending,refused,flagged"`
		Q      string `query:"q" maxLength:"100" doc:"The beginning of a name or an e-mail address, or an id"`
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	adminUsersOutput struct {
		Body struct {
			Items      []adminUserView `json:"items" nullable:"false"`
			NextCursor string          `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	adminCampaignsInput struct {
		State      string `query:"state" enum:"running,planned,ended,archived"`
		Visibility string `query:"visibility" enum:"public,private"`
		Currency   string `query:"currency" pattern:"^[A-Z]{3}$" doc:"Of the budget"`
		Flagged    bool   `query:"flagged" doc:"Only flagged ones"`
		Sponsor    string `query:"sponsor" maxLength:"40"`
		Q          string `query:"q" maxLength:"100" doc:"The beginning of a name, or an id"`
		Cursor     string `query:"cursor" maxLength:"40"`
		Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	adminCampaignsOutput struct {
		Body struct {
			Items      []adminCampaignView `json:"items" nullable:"false"`
			NextCursor string              `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	adminRoomsInput struct {
		Status   string `query:"status" enum:"invited,applied,negotiating,agreed,completed,declined,withdrawn,expired,closed"`
		Frozen   bool   `query:"frozen" doc:"Only frozen ones"`
		Campaign string `query:"campaign" maxLength:"40"`
		User     string `query:"user" maxLength:"40" doc:"One of the parties"`
		Q        string `query:"q" maxLength:"100" doc:"The beginning of a campaign's name, or a room's id"`
		Cursor   string `query:"cursor" maxLength:"40"`
		Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	adminRoomsOutput struct {
		Body struct {
			Items      []adminRoomView `json:"items" nullable:"false"`
			NextCursor string          `json:"next_cursor" doc:"For the next page; empty at the end"`
		}
	}
	adminIDInput struct {
		ID string `path:"id" maxLength:"40"`
	}
	adminUserOutput struct {
		Body adminUserDetailView
	}
	adminUserDetailView struct {
		User      adminUserView `json:"user"`
		Sessions  int64         `json:"sessions" doc:"Logins that have not expired"`
		Campaigns int64         `json:"campaigns"`
		Rooms     int64         `json:"rooms"`
	}
	adminCampaignOutput struct {
		Body adminCampaignDetailView
	}
	adminCampaignDetailView struct {
		Campaign adminCampaignView `json:"campaign"`
		Rooms    []statusCountView `json:"rooms" nullable:"false" doc:"How many rooms have which status"`
	}
)

func (s *Server) adminListRoutes(tags []string) {
	handle(s, huma.Operation{
		OperationID: "adminUsers", Method: http.MethodGet, Path: "/api/admin/users", Tags: tags, Security: signedIn,
		Summary: "All users, newest first",
	}, s.adminUsers)
	handle(s, huma.Operation{
		OperationID: "adminUser", Method: http.MethodGet, Path: "/api/admin/users/{id}", Tags: tags, Security: signedIn,
		Summary: "A user, with counts of what is theirs",
	}, s.adminUser)
	handle(s, huma.Operation{
		OperationID: "adminCampaigns", Method: http.MethodGet, Path: "/api/admin/campaigns", Tags: tags, Security: signedIn,
		Summary: "All campaigns, newest first",
	}, s.adminCampaigns)
	handle(s, huma.Operation{
		OperationID: "adminCampaign", Method: http.MethodGet, Path: "/api/admin/campaigns/{id}", Tags: tags, Security: signedIn,
		Summary: "A campaign with its ledger, and its rooms by status",
	}, s.adminCampaign)
	handle(s, huma.Operation{
		OperationID: "adminRooms", Method: http.MethodGet, Path: "/api/admin/rooms", Tags: tags, Security: signedIn,
		Summary: "All rooms, newest first",
	}, s.adminRooms)
}

func (in *adminUsersInput) filter() admin.UserFilter {
	return admin.UserFilter{Role: rooms.Side(in.Role), State: in.State, Query: in.Q, Cursor: in.Cursor, Limit: in.Limit}
}

func (in *adminCampaignsInput) filter() admin.CampaignFilter {
	f := admin.CampaignFilter{
		State: in.State, Currency: rooms.Currency(in.Currency), Flagged: in.Flagged, Sponsor: in.Sponsor,
		Query: in.Q, Cursor: in.Cursor, Limit: in.Limit,
	}
	if in.Visibility != "" {
		public := in.Visibility == visibilityPublic
		f.Public = &public
	}
	return f
}

func (in *adminRoomsInput) filter() admin.RoomFilter {
	return admin.RoomFilter{
		Status: rooms.Status(in.Status), Frozen: in.Frozen, Campaign: in.Campaign, User: in.User,
		Query: in.Q, Cursor: in.Cursor, Limit: in.Limit,
	}
}

// views makes the views of a list.
func views[T, V any](list []T, view func(*T) V) []V {
	out := make([]V, len(list))
	for i := range list {
		out[i] = view(&list[i])
	}
	return out
}

func (s *Server) adminUsers(ctx context.Context, r *request, in *adminUsersInput) (*adminUsersOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := admin.Users(ctx, s.store, in.filter())
	if err != nil {
		return nil, err
	}
	out := &adminUsersOutput{}
	out.Body.Items, out.Body.NextCursor = views(list, viewAdminUser), next
	return out, nil
}

func (s *Server) adminUser(ctx context.Context, r *request, in *adminIDInput) (*adminUserOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	u, n, err := admin.UserByID(ctx, s.store, in.ID, rooms.At(s.cfg.Clock()))
	if err != nil {
		return nil, found(err, "user")
	}
	return &adminUserOutput{Body: adminUserDetailView{
		User: viewAdminUser(&u), Sessions: n.Sessions, Campaigns: n.Campaigns, Rooms: n.Rooms,
	}}, nil
}

func (s *Server) adminCampaigns(ctx context.Context, r *request, in *adminCampaignsInput) (*adminCampaignsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := admin.Campaigns(ctx, s.store, rooms.At(s.cfg.Clock()), in.filter())
	if err != nil {
		return nil, err
	}
	out := &adminCampaignsOutput{}
	out.Body.Items, out.Body.NextCursor = views(list, viewAdminCampaign), next
	return out, nil
}

func (s *Server) adminCampaign(ctx context.Context, r *request, in *adminIDInput) (*adminCampaignOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	c, counts, err := admin.CampaignByID(ctx, s.store, in.ID, rooms.At(s.cfg.Clock()))
	if err != nil {
		return nil, found(err, "campaign")
	}
	out := &adminCampaignOutput{Body: adminCampaignDetailView{Campaign: viewAdminCampaign(&c), Rooms: []statusCountView{}}}
	for _, status := range statuses {
		if n := counts[status]; n > 0 {
			out.Body.Rooms = append(out.Body.Rooms, statusCountView{Status: status, Count: n})
		}
	}
	return out, nil
}

func (s *Server) adminRooms(ctx context.Context, r *request, in *adminRoomsInput) (*adminRoomsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	list, next, err := admin.Rooms(ctx, s.store, in.filter())
	if err != nil {
		return nil, err
	}
	out := &adminRoomsOutput{}
	out.Body.Items, out.Body.NextCursor = views(list, viewAdminRoom), next
	return out, nil
}

func viewAdminUser(u *admin.User) adminUserView {
	return adminUserView{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, State: u.State, Verified: u.Verified,
		FlagReason: u.FlagReason, RefuseReason: u.RefuseReason, Category: u.Category, Niche: u.Niche, Reach: u.Reach,
		Kind: u.Kind, Industry: u.Industry, CreatedAt: u.CreatedAt,
	}
}

func viewAdminCampaign(c *admin.Campaign) adminCampaignView {
	v := adminCampaignView{
		ID: c.ID, Name: c.Name, Sponsor: personView{ID: c.Sponsor, Name: c.SponsorName}, Category: c.Category, State: c.State,
		Visibility: visibilityPrivate, Flagged: c.Flagged, FlagReason: c.FlagReason, Currency: c.Currency, Budget: c.Budget,
		Committed: c.Committed, Held: c.Held, StartsAt: c.StartsAt, EndsAt: c.EndsAt, CreatedAt: c.CreatedAt,
	}
	if c.Public {
		v.Visibility = visibilityPublic
	}
	return v
}

func viewAdminRoom(r *admin.Room) adminRoomView {
	return adminRoomView{
		ID: r.ID, Campaign: namedView{ID: r.Campaign, Name: r.CampaignName},
		Sponsor: personView{ID: r.Sponsor, Name: r.SponsorName}, Influencer: personView{ID: r.Influencer, Name: r.InfluencerName},
		Status: r.Status, Frozen: r.Frozen, Currency: r.Currency, Fee: r.Fee, Seq: r.Seq, UpdatedAt: r.UpdatedAt,
	}
}
