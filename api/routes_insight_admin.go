package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/store/insight"
	"parley/store/tables"
)

const (
	// statisticsDays is the range that is shown where none is asked for, maxStatisticsDays
	// the longest.
	statisticsDays    = 90
	maxStatisticsDays = 731
)

type (
	statisticsInput struct {
		From rooms.Date `query:"from" format:"date" doc:"The first day, UTC; by default 90 days before the last"`
		To   rooms.Date `query:"to" format:"date" doc:"The last day, UTC; by default today"`
	}
	statisticsTableInput struct {
		From  rooms.Date `query:"from" format:"date"`
		To    rooms.Date `query:"to" format:"date"`
		Table string     `path:"table" enum:"days,states,users,budgets,campaigns,now" doc:"All but days are of now, whatever the range"`
		BOM   bool       `query:"bom" doc:"Begin with a byte order mark, by which spreadsheets know UTF-8"`
	}

	dayView struct {
		Day         rooms.Date `json:"day" format:"date"`
		Invited     int64      `json:"invited"`
		Applied     int64      `json:"applied"`
		Offers      int64      `json:"offers"`
		Messages    int64      `json:"messages"`
		Deals       int64      `json:"deals"`
		Declined    int64      `json:"declined"`
		Withdrawn   int64      `json:"withdrawn"`
		Expired     int64      `json:"expired"`
		Closed      int64      `json:"closed"`
		Sponsors    int64      `json:"sponsors" doc:"Sponsors seen on that day"`
		Influencers int64      `json:"influencers"`
		Admins      int64      `json:"admins"`
	}
	activeView struct {
		Role  rooms.Side `json:"role" enum:"sponsor,influencer,admin"`
		Day   int64      `json:"day" doc:"Seen within 24 hours"`
		Week  int64      `json:"week"`
		Month int64      `json:"month" doc:"Within 30 days"`
	}
	nowView struct {
		Active      []activeView     `json:"active" nullable:"false"`
		Awaiting    int64            `json:"awaiting" doc:"Users whom no admin has approved yet"`
		Public      int64            `json:"public" doc:"Public campaigns that have not ended"`
		Private     int64            `json:"private"`
		Ended       int64            `json:"ended" doc:"Campaigns that have ended or are archived"`
		States      []stateCountView `json:"states" nullable:"false"`
		Totals      []totalsView     `json:"totals" nullable:"false"`
		Flags       flagCountsView   `json:"flags"`
		Connections int64            `json:"connections" doc:"Of all instances"`
		Instances   int64            `json:"instances"`
	}
	flagCountsView struct {
		Users     int64 `json:"users"`
		Campaigns int64 `json:"campaigns"`
		Rooms     int64 `json:"rooms"`
	}
	rangeView struct {
		Opened       int64    `json:"opened"`
		Offers       int64    `json:"offers"`
		Deals        int64    `json:"deals"`
		Ended        int64    `json:"ended" doc:"Ad requests that came to no deal"`
		Acceptance   *float64 `json:"acceptance" doc:"Deals by all ad requests that ended in the range, 0 to 1; null where none did"`
		MedianToDeal *int64   `json:"median_to_deal_s" doc:"Seconds from the ad request to the deal, to within 2.5 %; null without deals"`
		Rounds       *float64 `json:"rounds" doc:"Offers a deal; null without deals"`
	}
	statisticsOutput struct{ Body statisticsView }
	statisticsView   struct {
		From rooms.Date `json:"from" format:"date"`
		To   rooms.Date `json:"to" format:"date"`
		Now  nowView    `json:"now"`
		Sum  rangeView  `json:"sum"`
		Days []dayView  `json:"days" nullable:"false" doc:"Every day of the range"`
	}
)

func (s *Server) statisticsRoutes() {
	tags := []string{"admin"}
	handle(s, huma.Operation{
		OperationID: "statistics", Method: http.MethodGet, Path: "/api/admin/statistics", Tags: tags, Security: signedIn,
		Summary: "How the platform is now, and what happened in a range of days",
	}, s.statistics)
	handle(s, huma.Operation{
		OperationID: "statisticsTable", Method: http.MethodGet, Path: "/api/admin/statistics/{table}", Tags: tags, Security: signedIn,
		Summary: "A table of the statistics as CSV",
		Responses: map[string]*huma.Response{"200": {
			Description: "Comma-separated values with a header line",
			Content:     map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, s.statisticsTable)
}

// statisticsDaysOf reads the range of days that is asked for.
func (s *Server) statisticsDaysOf(first, last rooms.Date) (from, to time.Time, err error) {
	to = s.cfg.Clock().UTC().Truncate(24 * time.Hour)
	if last != "" {
		if to, err = last.Time(); err != nil {
			return from, to, invalid("to", rooms.NoDate())
		}
	}
	from = to.AddDate(0, 0, 1-statisticsDays)
	if first != "" {
		if from, err = first.Time(); err != nil {
			return from, to, invalid("from", rooms.NoDate())
		}
	}
	switch {
	case from.After(to):
		return from, to, invalid("from", rooms.Because("after_end", "must not be after to"))
	case to.Sub(from) > maxStatisticsDays*24*time.Hour:
		return from, to, invalid("from", rooms.Because("days_at_most",
			fmt.Sprintf("must be %d days before to at most", maxStatisticsDays)).WithMax(maxStatisticsDays))
	}
	return from, to, nil
}

func (s *Server) statistics(ctx context.Context, r *request, in *statisticsInput) (*statisticsOutput, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	from, to, err := s.statisticsDaysOf(in.From, in.To)
	if err != nil {
		return nil, err
	}
	v := statisticsView{From: dateOf(from), To: dateOf(to)}
	v, err = cachedStatistics(ctx, s, r, func(ctx context.Context) (statisticsView, error) {
		v := v
		var err error
		if v.Now, err = s.present(ctx); err != nil {
			return v, err
		}
		history, err := insight.Between(ctx, s.store, from, to)
		if err != nil {
			return v, err
		}
		v.Sum, v.Days = viewHistory(&history)
		return v, nil
	}, string(v.From), string(v.To))
	if err != nil {
		return nil, err
	}
	return &statisticsOutput{Body: v}, nil
}

// present is how the platform is now.
func (s *Server) present(ctx context.Context) (nowView, error) {
	now := rooms.At(s.cfg.Clock())
	n, err := insight.Present(ctx, s.store, now)
	if err != nil {
		return nowView{}, err
	}
	instances, err := insight.Instances(ctx, s.store, now)
	if err != nil {
		return nowView{}, err
	}
	v := nowView{
		Active: make([]activeView, len(n.Active)), Awaiting: n.Awaiting,
		Public: n.Public, Private: n.Private, Ended: n.Ended, States: make([]stateCountView, len(statuses)),
		Totals:    viewTotals(n.Totals),
		Flags:     flagCountsView{Users: n.FlaggedUsers, Campaigns: n.FlaggedCampaigns, Rooms: n.FlaggedRooms},
		Instances: int64(len(instances)),
	}
	for i, a := range n.Active {
		v.Active[i] = activeView(a)
	}
	for i, status := range statuses {
		v.States[i] = stateCountView{Status: status, Count: n.ByStatus[status]}
	}
	for i := range instances {
		v.Connections += instances[i].Connections
	}
	return v, nil
}

func viewHistory(h *insight.History) (rangeView, []dayView) {
	sum := h.Sum()
	v := rangeView{Opened: sum.Invited + sum.Applied, Offers: sum.Offers, Deals: sum.Deals, Ended: sum.Ended()}
	if share, ok := h.Acceptance(); ok {
		v.Acceptance = &share
	}
	if h.MedianToDeal > 0 {
		seconds := int64(h.MedianToDeal / time.Second)
		v.MedianToDeal = &seconds
	}
	if h.Rounds > 0 {
		v.Rounds = &h.Rounds
	}
	days := make([]dayView, len(h.Days))
	for i := range h.Days {
		d := &h.Days[i]
		days[i] = dayView{
			Day: dateOf(d.Day), Invited: d.Invited, Applied: d.Applied, Offers: d.Offers, Messages: d.Messages, Deals: d.Deals,
			Declined: d.Declined, Withdrawn: d.Withdrawn, Expired: d.Expired, Closed: d.Closed,
			Sponsors: d.Sponsors, Influencers: d.Influencers, Admins: d.Admins,
		}
	}
	return v, days
}

func (s *Server) statisticsTable(ctx context.Context, r *request, in *statisticsTableInput) (*huma.StreamResponse, error) {
	if err := r.who.need(rooms.Admin); err != nil {
		return nil, err
	}
	from, to, err := s.statisticsDaysOf(in.From, in.To)
	if err != nil {
		return nil, err
	}
	var columns []string
	var rows [][]string
	if in.Table == "days" {
		history, err := insight.Between(ctx, s.store, from, to)
		if err != nil {
			return nil, err
		}
		columns, rows = dayRows(&history)
	} else {
		now, err := s.present(ctx)
		if err != nil {
			return nil, err
		}
		columns, rows = nowRows(&now, in.Table)
	}
	return s.download(ctx, r, tables.Table{
		Name: "statistics-" + in.Table, Columns: columns,
		Page: func(context.Context, string) ([][]string, string, error) { return rows, "", nil },
	}, in.BOM)
}

func numbers(first string, list ...int64) []string {
	row := []string{first}
	for _, n := range list {
		row = append(row, strconv.FormatInt(n, 10))
	}
	return row
}

func dayRows(h *insight.History) (columns []string, rows [][]string) {
	_, days := viewHistory(h)
	columns = []string{
		"day", "invited", "applied", "offers", "messages", "deals", "declined", "withdrawn", "expired", "closed",
		"sponsors", "influencers", "admins",
	}
	for i := range days {
		d := &days[i]
		rows = append(rows, numbers(string(d.Day), d.Invited, d.Applied, d.Offers, d.Messages, d.Deals, d.Declined, d.Withdrawn,
			d.Expired, d.Closed, d.Sponsors, d.Influencers, d.Admins))
	}
	return columns, rows
}

func nowRows(n *nowView, table string) (columns []string, rows [][]string) {
	switch table {
	case "states":
		columns = []string{"status", "ad_requests"}
		for _, state := range n.States {
			rows = append(rows, numbers(string(state.Status), state.Count))
		}
	case "users":
		columns = []string{"role", "active_24h", "active_7d", "active_30d"}
		for _, a := range n.Active {
			rows = append(rows, numbers(string(a.Role), a.Day, a.Week, a.Month))
		}
	case "campaigns":
		columns = []string{"visibility", "campaigns"}
		rows = [][]string{numbers("public", n.Public), numbers("private", n.Private), numbers("ended", n.Ended)}
	case "now":
		columns = []string{"figure", "count"}
		rows = [][]string{
			numbers("awaiting_approval", n.Awaiting), numbers("flagged_users", n.Flags.Users),
			numbers("flagged_campaigns", n.Flags.Campaigns), numbers("flagged_rooms", n.Flags.Rooms),
			numbers("connections", n.Connections), numbers("instances", n.Instances),
		}
	case "budgets":
		columns = []string{"currency", "campaigns", "budget", "committed", "held", "available"}
		for _, t := range n.Totals {
			rows = append(rows, numbers(string(t.Currency), t.Campaigns, t.Budget, t.Committed, t.Held, t.Available))
		}
	}
	return columns, rows
}
