package insight

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

const (
	// noteEvery is how long a user's last note is good for.
	noteEvery = time.Hour
	// writeEvery is how often what was noted is written, for all users at once.
	writeEvery = 10 * time.Second
	// maxKnown bounds the users that are remembered as noted.
	maxKnown = 100_000
)

// Activity notes who is here: a request costs a look into a map, a user one row of a
// common write an hour. It is safe for concurrent use.
type Activity struct {
	store *store.Store
	clock func() time.Time

	mu      sync.Mutex
	noted   map[string]time.Time
	waiting map[string]activityModel
}

type activityModel struct {
	bun.BaseModel `bun:"table:activity,alias:a"`

	UserID string `bun:",pk"`
	Role   string
	SeenAt int64
}

// NewActivity makes an Activity; Run writes what it notes.
func NewActivity(s *store.Store, clock func() time.Time) *Activity {
	return &Activity{store: s, clock: clock, noted: make(map[string]time.Time), waiting: make(map[string]activityModel)}
}

// Note says that a user is here. It never blocks.
func (a *Activity) Note(user string, role rooms.Side) {
	now := a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, ok := a.noted[user]; ok && now.Sub(last) < noteEvery && dayOf(last.UnixMicro()) == dayOf(now.UnixMicro()) {
		return
	}
	if len(a.noted) >= maxKnown {
		clear(a.noted)
	}
	a.noted[user] = now
	a.waiting[user] = activityModel{UserID: user, Role: string(role), SeenAt: now.UnixMicro()}
}

// Write writes what was noted. What could not be written is forgotten: the users'
// next hour is noted again.
func (a *Activity) Write(ctx context.Context) error {
	a.mu.Lock()
	models := make([]activityModel, 0, len(a.waiting))
	for _, m := range a.waiting {
		models = append(models, m)
	}
	clear(a.waiting)
	a.mu.Unlock()
	if len(models) == 0 {
		return nil
	}
	_, err := store.Write(ctx, a.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		return struct{}{}, seen(ctx, t, models)
	})
	return err
}

// Seen notes users as seen, for those who tell a history.
func Seen(ctx context.Context, t *store.Tx, at rooms.Time, role rooms.Side, users []string) error {
	models := make([]activityModel, len(users))
	for i, user := range users {
		models[i] = activityModel{UserID: user, Role: string(role), SeenAt: store.Micros(at)}
	}
	if len(models) == 0 {
		return nil
	}
	return seen(ctx, t, models)
}

// seen writes when users were seen, counts those whose first time of the day it is, and
// moves each from the hour of the time before to that of this one: who was here lately
// is then a sum over hours, however many they are.
func seen(ctx context.Context, t *store.Tx, models []activityModel) error {
	ids := make([]string, len(models))
	for i := range models {
		ids[i] = models[i].UserID
	}
	var known []activityModel
	if err := t.DB.NewSelect().Model(&known).Where("user_id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return fmt.Errorf("note activity: %w", err)
	}
	last := make(map[string]int64, len(known))
	for i := range known {
		last[known[i].UserID] = known[i].SeenAt
	}
	counted := make(tally)
	for i := range models {
		m := &models[i]
		before := last[m.UserID]
		if day := dayOf(m.SeenAt); dayOf(before) < day {
			counted[cell{kindActive, day, m.Role}]++
		}
		if m.SeenAt > before {
			counted[lastSeen(m.Role, m.SeenAt)]++
			if before > 0 {
				counted[lastSeen(m.Role, before)]--
			}
		}
	}
	// A user who was removed meanwhile is left out.
	_, err := t.DB.NewInsert().Model(&models).On("CONFLICT (user_id) DO UPDATE").
		Set("seen_at = CASE WHEN EXCLUDED.seen_at > a.seen_at THEN EXCLUDED.seen_at ELSE a.seen_at END").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note activity: %w", err)
	}
	return counted.add(ctx, t)
}

// lastSeen is the cell of the hour in which users were last seen.
func lastSeen(role string, us int64) cell {
	return cell{kindLast, dayOf(us), fmt.Sprintf("%s:%02d", role, us%dayMicros/hourMicros)}
}

// active counts the users of each role by when they were last here. The spans end in the
// middle of an hour, which counts as a whole: notes are no finer.
func active(ctx context.Context, s *store.Store, now rooms.Time) ([]ActiveUsers, error) {
	until := store.Micros(now)
	hours, err := cells(ctx, s, "SELECT kind, day, key, n FROM insight_days WHERE kind = ? AND day >= ?",
		kindLast, dayOf(until-30*dayMicros))
	if err != nil {
		return nil, err
	}
	list := make([]ActiveUsers, len(roles))
	for i, role := range roles {
		list[i].Role = role
	}
	for c, n := range hours {
		role, text, _ := strings.Cut(c.key, ":")
		hour, err := strconv.ParseInt(text, 10, 64)
		i := slices.Index(roles, rooms.Side(role))
		if err != nil || i < 0 {
			return nil, fmt.Errorf("statistics: %q is no role and hour", c.key)
		}
		age := until - (c.day*dayMicros + (hour+1)*hourMicros) // of the hour's end
		for _, span := range []struct {
			into *int64
			days int64
		}{{&list[i].Day, 1}, {&list[i].Week, 7}, {&list[i].Month, 30}} {
			if age < span.days*dayMicros {
				*span.into += n
			}
		}
	}
	return list, nil
}

// Run writes what is noted until ctx ends, and then the rest.
func (a *Activity) Run(ctx context.Context, log *slog.Logger) {
	write := func(ctx context.Context) {
		if err := a.Write(ctx); err != nil && ctx.Err() == nil {
			log.Warn("noting who is active failed", "error", err)
		}
	}
	every(ctx, writeEvery, func() { write(ctx) })
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	write(rest)
}
