package insight

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/rooms"
	"parley/store"
)

// Day is what happened on one day, UTC.
type Day struct {
	Day time.Time
	// Invited and Applied are the ad requests that were opened, by who asked.
	Invited, Applied int64
	Offers, Messages int64
	Deals            int64
	// Ended are ad requests that came to no deal, by their state.
	Declined, Withdrawn, Expired, Closed int64
	// Active are the users seen on that day, by role.
	Sponsors, Influencers, Admins int64
}

// Ended is how many ad requests came to no deal.
func (d *Day) Ended() int64 { return d.Declined + d.Withdrawn + d.Expired + d.Closed }

// History is what happened in a range of days.
type History struct {
	Days []Day // every day of the range
	// MedianToDeal is about how long the deals of the range took from the ad request,
	// to within 2.5 %; 0 without deals.
	MedianToDeal time.Duration
	// Rounds is the mean number of offers of the range's deals; 0 without deals.
	Rounds float64
	// Fees are what the range's deals were struck over, by currency.
	Fees []rooms.Money
}

// Sum adds up the days. Its Day is zero, and so are its active users, whom days share.
func (h *History) Sum() Day {
	var sum Day
	for i := range h.Days {
		d := &h.Days[i]
		sum.Invited, sum.Applied = sum.Invited+d.Invited, sum.Applied+d.Applied
		sum.Offers, sum.Messages, sum.Deals = sum.Offers+d.Offers, sum.Messages+d.Messages, sum.Deals+d.Deals
		sum.Declined, sum.Withdrawn = sum.Declined+d.Declined, sum.Withdrawn+d.Withdrawn
		sum.Expired, sum.Closed = sum.Expired+d.Expired, sum.Closed+d.Closed
	}
	return sum
}

// Acceptance is the share of the ad requests that ended in the range which ended in a
// deal; false where none ended.
func (h *History) Acceptance() (share float64, ok bool) {
	sum := h.Sum()
	all := sum.Deals + sum.Ended()
	if all == 0 {
		return 0, false
	}
	return float64(sum.Deals) / float64(all), true
}

// maxTail bounds the events that a reader counts beyond those that are folded.
const maxTail = 20_000

// Between tells what happened from one day to another, both included.
func Between(ctx context.Context, s *store.Store, from, to time.Time) (History, error) {
	first, last := dayOf(from.UnixMicro()), dayOf(to.UnixMicro())
	days, sums, err := kept(ctx, s, first, last)
	if err != nil {
		return History{}, err
	}
	h := History{Days: make([]Day, max(0, last-first+1))}
	for i := range h.Days {
		h.Days[i].Day = time.UnixMicro((first + int64(i)) * dayMicros).UTC()
	}
	for c, n := range days {
		if c.day >= first && c.day <= last {
			h.Days[c.day-first].take(c, n)
		}
	}
	h.Rounds, h.MedianToDeal, h.Fees = rounds(sums), median(sums), fees(sums)
	return h, nil
}

// kept reads what is folded of some days, and counts what is not folded yet: each
// day's numbers, and the sums of the distributions. The position is read before the
// rows and after them, as a fold may happen between.
func kept(ctx context.Context, s *store.Store, first, last int64) (days, sums tally, err error) {
	for {
		pos, err := folded(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		if days, err = cells(ctx, s, "SELECT kind, day, key, n FROM insight_days WHERE kind IN (?, ?, ?, ?, ?, ?) AND day BETWEEN ? AND ?",
			kindOpened, kindOffer, kindMessage, kindDeal, kindEnded, kindActive, first, last); err != nil {
			return nil, nil, err
		}
		if sums, err = cells(ctx, s, "SELECT kind, 0 AS day, key, CAST(sum(n) AS BIGINT) AS n FROM insight_days"+
			" WHERE kind IN (?, ?, ?) AND day BETWEEN ? AND ? GROUP BY kind, key", kindRounds, kindTime, kindFee, first, last); err != nil {
			return nil, nil, err
		}
		more := make(tally)
		if _, _, err := more.count(ctx, s, pos, maxTail); err != nil {
			return nil, nil, err
		}
		if again, err := folded(ctx, s); err != nil {
			return nil, nil, err
		} else if again != pos {
			continue
		}
		for c, n := range more {
			switch {
			case c.day < first || c.day > last:
			case c.kind == kindRounds || c.kind == kindTime || c.kind == kindFee:
				sums[cell{c.kind, 0, c.key}] += n
			default:
				days[c] += n
			}
		}
		return days, sums, nil
	}
}

func cells(ctx context.Context, s *store.Store, query string, args ...any) (tally, error) {
	var models []dayModel
	if err := s.Reads().NewRaw(query, args...).Scan(ctx, &models); err != nil {
		return nil, store.ReadError("read statistics", err)
	}
	t := make(tally, len(models))
	for i := range models {
		m := &models[i]
		t[cell{m.Kind, m.Day, m.Key}] = m.N
	}
	return t, nil
}

func (d *Day) take(c cell, n int64) {
	switch c.kind {
	case kindOffer:
		d.Offers += n
	case kindMessage:
		d.Messages += n
	case kindDeal:
		d.Deals += n
	case kindOpened:
		switch rooms.Status(c.key) {
		case rooms.Invited:
			d.Invited += n
		case rooms.Applied:
			d.Applied += n
		}
	case kindEnded:
		switch rooms.Status(c.key) {
		case rooms.StatusDeclined:
			d.Declined += n
		case rooms.StatusWithdrawn:
			d.Withdrawn += n
		case rooms.StatusExpired:
			d.Expired += n
		case rooms.StatusClosed:
			d.Closed += n
		}
	case kindActive:
		switch rooms.Side(c.key) {
		case rooms.Sponsor:
			d.Sponsors += n
		case rooms.Influencer:
			d.Influencers += n
		case rooms.Admin:
			d.Admins += n
		}
	}
}

// rounds is the mean number of offers.
func rounds(sums tally) float64 {
	var deals, offers int64
	for c, n := range sums {
		if count, err := strconv.ParseInt(c.key, 10, 64); err == nil && c.kind == kindRounds {
			deals, offers = deals+n, offers+n*count
		}
	}
	if deals == 0 {
		return 0
	}
	return float64(offers) / float64(deals)
}

// fees are in the order of their currencies' names.
func fees(sums tally) (list []rooms.Money) {
	for c, n := range sums {
		if c.kind == kindFee {
			list = append(list, rooms.Money{Amount: n, Currency: rooms.Currency(c.key)})
		}
	}
	slices.SortFunc(list, func(a, b rooms.Money) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	return list
}

func median(sums tally) time.Duration {
	type bar struct {
		step int
		n    int64
	}
	var bars []bar
	var total int64
	for c, n := range sums {
		if step, err := strconv.Atoi(c.key); err == nil && c.kind == kindTime {
			bars, total = append(bars, bar{step, n}), total+n
		}
	}
	slices.SortFunc(bars, func(a, b bar) int { return a.step - b.step })
	var below int64
	for _, b := range bars {
		if below += b.n; 2*below >= total {
			return stepTime(b.step).Round(time.Second)
		}
	}
	return 0
}

// ActiveUsers are the users of a role that were here within the last day, week and 30
// days.
type ActiveUsers struct {
	Role             rooms.Side
	Day, Week, Month int64
}

// Now is how the platform is at a moment.
type Now struct {
	Active   []ActiveUsers // of each role
	Awaiting int64         // users whom no admin has approved yet
	// Public and Private campaigns have not ended; Ended ones have, or are archived.
	Public, Private, Ended int64
	ByStatus               map[rooms.Status]int64 // ad requests
	Totals                 []Totals               // by currency, without archived campaigns
	// Flags in force, by kind.
	FlaggedUsers, FlaggedCampaigns, FlaggedRooms int64
}

var (
	roles    = []rooms.Side{rooms.Sponsor, rooms.Influencer, rooms.Admin}
	statuses = []rooms.Status{
		rooms.Invited, rooms.Applied, rooms.Negotiating, rooms.Agreed, rooms.Completed,
		rooms.StatusDeclined, rooms.StatusWithdrawn, rooms.StatusExpired, rooms.StatusClosed,
	}
)

// Present counts how the platform is at now.
func Present(ctx context.Context, s *store.Store, now rooms.Time) (Now, error) {
	n := Now{ByStatus: make(map[rooms.Status]int64)}
	number := func(into *int64, query string, args ...any) error {
		if err := s.Reads().NewRaw(query, args...).Scan(ctx, into); err != nil {
			return store.ReadError("count for statistics", err)
		}
		return nil
	}
	var err error
	if n.Active, err = active(ctx, s, now); err != nil {
		return Now{}, err
	}
	for _, status := range statuses {
		n.ByStatus[status] = 0
	}
	var counts []struct {
		Status rooms.Status
		N      int64
	}
	if err := s.Reads().NewRaw("SELECT status, n FROM ad_request_counts").Scan(ctx, &counts); err != nil {
		return Now{}, store.ReadError("count ad requests", err)
	}
	for _, c := range counts {
		n.ByStatus[c.Status] = c.N
	}
	err = number(&n.Awaiting, "SELECT count(*) FROM users WHERE NOT approved AND refused_at IS NULL AND deleted_at IS NULL")
	if err != nil {
		return Now{}, err
	}
	for kind, into := range map[store.FlagKind]*int64{
		store.FlagUser: &n.FlaggedUsers, store.FlagCampaign: &n.FlaggedCampaigns, store.FlagRoom: &n.FlaggedRooms,
	} {
		if err := number(into, "SELECT count(*) FROM flags WHERE kind = ? AND ended_at IS NULL", string(kind)); err != nil {
			return Now{}, err
		}
	}
	return n, n.campaigns(ctx, s, now)
}

// campaigns counts campaigns and their money. It reads the row of every campaign, the
// one table of these figures that has no index for them: one over what is held would
// be written with each offer.
func (n *Now) campaigns(ctx context.Context, s *store.Store, now rooms.Time) error {
	var rows []struct {
		Currency                string
		Campaigns               int64 // that are not archived, as all that follows
		Ended, Public           int64 // the latter of those that have not ended
		Budget, Committed, Held int64
		Archived                int64
	}
	of := func(condition, value, name string) string {
		return ", CAST(sum(CASE WHEN " + condition + " THEN " + value + " ELSE 0 END) AS BIGINT) AS " + name
	}
	// Grouped by one column alone: each further one makes the sort dearer than the rest.
	const kept = "archived_at IS NULL"
	err := s.Reads().NewRaw("SELECT currency"+of(kept, "1", "campaigns")+of(kept+" AND ends_at <= ?0", "1", "ended")+
		of(kept+" AND ends_at > ?0 AND public", "1", "public")+of(kept, "budget", "budget")+of(kept, "committed", "committed")+
		of(kept, "held", "held")+of("NOT ("+kept+")", "1", "archived")+
		" FROM campaigns GROUP BY currency ORDER BY currency", store.Micros(now)).Scan(ctx, &rows)
	if err != nil {
		return store.ReadError("count campaigns", err)
	}
	for i := range rows {
		r := &rows[i]
		n.Ended += r.Ended + r.Archived
		n.Public += r.Public
		n.Private += r.Campaigns - r.Ended - r.Public
		if r.Campaigns > 0 {
			n.Totals = append(n.Totals, Totals{
				Currency: rooms.Currency(r.Currency), Campaigns: r.Campaigns,
				Budget: r.Budget, Committed: r.Committed, Held: r.Held,
			})
		}
	}
	return nil
}
