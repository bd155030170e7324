package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"time"

	"parley/digest"
	"parley/rooms"
	"parley/store"
	"parley/store/exports"
	"parley/store/jobs"
	"parley/store/tables"
)

const (
	// partBytes is how large a part may grow before it is packed and written: large enough
	// that few transactions are needed, small enough that none holds up the others.
	partBytes = 1 << 20
	// lease is longer than any part takes; each part prolongs it.
	lease = time.Minute
)

// Kinds are the jobs of this package.
func Kinds(s *store.Store, clock func() time.Time) []digest.Kind {
	w := &writer{store: s, clock: clock, partBytes: partBytes}
	return []digest.Kind{
		{Name: jobs.Export, Batch: 1, Parallel: 2, Lease: lease, Attempts: 5, Do: w.do, GaveUp: gaveUp},
		{Name: jobs.ExportEnd, Batch: 20, Parallel: 1, Lease: lease, Attempts: 10, Do: w.end},
	}
}

func gaveUp(ctx context.Context, t *store.Tx, lost []jobs.Job) error {
	for i := range lost {
		if err := exports.GiveUp(ctx, t, lost[i].User, lost[i].Period); err != nil {
			return err
		}
	}
	return nil
}

type writer struct {
	store     *store.Store
	clock     func() time.Time
	partBytes int
}

// errLost says that the claim is another's now, or that the export was called off.
var errLost = errors.New("export: the claim was lost")

func (w *writer) do(ctx context.Context, b *jobs.Batch) error {
	for i := range b.Jobs {
		err := w.write(ctx, b, &b.Jobs[i])
		if err != nil && !errors.Is(err, errLost) {
			return err
		}
	}
	return nil
}

// write writes one export from where it stands to its end.
func (w *writer) write(ctx context.Context, b *jobs.Batch, j *jobs.Job) error {
	now := rooms.At(w.clock())
	e, err := exports.Get(ctx, w.store, j.User, j.Period, now)
	if errors.Is(err, store.ErrNotFound) {
		return w.finish(ctx, b, jobs.Result{ID: j.ID, Outcome: "gone"}, nil)
	}
	if err != nil {
		return err
	}
	user, err := w.store.UserByID(ctx, j.User)
	if err != nil {
		return err
	}
	table, ok := tables.Named(w.store, now, e.Name, user.ID, user.Role)
	if !ok {
		// Their role was another when they asked.
		return w.finish(ctx, b, jobs.Result{ID: j.ID, Outcome: "not allowed", Failed: true}, func(ctx context.Context, t *store.Tx) error {
			return exports.GiveUp(ctx, t, j.User, j.Period)
		})
	}
	total := e.Total
	if total == 0 {
		if total, err = table.Count(ctx); err != nil {
			return err
		}
	}
	var part bytes.Buffer
	cursor, rows := e.Next, int64(0)
	if e.Parts == 0 {
		if err := table.WriteHead(&part, e.BOM); err != nil {
			return fmt.Errorf("export: write the head: %w", err)
		}
	}
	for {
		page, next, err := table.Page(ctx, cursor)
		if err != nil {
			return err
		}
		if err := tables.Write(&part, page...); err != nil {
			return fmt.Errorf("export: write rows: %w", err)
		}
		rows, cursor = rows+int64(len(page)), next
		if next != "" && part.Len() < w.partBytes {
			continue
		}
		p := exports.Progress{Rows: rows, Bytes: int64(part.Len()), Total: total, Next: next, Last: next == ""}
		if p.Data, err = packed(part.Bytes()); err != nil {
			return err
		}
		if err := w.append(ctx, b, j, &e, p); err != nil || p.Last {
			return err
		}
		part.Reset()
		rows = 0
	}
}

// packed is a gzip member.
func packed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return nil, fmt.Errorf("export: pack: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("export: pack: %w", err)
	}
	return b.Bytes(), nil
}

// append writes a part under the claim; with the last one the job is done.
func (w *writer) append(ctx context.Context, b *jobs.Batch, j *jobs.Job, e *exports.Export, p exports.Progress) error {
	_, err := store.Write(ctx, w.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		kept, err := jobs.Keep(ctx, t, b, lease)
		if err != nil {
			return struct{}{}, err
		}
		if !kept {
			return struct{}{}, errLost
		}
		if err := e.Append(ctx, t, p); err != nil || !p.Last {
			return struct{}{}, err
		}
		_, err = jobs.Finish(ctx, t, b.Token, jobs.Result{ID: j.ID, Outcome: "ready"})
		return struct{}{}, err
	})
	if err == nil {
		e.Parts++
	}
	return err
}

// finish notes what came of a job, and with it what also does, if the job is still the
// worker's.
func (w *writer) finish(ctx context.Context, b *jobs.Batch, result jobs.Result, also store.Also) error {
	_, err := store.Write(ctx, w.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		mine, err := jobs.Finish(ctx, t, b.Token, result)
		if err != nil || !mine[result.ID] || also == nil {
			return struct{}{}, err
		}
		return struct{}{}, also(ctx, t)
	})
	return err
}

// end removes the files whose time is over.
func (w *writer) end(ctx context.Context, b *jobs.Batch) error {
	_, err := store.Write(ctx, w.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		results := make([]jobs.Result, len(b.Jobs))
		for i, j := range b.Jobs {
			results[i] = jobs.Result{ID: j.ID, Outcome: "removed"}
		}
		mine, err := jobs.Finish(ctx, t, b.Token, results...)
		if err != nil {
			return struct{}{}, err
		}
		for _, j := range b.Jobs {
			if !mine[j.ID] {
				continue
			}
			if err := exports.Expire(ctx, t, j.User, j.Period); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}
