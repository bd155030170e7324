package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"parley/rooms"
)

// Snapshot is the newest state of a room.
func (s *Store) Snapshot(ctx context.Context, room string) (RoomSnapshot, error) {
	var snap RoomSnapshot
	found := false
	err := s.reads.prepared(ctx, "snapshot", s.reads.snapshot, func(row []any) error {
		r, err := parseStoredRoom(row)
		if err == nil {
			err = r.broken
		}
		if err != nil {
			return err
		}
		p := columns[any]{v: row, i: len(roomColumns) + 3}
		found = true
		snap = RoomSnapshot{
			State: r.state, CampaignName: p.text(), CampaignEndsAt: timeOf(p.int()),
			SponsorName: p.text(), InfluencerName: p.text(),
			SeenSponsor: r.readSponsor, SeenInfluencer: r.readInfluencer, UpdatedAt: r.updated,
		}
		return p.err("snapshot")
	}, room)
	if err == nil && !found {
		err = fmt.Errorf("snapshot: %w", ErrNotFound)
	}
	return snap, err
}

// Events reads a room's events with after < seq < before (before 0: no bound),
// oldest first. When there are more than limit of them these are the oldest;
// with before given and after 0, the newest.
func (s *Store) Events(ctx context.Context, room string, after, before int64, limit int) ([]Committed, error) {
	low, high, n := max(0, after), orEnd(before)-1, int64(pageSize(limit))
	if before > 0 && after <= 0 {
		head, err := s.roomHead(ctx, room)
		if err != nil {
			return nil, err
		}
		high = min(high, head)
		low = max(0, high-n)
	} else if high-low > n {
		high = low + n
	}
	if high <= low {
		return nil, nil
	}
	var list []Committed
	err := s.reads.prepared(ctx, "read events", s.reads.tail, func(row []any) error {
		p := columns[any]{v: row}
		list = append(list, p.committed())
		return p.err("event")
	}, tailArgs(room, low, high)...)
	return list, err
}

// roomHead is the last seq of a room, 0 where there is none.
func (s *Store) roomHead(ctx context.Context, room string) (head int64, err error) {
	err = s.reads.prepared(ctx, "room head", s.reads.head, func(row []any) error {
		p := columns[any]{v: row}
		head = p.int()
		return p.err("room head")
	}, room)
	return head, err
}

func orEnd(before int64) int64 {
	if before <= 0 {
		return math.MaxInt64
	}
	return before
}

// dayMicros is a day as ad_requests.active_day counts it.
const dayMicros = 24 * 60 * 60 * 1_000_000

// ListRooms lists a user's rooms, newest change first, with the cursor of the
// next page (empty at the end) and what all of the user's rooms come to. An empty
// user lists everybody's rooms, for an admin.
//
// The order is by day and, within one, by the last event: a day is what an index
// holds (see the migration), a day's rooms are sorted.
func (s *Store) ListRooms(ctx context.Context, user string, f RoomFilter) (list []RoomSummary, next string, totals RoomTotals, err error) {
	side, err := s.sideOf(ctx, user)
	if err != nil {
		return nil, "", totals, err
	}
	q := roomQuery{user: user, side: side}
	if err := q.filter(f); err != nil {
		return nil, "", totals, err
	}
	limit := pageSize(f.Limit)
	// The page is chosen on the narrow rows, then completed.
	query := "SELECT " + qualified("r.") + ", c.name, c.ends_at, s.name, i.name FROM (SELECT r.id FROM ad_requests r" +
		q.joins + " WHERE " + q.condition() +
		" ORDER BY r.active_day DESC, r.last_pos DESC LIMIT ?) chosen JOIN ad_requests r ON r.id = chosen.id" +
		nameJoins + " ORDER BY r.active_day DESC, r.last_pos DESC"
	err = s.reads.rows(ctx, "list rooms", query, func(row []any) error {
		sum, err := parseSummary(row)
		list = append(list, sum)
		return err
	}, append(q.args, limit+1)...)
	if err != nil {
		return nil, "", totals, err
	}
	list, more := page(list, limit)
	if more {
		last := &list[limit-1]
		next = makeCursor(micros(last.UpdatedAt)/dayMicros, strconv.FormatInt(last.Pos, 10))
	}
	totals, err = s.totals(ctx, user, side)
	return list, next, totals, err
}

// sideOf is the side on which all of a user's rooms have them; empty for nobody and
// for those who are in no room.
func (s *Store) sideOf(ctx context.Context, user string) (side rooms.Side, err error) {
	if user == "" {
		return "", nil
	}
	err = s.reads.rows(ctx, "find the side", "SELECT role FROM users WHERE id = ?", func(row []any) error {
		p := columns[any]{v: row}
		side = rooms.Side(p.text())
		return p.err("side")
	}, user)
	return side, err
}

// roomQuery are the conditions of a list of rooms.
type roomQuery struct {
	user  string
	side  rooms.Side
	joins string
	where []string
	args  []any
}

func (q *roomQuery) and(condition string, values ...any) {
	q.where, q.args = append(q.where, condition), append(q.args, values...)
}

func (q *roomQuery) condition() string { return strings.Join(q.where, " AND ") }

// own is the name of a column of the user's side.
func (q *roomQuery) own(prefix string) string { return prefix + string(q.side) }

// turnOf selects the rooms in which it is a side's turn, as rooms.TurnOf says it: who
// did not put the standing offer answers it; in a deal the sponsor answers what is
// marked done, and else the influencer delivers.
func (q *roomQuery) turnOf(side rooms.Side) {
	condition, author := turnOf(side)
	q.and(condition, author)
}

func turnOf(side rooms.Side) (condition, author string) {
	answers := "r.progress NOT LIKE '%d%'"
	if side == rooms.Sponsor {
		answers = "r.progress LIKE '%d%'"
	}
	return "r.frozen = 0 AND CASE WHEN r.stands = 1 THEN r.last_author = ? ELSE r.status = 'agreed' AND " + answers + " END",
		string(side.Other())
}

// dealt selects the rooms whose deal is in force or completed.
const dealt = "r.status IN ('agreed', 'completed')"

func (q *roomQuery) filter(f RoomFilter) error {
	party := q.side == rooms.Sponsor || q.side == rooms.Influencer
	switch {
	case party:
		q.and("r."+q.own("")+"_id = ?", q.user)
	case q.user != "":
		q.and("1 = 0") // an admin is in no room
	default:
		q.and("1 = 1")
	}
	if len(f.Statuses) > 0 {
		values := make([]any, len(f.Statuses))
		for i, status := range f.Statuses {
			values[i] = string(status)
		}
		q.and("r.status IN (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	}
	if f.Campaign != "" {
		q.and("r.campaign_id = ?", f.Campaign)
	}
	if f.Currency != "" {
		q.and("r.currency = ?", string(f.Currency))
	}
	switch f.Work {
	case WorkToDo:
		q.and(dealt + " AND (r.progress LIKE '%-%' OR r.progress LIKE '%r%')")
	case WorkToConfirm:
		q.and(dealt + " AND r.progress LIKE '%d%'")
	case WorkConfirmed:
		q.and(dealt + " AND r.progress LIKE '%c%'")
	case "":
	}
	if party {
		if f.Mine {
			q.turnOf(q.side)
		}
		if f.Theirs {
			q.turnOf(q.side.Other())
		}
		if f.Unread {
			q.and("r.seq > r." + q.own("read_"))
		}
	}
	if f.Query != "" {
		q.joins = nameJoins
		pattern := "%" + likeEscaper.Replace(strings.ToLower(f.Query)) + "%"
		q.and("(lower(c.name) LIKE ? ESCAPE '!' OR lower(s.name) LIKE ? ESCAPE '!' OR lower(i.name) LIKE ? ESCAPE '!')",
			pattern, pattern, pattern)
	}
	if f.Cursor != "" {
		day, id, err := parseCursor(f.Cursor)
		if err != nil {
			return err
		}
		pos, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return rooms.Invalid("cursor", rooms.Because("cursor", "is not one that a list gave"))
		}
		q.and("r.active_day <= ? AND (r.active_day < ? OR r.last_pos < ?)", day, day, pos)
	}
	return nil
}

// Room is one room as lists show it.
func (s *Store) Room(ctx context.Context, id string) (RoomSummary, error) {
	var sum RoomSummary
	found := false
	query := "SELECT " + qualified("r.") + ", c.name, c.ends_at, s.name, i.name FROM ad_requests r" + nameJoins + " WHERE r.id = ?"
	err := s.reads.rows(ctx, "find room", query, func(row []any) (err error) {
		sum, err = parseSummary(row)
		found = true
		return err
	}, id)
	if err == nil && !found {
		err = fmt.Errorf("find room: %w", ErrNotFound)
	}
	return sum, err
}

// parseSummary reads a room's columns and the names of its campaign and parties.
func parseSummary(row []any) (RoomSummary, error) {
	r, err := parseRoom(row[:len(roomColumns)])
	if err != nil {
		return RoomSummary{}, err
	}
	p := columns[any]{v: row, i: len(roomColumns)}
	sum := RoomSummary{
		RoomChange: r.change(), OpenedBy: r.state.OpenedBy, EndedBy: r.state.EndedBy,
		CloseReason: r.state.CloseReason, Currency: r.state.Currency,
		CampaignName: p.text(), CampaignEndsAt: timeOf(p.int()),
		SponsorName: p.text(), InfluencerName: p.text(),
	}
	return sum, p.err("room")
}

func (s *Store) totals(ctx context.Context, user string, side rooms.Side) (n RoomTotals, err error) {
	if side != rooms.Sponsor && side != rooms.Influencer {
		return n, nil
	}
	turn, author := turnOf(side)
	query := fmt.Sprintf("SELECT CAST(coalesce(sum(r.seq - r.read_%s), 0) AS BIGINT),"+
		" CAST(coalesce(sum(CASE WHEN %s THEN 1 ELSE 0 END), 0) AS BIGINT) FROM ad_requests r WHERE r.%s_id = ?", side, turn, side)
	err = s.reads.rows(ctx, "count unread and turns", query, func(row []any) error {
		p := columns[any]{v: row}
		n.Unread, n.Turns = p.int(), p.int()
		return p.err("totals")
	}, author, user)
	return n, err
}

// RoomHeads are the last seq of each of the rooms that exist.
func (s *Store) RoomHeads(ctx context.Context, ids []string) (map[string]int64, error) {
	return s.heads(ctx, "room heads", "SELECT id, seq FROM ad_requests WHERE id "+s.reads.lists.in, ids, 1)
}

// RoomCounts are how many rooms each of the campaigns has; one without rooms is
// absent.
func (s *Store) RoomCounts(ctx context.Context, campaigns []string) (map[string]int64, error) {
	return s.heads(ctx, "room counts",
		"SELECT campaign_id, count(*) FROM ad_request_rows WHERE campaign_id "+s.reads.lists.in+" GROUP BY campaign_id", campaigns, 1)
}

// inboxHead is the highest pos among a user's rooms on one side. It is read of the rooms
// of their last day and the one before alone, as every server asks for all who are
// online each second: who has been here for years has many rooms. The clock of the
// instance that wrote an event says its day, so that at midnight the last event may be
// of the day before.
func inboxHead(party string) string {
	return "SELECT u.id, coalesce((SELECT max(r.last_pos) FROM ad_requests AS r WHERE r." + party + " = u.id AND r.active_day >=" +
		" (SELECT max(d.active_day) FROM ad_request_rows AS d WHERE d." + party + " = u.id) - 1), 0) FROM users AS u WHERE u.id "
}

// InboxHeads are the highest pos among the rooms of each of the users that have
// rooms.
func (s *Store) InboxHeads(ctx context.Context, users []string) (map[string]int64, error) {
	in := s.reads.lists.in
	return s.heads(ctx, "inbox heads", inboxHead("sponsor_id")+in+" UNION ALL "+inboxHead("influencer_id")+in, users, 2)
}

// heads runs a query of keys and numbers; the list is its only argument, several
// times over.
func (s *Store) heads(ctx context.Context, what, query string, keys []string, times int) (map[string]int64, error) {
	heads := make(map[string]int64, len(keys))
	if len(keys) == 0 {
		return heads, nil
	}
	args := make([]any, times)
	for i := range args {
		args[i] = s.reads.lists.value(keys)
	}
	err := s.reads.rows(ctx, what, query, func(row []any) error {
		p := columns[any]{v: row}
		key, n := p.text(), p.int()
		if n > 0 {
			heads[key] = max(n, heads[key])
		}
		return p.err(what)
	}, args...)
	return heads, err
}

// RoomsChangedSince lists the user's rooms that changed after pos, oldest change
// first.
func (s *Store) RoomsChangedSince(ctx context.Context, user string, pos int64, limit int) ([]RoomChange, error) {
	var list []RoomChange
	query := "SELECT " + qualified("r.") + " FROM ad_requests r WHERE (r.sponsor_id = ? OR r.influencer_id = ?)" +
		" AND r.last_pos > ? ORDER BY r.last_pos LIMIT ?"
	err := s.reads.rows(ctx, "list changed rooms", query, func(row []any) error {
		r, err := parseRoom(row)
		list = append(list, r.change())
		return err
	}, user, user, pos, pageSize(limit))
	return list, err
}
