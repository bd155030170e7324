package notices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Notice is one thing that a user is told.
type Notice struct {
	User string
	// Kind says what it is about: letters and underscores.
	Kind string
	// Data is a JSON object with what the app needs to word it; nil for none.
	Data json.RawMessage

	ID        string
	CreatedAt rooms.Time
	ReadAt    *rooms.Time
}

// noticeModel is a row of notices.
type noticeModel struct {
	bun.BaseModel `bun:"table:notices,alias:n"`

	ID        string `bun:",pk"`
	UserID    string
	Kind      string
	Data      string
	CreatedAt int64
	ReadAt    *int64
}

func (m *noticeModel) notice() Notice {
	return Notice{
		User: m.UserID, Kind: m.Kind, Data: json.RawMessage(m.Data), ID: m.ID,
		CreatedAt: store.TimeOf(m.CreatedAt), ReadAt: store.TimeOrNil(m.ReadAt),
	}
}

// errNotice says that a notice is a defect of its maker.
var errNotice = errors.New("notices: not a notice")

// Add adds a notice in the transaction of its cause; its commit pings the user.
func Add(ctx context.Context, t *store.Tx, n Notice) error {
	if len(n.Data) == 0 {
		n.Data = json.RawMessage("{}")
	}
	if n.User == "" || n.Kind == "" || n.Data[0] != '{' || !json.Valid(n.Data) {
		return fmt.Errorf("%w: %q for %q", errNotice, n.Kind, n.User)
	}
	id, err := t.NewID()
	if err != nil {
		return err
	}
	row := &noticeModel{
		ID: id, UserID: n.User, Kind: n.Kind, Data: string(n.Data), CreatedAt: store.Micros(t.Now),
	}
	if _, err := t.DB.NewInsert().Model(row).Exec(ctx); err != nil {
		return fmt.Errorf("notices: add: %w", err)
	}
	t.Ping(store.Ping{User: n.User, Kind: n.Kind})
	return nil
}

// List lists a user's notices, newest first, and counts all of theirs that are
// unread.
func List(ctx context.Context, s *store.Store, user, cursor string, limit int) (list []Notice, next string, unread int, err error) {
	var rows []noticeModel
	limit = store.PageSize(limit)
	q := s.Reads().NewSelect().Model(&rows).Where("user_id = ?", user).Order("id DESC").Limit(int64(limit) + 1)
	if cursor != "" {
		q = q.Where("id < ?", cursor)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", 0, store.ReadError("list notices", err)
	}
	if unread, err = Unread(ctx, s, user); err != nil {
		return nil, "", 0, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	list = make([]Notice, len(rows))
	for i := range rows {
		list[i] = rows[i].notice()
	}
	return list, next, unread, nil
}

// Unread counts a user's unread notices.
func Unread(ctx context.Context, s *store.Store, user string) (int, error) {
	n, err := s.Reads().NewSelect().Model((*noticeModel)(nil)).
		Where("user_id = ?", user).Where("read_at IS NULL").Count(ctx)
	if err != nil {
		return 0, store.ReadError("count notices", err)
	}
	return int(n), nil
}

// pingRead tells the user's other tabs that notices were read.
const pingRead = "read"

// MarkRead marks a user's notices up to and with the one named as read; with an
// empty id all of them. What is not theirs is not touched.
func MarkRead(ctx context.Context, s *store.Store, user, upTo string) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		q := t.DB.NewUpdate().Model((*noticeModel)(nil)).Set("read_at = ?", store.Micros(t.Now)).
			Where("user_id = ?", user).Where("read_at IS NULL")
		if upTo != "" {
			q = q.Where("id <= ?", upTo)
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return struct{}{}, fmt.Errorf("notices: mark read: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return struct{}{}, err
		}
		t.Ping(store.Ping{User: user, Kind: pingRead})
		return struct{}{}, nil
	})
	return err
}

// Sweep removes up to limit notices of before a time, read or not, and counts them.
func Sweep(ctx context.Context, s *store.Store, before rooms.Time, limit int) (int64, error) {
	old := s.Reads().NewSelect().Model((*noticeModel)(nil)).Column("id").Where("id < ?", store.FirstID(before)).
		Order("id").Limit(int64(limit))
	return store.Sweep(ctx, s, old, func(ctx context.Context, t *store.Tx, ids []string) (int64, error) {
		res, err := t.DB.NewDelete().Model((*noticeModel)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("notices: sweep: %w", err)
		}
		return res.RowsAffected()
	})
}

// Erase removes all notices of a user.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*noticeModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("notices: erase: %w", err)
	}
	return nil
}
