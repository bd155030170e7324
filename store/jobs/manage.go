package jobs

import (
	"context"
	"fmt"
	"strconv"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Filter selects jobs, newest first.
type Filter struct {
	Kind  string // empty for all
	User  string // empty for all
	State State  // empty for all
	// Cursor is what the page before gave.
	Cursor string
	Limit  int
}

// List lists jobs, newest first. A cursor that is none is refused.
func List(ctx context.Context, s *store.Store, f Filter) (list []Job, next string, err error) {
	limit := store.PageSize(f.Limit)
	var rows []jobModel
	q := s.Reads().NewSelect().Model(&rows).Order("id DESC").Limit(int64(limit) + 1)
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.User != "" {
		q = q.Where("user_id = ?", f.User)
	}
	if f.State != "" {
		q = q.Where("state = ?", string(f.State))
	}
	if f.Cursor != "" {
		id, err := strconv.ParseInt(f.Cursor, 10, 64)
		if err != nil {
			return nil, "", rooms.Invalid("cursor", rooms.Because("cursor", "is not one that a list gave"))
		}
		q = q.Where("id < ?", id)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", store.ReadError("list jobs", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].ID, 10)
	}
	return jobsOf(rows), next, nil
}

// Get finds a job by its name.
func Get(ctx context.Context, s *store.Store, kind, user, period string) (Job, error) {
	var row jobModel
	err := s.Reads().NewSelect().Model(&row).
		Where("kind = ?", kind).Where("user_id = ?", user).Where("period = ?", period).Scan(ctx)
	if err != nil {
		return Job{}, store.ReadError("find a job", err)
	}
	return row.job(), nil
}

// ByID finds a job inside a write.
func ByID(ctx context.Context, t *store.Tx, id int64) (Job, error) {
	var row jobModel
	if err := t.DB.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return Job{}, store.RowError("find a job", err)
	}
	return row.job(), nil
}

// Counts tells how a kind stands.
type Counts struct {
	Kind string
	// Due could be claimed now, Later comes by itself, Failed waits for an admin.
	Due, Later, Running, Failed int
	// OldestDue is since when the first of those due is; nil without any.
	OldestDue *rooms.Time
	// PausedAt is since when the kind waits for an admin; nil if it does not.
	PausedAt *rooms.Time
}

// Overview counts the jobs of these kinds that are not over, and those that failed.
func Overview(ctx context.Context, s *store.Store, now rooms.Time, kinds []string) ([]Counts, error) {
	var rows []struct {
		Kind, State     string
		Due, Later, All int
		Oldest          *int64
	}
	err := s.Reads().NewRaw("SELECT kind, state, SUM(CASE WHEN run_at <= ? THEN 1 ELSE 0 END) AS due,"+
		" SUM(CASE WHEN run_at > ? THEN 1 ELSE 0 END) AS later, COUNT(*) AS \"all\", MIN(run_at) AS oldest"+
		" FROM jobs WHERE state IN (?, ?, ?) GROUP BY kind, state", store.Micros(now), store.Micros(now),
		string(Due), string(Running), string(Failed)).Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("count jobs", err)
	}
	var pauses []struct {
		Kind     string
		PausedAt int64
	}
	if err := s.Reads().NewRaw("SELECT kind, paused_at FROM job_pauses").Scan(ctx, &pauses); err != nil {
		return nil, store.ReadError("list pauses", err)
	}
	list := make([]Counts, len(kinds))
	at := make(map[string]*Counts, len(kinds))
	for i, kind := range kinds {
		list[i].Kind = kind
		at[kind] = &list[i]
	}
	for _, r := range rows {
		c := at[r.Kind]
		switch {
		case c == nil:
		case State(r.State) == Failed:
			c.Failed = r.All
		default:
			// A claim that has run out is due again.
			c.Due += r.Due
			if State(r.State) == Running {
				c.Running = r.Later
			} else {
				c.Later = r.Later
			}
			if r.Due > 0 && (c.OldestDue == nil || store.TimeOf(*r.Oldest).Before(*c.OldestDue)) {
				c.OldestDue = store.TimeOrNil(r.Oldest)
			}
		}
	}
	for _, p := range pauses {
		if c := at[p.Kind]; c != nil {
			c.PausedAt = store.TimeOrNil(&p.PausedAt)
		}
	}
	return list, nil
}

// Retry makes a job that failed or was cancelled due at once, with its attempts
// counted anew.
func Retry(ctx context.Context, t *store.Tx, id int64) error {
	return one(ctx, "retry", t.DB.NewUpdate().Model((*jobModel)(nil)).
		Set("state = ?", string(Due)).Set("run_at = ?", store.Micros(t.Now)).Set("attempts = 0").Set("finished_at = NULL").
		Where("id = ?", id).Where("state IN (?, ?)", string(Failed), string(Cancelled)))
}

// Cancel ends a job that is not over. A worker that has it finds out when it renews
// its claim or finishes.
func Cancel(ctx context.Context, t *store.Tx, id int64) error {
	return one(ctx, "cancel", t.DB.NewUpdate().Model((*jobModel)(nil)).
		Set("state = ?", string(Cancelled)).Set("run_at = NULL").Set("claim = ''").Set("finished_at = ?", store.Micros(t.Now)).
		Where("id = ?", id).Where("state IN (?, ?)", string(Due), string(Running)))
}

// one runs an update that must meet a row.
func one(ctx context.Context, what string, q *bun.UpdateQuery) error {
	n, err := affected(ctx, q)
	if err != nil {
		return fmt.Errorf("jobs: %s: %w", what, err)
	}
	if n == 0 {
		return fmt.Errorf("jobs: %s: %w", what, store.ErrNotFound)
	}
	return nil
}

// Pause keeps the jobs of a kind from being claimed; what runs goes on.
func Pause(ctx context.Context, t *store.Tx, kind string) error {
	_, err := t.DB.NewRaw("INSERT INTO job_pauses (kind, paused_at) VALUES (?, ?) ON CONFLICT (kind) DO NOTHING",
		kind, store.Micros(t.Now)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("jobs: pause: %w", err)
	}
	return nil
}

// Resume lets the jobs of a kind be claimed again.
func Resume(ctx context.Context, t *store.Tx, kind string) error {
	if _, err := t.DB.NewRaw("DELETE FROM job_pauses WHERE kind = ?", kind).Exec(ctx); err != nil {
		return fmt.Errorf("jobs: resume: %w", err)
	}
	return nil
}

// Erase removes a user's jobs.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*jobModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("jobs: erase: %w", err)
	}
	return nil
}

// CancelNamed ends those of a kind's jobs for a user that have these periods and are not
// over.
func CancelNamed(ctx context.Context, t *store.Tx, kind, user string, periods []string) error {
	for len(periods) > 0 {
		part := periods[:min(len(periods), addChunk)]
		periods = periods[len(part):]
		_, err := t.DB.NewUpdate().Model((*jobModel)(nil)).
			Set("state = ?", string(Cancelled)).Set("run_at = NULL").Set("claim = ''").Set("finished_at = ?", store.Micros(t.Now)).
			Where("kind = ?", kind).Where("user_id = ?", user).Where("period IN (?)", bun.List(part)).
			Where("state IN (?, ?)", string(Due), string(Running)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("jobs: cancel those named: %w", err)
		}
	}
	return nil
}

// Hasten makes the jobs of a kind for a user that wait due at a time, if they would be
// due later.
func Hasten(ctx context.Context, t *store.Tx, kind, user string, at rooms.Time) error {
	_, err := t.DB.NewUpdate().Model((*jobModel)(nil)).Set("run_at = ?", store.Micros(at)).
		Where("kind = ?", kind).Where("user_id = ?", user).Where("state = ?", string(Due)).Where("run_at > ?", store.Micros(at)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("jobs: hasten: %w", err)
	}
	return nil
}
