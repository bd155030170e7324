package store

import (
	"context"
)

// Snapshot is the newest state of a room.
func (s *Store) Snapshot(ctx context.Context, room string) (RoomSnapshot, error) {
	return RoomSnapshot{}, ErrUnavailable
}

// Events reads a room's events with after < seq < before (0: no bound), oldest
// first; with before set and after 0, the newest ones below it.
func (s *Store) Events(ctx context.Context, room string, after, before int64, limit int) ([]Committed, error) {
	return nil, ErrUnavailable
}

// ListRooms lists a user's rooms, with the cursor of the next page (empty at the
// end) and the number of unread events in all of the user's rooms.
func (s *Store) ListRooms(ctx context.Context, user string, f RoomFilter) (list []RoomSummary, next string, unread int64, err error) {
	return nil, "", 0, ErrUnavailable
}

// RoomHeads are the last seq of each of the rooms that exist.
func (s *Store) RoomHeads(ctx context.Context, ids []string) (map[string]int64, error) {
	return nil, ErrUnavailable
}

// InboxHeads are the highest pos among the rooms of each of the users.
func (s *Store) InboxHeads(ctx context.Context, users []string) (map[string]int64, error) {
	return nil, ErrUnavailable
}

// FeedHead is the last pos.
func (s *Store) FeedHead(ctx context.Context) (int64, error) { return 0, ErrUnavailable }

// FeedEvents reads the events of all rooms with after < pos < before (0: no
// bound), oldest first.
func (s *Store) FeedEvents(ctx context.Context, after, before int64, limit int) ([]FeedEvent, error) {
	return nil, ErrUnavailable
}

// RoomsChangedSince lists the user's rooms that changed after pos, oldest change
// first.
func (s *Store) RoomsChangedSince(ctx context.Context, user string, pos int64, limit int) ([]RoomChange, error) {
	return nil, ErrUnavailable
}
