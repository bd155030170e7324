package insight

import (
	"context"
	"maps"
	"slices"

	"parley/rooms"
	"parley/store"
)

// Counts are the ad requests of a campaign, or of several.
type Counts struct {
	// ByStatus has no entry where there is none.
	ByStatus map[rooms.Status]int64
	// Frozen ones are counted by their status too, but wait for nobody.
	Frozen int64
	// Mine wait for the sponsor, Theirs for the influencer; a deal in force for who is to
	// deliver or to confirm.
	Mine, Theirs int64
	// Unread are the events that the sponsor has not seen, UnreadRooms the rooms that
	// have some.
	Unread, UnreadRooms int64
	// Work counts the deliverables of the deals in force and completed.
	Work Work
}

// Work counts deliverables.
type Work struct {
	Total int64
	// Delivered wait for the sponsor's word.
	Delivered, Confirmed int64
}

// ToDo are those to be delivered, for the first time or again.
func (w *Work) ToDo() int64 { return w.Total - w.Delivered - w.Confirmed }

// Rooms is how many ad requests there are.
func (c *Counts) Rooms() int64 {
	var n int64
	for _, count := range c.ByStatus {
		n += count
	}
	return n
}

func (c *Counts) add(r *countRow) {
	if c.ByStatus == nil {
		c.ByStatus = make(map[rooms.Status]int64)
	}
	c.ByStatus[rooms.Status(r.Status)] += r.Rooms
	c.Unread += r.Unread
	c.UnreadRooms += r.UnreadRooms
	switch rooms.Status(r.Status) {
	case rooms.Agreed, rooms.Completed:
		c.Work.Total += r.Total
		c.Work.Delivered += r.Delivered
		c.Work.Confirmed += r.Confirmed
	default: // a deal that an admin closed is no work any more
	}
	switch {
	case r.Frozen:
		c.Frozen += r.Rooms
	case r.Turn == string(rooms.Sponsor):
		c.Mine += r.Rooms
	case r.Turn == string(rooms.Influencer):
		c.Theirs += r.Rooms
	}
}

// Expiry is a standing offer and when it ends.
type Expiry struct {
	Room           string
	Campaign       string
	CampaignName   string
	Influencer     string // user id
	InfluencerName string
	// Turn is the side that could still answer.
	Turn rooms.Side
	Fee  rooms.Money
	At   rooms.Time
}

// Totals are a sponsor's campaigns of one currency that are not archived, in minor
// units.
type Totals struct {
	Currency                rooms.Currency
	Campaigns               int64
	Budget, Committed, Held int64
}

// Overview is all that a sponsor has under way.
type Overview struct {
	Totals []Totals
	All    Counts
	// ByCampaign has no entry for campaigns without ad requests.
	ByCampaign map[string]*Counts
	// Expiries are the next standing offers to end, soonest first.
	Expiries []Expiry
	// Running campaigns have begun and neither ended nor been archived.
	Running int64
}

// campaignsCounted bounds the campaigns that are told one by one.
const campaignsCounted = 500

// Newest are the campaigns of ByCampaign, newest first; of very many only the newest.
func (o *Overview) Newest() []string {
	ids := slices.Sorted(maps.Keys(o.ByCampaign)) // ULIDs: by time
	slices.Reverse(ids)
	return ids[:min(len(ids), campaignsCounted)]
}

// expiriesShown is how many of the next expiries are told.
const expiriesShown = 5

// countRow is a group of ad requests.
type countRow struct {
	CampaignID  string
	Status      string
	Frozen      bool
	Turn        string
	Rooms       int64
	Unread      int64
	UnreadRooms int64
	Total       int64
	Delivered   int64
	Confirmed   int64
}

// countColumns group ad requests by all that is counted apart. The turn is that of
// rooms.TurnOf; deliverables are counted by their letters in progress.
const countColumns = "r.campaign_id, r.status, r.frozen <> 0 AS frozen," +
	" CASE WHEN r.stands = 1 THEN CASE r.last_author WHEN 'sponsor' THEN 'influencer' ELSE 'sponsor' END" +
	" WHEN r.status <> 'agreed' THEN '' WHEN r.progress LIKE '%d%' THEN 'sponsor' ELSE 'influencer' END AS turn," +
	" count(*) AS rooms, CAST(sum(length(r.progress)) AS BIGINT) AS total," +
	" CAST(sum(length(r.progress) - length(replace(r.progress, 'd', ''))) AS BIGINT) AS delivered," +
	" CAST(sum(length(r.progress) - length(replace(r.progress, 'c', ''))) AS BIGINT) AS confirmed," +
	" CAST(sum(r.seq - r.read_sponsor) AS BIGINT) AS unread," +
	" CAST(sum(CASE WHEN r.seq > r.read_sponsor THEN 1 ELSE 0 END) AS BIGINT) AS unread_rooms"

// Campaign counts the ad requests of one campaign and finds the next that expire. It
// does not ask whose it is.
func Campaign(ctx context.Context, s *store.Store, id string) (Counts, []Expiry, error) {
	var total Counts
	rows, err := count(ctx, s, "r.campaign_id = ?", id)
	if err != nil {
		return Counts{}, nil, err
	}
	for i := range rows {
		total.add(&rows[i])
	}
	expiries, err := next(ctx, s, "r.campaign_id = ?", id)
	return total, expiries, err
}

// Sponsor counts across all campaigns of a sponsor.
func Sponsor(ctx context.Context, s *store.Store, sponsor string, now rooms.Time) (Overview, error) {
	o := Overview{ByCampaign: make(map[string]*Counts)}
	rows, err := count(ctx, s, "r.sponsor_id = ?", sponsor)
	if err != nil {
		return Overview{}, err
	}
	for i := range rows {
		r := &rows[i]
		o.All.add(r)
		if o.ByCampaign[r.CampaignID] == nil {
			o.ByCampaign[r.CampaignID] = new(Counts)
		}
		o.ByCampaign[r.CampaignID].add(r)
	}
	if o.Expiries, err = next(ctx, s, "r.sponsor_id = ?", sponsor); err != nil {
		return Overview{}, err
	}
	// Sums of different currencies are never added.
	err = s.Reads().NewRaw("SELECT currency, count(*) AS campaigns, CAST(sum(budget) AS BIGINT) AS budget,"+
		" CAST(sum(committed) AS BIGINT) AS committed, CAST(sum(held) AS BIGINT) AS held"+
		" FROM campaigns WHERE sponsor_id = ? AND archived_at IS NULL GROUP BY currency ORDER BY currency", sponsor).
		Scan(ctx, &o.Totals)
	if err != nil {
		return Overview{}, store.ReadError("sum budgets", err)
	}
	err = s.Reads().NewRaw("SELECT count(*) FROM campaigns WHERE sponsor_id = ? AND archived_at IS NULL"+
		" AND starts_at <= ? AND ends_at > ?", sponsor, store.Micros(now), store.Micros(now)).Scan(ctx, &o.Running)
	if err != nil {
		return Overview{}, store.ReadError("count campaigns", err)
	}
	return o, nil
}

func count(ctx context.Context, s *store.Store, where, arg string) ([]countRow, error) {
	var rows []countRow
	err := s.Reads().NewRaw("SELECT "+countColumns+" FROM ad_requests r WHERE "+where+
		" GROUP BY 1, 2, 3, 4", arg).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("count ad requests", err)
	}
	return rows, nil
}

// next finds the standing offers that end first. A frozen room's clock stands still.
func next(ctx context.Context, s *store.Store, where, arg string) ([]Expiry, error) {
	var rows []struct {
		ID, CampaignID, CampaignName, InfluencerID, InfluencerName string
		LastAuthor, Currency                                       string
		LastFee, LastExpiresAt                                     int64
	}
	err := s.Reads().NewRaw("SELECT r.id, r.campaign_id, c.name AS campaign_name, r.influencer_id, u.name AS influencer_name,"+
		" r.last_author, r.currency, r.last_fee, r.last_expires_at"+
		" FROM (SELECT r.id FROM ad_requests r WHERE "+where+" AND r.stands = 1 AND r.frozen = 0"+
		" ORDER BY r.last_expires_at, r.id LIMIT ?) chosen JOIN ad_requests r ON r.id = chosen.id"+
		" JOIN campaigns c ON c.id = r.campaign_id JOIN users u ON u.id = r.influencer_id"+
		" ORDER BY r.last_expires_at, r.id", arg, expiriesShown).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("find the next expiries", err)
	}
	list := make([]Expiry, len(rows))
	for i := range rows {
		r := &rows[i]
		list[i] = Expiry{
			Room: r.ID, Campaign: r.CampaignID, CampaignName: r.CampaignName,
			Influencer: r.InfluencerID, InfluencerName: r.InfluencerName,
			Turn: rooms.Side(r.LastAuthor).Other(),
			Fee:  rooms.Money{Amount: r.LastFee, Currency: rooms.Currency(r.Currency)},
			At:   store.TimeOf(r.LastExpiresAt),
		}
	}
	return list, nil
}
