package preferences

import (
	"cmp"
	"context"
	"fmt"
	"time"
	_ "time/tzdata" // the zones are the same on every machine, also on one that has none

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// The defaults.
const (
	DefaultZone = "UTC"
	DefaultHour = 18
)

// Preferences are what one person wants.
type Preferences struct {
	// Zone is a name of the IANA database, such as Europe/Berlin.
	Zone string
	// Hour is the full hour of the zone's clock at which the daily reminder comes, 0 to 23.
	Hour int
	// Muted are the topics that they do not want.
	Muted Muted
	// Webhook is the id of the webhook to which they are told; empty for mail.
	Webhook string
}

// Default is what those have who never chose.
func Default() Preferences { return Preferences{Zone: DefaultZone, Hour: DefaultHour} }

// Wants tells whether they want to be told about a topic.
func (p *Preferences) Wants(t Topic) bool { return !p.Muted.Has(t) }

// model is a row of preferences.
type model struct {
	bun.BaseModel `bun:"table:preferences,alias:p"`

	UserID    string `bun:",pk"`
	Zone      string // or notChosen
	Hour      int
	Muted     int
	Webhook   string
	ChangedAt int64
}

func (m *model) preferences() Preferences {
	return Preferences{Zone: cmp.Or(m.Zone, DefaultZone), Hour: m.Hour, Muted: Muted(m.Muted), Webhook: m.Webhook}
}

// LoadZone finds a zone by its IANA name. The names that Go adds for the machine's own
// are none: the answer must be the same on every instance.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, rooms.Invalid("zone", rooms.Because("zone", "must be a time zone such as Europe/Berlin"))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, rooms.Invalid("zone", rooms.Because("zone", "must be a time zone such as Europe/Berlin"))
	}
	return zone, nil
}

// Get is what a user wants.
func Get(ctx context.Context, s *store.Store, user string) (Preferences, error) {
	all, err := Of(ctx, s, []string{user})
	return all[user], err
}

// Of is what each of some users wants.
func Of(ctx context.Context, s *store.Store, users []string) (map[string]Preferences, error) {
	all := make(map[string]Preferences, len(users))
	for _, user := range users {
		all[user] = Default()
	}
	if len(users) == 0 {
		return all, nil
	}
	var rows []model
	if err := s.Reads().NewSelect().Model(&rows).Where("user_id IN (?)", bun.List(users)).Scan(ctx); err != nil {
		return nil, store.ReadError("read preferences", err)
	}
	for i := range rows {
		all[rows[i].UserID] = rows[i].preferences()
	}
	return all, nil
}

// Set keeps what a user wants. A zone or an hour that there is not is refused. Whether
// the webhook is theirs is the caller's to check.
func Set(ctx context.Context, t *store.Tx, user string, p Preferences) error {
	if _, err := LoadZone(p.Zone); err != nil {
		return err
	}
	if p.Hour < 0 || p.Hour > 23 {
		return rooms.Invalid("hour", rooms.Between(0, 23))
	}
	_, err := t.DB.NewInsert().Model(&model{
		UserID: user, Zone: p.Zone, Hour: p.Hour, Muted: int(p.Muted), Webhook: p.Webhook, ChangedAt: store.Micros(t.Now),
	}).On("CONFLICT (user_id) DO UPDATE").Set("zone = EXCLUDED.zone").Set("hour = EXCLUDED.hour").
		Set("muted = EXCLUDED.muted").Set("webhook = EXCLUDED.webhook").Set("changed_at = EXCLUDED.changed_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("preferences: set: %w", err)
	}
	return nil
}

// Introduce keeps the zone of a user's browser, where they have not chosen one yet. A
// zone that is not known is left out.
func Introduce(ctx context.Context, t *store.Tx, user, zone string) error {
	if _, err := LoadZone(zone); err != nil {
		return nil //nolint:nilerr // the default is good enough
	}
	return add(ctx, t, &model{UserID: user, Zone: zone}, func(q *bun.InsertQuery) *bun.InsertQuery {
		return q.Set("zone = EXCLUDED.zone").Set("changed_at = EXCLUDED.changed_at").Where("p.zone = ?", notChosen)
	})
}

// Mute ends a topic for a user. It chooses no zone: who ends one before they were here
// first is introduced then.
func Mute(ctx context.Context, t *store.Tx, user string, topic Topic) error {
	return add(ctx, t, &model{UserID: user, Zone: notChosen, Muted: topic.bit()}, func(q *bun.InsertQuery) *bun.InsertQuery {
		return q.Set("muted = p.muted | EXCLUDED.muted")
	})
}

// notChosen stands in a row whose user has chosen something, but no zone.
const notChosen = ""

// add makes a user's row, or changes the one that is there.
func add(ctx context.Context, t *store.Tx, row *model, change func(*bun.InsertQuery) *bun.InsertQuery) error {
	row.Hour, row.ChangedAt = DefaultHour, store.Micros(t.Now)
	q := change(t.DB.NewInsert().Model(row).On("CONFLICT (user_id) DO UPDATE"))
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("preferences: add: %w", err)
	}
	return nil
}

// LeaveWebhook has a user told by mail again, if they are told by this webhook.
func LeaveWebhook(ctx context.Context, t *store.Tx, user, webhook string) error {
	_, err := t.DB.NewUpdate().Model((*model)(nil)).Set("webhook = ''").Set("changed_at = ?", store.Micros(t.Now)).
		Where("user_id = ?", user).Where("webhook = ?", webhook).Exec(ctx)
	if err != nil {
		return fmt.Errorf("preferences: leave a webhook: %w", err)
	}
	return nil
}

// Erase removes what a user wanted.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*model)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("preferences: erase: %w", err)
	}
	return nil
}
