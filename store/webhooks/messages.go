package webhooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
)

// Message is something to be said to an endpoint.
type Message struct {
	// To is the endpoint, as Own or Chosen found it.
	To Webhook
	// Kind is for programs, for example "daily".
	Kind string
	// Title is a line, Text says it all in plain text, the title included.
	Title, Text string

	// ID is made by Put, and is the same for each attempt.
	ID        string
	CreatedAt rooms.Time
}

// messageModel is a row of webhook_messages.
type messageModel struct {
	bun.BaseModel `bun:"table:webhook_messages,alias:m"`

	ID        string `bun:",pk"`
	Webhook   string
	Kind      string
	Title     string
	Body      string
	CreatedAt int64
}

// chunk keeps the parameters of one statement far below what databases take.
const chunk = 200

// Put queues messages in the transaction of their cause, each with the job to deliver it.
func Put(ctx context.Context, t *store.Tx, list ...Message) error {
	for len(list) > 0 {
		part := list[:min(len(list), chunk)]
		list = list[len(part):]
		rows := make([]messageModel, len(part))
		todo := make([]jobs.Job, len(part))
		for i := range part {
			m := &part[i]
			id, err := t.NewID()
			if err != nil {
				return err
			}
			rows[i] = messageModel{
				ID: id, Webhook: m.To.ID, Kind: m.Kind, Title: m.Title, Body: m.Text, CreatedAt: store.Micros(t.Now),
			}
			todo[i] = jobs.Job{Kind: jobs.Webhook, User: m.To.User, Period: id}
		}
		if _, err := t.DB.NewInsert().Model(&rows).Exec(ctx); err != nil {
			return fmt.Errorf("webhooks: put: %w", err)
		}
		if err := jobs.Add(ctx, t, todo...); err != nil {
			return err
		}
	}
	return nil
}

// Chosen are the endpoints to which some users have themselves told, by user. Who told
// nothing, or whose endpoint is off, is not among them: they are told by mail.
func Chosen(ctx context.Context, t *store.Tx, users []string) (map[string]Webhook, error) {
	chosen := make(map[string]Webhook)
	for len(users) > 0 {
		part := users[:min(len(users), chunk)]
		users = users[len(part):]
		var rows []model
		err := t.DB.NewSelect().Model(&rows).
			Join("JOIN preferences AS p ON p.user_id = w.user_id AND p.webhook = w.id").
			Where("p.user_id IN (?)", bun.List(part)).Where("w.off_at IS NULL").Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("webhooks: find those chosen: %w", err)
		}
		for i := range rows {
			chosen[rows[i].UserID] = rows[i].webhook()
		}
	}
	return chosen, nil
}

// Load reads the messages that there are of these ids, with their endpoints.
func Load(ctx context.Context, s *store.Store, ids ...string) (map[string]Message, error) {
	found := make(map[string]Message, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	var rows []messageModel
	if err := s.Reads().NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, store.ReadError("find messages", err)
	}
	if len(rows) == 0 {
		return found, nil
	}
	hooks := make([]string, len(rows))
	for i := range rows {
		hooks[i] = rows[i].Webhook
	}
	var to []model
	if err := s.Reads().NewSelect().Model(&to).Where("id IN (?)", bun.List(hooks)).Scan(ctx); err != nil {
		return nil, store.ReadError("find webhooks", err)
	}
	byID := make(map[string]Webhook, len(to))
	for i := range to {
		byID[to[i].ID] = to[i].webhook()
	}
	for _, r := range rows {
		if w, ok := byID[r.Webhook]; ok { // it may have been deleted between the two reads
			found[r.ID] = Message{To: w, Kind: r.Kind, Title: r.Title, Text: r.Body, ID: r.ID, CreatedAt: store.TimeOf(r.CreatedAt)}
		}
	}
	return found, nil
}

// Sweep removes up to limit messages that were made before a time and whose jobs are over,
// the oldest first, and counts them: an admin may have those that failed done again
// until then.
func Sweep(ctx context.Context, s *store.Store, before rooms.Time, limit int) (int64, error) {
	old := s.Reads().NewSelect().Model((*messageModel)(nil)).Column("m.id").Join("JOIN webhooks AS w ON w.id = m.webhook").
		Where("m.id < ?", store.FirstID(before)).
		Where("NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.kind = ? AND j.user_id = w.user_id AND j.period = m.id AND j.run_at IS NOT NULL)",
			jobs.Webhook).
		Order("m.id").Limit(int64(limit))
	return store.Sweep(ctx, s, old, func(ctx context.Context, t *store.Tx, ids []string) (int64, error) {
		res, err := t.DB.NewDelete().Model((*messageModel)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("webhooks: sweep: %w", err)
		}
		return res.RowsAffected()
	})
}

// Off says that an endpoint was switched off.
type Off struct {
	Webhook
	// Dropped is how many messages waited for it.
	Dropped int
}

// Delivered notes that a message was taken: it is removed, and its endpoint's failures
// are forgotten.
func Delivered(ctx context.Context, t *store.Tx, m *Message) error {
	if _, err := t.DB.NewDelete().Model((*messageModel)(nil)).Where("id = ?", m.ID).Exec(ctx); err != nil {
		return fmt.Errorf("webhooks: remove what was delivered: %w", err)
	}
	_, err := t.DB.NewUpdate().Model((*model)(nil)).Set("failures = 0").Set("failing_since = NULL").
		Where("id = ?", m.To.ID).Where("failures > 0").Exec(ctx)
	if err != nil {
		return fmt.Errorf("webhooks: note a delivery: %w", err)
	}
	return nil
}

// Failed notes that an attempt failed, after jobs.Finish said so of its job. If the
// endpoint is switched off by it, that is returned: the caller tells its owner in the
// same transaction. An endpoint that is off already stays as it is.
func Failed(ctx context.Context, t *store.Tx, m *Message, reason string) (*Off, error) {
	var row model
	err := t.DB.NewUpdate().Model(&row).Set("failures = failures + 1").
		Set("failing_since = COALESCE(failing_since, ?)", store.Micros(t.Now)).
		Where("id = ?", m.To.ID).Where("off_at IS NULL").Returning("*").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("webhooks: note a failure: %w", err)
	}
	if row.Failures < FailuresToOff || t.Now.Before(store.TimeOf(*row.FailingSince).Add(FailingToOff)) {
		return nil, nil
	}
	now := store.Micros(t.Now)
	row.OffAt, row.OffReason = &now, reason
	if _, err := t.DB.NewUpdate().Model(&row).Column("off_at", "off_reason").WherePK().Exec(ctx); err != nil {
		return nil, fmt.Errorf("webhooks: switch off: %w", err)
	}
	n, err := drop(ctx, t, row.UserID, row.ID)
	if err != nil {
		return nil, err
	}
	return &Off{Webhook: row.webhook(), Dropped: n}, nil
}
