package admin

import (
	"context"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"parley/rooms"
	"parley/store"
)

// States of users, of which the first that fits is told.
const (
	UserDeleted = "deleted"
	UserFlagged = "flagged"
	UserRefused = "refused"
	UserPending = "pending" // waits for an admin's approval
	UserActive  = "active"
)

// States of campaigns.
const (
	CampaignArchived = "archived"
	CampaignEnded    = "ended"
	CampaignPlanned  = "planned"
	CampaignRunning  = "running"
)

// User is a user as admins see them.
type User struct {
	ID, Email, Name string
	Role            rooms.Side
	State           string
	Verified        bool // the e-mail address is theirs
	FlagReason      string
	RefuseReason    string
	Category, Niche string
	Reach           int64
	Kind, Industry  string // of a sponsor
	CreatedAt       rooms.Time
}

// UserFilter selects users, newest first.
type UserFilter struct {
	Role   rooms.Side
	State  string // UserPending, UserRefused, UserFlagged or empty
	Query  string // the beginning of a name or an e-mail address, or an id
	Cursor string
	Limit  int
}

type userRow struct {
	ID, Email, Name, Role    string
	Approved                 bool
	FlaggedAt, RefusedAt     *int64
	DeletedAt, VerifiedAt    *int64
	FlagReason, RefuseReason string
	Category, Niche          string
	Reach                    int64
	Kind, Industry           string
	CreatedAt                int64
}

const userColumns = "u.id, u.email, u.name, u.role, u.approved, u.flagged_at, u.refused_at, u.deleted_at, u.verified_at," +
	" u.flag_reason, u.refuse_reason, u.category, u.niche, u.reach, coalesce((SELECT k.kind FROM sponsor_cards AS k WHERE k.user_id = u.id), '') AS kind," +
	" coalesce((SELECT k.industry FROM sponsor_cards AS k WHERE k.user_id = u.id), '') AS industry, u.created_at"

func users(s *store.Store) *bun.SelectQuery {
	return s.Reads().NewSelect().TableExpr("users AS u").ColumnExpr(userColumns)
}

func (r *userRow) user() User {
	u := User{
		ID: r.ID, Email: r.Email, Name: r.Name, Role: rooms.Side(r.Role), Verified: r.VerifiedAt != nil,
		FlagReason: r.FlagReason, RefuseReason: r.RefuseReason, Category: r.Category, Niche: r.Niche, Reach: r.Reach,
		Kind: r.Kind, Industry: r.Industry, CreatedAt: store.TimeOf(r.CreatedAt), State: UserActive,
	}
	switch {
	case r.DeletedAt != nil:
		u.State = UserDeleted
	case r.FlaggedAt != nil:
		u.State = UserFlagged
	case r.RefusedAt != nil:
		u.State = UserRefused
	case !r.Approved && u.Role != rooms.Admin:
		u.State = UserPending
	}
	return u
}

// Users reads a page of all users; next is the cursor of the page after it, empty at
// the end.
func Users(ctx context.Context, s *store.Store, f UserFilter) (list []User, next string, err error) {
	q := users(s)
	if f.Role != "" {
		q = q.Where("u.role = ?", string(f.Role))
	}
	switch f.State {
	case "":
	case UserPending:
		q = q.Where("NOT u.approved").Where("u.refused_at IS NULL").Where("u.deleted_at IS NULL")
	case UserRefused:
		q = q.Where("NOT u.approved").Where("u.refused_at IS NOT NULL").Where("u.deleted_at IS NULL")
	case UserFlagged:
		q = q.Where("u.flagged_at IS NOT NULL")
	default:
		return nil, "", rooms.Invalid("state", rooms.OneOf("pending", "refused", "flagged"))
	}
	q = begins(q, s.Reads(), "users", "u.id", f.Query, "lower(name)", "email")
	rows, next, err := page[userRow](ctx, q, "u.id", f.Cursor, f.Limit, func(r *userRow) string { return r.ID })
	for i := range rows {
		list = append(list, rows[i].user())
	}
	return list, next, err
}

// Counts is how much there is of what belongs to a user.
type Counts struct{ Sessions, Campaigns, Rooms int64 }

// UserByID finds a user, with counts.
func UserByID(ctx context.Context, s *store.Store, id string, now rooms.Time) (u User, n Counts, err error) {
	var row userRow
	if err := users(s).Where("u.id = ?", id).Scan(ctx, &row); err != nil {
		return User{}, n, store.ReadError("find user", err)
	}
	err = s.Reads().NewSelect().
		ColumnExpr("(SELECT count(*) FROM sessions WHERE user_id = ? AND expires_at > ?)", id, store.Micros(now)).
		ColumnExpr("(SELECT count(*) FROM campaign_rows WHERE sponsor_id = ?)", id).
		ColumnExpr("(SELECT count(*) FROM ad_request_rows WHERE sponsor_id = ?) + (SELECT count(*) FROM ad_request_rows WHERE influencer_id = ?)", id, id).
		Scan(ctx, &n.Sessions, &n.Campaigns, &n.Rooms)
	return row.user(), n, store.ReadError("count what belongs to a user", err)
}

// Campaign is a campaign as admins see it.
type Campaign struct {
	ID, Name        string
	Sponsor         string
	SponsorName     string
	Category        string
	State           string
	Public          bool
	Flagged         bool
	FlagReason      string
	Currency        rooms.Currency
	Budget          int64
	Committed, Held int64
	StartsAt        rooms.Time
	EndsAt          rooms.Time
	CreatedAt       rooms.Time
}

// CampaignFilter selects campaigns, newest first.
type CampaignFilter struct {
	State    string // one of the states of campaigns
	Public   *bool  // nil: public and private ones
	Currency rooms.Currency
	Flagged  bool
	Sponsor  string
	Query    string // the beginning of a name, or an id
	Cursor   string
	Limit    int
}

type campaignRow struct {
	ID, Name, SponsorID, SponsorName, Category string
	Public                                     bool
	FlaggedAt, ArchivedAt                      *int64
	FlagReason, Currency                       string
	Budget, Committed, Held                    int64
	StartsAt, EndsAt, CreatedAt                int64
}

func (r *campaignRow) campaign(now int64) Campaign {
	c := Campaign{
		ID: r.ID, Name: r.Name, Sponsor: r.SponsorID, SponsorName: r.SponsorName, Category: r.Category, Public: r.Public,
		Flagged: r.FlaggedAt != nil, FlagReason: r.FlagReason, Currency: rooms.Currency(r.Currency), Budget: r.Budget,
		Committed: r.Committed, Held: r.Held, StartsAt: store.TimeOf(r.StartsAt), EndsAt: store.TimeOf(r.EndsAt),
		CreatedAt: store.TimeOf(r.CreatedAt), State: CampaignRunning,
	}
	switch {
	case r.ArchivedAt != nil:
		c.State = CampaignArchived
	case r.EndsAt <= now:
		c.State = CampaignEnded
	case r.StartsAt > now:
		c.State = CampaignPlanned
	}
	return c
}

const campaignColumns = "c.id, c.name, c.sponsor_id, (SELECT u.name FROM users AS u WHERE u.id = c.sponsor_id) AS sponsor_name, c.category, c.public, c.flagged_at, c.archived_at," +
	" c.flag_reason, c.currency, c.budget, c.committed, c.held, c.starts_at, c.ends_at, c.created_at"

func campaigns(s *store.Store) *bun.SelectQuery {
	return s.Reads().NewSelect().TableExpr("campaigns AS c").ColumnExpr(campaignColumns)
}

// Campaigns reads a page of all campaigns.
func Campaigns(ctx context.Context, s *store.Store, now rooms.Time, f CampaignFilter) (list []Campaign, next string, err error) {
	q, at := campaigns(s), store.Micros(now)
	switch f.State {
	case "":
	case CampaignArchived:
		q = q.Where("c.archived_at IS NOT NULL")
	case CampaignEnded:
		q = q.Where("c.archived_at IS NULL").Where("c.ends_at <= ?", at)
	case CampaignPlanned:
		q = q.Where("c.archived_at IS NULL").Where("c.starts_at > ?", at)
	case CampaignRunning:
		q = q.Where("c.archived_at IS NULL").Where("c.starts_at <= ?", at).Where("c.ends_at > ?", at)
	default:
		return nil, "", rooms.Invalid("state", rooms.OneOf("running", "planned", "ended", "archived"))
	}
	if f.Public != nil {
		q = q.Where("c.public = ?", *f.Public)
	}
	if f.Currency != "" {
		q = q.Where("c.currency = ?", string(f.Currency))
	}
	if f.Flagged {
		q = q.Where("c.flagged_at IS NOT NULL")
	}
	if f.Sponsor != "" {
		q = q.Where("c.sponsor_id = ?", f.Sponsor)
	}
	q = begins(q, s.Reads(), "campaigns", "c.id", f.Query, "lower(name)")
	rows, next, err := page[campaignRow](ctx, q, "c.id", f.Cursor, f.Limit, func(r *campaignRow) string { return r.ID })
	for i := range rows {
		list = append(list, rows[i].campaign(at))
	}
	return list, next, err
}

// CampaignByID finds a campaign and counts its rooms by status.
func CampaignByID(ctx context.Context, s *store.Store, id string, now rooms.Time) (Campaign, map[rooms.Status]int64, error) {
	var row campaignRow
	if err := campaigns(s).Where("c.id = ?", id).Scan(ctx, &row); err != nil {
		return Campaign{}, nil, store.ReadError("find campaign", err)
	}
	var counts []struct {
		Status string
		N      int64
	}
	err := s.Reads().NewSelect().Table("ad_request_rows").ColumnExpr("status, count(*) AS n").Where("campaign_id = ?", id).
		Group("status").Scan(ctx, &counts)
	if err != nil {
		return Campaign{}, nil, store.ReadError("count rooms", err)
	}
	by := make(map[rooms.Status]int64, len(counts))
	for _, c := range counts {
		by[rooms.Status(c.Status)] = c.N
	}
	return row.campaign(store.Micros(now)), by, nil
}

// Room is a room as admins see it.
type Room struct {
	ID             string
	Campaign       string
	CampaignName   string
	Sponsor        string
	SponsorName    string
	Influencer     string
	InfluencerName string
	Status         rooms.Status
	Frozen         bool
	Currency       rooms.Currency
	Fee            int64 // of the deal, else of the last offer; 0 without any
	Seq            int64
	UpdatedAt      rooms.Time
}

// RoomFilter selects rooms, newest first.
type RoomFilter struct {
	Status   rooms.Status
	Frozen   bool
	Campaign string
	User     string // one of the parties
	Query    string // an id, or the beginning of a campaign's name
	Cursor   string
	Limit    int
}

type roomRow struct {
	ID, CampaignID, CampaignName string
	SponsorID, SponsorName       string
	InfluencerID, InfluencerName string
	Status, Currency             string
	Frozen, LastFee, DealFee     int64
	Seq, UpdatedAt               int64
}

// Names are looked up for the rows of a page, by their keys; a join could begin at the
// other end, with all users.
const roomColumns = "r.id, r.campaign_id, (SELECT c.name FROM campaigns AS c WHERE c.id = r.campaign_id) AS campaign_name," +
	" r.sponsor_id, (SELECT s.name FROM users AS s WHERE s.id = r.sponsor_id) AS sponsor_name," +
	" r.influencer_id, (SELECT i.name FROM users AS i WHERE i.id = r.influencer_id) AS influencer_name," +
	" r.status, r.currency, r.frozen, r.last_fee, r.deal_fee, r.seq, r.updated_at"

func roomsOf(s *store.Store) *bun.SelectQuery {
	return s.Reads().NewSelect().TableExpr("ad_requests AS r").ColumnExpr(roomColumns)
}

func (r *roomRow) room() Room {
	fee := r.DealFee
	if fee == 0 {
		fee = r.LastFee
	}
	return Room{
		ID: r.ID, Campaign: r.CampaignID, CampaignName: r.CampaignName, Sponsor: r.SponsorID, SponsorName: r.SponsorName,
		Influencer: r.InfluencerID, InfluencerName: r.InfluencerName, Status: rooms.Status(r.Status), Frozen: r.Frozen != 0,
		Currency: rooms.Currency(r.Currency), Fee: fee, Seq: r.Seq, UpdatedAt: store.TimeOf(r.UpdatedAt),
	}
}

// Rooms reads a page of all rooms.
func Rooms(ctx context.Context, s *store.Store, f RoomFilter) (list []Room, next string, err error) {
	q := roomsOf(s)
	if f.Status != "" {
		q = q.Where("r.status = ?", string(f.Status))
	}
	if f.Frozen {
		q = q.Where("r.frozen <> 0")
	}
	if f.Campaign != "" {
		q = q.Where("r.campaign_id = ?", f.Campaign)
	}
	if f.User != "" {
		// An index each: one that both sides share there is not.
		side := func(column string) *bun.SelectQuery {
			return s.Reads().NewSelect().Table("ad_requests").Column("id").Where("? = ?", bun.Ident(column), f.User)
		}
		q = q.Where("r.id IN (?)", side("sponsor_id").UnionAll(side("influencer_id")))
	}
	if isID(f.Query) {
		q = q.Where("r.id = ?", f.Query)
	} else {
		q = begins(q, s.Reads(), "campaigns", "r.campaign_id", f.Query, "lower(name)")
	}
	rows, next, err := page[roomRow](ctx, q, "r.id", f.Cursor, f.Limit, func(r *roomRow) string { return r.ID })
	for i := range rows {
		list = append(list, rows[i].room())
	}
	return list, next, err
}

// RoomsByID reads the rooms of a list of ids; those that do not exist are left out.
func RoomsByID(ctx context.Context, s *store.Store, ids []string) ([]Room, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []roomRow
	if err := roomsOf(s).Where("r.id IN (?)", bun.List(ids)).Scan(ctx, &rows); err != nil {
		return nil, store.ReadError("read rooms", err)
	}
	list := make([]Room, len(rows))
	for i := range rows {
		list[i] = rows[i].room()
	}
	return list, nil
}

// page reads one page of a list in the order of its ids, newest first.
func page[R any](ctx context.Context, q *bun.SelectQuery, id, cursor string, limit int, idOf func(*R) string) (rows []R, next string, err error) {
	limit = store.PageSize(limit)
	q = q.OrderExpr(id + " DESC").Limit(int64(limit) + 1)
	if cursor != "" {
		q = q.Where(id+" < ?", cursor)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, "", store.ReadError("list", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = idOf(&rows[limit-1])
	}
	return rows, next, nil
}

// idLength is that of a ULID.
const idLength = 26

func isID(text string) bool {
	return len(text) == idLength && strings.ToUpper(text) == text && !strings.ContainsAny(text, " @")
}

// begins selects the rows of a table whose id is the text, or one of whose columns
// begins with it. A beginning is a range of an index: from the text to the text with
// the last of all characters after it.
func begins(q *bun.SelectQuery, db *bun.DB, table, id, text string, columns ...string) *bun.SelectQuery {
	if text = strings.TrimSpace(text); text == "" {
		return q
	}
	if isID(text) {
		return q.Where(id+" = ?", text)
	}
	order := ""
	if db.Dialect().Name() == dialect.PG {
		order = ` COLLATE "C"`
	}
	text = strings.ToLower(text)
	var found *bun.SelectQuery
	for _, column := range columns {
		part := db.NewSelect().Table(table).Column("id").
			Where(column+order+" >= ?", text).Where(column+order+" < ?", text+"\U0010FFFF")
		if found == nil {
			found = part
		} else {
			found = found.UnionAll(part)
		}
	}
	return q.Where(id+" IN (?)", found)
}

// Names finds the names of users by id; unknown ids are left out.
func Names(ctx context.Context, s *store.Store, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	var rows []struct{ ID, Name string }
	err := s.Reads().NewSelect().Table("users").Column("id", "name").Where("id IN (?)", bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("find names", err)
	}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}
