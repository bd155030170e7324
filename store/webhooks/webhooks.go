package webhooks

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/preferences"
)

// Form is how an endpoint is spoken to.
type Form string

// The forms.
const (
	// Chat takes the JSON of Google Chat's incoming webhooks.
	Chat Form = "chat"
	// Signed takes JSON with a signature.
	Signed Form = "signed"
)

const (
	// Max is how many endpoints one user may have.
	Max = 5
	// FailuresToOff and FailingToOff are after how many failed attempts in a row, over all
	// its messages, and after how long without any that was taken an endpoint is switched
	// off. Neither is enough alone: many messages fail together while a server is started
	// anew, and one message may fail in a quiet week. Others wait for days (Svix for five,
	// docs.svix.com/retries; Stripe for several); as what goes to an endpoint goes nowhere
	// else, here its owner is told, and written to by mail, after one.
	FailuresToOff = 10
	FailingToOff  = 24 * time.Hour
)

// Webhook is an endpoint of a user. Add reads the first part.
type Webhook struct {
	User string
	Form Form
	Name string
	// Host is the host of the address, which lists show instead of it.
	Host string
	// Target is the sealed address and secret.
	Target []byte

	ID string
	// Failures are the failed attempts in a row, FailingSince the time of the first of them;
	// nil when there are none.
	Failures     int
	FailingSince *rooms.Time
	// OffAt is since when nothing is sent there, OffReason why; nil while it is on.
	OffAt     *rooms.Time
	OffReason string
	CreatedAt rooms.Time
}

// On tells whether messages go there.
func (w *Webhook) On() bool { return w.OffAt == nil }

// model is a row of webhooks.
type model struct {
	bun.BaseModel `bun:"table:webhooks,alias:w"`

	ID           string `bun:",pk"`
	UserID       string
	Form         string
	Name         string
	Host         string
	Target       []byte
	Failures     int
	FailingSince *int64
	OffAt        *int64
	OffReason    string
	CreatedAt    int64
}

func (m *model) webhook() Webhook {
	return Webhook{
		User: m.UserID, Form: Form(m.Form), Name: m.Name, Host: m.Host, Target: m.Target, ID: m.ID, Failures: m.Failures,
		FailingSince: store.TimeOrNil(m.FailingSince), OffAt: store.TimeOrNil(m.OffAt), OffReason: m.OffReason, CreatedAt: store.TimeOf(m.CreatedAt),
	}
}

// List lists a user's endpoints, the oldest first.
func List(ctx context.Context, s *store.Store, user string) ([]Webhook, error) {
	var rows []model
	if err := s.Reads().NewSelect().Model(&rows).Where("user_id = ?", user).Order("id").Scan(ctx); err != nil {
		return nil, store.ReadError("list webhooks", err)
	}
	list := make([]Webhook, len(rows))
	for i := range rows {
		list[i] = rows[i].webhook()
	}
	return list, nil
}

// Own finds an endpoint of a user inside a write; another's is store.ErrNotFound.
func Own(ctx context.Context, t *store.Tx, user, id string) (Webhook, error) {
	var row model
	if err := t.DB.NewSelect().Model(&row).Where("id = ?", id).Where("user_id = ?", user).Scan(ctx); err != nil {
		return Webhook{}, store.RowError("find webhook", err)
	}
	return row.webhook(), nil
}

// Add makes an endpoint; a user has Max at most.
func Add(ctx context.Context, t *store.Tx, w Webhook) (Webhook, error) {
	n, err := t.DB.NewSelect().Model((*model)(nil)).Where("user_id = ?", w.User).Count(ctx)
	if err != nil {
		return Webhook{}, fmt.Errorf("webhooks: count: %w", err)
	}
	if n >= Max {
		return Webhook{}, rooms.NotAllowed("too_many_webhooks", fmt.Sprintf("You have %d webhooks already; delete one first.", Max))
	}
	if w.ID, err = t.NewID(); err != nil {
		return Webhook{}, err
	}
	row := &model{
		ID: w.ID, UserID: w.User, Form: string(w.Form), Name: w.Name, Host: w.Host, Target: w.Target,
		CreatedAt: store.Micros(t.Now),
	}
	if _, err := t.DB.NewInsert().Model(row).Exec(ctx); err != nil {
		return Webhook{}, fmt.Errorf("webhooks: add: %w", err)
	}
	return row.webhook(), nil
}

// SwitchOn has messages go to a user's endpoint again, and forgets its failures.
func SwitchOn(ctx context.Context, t *store.Tx, user, id string) (Webhook, error) {
	var row model
	err := t.DB.NewUpdate().Model(&row).Set("failures = 0").Set("failing_since = NULL").Set("off_at = NULL").Set("off_reason = ''").
		Where("id = ?", id).Where("user_id = ?", user).Returning("*").Scan(ctx)
	if err != nil {
		return Webhook{}, store.RowError("switch webhook on", err)
	}
	return row.webhook(), nil
}

// Delete removes a user's endpoint with what waits for it. Who had themselves told there
// is told by mail again.
func Delete(ctx context.Context, t *store.Tx, user, id string) error {
	if _, err := Own(ctx, t, user, id); err != nil {
		return err
	}
	if _, err := drop(ctx, t, user, id); err != nil {
		return err
	}
	if err := preferences.LeaveWebhook(ctx, t, user, id); err != nil {
		return err
	}
	if _, err := t.DB.NewDelete().Model((*model)(nil)).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("webhooks: delete: %w", err)
	}
	return nil
}

// Erase removes all endpoints of a user with what waits for them.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	_, err := t.DB.NewDelete().Model((*messageModel)(nil)).
		Where("webhook IN (SELECT id FROM webhooks WHERE user_id = ?)", user).Exec(ctx)
	if err != nil {
		return fmt.Errorf("webhooks: erase messages: %w", err)
	}
	if _, err := t.DB.NewDelete().Model((*model)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("webhooks: erase: %w", err)
	}
	return nil
}

// drop removes what waits for an endpoint, ends its jobs, and tells how much it was.
func drop(ctx context.Context, t *store.Tx, user, id string) (int, error) {
	var ids []string
	if err := t.DB.NewSelect().Model((*messageModel)(nil)).Column("id").Where("webhook = ?", id).Scan(ctx, &ids); err != nil {
		return 0, fmt.Errorf("webhooks: list messages: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	if err := jobs.CancelNamed(ctx, t, jobs.Webhook, user, ids); err != nil {
		return 0, err
	}
	if _, err := t.DB.NewDelete().Model((*messageModel)(nil)).Where("webhook = ?", id).Exec(ctx); err != nil {
		return 0, fmt.Errorf("webhooks: drop messages: %w", err)
	}
	return len(ids), nil
}
