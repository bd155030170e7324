package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
)

// asked is whom to report to about which month.
type asked struct {
	user  string
	month Month
	job   *jobs.Job
}

// campaignRow is a campaign as it is read.
type campaignRow struct {
	ID, SponsorID, Name, Currency       string
	Budget, CreatedAt, StartsAt, EndsAt int64
	ArchivedAt                          *int64
}

// read finds the figures of some sponsors: three queries, however many they are. What
// they read is bounded by the month and the one before: only of the rooms in which
// something happened since are the logs folded; how the others stand is in their rows, of
// which those are added up whose campaigns are told about.
func read(ctx context.Context, s *store.Store, list []asked) (map[string]Figures, error) {
	since := list[0].month.Before
	for i := range list {
		if before := list[i].month.Before; before.Before(since) {
			since = before
		}
	}
	return readSince(ctx, s, list, since)
}

// readSince is read with the time since which logs are folded, which must not be after
// the month before.
func readSince(ctx context.Context, s *store.Store, list []asked, since time.Time) (figures map[string]Figures, err error) {
	users := make([]string, len(list))
	for i := range list {
		users[i] = list[i].user
	}
	// A room that wakes up between two of the queries would be in both or in neither.
	tx, err := s.BeginReads(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	campaigns, err := campaignsOf(ctx, tx, users)
	if err != nil {
		return nil, err
	}
	folders := make(map[string]*folder, len(list))
	for i := range list {
		folders[list[i].user] = newFolder(list[i].month, campaigns[list[i].user])
	}
	day := store.ActiveDay(rooms.At(since))
	if err := fold(ctx, tx, users, day, folders); err != nil {
		return nil, err
	}
	if err := rest(ctx, tx, day, folders); err != nil {
		return nil, err
	}
	figures = make(map[string]Figures, len(list))
	for user, f := range folders {
		figures[user] = f.figures()
	}
	return figures, nil
}

// campaignsOf lists the campaigns of some sponsors, by sponsor.
func campaignsOf(ctx context.Context, tx bun.Tx, users []string) (map[string][]CampaignFacts, error) {
	var rows []campaignRow
	err := tx.NewSelect().Table("campaigns").
		Column("id", "sponsor_id", "name", "currency", "budget", "created_at", "starts_at", "ends_at", "archived_at").
		Where("sponsor_id IN (?)", bun.List(users)).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("report: read campaigns", err)
	}
	campaigns := make(map[string][]CampaignFacts)
	for i := range rows {
		r := &rows[i]
		c := CampaignFacts{
			ID: r.ID, Name: r.Name, Currency: rooms.Currency(r.Currency), Budget: r.Budget,
			Created: store.TimeOf(r.CreatedAt).Time, Starts: store.TimeOf(r.StartsAt).Time, Ends: store.TimeOf(r.EndsAt).Time,
		}
		if at := store.TimeOrNil(r.ArchivedAt); at != nil {
			c.Archived = &at.Time
		}
		campaigns[r.SponsorID] = append(campaigns[r.SponsorID], c)
	}
	return campaigns, nil
}

// fold walks the logs of the rooms in which something happened on a day or later, by
// their back links, the newest event first, and sorts them.
func fold(ctx context.Context, tx bun.Tx, users []string, day int64, folders map[string]*folder) (err error) {
	rows, err := tx.QueryContext(ctx, "WITH RECURSIVE chain (sponsor_id, pos, prev, room_id, seq, body) AS ("+
		" SELECT r.sponsor_id, e.pos, e.prev, e.room_id, e.seq, e.body FROM ad_requests AS r"+
		" JOIN events AS e ON e.pos = r.last_pos WHERE r.sponsor_id IN (?) AND r.active_day >= ?"+
		" UNION ALL SELECT c.sponsor_id, e.pos, e.prev, e.room_id, e.seq, e.body FROM chain AS c"+
		" JOIN events AS e ON e.pos = c.prev WHERE c.prev > 0)"+
		" SELECT sponsor_id, body FROM chain ORDER BY room_id, seq", bun.List(users), day)
	if err != nil {
		return store.ReadError("report: read events", err)
	}
	defer func() {
		if closing := rows.Close(); err == nil && closing != nil {
			err = store.ReadError("report: read events", closing)
		}
	}()
	var sponsor string
	var body []byte
	for rows.Next() {
		if err := rows.Scan(&sponsor, &body); err != nil {
			return store.ReadError("report: read an event", err)
		}
		event, err := rooms.ParseEvent(body)
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if err := folders[sponsor].add(event); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return store.ReadError("report: read events", err)
	}
	for _, f := range folders {
		f.endRoom()
	}
	return nil
}

// chunk keeps the parameters of one statement far below what databases take.
const chunk = 500

// restQuery adds up how rooms stand in which nothing happened since a day: what
// rooms.State calls Committed and Held, those in negotiation, and deals in force.
const restQuery = `SELECT campaign_id, CAST(SUM(deal) AS BIGINT) AS committed,
	CAST(SUM(CASE WHEN stands = 1 AND last_author = 'sponsor' AND last_fee > deal THEN last_fee - deal ELSE 0 END) AS BIGINT) AS held,
	SUM(CASE WHEN status IN ('invited', 'applied', 'negotiating') THEN 1 ELSE 0 END) AS open,
	SUM(CASE WHEN status = 'agreed' THEN 1 ELSE 0 END) AS in_force
FROM (
	SELECT campaign_id, status, stands, last_author, last_fee, CASE WHEN deal_seq > 0 THEN deal_fee ELSE 0 END AS deal
	FROM ad_requests WHERE campaign_id IN (?) AND active_day < ?
) AS r GROUP BY campaign_id`

// rest adds the rooms that fold left out to the campaigns that are told about.
func rest(ctx context.Context, tx bun.Tx, day int64, folders map[string]*folder) error {
	shown := make(map[string]*tally)
	for _, f := range folders {
		for id, c := range f.campaigns {
			if f.shows(c) {
				shown[id] = c
			}
		}
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(shown)), chunk) {
		var rows []struct {
			CampaignID      string
			Committed, Held int64
			Open, InForce   int
		}
		if err := tx.NewRaw(restQuery, bun.List(ids), day).Scan(ctx, &rows); err != nil {
			return store.ReadError("report: read rooms", err)
		}
		for i := range rows {
			r, c := &rows[i], shown[rows[i].CampaignID]
			c.committed, c.held = c.committed+r.Committed, c.held+r.Held
			c.open, c.inForce = c.open+r.Open, c.inForce+r.InForce
		}
	}
	return nil
}
