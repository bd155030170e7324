package report

import (
	"context"
	"fmt"

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

// read folds the figures of some sponsors: two queries, however many they are. The second
// walks the rooms' logs by their back links, the newest event first, and sorts them.
func read(ctx context.Context, s *store.Store, list []asked) (map[string]Figures, error) {
	users := make([]string, len(list))
	for i := range list {
		users[i] = list[i].user
	}
	var rows []campaignRow
	err := s.Reads().NewSelect().Table("campaigns").
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
	folders := make(map[string]*folder, len(list))
	for i := range list {
		folders[list[i].user] = newFolder(list[i].month, campaigns[list[i].user])
	}
	if err := fold(ctx, s, users, folders); err != nil {
		return nil, err
	}
	figures := make(map[string]Figures, len(list))
	for user, f := range folders {
		figures[user] = f.figures()
	}
	return figures, nil
}

func fold(ctx context.Context, s *store.Store, users []string, folders map[string]*folder) (err error) {
	rows, err := s.Reads().QueryContext(ctx, "WITH RECURSIVE chain (sponsor_id, pos, prev, room_id, seq, body) AS ("+
		" SELECT r.sponsor_id, e.pos, e.prev, e.room_id, e.seq, e.body FROM ad_requests AS r"+
		" JOIN events AS e ON e.pos = r.last_pos WHERE r.sponsor_id IN (?)"+
		" UNION ALL SELECT c.sponsor_id, e.pos, e.prev, e.room_id, e.seq, e.body FROM chain AS c"+
		" JOIN events AS e ON e.pos = c.prev WHERE c.prev > 0)"+
		" SELECT sponsor_id, body FROM chain ORDER BY room_id, seq", bun.List(users))
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
	return nil
}
