package digest

import (
	"context"
	"time"

	"parley/store"
	"parley/store/jobs"
)

// Kind is a sort of job and how it is done.
type Kind struct {
	// Name is one of the kinds of package jobs.
	Name string
	// Batch is how many jobs a worker claims at a time.
	Batch int
	// Parallel bounds the tasks of this kind that wait or run at once, on all instances
	// that share a Runner's queue.
	Parallel int
	// Lease is how long a claim holds; Do renews it if it may take longer.
	Lease time.Duration
	// Attempts is how often a job is tried before it is given up.
	Attempts int
	// Do does a batch. It notes what came of each job with jobs.Finish, in the
	// transaction that holds what it made. Jobs that it leaves when it returns are
	// tried again later, as if each had failed with the error returned.
	Do func(ctx context.Context, b *jobs.Batch) error
	// GaveUp, if set, runs in the transaction that gives up jobs which Do left, or whose
	// workers died too often. Jobs that Do gave up itself are not among them.
	GaveUp func(ctx context.Context, t *store.Tx, lost []jobs.Job) error
}

// Task asks for what is due of a kind to be done.
type Task struct {
	// ID is the same for tasks that need not both wait or run.
	ID   string
	Kind string
}

// Runner carries tasks out, on this instance or another. It may lose a task and may
// carry one out twice.
type Runner interface {
	// Submit hands over a task. One whose id waits or runs already is not added again,
	// and that is no error.
	Submit(ctx context.Context, t Task) error
	// Start begins to carry out tasks with do, also of other instances. It is called
	// once. The context of do ends when Stop gives up on it.
	Start(do func(ctx context.Context, t Task)) error
	// Stop takes no new task and waits for those that run; when ctx ends it ends them,
	// waits for them all the same, and returns the error of ctx.
	Stop(ctx context.Context) error
}
