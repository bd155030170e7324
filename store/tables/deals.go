package tables

import (
	"context"
	"strings"

	"parley/rooms"
	"parley/store"
)

// dealRow is an ad request with its campaign; a sponsor's campaign without ad requests is
// a row too.
type dealRow struct {
	CampaignID, Campaign, Currency string
	StartsAt, EndsAt               int64
	Budget, Committed, Held        int64
	ArchivedAt                     *int64
	Room, Party, Status            *string
	LastFee, DealFee, UpdatedAt    int64
	Progress                       string
}

const dealColumns = "SELECT c.id AS campaign_id, c.name AS campaign, c.currency, c.starts_at, c.ends_at, c.budget, c.committed," +
	" c.held, c.archived_at, r.id AS room, (SELECT u.name FROM users AS u WHERE u.id = r.%party%) AS party, r.status," +
	" coalesce((SELECT h.last_fee FROM ad_requests AS h WHERE h.id = r.id), 0) AS last_fee, coalesce(r.deal_fee, 0) AS deal_fee," +
	" coalesce((SELECT h.updated_at FROM ad_requests AS h WHERE h.id = r.id), 0) AS updated_at," +
	" coalesce(r.progress, '') AS progress FROM "

// Own is all that a party has: for a sponsor the campaigns with their ad requests and
// deals, for an influencer the ad requests and deals with their campaigns, oldest first.
// An influencer is never shown a budget.
func Own(s *store.Store, user string, side rooms.Side) Table {
	if side == rooms.Sponsor {
		return sponsors(s, user)
	}
	return influencers(s, user)
}

func sponsors(s *store.Store, user string) Table {
	const from = "campaigns AS c LEFT JOIN ad_request_rows AS r ON r.campaign_id = c.id WHERE c.sponsor_id = ?"
	query := strings.Replace(dealColumns, "%party%", "influencer_id", 1) + from +
		" AND c.id >= ? AND (c.id > ? OR coalesce(r.id, '') > ?) ORDER BY c.id, r.id LIMIT ?"
	return Table{Name: "deals", Columns: []string{
		"campaign_id", "campaign", "starts_at", "ends_at", "archived", "currency", "budget_minor", "committed_minor", "held_minor",
		"room_id", "influencer", "status", "last_fee_minor", "deal_fee_minor", "deliverables", "confirmed", "updated_at",
	}, Count: func(ctx context.Context) (n int64, err error) {
		if err := s.Reads().NewRaw("SELECT COUNT(*) FROM "+from, user).Scan(ctx, &n); err != nil {
			return 0, store.ReadError("count deals", err)
		}
		return n, nil
	}, Page: func(ctx context.Context, cursor string) ([][]string, string, error) {
		campaign, room, _ := strings.Cut(cursor, " ")
		// Before the first campaign stands none; a campaign without ad requests is one row.
		past := room
		if cursor != "" && room == "" {
			past = "~" // after every id
		}
		return scan(ctx, s, query, []any{user, campaign, campaign, past}, func(r *dealRow) string {
			return r.CampaignID + " " + text(r.Room)
		}, func(r *dealRow) []string {
			return append([]string{
				r.CampaignID, r.Campaign, at(r.StartsAt), at(r.EndsAt), yes(r.ArchivedAt != nil), r.Currency,
				digits(r.Budget), digits(r.Committed), digits(r.Held),
			}, r.request()...)
		})
	}}
}

func influencers(s *store.Store, user string) Table {
	const from = "ad_request_rows AS r JOIN campaigns AS c ON c.id = r.campaign_id WHERE r.influencer_id = ?"
	query := strings.Replace(dealColumns, "%party%", "sponsor_id", 1) + from + " AND r.id > ? ORDER BY r.id LIMIT ?"
	return Table{Name: "deals", Columns: []string{
		"campaign_id", "campaign", "starts_at", "ends_at", "currency",
		"room_id", "sponsor", "status", "last_fee_minor", "deal_fee_minor", "deliverables", "confirmed", "updated_at",
	}, Count: func(ctx context.Context) (n int64, err error) {
		if err := s.Reads().NewRaw("SELECT COUNT(*) FROM "+from, user).Scan(ctx, &n); err != nil {
			return 0, store.ReadError("count deals", err)
		}
		return n, nil
	}, Page: func(ctx context.Context, cursor string) ([][]string, string, error) {
		return scan(ctx, s, query, []any{user, cursor}, func(r *dealRow) string { return text(r.Room) }, func(r *dealRow) []string {
			return append([]string{r.CampaignID, r.Campaign, at(r.StartsAt), at(r.EndsAt), r.Currency}, r.request()...)
		})
	}}
}

// scan reads one page; the limit is the query's last argument.
func scan[T any](ctx context.Context, s *store.Store, query string, args []any, cursor func(*T) string, row func(*T) []string,
) (list [][]string, next string, err error) {
	var rows []T
	if err := s.Reads().NewRaw(query, append(args, PageRows)...).Scan(ctx, &rows); err != nil {
		return nil, "", store.ReadError("list rows", err)
	}
	for i := range rows {
		list = append(list, row(&rows[i]))
	}
	if len(rows) == PageRows {
		next = cursor(&rows[len(rows)-1])
	}
	return list, next, nil
}

// request is the part of the row that tells of the ad request; empty cells for none.
func (r *dealRow) request() []string {
	if r.Room == nil {
		return make([]string, 8)
	}
	deal := ""
	if r.DealFee != 0 {
		deal = digits(r.DealFee)
	}
	return []string{
		*r.Room, text(r.Party), text(r.Status), digits(r.LastFee), deal,
		digits(int64(len(r.Progress))), digits(int64(strings.Count(r.Progress, "c"))), at(r.UpdatedAt),
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func yes(is bool) string {
	if is {
		return "true"
	}
	return "false"
}

func at(us int64) string {
	t := store.TimeOf(us)
	return instant(&t)
}
