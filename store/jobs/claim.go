package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"parley/rooms"
	"parley/store"
)

// Batch is what one worker has claimed.
type Batch struct {
	// Token names the claim.
	Token string
	Jobs  []Job
	// Until is when others may claim the same jobs.
	Until rooms.Time
}

// Claim takes up to limit jobs of a kind that are due, the longest waiting first, for
// a time; an empty batch when there are none or the kind is paused. A claim that was
// not finished counts as an attempt.
func Claim(ctx context.Context, s *store.Store, kind string, limit int, lease time.Duration) (Batch, error) {
	return store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (Batch, error) {
		token, err := t.NewID()
		if err != nil {
			return Batch{}, err
		}
		until := t.Now.Add(lease)
		due := t.DB.NewSelect().Table("jobs").Column("id").
			Where("kind = ?", kind).Where("run_at <= ?", store.Micros(t.Now)).
			Where("NOT EXISTS (SELECT 1 FROM job_pauses AS p WHERE p.kind = ?)", kind).
			Order("run_at", "id").Limit(int64(limit))
		if t.DB.Dialect().Name() == dialect.PG {
			due = due.For("UPDATE SKIP LOCKED")
		}
		var rows []jobModel
		err = t.DB.NewUpdate().Model(&rows).
			Set("state = ?", string(Running)).Set("run_at = ?", store.Micros(until)).
			Set("claim = ?", token).Set("attempts = attempts + 1").
			Where("id IN (?)", due).Returning("*").Scan(ctx)
		if err != nil {
			return Batch{}, fmt.Errorf("jobs: claim: %w", err)
		}
		return Batch{Token: token, Jobs: jobsOf(rows), Until: until}, nil
	})
}

// Renew prolongs a claim and tells whether any of its jobs is still the worker's.
func Renew(ctx context.Context, s *store.Store, b *Batch, lease time.Duration) (bool, error) {
	return store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (bool, error) {
		return Keep(ctx, t, b, lease)
	})
}

// Keep is Renew in the transaction of something that must not happen without the claim.
func Keep(ctx context.Context, t *store.Tx, b *Batch, lease time.Duration) (bool, error) {
	until := t.Now.Add(lease)
	n, err := affected(ctx, t.DB.NewUpdate().Model((*jobModel)(nil)).Set("run_at = ?", store.Micros(until)).
		Where("claim = ?", b.Token))
	if err != nil {
		return false, fmt.Errorf("jobs: renew: %w", err)
	}
	b.Until = until
	return n > 0, nil
}

// Mine lists the jobs of a batch that nobody else has claimed since, as they are now:
// what was noted of them was noted by the batch's worker, or by an admin.
func (b *Batch) Mine(ctx context.Context, t *store.Tx) ([]Job, error) {
	var list []Job
	attempt := make(map[int64]int, len(b.Jobs))
	ids := make([]int64, len(b.Jobs))
	for i, j := range b.Jobs {
		attempt[j.ID], ids[i] = j.Attempts, j.ID
	}
	for part := range slices.Chunk(ids, addChunk) {
		var rows []jobModel
		if err := t.DB.NewSelect().Model(&rows).Where("id IN (?)", bun.List(part)).Order("id").Scan(ctx); err != nil {
			return nil, fmt.Errorf("jobs: read a batch: %w", err)
		}
		for i := range rows {
			if rows[i].Attempts == attempt[rows[i].ID] {
				list = append(list, rows[i].job())
			}
		}
	}
	return list, nil
}

// Result is what came of one claimed job.
type Result struct {
	ID int64
	// Outcome is a word for what came of it, or the error.
	Outcome string
	// Failed says that the attempt failed: with Retry the job is due again after it,
	// without it is given up.
	Failed bool
	Retry  time.Duration
	// Uncounted has a Retry not count as an attempt, as nothing speaks against the job.
	Uncounted bool
	// Data replaces the job's data; nil leaves it.
	Data json.RawMessage
}

// Finish notes results in the transaction that holds what the jobs made, and returns
// the ids of those that were still the worker's. What the others made must not be
// kept: somebody else makes it.
func Finish(ctx context.Context, t *store.Tx, token string, results ...Result) (mine map[int64]bool, err error) {
	mine = make(map[int64]bool, len(results))
	// Most end alike: those are one statement.
	alike := make(map[string][]int64)
	for _, r := range results {
		if !r.Failed && r.Data == nil {
			alike[r.Outcome] = append(alike[r.Outcome], r.ID)
			continue
		}
		q := over(t, token, Done, r.Outcome).Where("id = ?", r.ID)
		switch {
		case r.Failed && r.Retry > 0:
			at := store.Micros(t.Now.Add(r.Retry))
			q = note(t, token, Due, r.Outcome).Set("run_at = ?", at).Where("id = ?", r.ID)
			if r.Uncounted {
				q = q.Set("attempts = attempts - 1")
			}
		case r.Failed:
			q = over(t, token, Failed, r.Outcome).Where("id = ?", r.ID)
		}
		if r.Data != nil {
			q = q.Set("data = ?", string(r.Data))
		}
		if err := collect(ctx, q, mine); err != nil {
			return nil, err
		}
	}
	for outcome, ids := range alike {
		for len(ids) > 0 {
			part := ids[:min(len(ids), addChunk)]
			ids = ids[len(part):]
			if err := collect(ctx, over(t, token, Done, outcome).Where("id IN (?)", bun.List(part)), mine); err != nil {
				return nil, err
			}
		}
	}
	return mine, nil
}

// note sets the state of jobs that the worker still has, and lets go of them.
func note(t *store.Tx, token string, state State, outcome string) *bun.UpdateQuery {
	return t.DB.NewUpdate().Model((*jobModel)(nil)).
		Set("state = ?", string(state)).Set("outcome = ?", outcome).Set("claim = ''").Where("claim = ?", token)
}

// over is note for a state that is the last one.
func over(t *store.Tx, token string, state State, outcome string) *bun.UpdateQuery {
	return note(t, token, state, outcome).Set("run_at = NULL").Set("finished_at = ?", store.Micros(t.Now))
}

func collect(ctx context.Context, q *bun.UpdateQuery, ids map[int64]bool) error {
	var list []int64
	if err := q.Returning("id").Scan(ctx, &list); err != nil {
		return fmt.Errorf("jobs: finish: %w", err)
	}
	for _, id := range list {
		ids[id] = true
	}
	return nil
}

func affected(ctx context.Context, q *bun.UpdateQuery) (int64, error) {
	res, err := q.Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
