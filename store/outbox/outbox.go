package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// State is how far a mail is.
type State string

// The states of a mail.
const (
	Queued State = "queued"
	Sent   State = "sent"
	// GaveUp says that no further attempt is made.
	GaveUp State = "failed"
	// Withdrawn says that the mail lost its cause before it was sent.
	Withdrawn State = "withdrawn"
)

// Mail is a message to one address. Put reads the first part; the rest is kept by
// this package.
type Mail struct {
	// Key names the mail's cause, for example "approved:01J…". At most 200 bytes.
	Key string
	// Kind is for lists and statistics, for example "approved".
	Kind string
	// User is whom it is for; empty for an address without an account.
	User string
	To   string
	// Subject is one line.
	Subject, Text, HTML string

	ID        string
	MessageID string // without angle brackets
	State     State
	Attempts  int
	// NextAttempt is nil when none is to come.
	NextAttempt *rooms.Time
	LastError   string
	CreatedAt   rooms.Time
	SentAt      *rooms.Time
}

// mailModel is a row of outbox.
type mailModel struct {
	bun.BaseModel `bun:"table:outbox,alias:m"`

	ID            string `bun:",pk"`
	DedupKey      string
	Kind          string
	UserID        *string
	Address       string
	Subject       string
	BodyText      string
	BodyHTML      string `bun:"body_html"`
	MessageID     string
	State         string
	Attempts      int
	NextAttemptAt *int64
	LastError     string
	CreatedAt     int64
	SentAt        *int64
}

func (m *mailModel) mail() Mail {
	mail := Mail{
		Key: m.DedupKey, Kind: m.Kind, To: m.Address, Subject: m.Subject, Text: m.BodyText, HTML: m.BodyHTML,
		ID: m.ID, MessageID: m.MessageID, State: State(m.State), Attempts: m.Attempts,
		NextAttempt: store.TimeOrNil(m.NextAttemptAt), LastError: m.LastError,
		CreatedAt: store.TimeOf(m.CreatedAt), SentAt: store.TimeOrNil(m.SentAt),
	}
	if m.UserID != nil {
		mail.User = *m.UserID
	}
	return mail
}

// errMail says that a mail is a defect of its maker.
var errMail = errors.New("outbox: not a mail")

// Put queues a mail in the transaction of its cause. A mail with the same key is
// left as it is.
func Put(ctx context.Context, t *store.Tx, m Mail) error {
	switch {
	case m.Key == "" || len(m.Key) > 200 || m.Kind == "" || m.To == "":
		return fmt.Errorf("%w: %q has no key, kind or address", errMail, m.Key)
	case strings.ContainsAny(m.Subject+m.To, "\r\n"):
		return fmt.Errorf("%w: %q breaks a header's line", errMail, m.Key)
	}
	id, err := t.NewID()
	if err != nil {
		return err
	}
	now := store.Micros(t.Now)
	row := &mailModel{
		ID: id, DedupKey: m.Key, Kind: m.Kind, Address: m.To, Subject: m.Subject, BodyText: m.Text, BodyHTML: m.HTML,
		MessageID: strings.ToLower(id) + "@parley", State: string(Queued), NextAttemptAt: &now, CreatedAt: now,
	}
	if m.User != "" {
		row.UserID = &m.User
	}
	if _, err := t.DB.NewInsert().Model(row).On("CONFLICT (dedup_key) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("outbox: put: %w", err)
	}
	return nil
}

// Filter selects mails, newest first.
type Filter struct {
	State State  // empty for all
	Kind  string // empty for all
	User  string // empty for all
	// Query is part of the address or the subject, whatever its case.
	Query  string
	Cursor string
	Limit  int
}

// List lists mails for an admin, newest first, without their texts.
func List(ctx context.Context, s *store.Store, f Filter) (list []Mail, next string, err error) {
	var rows []mailModel
	limit := store.PageSize(f.Limit)
	q := s.Reads().NewSelect().Model(&rows).ExcludeColumn("body_text", "body_html").
		Order("id DESC").Limit(int64(limit) + 1)
	for column, want := range map[string]string{"state": string(f.State), "kind": f.Kind, "user_id": f.User} {
		if want != "" {
			q = q.Where("? = ?", bun.Ident(column), want)
		}
	}
	if f.Query != "" {
		q = store.Contains(q, f.Query, "address", "subject")
	}
	if f.Cursor != "" {
		q = q.Where("id < ?", f.Cursor)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", store.ReadError("list mail", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	list = make([]Mail, len(rows))
	for i := range rows {
		list[i] = rows[i].mail()
	}
	return list, next, nil
}

// Get finds a mail with its texts.
func Get(ctx context.Context, s *store.Store, id string) (Mail, error) {
	var row mailModel
	if err := s.Reads().NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return Mail{}, store.ReadError("find mail", err)
	}
	return row.mail(), nil
}

// Due lists what a sender is to try now, the longest waiting first.
func Due(ctx context.Context, s *store.Store, now rooms.Time, limit int) ([]Mail, error) {
	var rows []mailModel
	err := s.Reads().NewSelect().Model(&rows).Where("next_attempt_at <= ?", store.Micros(now)).
		Order("next_attempt_at", "id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, store.ReadError("list due mail", err)
	}
	list := make([]Mail, len(rows))
	for i := range rows {
		list[i] = rows[i].mail()
	}
	return list, nil
}

// Claim takes a due mail for one attempt: no other sender gets it before until.
// It tells whether the mail was still to be had. A sender that dies after it leaves
// the mail due again at until.
func Claim(ctx context.Context, s *store.Store, m Mail, until rooms.Time) (bool, error) {
	if m.NextAttempt == nil {
		return false, nil
	}
	return store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (bool, error) {
		res, err := t.DB.NewUpdate().Model((*mailModel)(nil)).
			Set("attempts = attempts + 1").Set("next_attempt_at = ?", store.Micros(until)).
			Where("id = ?", m.ID).Where("state = ?", string(Queued)).
			Where("next_attempt_at = ?", store.Micros(*m.NextAttempt)).Exec(ctx)
		if err != nil {
			return false, fmt.Errorf("outbox: claim: %w", err)
		}
		n, err := res.RowsAffected()
		return n == 1, err
	})
}

// MarkSent notes that a claimed mail was handed over.
func MarkSent(ctx context.Context, s *store.Store, id string) error {
	return change(ctx, s, id, func(q *bun.UpdateQuery, now rooms.Time) {
		q.Set("state = ?", string(Sent)).Set("next_attempt_at = NULL").Set("sent_at = ?", store.Micros(now)).
			Set("last_error = ''")
	})
}

// MarkFailed notes why an attempt failed, and when the next one is due after wait;
// without one (wait 0) the mail is given up.
func MarkFailed(ctx context.Context, s *store.Store, id, reason string, wait time.Duration) error {
	return change(ctx, s, id, func(q *bun.UpdateQuery, now rooms.Time) {
		q.Set("last_error = ?", reason)
		if wait <= 0 {
			q.Set("state = ?", string(GaveUp)).Set("next_attempt_at = NULL")
			return
		}
		q.Set("next_attempt_at = ?", store.Micros(now.Add(wait)))
	})
}

func change(ctx context.Context, s *store.Store, id string, set func(*bun.UpdateQuery, rooms.Time)) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		q := t.DB.NewUpdate().Model((*mailModel)(nil)).Where("id = ?", id).Where("state = ?", string(Queued))
		set(q, t.Now)
		res, err := q.Exec(ctx)
		if err != nil {
			return struct{}{}, fmt.Errorf("outbox: note an attempt: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return struct{}{}, err
		}
		return struct{}{}, fmt.Errorf("outbox: note an attempt: %w", store.ErrNotFound)
	})
	return err
}

// Erase removes what a user's mails say and where they went, and withdraws those
// that were not sent. That there were mails stays.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	_, err := t.DB.NewUpdate().Model((*mailModel)(nil)).
		Set("address = ''").Set("subject = ''").Set("body_text = ''").Set("body_html = ''").Set("last_error = ''").
		Set("next_attempt_at = NULL").
		Set("state = CASE WHEN state = ? THEN ? ELSE state END", string(Queued), string(Withdrawn)).
		Where("user_id = ?", user).Exec(ctx)
	if err != nil {
		return fmt.Errorf("outbox: erase: %w", err)
	}
	return nil
}
