package store

import (
	"context"
	"slices"
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
		list = append(list, FeedEvent{Committed: p.committed(), Campaign: p.text()})
		return p.err("event")
	}, after, orEnd(before), pageSize(limit))
	if newest {
		slices.Reverse(list)
	}
	return list, err
}
