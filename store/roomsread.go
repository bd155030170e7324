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

// ListRooms lists a user's rooms, newest change first, with the cursor of the
// next page (empty at the end) and the number of unread events in all of the
// user's rooms. An empty user lists everybody's rooms, for an admin.
func (s *Store) ListRooms(ctx context.Context, user string, f RoomFilter) (list []RoomSummary, next string, unread int64, err error) {
	where, args := []string{"1 = 1"}, []any{}
	and := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if user != "" {
		and("(r.sponsor_id = ? OR r.influencer_id = ?)", user, user)
	}
	if f.Status != "" {
		and("r.status = ?", string(f.Status))
	}
	if f.Campaign != "" {
		and("r.campaign_id = ?", f.Campaign)
	}
	if f.Mine {
		// As rooms.TurnOf says it.
		and("r.frozen = 0 AND CASE WHEN r.stands = 1 THEN (r.sponsor_id = ? AND r.last_author = 'influencer')"+
			" OR (r.influencer_id = ? AND r.last_author = 'sponsor')"+
			" ELSE r.status = 'agreed' AND CASE WHEN r.progress LIKE '%d%' THEN r.sponsor_id = ? ELSE r.influencer_id = ? END END",
			user, user, user, user)
	}
	if f.Cursor != "" {
		pos, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return nil, "", 0, rooms.Invalid("cursor", "is not one that a list gave")
		}
		and("r.last_pos < ?", pos)
	}
	limit := pageSize(f.Limit)
	// The page is chosen on the narrow rows, then completed.
	query := "SELECT " + qualified("r.") + ", c.name, c.ends_at, s.name, i.name FROM (SELECT r.id FROM ad_requests r WHERE " +
		strings.Join(where, " AND ") + " ORDER BY r.last_pos DESC LIMIT ?) chosen JOIN ad_requests r ON r.id = chosen.id" +
		nameJoins + " ORDER BY r.last_pos DESC"
	err = s.reads.rows(ctx, "list rooms", query, func(row []any) error {
		sum, err := parseSummary(row)
		list = append(list, sum)
		return err
	}, append(args, limit+1)...)
	if err != nil {
		return nil, "", 0, err
	}
	list, more := page(list, limit)
	if more {
		next = strconv.FormatInt(list[limit-1].Pos, 10)
	}
	unread, err = s.unread(ctx, user)
	return list, next, unread, err
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

func (s *Store) unread(ctx context.Context, user string) (n int64, err error) {
	if user == "" {
		return 0, nil
	}
	query := "SELECT CAST(coalesce(sum(CASE WHEN sponsor_id = ? THEN seq - read_sponsor ELSE seq - read_influencer END), 0) AS BIGINT)" +
		" FROM ad_requests WHERE sponsor_id = ? OR influencer_id = ?"
	err = s.reads.rows(ctx, "count unread", query, func(row []any) error {
		p := columns[any]{v: row}
		n = p.int()
		return p.err("unread")
	}, user, user, user)
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
		"SELECT campaign_id, count(*) FROM ad_requests WHERE campaign_id "+s.reads.lists.in+" GROUP BY campaign_id", campaigns, 1)
}

// InboxHeads are the highest pos among the rooms of each of the users that have
// rooms.
func (s *Store) InboxHeads(ctx context.Context, users []string) (map[string]int64, error) {
	in := s.reads.lists.in
	return s.heads(ctx, "inbox heads",
		"SELECT sponsor_id, max(last_pos) FROM ad_requests WHERE sponsor_id "+in+" GROUP BY sponsor_id"+
			" UNION ALL SELECT influencer_id, max(last_pos) FROM ad_requests WHERE influencer_id "+in+" GROUP BY influencer_id",
		users, 2)
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
		heads[key] = max(n, heads[key])
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
