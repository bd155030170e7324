package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// State is how far a job is.
type State string

// The states of a job.
const (
	Due     State = "due"
	Running State = "running"
	Done    State = "done"
	// Failed says that no further attempt is made by itself.
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Job is one thing that is to happen once. Kind, User and Period together are its
// name; add reads them, Data and RunAt.
type Job struct {
	Kind string
	// User is whom it is for; empty for nobody.
	User string
	// Period says which one of its kind it is: a day such as 2026-11-22, a month, an id.
	Period string
	// Data is a JSON object with what the worker needs; nil for none.
	Data json.RawMessage
	// RunAt is when it is due, or until when it is claimed; nil once it is over. For
	// Add, nil is at once.
	RunAt *rooms.Time

	ID       int64
	State    State
	Attempts int
	// Outcome is what came of it in a word, or the last error.
	Outcome    string
	CreatedAt  rooms.Time
	FinishedAt *rooms.Time
}

// jobModel is a row of jobs.
type jobModel struct {
	bun.BaseModel `bun:"table:jobs,alias:j"`

	ID         int64 `bun:",pk,autoincrement"`
	Kind       string
	UserID     string
	Period     string
	Data       string
	State      string
	RunAt      *int64
	Claim      string
	Attempts   int
	Outcome    string
	CreatedAt  int64
	FinishedAt *int64
}

func (m *jobModel) job() Job {
	return Job{
		Kind: m.Kind, User: m.UserID, Period: m.Period, Data: json.RawMessage(m.Data), RunAt: store.TimeOrNil(m.RunAt),
		ID: m.ID, State: State(m.State), Attempts: m.Attempts, Outcome: m.Outcome,
		CreatedAt: store.TimeOf(m.CreatedAt), FinishedAt: store.TimeOrNil(m.FinishedAt),
	}
}

func jobsOf(rows []jobModel) []Job {
	list := make([]Job, len(rows))
	for i := range rows {
		list[i] = rows[i].job()
	}
	return list
}

// errJob says that a job is a defect of its maker.
var errJob = errors.New("jobs: not a job")

// addChunk keeps the parameters of one statement far below what databases take.
const addChunk = 500

// Add adds jobs in the transaction of their cause. One whose name there is already
// stays as it is, and one that was there and was swept is not added.
func Add(ctx context.Context, t *store.Tx, list ...Job) error {
	rows := make([]jobModel, 0, min(len(list), addChunk))
	gone := make(swept)
	for len(list) > 0 {
		part := list[:min(len(list), addChunk)]
		list = list[len(part):]
		rows = rows[:0]
		for _, j := range part {
			if j.Kind == "" || j.Period == "" {
				return fmt.Errorf("%w: %q of %q", errJob, j.Period, j.Kind)
			}
			if was, err := gone.has(ctx, t, j.Kind, j.Period); err != nil {
				return err
			} else if was {
				continue
			}
			if len(j.Data) == 0 {
				j.Data = json.RawMessage("{}")
			}
			at := t.Now
			if j.RunAt != nil {
				at = *j.RunAt
			}
			runAt := store.Micros(at)
			rows = append(rows, jobModel{
				Kind: j.Kind, UserID: j.User, Period: j.Period, Data: string(j.Data),
				State: string(Due), RunAt: &runAt, CreatedAt: store.Micros(t.Now),
			})
		}
		if len(rows) == 0 {
			continue
		}
		_, err := t.DB.NewInsert().Model(&rows).ExcludeColumn("id").
			On("CONFLICT (kind, user_id, period) DO NOTHING").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("jobs: add: %w", err)
		}
	}
	return nil
}

// AddEach adds a job of a kind and a period, due at once, for each user whose id a query
// selects, in one statement. It tells how many were new.
func AddEach(ctx context.Context, t *store.Tx, kind, period string, users *bun.SelectQuery) (int64, error) {
	if kind == "" || period == "" {
		return 0, fmt.Errorf("%w: %q of %q", errJob, period, kind)
	}
	if was, err := make(swept).has(ctx, t, kind, period); err != nil || was {
		return 0, err
	}
	now := store.Micros(t.Now)
	// The condition keeps SQLite from taking ON for that of a join.
	res, err := t.DB.NewRaw("INSERT INTO jobs (kind, user_id, period, data, state, run_at, claim, attempts, outcome, created_at)"+
		" SELECT ?, u.id, ?, '{}', ?, ?, '', 0, '', ? FROM (?) AS u WHERE TRUE"+
		" ON CONFLICT (kind, user_id, period) DO NOTHING", kind, period, string(Due), now, now, users).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("jobs: add for each: %w", err)
	}
	return res.RowsAffected()
}

// Waiting counts the jobs of each kind that a worker could claim now, up to a bound
// for each. Kinds that are paused are left out.
func Waiting(ctx context.Context, s *store.Store, now rooms.Time, kinds []string, bound int) (map[string]int, error) {
	waiting := make(map[string]int)
	var paused []string
	if err := s.Reads().NewRaw("SELECT kind FROM job_pauses").Scan(ctx, &paused); err != nil {
		return nil, store.ReadError("list pauses", err)
	}
	stopped := make(map[string]bool, len(paused))
	for _, kind := range paused {
		stopped[kind] = true
	}
	for _, kind := range kinds {
		if stopped[kind] {
			continue
		}
		var n int
		err := s.Reads().NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE kind = ? AND run_at <= ? LIMIT ?) AS w",
			kind, store.Micros(now), bound).Scan(ctx, &n)
		if err != nil {
			return nil, store.ReadError("count what is due", err)
		}
		if n > 0 {
			waiting[kind] = n
		}
	}
	return waiting, nil
}
