package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
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
	// Kept says that there was no server to hand it to: it is to be read here, and is not
	// sent later.
	Kept State = "kept"
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
	// Unsubscribe is the https address to which a mail program posts when its reader
	// wants no more of this kind (RFC 8058); empty for none.
	Unsubscribe string
	// Attachments are left out by List.
	Attachments []Attachment

	ID        string
	MessageID string // without angle brackets
	State     State
	CreatedAt rooms.Time
	SentAt    *rooms.Time

	// What its job tells: how often it was tried, when the next time is (nil for none),
	// and why the last one failed.
	Attempts    int
	NextAttempt *rooms.Time
	LastError   string
}

// Attachment is a file of a mail.
type Attachment struct {
	// Name is the file's name, such as deal.pdf, MediaType such as application/pdf.
	Name, MediaType string
	// ContentID is by what the mail's HTML shows it (cid:…); empty for a file to be opened.
	ContentID string
	Data      []byte
}

// mailModel is a row of outbox.
type mailModel struct {
	bun.BaseModel `bun:"table:outbox,alias:m"`

	ID          string `bun:",pk"`
	DedupKey    string
	Kind        string
	UserID      *string
	Address     string
	Subject     string
	BodyText    string
	BodyHTML    string `bun:"body_html"`
	MessageID   string
	State       string
	Unsubscribe string
	CreatedAt   int64
	SentAt      *int64

	// Of its job, where there is one.
	Attempts   int    `bun:",scanonly"`
	RunAt      *int64 `bun:",scanonly"`
	JobState   string `bun:",scanonly"`
	JobOutcome string `bun:",scanonly"`
}

// attachmentModel is a row of outbox_attachments.
type attachmentModel struct {
	bun.BaseModel `bun:"table:outbox_attachments,alias:a"`

	MailID    string `bun:",pk"`
	Pos       int    `bun:",pk"`
	Name      string
	MediaType string
	ContentID string
	Data      []byte
}

func (m *attachmentModel) attachment() Attachment {
	return Attachment{Name: m.Name, MediaType: m.MediaType, ContentID: m.ContentID, Data: m.Data}
}

func (m *mailModel) mail() Mail {
	mail := Mail{
		Key: m.DedupKey, Kind: m.Kind, To: m.Address, Subject: m.Subject, Text: m.BodyText, HTML: m.BodyHTML,
		Unsubscribe: m.Unsubscribe,
		ID:          m.ID, MessageID: m.MessageID, State: State(m.State), Attempts: m.Attempts,
		CreatedAt: store.TimeOf(m.CreatedAt), SentAt: store.TimeOrNil(m.SentAt),
	}
	if m.UserID != nil {
		mail.User = *m.UserID
	}
	if jobs.State(m.JobState) == jobs.Due {
		mail.NextAttempt = store.TimeOrNil(m.RunAt)
	}
	if mail.State == Queued || mail.State == GaveUp {
		mail.LastError = m.JobOutcome
	}
	return mail
}

// errMail says that a mail is a defect of its maker.
var errMail = errors.New("outbox: not a mail")

// Put queues mails in the transaction of their cause, each with the job to send it. A
// mail with the same key is left as it is.
func Put(ctx context.Context, t *store.Tx, list ...Mail) error {
	for len(list) > 0 {
		part := list[:min(len(list), putChunk)]
		list = list[len(part):]
		if err := put(ctx, t, part); err != nil {
			return err
		}
	}
	return nil
}

// putChunk keeps the parameters of one statement far below what databases take.
const putChunk = 200

func put(ctx context.Context, t *store.Tx, list []Mail) error {
	rows := make([]mailModel, 0, len(list))
	now := store.Micros(t.Now)
	byID := make(map[string]*Mail, len(list))
	for i := range list {
		m := &list[i]
		if err := m.Check(); err != nil {
			return err
		}
		id, err := t.NewID()
		if err != nil {
			return err
		}
		row := mailModel{
			ID: id, DedupKey: m.Key, Kind: m.Kind, Address: m.To, Subject: m.Subject, BodyText: m.Text, BodyHTML: m.HTML,
			MessageID: strings.ToLower(id) + "@parley", State: string(Queued), Unsubscribe: m.Unsubscribe, CreatedAt: now,
		}
		if m.User != "" {
			row.UserID = &m.User
		}
		rows = append(rows, row)
		byID[id] = m
	}
	var taken []string
	err := t.DB.NewInsert().Model(&rows).On("CONFLICT (dedup_key) DO NOTHING").Returning("id").Scan(ctx, &taken)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("outbox: put: %w", err)
	}
	todo := make([]jobs.Job, len(taken))
	var files []attachmentModel
	for i, id := range taken {
		m := byID[id]
		todo[i] = jobs.Job{Kind: jobs.Mail, User: m.User, Period: id}
		for pos, f := range m.Attachments {
			files = append(files, attachmentModel{
				MailID: id, Pos: pos, Name: f.Name, MediaType: f.MediaType, ContentID: f.ContentID, Data: f.Data,
			})
		}
	}
	if len(files) > 0 {
		if _, err := t.DB.NewInsert().Model(&files).Exec(ctx); err != nil {
			return fmt.Errorf("outbox: attach: %w", err)
		}
	}
	return jobs.Add(ctx, t, todo...)
}

// Check refuses what no mail can be, and what would end a header's line; Put refuses the
// same, with all that it was given.
func (m *Mail) Check() error {
	if m.Key == "" || len(m.Key) > 200 || m.Kind == "" || m.To == "" {
		return fmt.Errorf("%w: %q has no key, kind or address", errMail, m.Key)
	}
	lines := m.Subject + m.To + m.Unsubscribe
	for _, f := range m.Attachments {
		if f.Name == "" || f.MediaType == "" || len(f.Data) == 0 {
			return fmt.Errorf("%w: %q has an attachment without a name, type or content", errMail, m.Key)
		}
		lines += f.Name + f.MediaType + f.ContentID
	}
	if strings.ContainsAny(lines, "\r\n") {
		return fmt.Errorf("%w: %q breaks a header's line", errMail, m.Key)
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

// withJob adds what a mail's job tells.
func withJob(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("COALESCE(j.attempts, 0) AS attempts").ColumnExpr("j.run_at").
		ColumnExpr("COALESCE(j.state, '') AS job_state").ColumnExpr("COALESCE(j.outcome, '') AS job_outcome").
		Join("LEFT JOIN jobs AS j ON j.kind = ? AND j.user_id = COALESCE(m.user_id, '') AND j.period = m.id", jobs.Mail)
}

// List lists mails for an admin, newest first, without their texts.
func List(ctx context.Context, s *store.Store, f Filter) (list []Mail, next string, err error) {
	var rows []mailModel
	limit := store.PageSize(f.Limit)
	q := withJob(s.Reads().NewSelect().Model(&rows).ExcludeColumn("body_text", "body_html")).
		Order("m.id DESC").Limit(int64(limit) + 1)
	for column, want := range map[string]string{"m.state": string(f.State), "m.kind": f.Kind, "m.user_id": f.User} {
		if want != "" {
			q = q.Where("? = ?", bun.Ident(column), want)
		}
	}
	if f.Query != "" {
		q = store.Contains(q, f.Query, "address", "subject")
	}
	if f.Cursor != "" {
		q = q.Where("m.id < ?", f.Cursor)
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

// Get finds a mail with its texts and attachments.
func Get(ctx context.Context, s *store.Store, id string) (Mail, error) {
	list, err := Load(ctx, s, id)
	if err != nil {
		return Mail{}, err
	}
	if len(list) == 0 {
		return Mail{}, fmt.Errorf("find mail: %w", store.ErrNotFound)
	}
	return list[0], nil
}

// Load reads the mails that there are of these ids, with their texts and attachments.
func Load(ctx context.Context, s *store.Store, ids ...string) ([]Mail, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []mailModel
	if err := withJob(s.Reads().NewSelect().Model(&rows).Column("m.*")).Where("m.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, store.ReadError("find mail", err)
	}
	var files []attachmentModel
	err := s.Reads().NewSelect().Model(&files).Where("mail_id IN (?)", bun.List(ids)).Order("mail_id", "pos").Scan(ctx)
	if err != nil {
		return nil, store.ReadError("find attachments", err)
	}
	list := make([]Mail, len(rows))
	at := make(map[string]int, len(rows))
	for i := range rows {
		list[i], at[rows[i].ID] = rows[i].mail(), i
	}
	for _, f := range files {
		m := &list[at[f.MailID]]
		m.Attachments = append(m.Attachments, f.attachment())
	}
	return list, nil
}

// File reads one attachment of a mail, by its place in Mail.Attachments.
func File(ctx context.Context, s *store.Store, mail string, place int) (Attachment, error) {
	var f attachmentModel
	err := s.Reads().NewSelect().Model(&f).Where("mail_id = ?", mail).Where("pos = ?", place).Scan(ctx)
	if err != nil {
		return Attachment{}, store.ReadError("find an attachment", err)
	}
	return f.attachment(), nil
}

// Note sets how far mails are that were not sent before, in the transaction that
// finishes their jobs. Mails of other states stay as they are.
func Note(ctx context.Context, t *store.Tx, state State, ids ...string) error {
	for len(ids) > 0 {
		part := ids[:min(len(ids), putChunk)]
		ids = ids[len(part):]
		q := t.DB.NewUpdate().Model((*mailModel)(nil)).Set("state = ?", string(state)).
			Where("id IN (?)", bun.List(part)).Where("state IN (?, ?)", string(Queued), string(GaveUp))
		if state == Sent {
			q = q.Set("sent_at = ?", store.Micros(t.Now))
		}
		if _, err := q.Exec(ctx); err != nil {
			return fmt.Errorf("outbox: note: %w", err)
		}
	}
	return nil
}

// Again queues a mail that was given up or withdrawn, in the transaction that has its job
// done again; one that was erased stays as it is.
func Again(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.DB.NewUpdate().Model((*mailModel)(nil)).Set("state = ?", string(Queued)).Where("id = ?", id).
		Where("state IN (?, ?)", string(GaveUp), string(Withdrawn)).Where("address <> ''").Exec(ctx)
	if err != nil {
		return fmt.Errorf("outbox: queue again: %w", err)
	}
	return nil
}

// Sweep removes up to limit mails of a state that were made before a time, the oldest
// first, with their attachments, and counts them. Their causes were finished in the
// transactions that made them and do not come again.
func Sweep(ctx context.Context, s *store.Store, state State, before rooms.Time, limit int) (int64, error) {
	old := s.Reads().NewSelect().Model((*mailModel)(nil)).Column("id").Where("state = ?", string(state)).
		Where("id < ?", store.FirstID(before)).Order("id").Limit(int64(limit))
	return store.Sweep(ctx, s, old, func(ctx context.Context, t *store.Tx, ids []string) (int64, error) {
		var gone []string
		// One that was given up may have been queued again meanwhile.
		err := t.DB.NewSelect().Model((*mailModel)(nil)).Column("id").Where("id IN (?)", bun.List(ids)).
			Where("state = ?", string(state)).Scan(ctx, &gone)
		if err != nil || len(gone) == 0 {
			return 0, err
		}
		if _, err := t.DB.NewDelete().Model((*attachmentModel)(nil)).Where("mail_id IN (?)", bun.List(gone)).Exec(ctx); err != nil {
			return 0, fmt.Errorf("outbox: sweep attachments: %w", err)
		}
		if _, err := t.DB.NewDelete().Model((*mailModel)(nil)).Where("id IN (?)", bun.List(gone)).Exec(ctx); err != nil {
			return 0, fmt.Errorf("outbox: sweep: %w", err)
		}
		return int64(len(gone)), nil
	})
}

// Erase removes what a user's mails say and where they went, and withdraws those
// that were not sent. That there were mails stays.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	_, err := t.DB.NewDelete().Model((*attachmentModel)(nil)).
		Where("mail_id IN (SELECT id FROM outbox WHERE user_id = ?)", user).Exec(ctx)
	if err != nil {
		return fmt.Errorf("outbox: erase attachments: %w", err)
	}
	_, err = t.DB.NewUpdate().Model((*mailModel)(nil)).
		Set("address = ''").Set("subject = ''").Set("body_text = ''").Set("body_html = ''").Set("unsubscribe = ''").
		Set("state = CASE WHEN state = ? THEN ? ELSE state END", string(Queued), string(Withdrawn)).
		Where("user_id = ?", user).Exec(ctx)
	if err != nil {
		return fmt.Errorf("outbox: erase: %w", err)
	}
	return nil
}
