package remind

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// class is why a room is told of; each room has the first that fits.
type class int

const (
	answer   class = iota + 1 // it is their turn to answer an offer, an invitation or an application
	check                     // deliverables are marked done and wait for the sponsor
	expiring                  // it ends within a day unless somebody does something
	unread                    // something happened that they have not seen
)

const (
	// shown is how many rooms of a class are told of; the rest is counted.
	shown = 5
	// soon is what "within a day" is.
	soon = 24 * time.Hour
	// fresh is how long a room without an offer is told of: who does nothing for longer does
	// not want to know.
	fresh = 7 * 24 * time.Hour
)

// roomRow is a room that somebody is told of.
type roomRow struct {
	Me       string
	Room     string
	Class    class
	Campaign string
	Other    string // the other party's name
	Status   string
	Currency rooms.Currency
	Fee      int64
	Stands   bool
	Until    int64 // when it ends, where something ends
	News     int64 // events that were not seen
	Total    int   // rooms of the class
}

// sideQuery selects the rooms of one side. The names of columns are put in beforehand:
// {me} is the side, {other} the other one.
const sideQuery = `SELECT r.{me}_id AS me, r.id AS room, c.name AS campaign, r.{other}_id AS other_id, r.status, r.currency,
	r.last_fee AS fee, r.stands, r.seq - r.read_{me} AS news, r.last_pos,
	CASE WHEN r.stands = 1 AND r.last_expires_at < c.ends_at THEN r.last_expires_at ELSE c.ends_at END AS until,
	CASE
		WHEN r.frozen <> 0 THEN 0
		WHEN r.stands = 1 AND r.last_author = '{other}' AND r.last_expires_at > ?now THEN 1
		WHEN r.stands = 0 AND r.status = '{opened}' AND c.ends_at > ?now AND r.updated_at > ?fresh THEN 1
		WHEN '{me}' = 'sponsor' AND r.status = 'agreed' AND r.progress LIKE '%d%' THEN 2
		WHEN r.stands = 1 AND r.last_expires_at > ?now AND r.last_expires_at <= ?soon THEN 3
		WHEN r.status IN ('invited', 'applied', 'negotiating') AND c.ends_at > ?now AND c.ends_at <= ?soon THEN 3
		WHEN r.seq > r.read_{me} AND r.updated_at > ?fresh THEN 4
		ELSE 0
	END AS class
FROM ad_requests AS r JOIN campaigns AS c ON c.id = r.campaign_id WHERE r.{me}_id IN (?{me}s)`

// waitingQuery is what all those of both sides are told of.
var waitingQuery = func() string {
	side := func(me, other, opened string) string {
		return strings.NewReplacer("{me}", me, "{other}", other, "{opened}", opened).Replace(sideQuery)
	}
	return `SELECT t.me, t.room, t.class, t.campaign, u.name AS other, t.status, t.currency, t.fee, t.stands = 1 AS stands,
	t.until, t.news, t.total
FROM (
	SELECT s.*, COUNT(*) OVER (PARTITION BY s.me, s.class) AS total, ROW_NUMBER() OVER (
		PARTITION BY s.me, s.class ORDER BY CASE WHEN s.class = 4 THEN -s.last_pos ELSE s.until END, s.room) AS place
	FROM (` + side("sponsor", "influencer", "applied") + " UNION ALL " + side("influencer", "sponsor", "invited") + `) AS s
	WHERE s.class > 0
) AS t JOIN users AS u ON u.id = t.other_id WHERE t.place <= ?shown ORDER BY t.me, t.class, t.place`
}()

// waiting lists what some people are told of, by person.
func waiting(ctx context.Context, s *store.Store, now rooms.Time, sponsors, influencers []string) (map[string][]roomRow, error) {
	type params struct {
		Now, Soon, Fresh      int64
		Shown                 int
		Sponsors, Influencers any
	}
	var rows []roomRow
	err := s.Reads().NewRaw(waitingQuery, &params{
		Now: store.Micros(now), Soon: store.Micros(now.Add(soon)), Fresh: store.Micros(now.Add(-fresh)), Shown: shown,
		Sponsors: bun.List(atLeastOne(sponsors)), Influencers: bun.List(atLeastOne(influencers)),
	}).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("list what waits", err)
	}
	of := make(map[string][]roomRow)
	for _, r := range rows {
		of[r.Me] = append(of[r.Me], r)
	}
	return of, nil
}

// atLeastOne keeps a list of ids from being empty, which is no SQL; no id is empty.
func atLeastOne(ids []string) []string {
	if len(ids) == 0 {
		return []string{""}
	}
	return ids
}
