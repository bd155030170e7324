package store

import (
	"context"
	"slices"

	"parley/rooms"
)

// FeedHead is the last pos.
func (s *Store) FeedHead(ctx context.Context) (pos int64, err error) {
	err = s.reads.prepared(ctx, "feed head", s.reads.feedHead, func(row []any) error {
		p := columns[any]{v: row}
		pos = p.int()
		return p.err("feed head")
	})
	return pos, err
}

// FeedEvents reads the events of all rooms with after < pos < before (before 0:
// no bound), oldest first. When there are more than limit of them these are the
// oldest; with before given and after 0, the newest.
func (s *Store) FeedEvents(ctx context.Context, after, before int64, limit int) ([]FeedEvent, error) {
	stmt, newest := s.reads.feed, before > 0 && after <= 0
	if newest {
		stmt = s.reads.feedNewest
	}
	var list []FeedEvent
	err := s.reads.prepared(ctx, "read feed", stmt, func(row []any) error {
		p := columns[any]{v: row}
		list = append(list, p.feedEvent())
		return p.err("event")
	}, after, orEnd(before), pageSize(limit))
	if newest {
		slices.Reverse(list)
	}
	return list, err
}

func (p *columns[V]) feedEvent() FeedEvent {
	return FeedEvent{Committed: p.committed(), Campaign: p.text(), Sponsor: p.text(), Influencer: p.text()}
}

// FeedFilter selects events of all rooms; what is empty selects all.
type FeedFilter struct {
	Type     rooms.EventType
	Campaign string
	// User is one of the room's parties.
	User string
}

// feedSearch is how many events one search looks at, at most. The log has no index but
// its order: one by type, campaign or user would be written with every event.
const feedSearch = 10_000

// SearchFeed looks back from before (0: from the end) for events that a filter selects,
// oldest first, the newest limit of them. It gives up after a bounded number of events;
// searched is the position of the oldest that it has looked at, from which to go on, or
// 1 when there is nothing before.
func (s *Store) SearchFeed(ctx context.Context, f FeedFilter, before int64, limit int) (list []FeedEvent, searched int64, err error) {
	head, err := s.FeedHead(ctx)
	if err != nil {
		return nil, 0, err
	}
	if before <= 0 || before > head+1 {
		before = head + 1
	}
	low := max(0, before-1-feedSearch)
	query, args := feedFrom+" WHERE e.pos > ? AND e.pos < ?", []any{low, before}
	if f.Type != "" {
		query, args = query+" AND e.type = ?", append(args, string(f.Type))
	}
	if f.Campaign != "" {
		query, args = query+" AND r.campaign_id = ?", append(args, f.Campaign)
	}
	if f.User != "" {
		query, args = query+" AND (r.sponsor_id = ? OR r.influencer_id = ?)", append(args, f.User, f.User)
	}
	limit = pageSize(limit)
	err = s.reads.rows(ctx, "search feed", query+" ORDER BY e.pos DESC LIMIT ?", func(row []any) error {
		p := columns[any]{v: row}
		list = append(list, p.feedEvent())
		return p.err("event")
	}, append(args, limit)...)
	slices.Reverse(list)
	searched = low + 1
	if len(list) == limit {
		searched = list[0].Pos
	}
	return list, searched, err
}
