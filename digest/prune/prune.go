package prune

import (
	"context"
	"fmt"
	"time"

	"parley/digest"
	"parley/rooms"
	"parley/store"
	"parley/store/exports"
	"parley/store/jobs"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/webhooks"
)

const day = 24 * time.Hour

const (
	// LeastKeep is the least that jobs may be kept. A monthly report is due for a week
	// after its hour in each one's zone, and while it is for some, the jobs of others must
	// be there: Add takes what was swept of a month for the whole month.
	LeastKeep = 10 * day
	// DefaultKeep is long enough to look into what somebody says they did or did not get
	// last month.
	DefaultKeep = 30 * day
	// keepFailed is how long what failed waits for an admin who has it done again.
	keepFailed = 90 * day
	// keepNotices is after how long a notice tells nobody anything: what it was about
	// stands where it belongs.
	keepNotices = 180 * day
)

// Figures of the kind. A batch takes some ten milliseconds: mails carry their texts and
// files, and exports files of up to 1 MiB a part.
const (
	lease        = time.Minute
	attempts     = 10
	jobBatch     = 1000
	mailBatch    = 100
	exportBatch  = 5
	sessionBatch = 1000
)

// Config says what a pruner works with.
type Config struct {
	Store *store.Store
	Clock func() time.Time
	// Keep is how long records are kept of what went well.
	Keep time.Duration
	// Observe, if set, takes how many records of a sort a batch removed.
	Observe func(what string, n int64)
}

// Kind is the kind of job that removes what is old.
func Kind(cfg Config) (digest.Kind, error) {
	if cfg.Keep < LeastKeep {
		return digest.Kind{}, fmt.Errorf("prune: records must be kept for %d days at least", LeastKeep/day)
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, int64) {}
	}
	p := &pruner{cfg}
	return digest.Kind{Name: jobs.Prune, Batch: 10, Parallel: 1, Lease: lease, Attempts: attempts, Do: p.do}, nil
}

type pruner struct{ Config }

// record is a sort of record. sweep removes up to batch of them and tells how many.
type record struct {
	what  string
	batch int
	sweep func(ctx context.Context, batch int) (int64, error)
}

// sorts are in an order in which nothing is asked about what is gone: exports tell their
// state by their jobs, and an admin who tries a mail again does so by its job.
func (p *pruner) sorts(now rooms.Time) []record {
	s := p.Store
	done := now.Add(-p.Keep)
	failed := now.Add(-max(p.Keep, keepFailed))
	over := func(state jobs.State, before rooms.Time) record {
		return record{"jobs", jobBatch, func(ctx context.Context, n int) (int64, error) { return jobs.Sweep(ctx, s, state, before, n) }}
	}
	mails := func(state outbox.State, before rooms.Time) record {
		return record{"mails", mailBatch, func(ctx context.Context, n int) (int64, error) { return outbox.Sweep(ctx, s, state, before, n) }}
	}
	return []record{
		{"exports", exportBatch, func(ctx context.Context, n int) (int64, error) { return exports.Sweep(ctx, s, done, n) }},
		mails(outbox.Sent, done), mails(outbox.Kept, done), mails(outbox.Withdrawn, done),
		over(jobs.Done, done), over(jobs.Cancelled, done), over(jobs.Failed, failed),
		mails(outbox.GaveUp, failed),
		{"webhook_messages", mailBatch, func(ctx context.Context, n int) (int64, error) { return webhooks.Sweep(ctx, s, failed, n) }},
		{"notices", jobBatch, func(ctx context.Context, n int) (int64, error) {
			return notices.Sweep(ctx, s, now.Add(-keepNotices), n)
		}},
		{"sessions", sessionBatch, func(ctx context.Context, n int) (int64, error) { return s.PruneSessions(ctx, now, n) }},
	}
}

// do does all jobs of a batch at once: what is old is the same for all of them.
func (p *pruner) do(ctx context.Context, b *jobs.Batch) error {
	var total int64
	for _, s := range p.sorts(rooms.At(p.Clock())) {
		for more := true; more; {
			if held, err := p.hold(ctx, b); err != nil || !held {
				return err
			}
			began := p.Clock()
			n, err := s.sweep(ctx, s.batch)
			if err != nil {
				return fmt.Errorf("prune: %s: %w", s.what, err)
			}
			if total += n; n > 0 {
				p.Observe(s.what, n)
			}
			if more = n == int64(s.batch); more {
				if err := rest(ctx, p.Clock().Sub(began)); err != nil {
					return err
				}
			}
		}
	}
	_, err := store.Write(ctx, p.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		results := make([]jobs.Result, len(b.Jobs))
		for i := range b.Jobs {
			results[i] = jobs.Result{ID: b.Jobs[i].ID, Outcome: fmt.Sprintf("%d removed", total)}
		}
		_, err := jobs.Finish(ctx, t, b.Token, results...)
		return struct{}{}, err
	})
	return err
}

// hold sees to it that the claim outlasts a batch, and tells whether it does: what others
// have claimed is theirs to go on with.
func (p *pruner) hold(ctx context.Context, b *jobs.Batch) (bool, error) {
	if b.Until.Sub(p.Clock()) > lease/2 {
		return true, nil
	}
	return jobs.Renew(ctx, p.Store, b, lease)
}

func rest(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return nil
	}
}
