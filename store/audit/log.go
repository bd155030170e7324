package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"parley/rooms"
	"parley/store"
)

// entryModel is a row of audit_log.
type entryModel struct {
	bun.BaseModel `bun:"table:audit_log,alias:a"`

	Pos         int64 `bun:",pk"`
	At          int64
	ActorID     string
	Action      string
	SubjectKind string
	SubjectID   string
	Details     string
	Addr        string
	RequestID   string
	Hash        []byte
}

func (m *entryModel) entry() (Entry, error) {
	e := Entry{
		Pos: m.Pos, At: rooms.FromMicros(m.At), Actor: m.ActorID, Action: Action(m.Action),
		Subject: Subject{Kind: m.SubjectKind, ID: m.SubjectID}, Addr: m.Addr, RequestID: m.RequestID,
	}
	copy(e.Hash[:], m.Hash)
	if err := json.Unmarshal([]byte(m.Details), &e.Details); err != nil {
		return e, fmt.Errorf("audit: entry %d: details: %w", m.Pos, err)
	}
	return e, nil
}

// headModel is the one row of audit_head.
type headModel struct {
	bun.BaseModel `bun:"table:audit_head,alias:h"`

	ID   int64 `bun:",pk"`
	Pos  int64
	At   int64
	Hash []byte
}

// Append adds an entry in the transaction of what it tells. Pos, At and Hash are
// given by the log. Its error is to end the transaction: what cannot be told is not
// done.
func Append(ctx context.Context, t *store.Tx, e Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	details, err := e.text()
	if err != nil {
		return err
	}
	var head headModel
	q := t.DB.NewSelect().Model(&head).Where("id = 1")
	if t.DB.Dialect().Name() == dialect.PG {
		q = q.For("UPDATE")
	}
	if err := q.Scan(ctx); err != nil {
		return fmt.Errorf("audit: head: %w", err)
	}
	m := entryModel{
		// A clock that was set back does not turn the order around.
		Pos: head.Pos + 1, At: max(head.At, t.Now.UnixMicro()),
		ActorID: e.Actor, Action: string(e.Action), SubjectKind: e.Subject.Kind, SubjectID: e.Subject.ID,
		Details: details, Addr: Network(e.Addr), RequestID: e.RequestID,
	}
	var before rooms.Hash
	copy(before[:], head.Hash)
	hash := rooms.Chain(before, m.canonical())
	m.Hash = hash[:]
	if _, err := t.DB.NewInsert().Model(&m).Exec(ctx); err != nil {
		return fmt.Errorf("audit: append: %w", err)
	}
	_, err = t.DB.NewUpdate().Model(&headModel{ID: 1, Pos: m.Pos, At: m.At, Hash: m.Hash}).WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("audit: head: %w", err)
	}
	return nil
}

// Record adds an entry that stands alone.
func Record(ctx context.Context, s *store.Store, e Entry) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		return struct{}{}, Append(ctx, t, e)
	})
	return err
}

// Also makes an entry part of a write of the store.
func Also(e Entry) func(context.Context, *store.Tx) error {
	return func(ctx context.Context, t *store.Tx) error { return Append(ctx, t, e) }
}

// Filter selects entries, newest first.
type Filter struct {
	Actor string
	// Action is one action, or an area with its point at the end, such as "auth.".
	Action  Action
	Subject Subject // a kind alone, or with an id
	From    *rooms.Time
	Until   *rooms.Time // not included
	Cursor  string
	Limit   int
}

const (
	defaultPage = 50
	// MaxPage is how many entries one call of List returns at most.
	MaxPage = 500
)

// List reads a page of the log; next is the cursor of the page after it, empty at the
// log's beginning.
func List(ctx context.Context, s *store.Store, f Filter) (list []Entry, next string, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, MaxPage)
	var models []entryModel
	q, err := f.query(s.Reads().NewSelect().Model(&models), s.Reads())
	if err != nil {
		return nil, "", err
	}
	if err := q.Limit(int64(limit) + 1).Scan(ctx); err != nil {
		return nil, "", store.ReadError("list audit log", err)
	}
	if len(models) > limit {
		models = models[:limit]
		next = strconv.FormatInt(models[limit-1].Pos, 10)
	}
	list = make([]Entry, len(models))
	for i := range models {
		if list[i], err = models[i].entry(); err != nil {
			return nil, "", err
		}
	}
	return list, next, nil
}

func (f *Filter) query(q *bun.SelectQuery, db *bun.DB) (*bun.SelectQuery, error) {
	q = q.Order("pos DESC")
	if f.Actor != "" {
		q = q.Where("actor_id = ?", f.Actor)
	}
	if area, ok := strings.CutSuffix(string(f.Action), "."); ok {
		// The character after the point.
		q = q.Where("action > ?", area+".").Where("action < ?", area+"/")
	} else if f.Action != "" {
		q = q.Where("action = ?", string(f.Action))
	}
	if f.Subject.Kind != "" {
		q = q.Where("subject_kind = ?", f.Subject.Kind)
	}
	if f.Subject.ID != "" {
		q = q.Where("subject_id = ?", f.Subject.ID)
	}
	// Times never go back from one entry to the next, so a time is a position.
	first := func(at rooms.Time) *bun.SelectQuery {
		return db.NewSelect().Table("audit_log").Column("pos").Where("at >= ?", at.UnixMicro()).
			Order("at", "pos").Limit(1)
	}
	if f.From != nil {
		q = q.Where("pos >= coalesce((?), (SELECT pos + 1 FROM audit_head))", first(*f.From))
	}
	if f.Until != nil {
		q = q.Where("pos < coalesce((?), (SELECT pos + 1 FROM audit_head))", first(*f.Until))
	}
	if f.Cursor != "" {
		before, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return nil, rooms.Invalid("cursor", rooms.Because("cursor", "is not one that a list gave"))
		}
		q = q.Where("pos < ?", before)
	}
	return q, nil
}
