package asynqrun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/oklog/ulid/v2"
	"github.com/redis/go-redis/v9"

	"parley/digest"
	"parley/hub/redisconn"
)

// Config says where Redis is. URL and Token are required; zero values choose the
// defaults named.
type Config struct {
	// URL is redis://[user:password@]host:port/db, or rediss:// or unix://.
	URL string
	// Namespace separates installations that share one Redis: the store's epoch.
	// Default "main".
	Namespace string
	// Workers is how many tasks run here at once. Default 1.
	Workers int
	// Hold is how long an id stays taken after its process died. Default 6 s.
	Hold   time.Duration
	Logger *slog.Logger
}

const (
	// timeout bounds one call of Redis, poll is how often an empty queue is asked.
	timeout = time.Second
	poll    = 200 * time.Millisecond
	// pause is how long a call that found no Redis waits before it tells: asynq asks
	// again at once.
	pause = 200 * time.Millisecond
	// maxRun is after what asynq takes a task for lost whose process lives.
	maxRun = 2 * time.Hour
	// recovered is how often asynq hands out a task again whose process died. It asks
	// for what is due like any other, so that once would do.
	recovered = 3
)

// Runner implements digest.Runner.
type Runner struct {
	cfg    Config
	queue  string
	locks  string
	rdb    *redis.Client
	client *asynq.Client
	server *asynq.Server
	// started tells Stop whether there are goroutines to stop.
	started bool

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// New reads the configuration. It does not connect.
func New(cfg Config) (*Runner, error) {
	opt, err := redisconn.Options(cfg.URL, timeout)
	if err != nil {
		return nil, fmt.Errorf("asynqrun: %w", err)
	}
	cfg.Namespace = cmp.Or(cfg.Namespace, "main")
	cfg.Workers = max(1, cfg.Workers)
	cfg.Hold = cmp.Or(cfg.Hold, 6*time.Second)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	// The pool dials in the background after as many failures as it has places, which
	// outlives its Close; asynq keeps some connections for itself.
	opt.PoolSize = 64 + 2*cfg.Workers
	r := &Runner{
		cfg: cfg, queue: queueOf(cfg.Namespace), locks: "parley:" + cfg.Namespace + ":task:",
		rdb: redis.NewClient(opt),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.rdb.AddHook(slowly{r.ctx})
	r.client = asynq.NewClientFromRedisClient(r.rdb)
	r.server = asynq.NewServerFromRedisClient(r.rdb, asynq.Config{
		Concurrency: cfg.Workers, Queues: map[string]int{r.queue: 1}, TaskCheckInterval: poll,
		RetryDelayFunc:  func(int, error, *asynq.Task) time.Duration { return time.Second },
		ShutdownTimeout: timeout, // tasks have ended before, see Stop
		Logger:          logger{cfg.Logger}, LogLevel: asynq.WarnLevel,
	})
	return r, nil
}

// Submit implements digest.Runner.
func (r *Runner) Submit(ctx context.Context, t digest.Task) error {
	token := ulid.Make().String()
	err := r.rdb.SetArgs(ctx, r.locks+t.ID, token, redis.SetArgs{Mode: "NX", TTL: r.cfg.Hold}).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err == nil {
		_, err = r.client.EnqueueContext(ctx, asynq.NewTask(t.Kind, []byte(t.ID)), asynq.TaskID(token),
			asynq.Queue(r.queue), asynq.MaxRetry(recovered), asynq.Timeout(maxRun), asynq.Retention(0))
		if err != nil {
			r.release(ctx, t.ID, token)
		}
	}
	if err != nil {
		return fmt.Errorf("asynqrun: submit: %w", err)
	}
	return nil
}

// Start implements digest.Runner.
func (r *Runner) Start(do func(ctx context.Context, t digest.Task)) error {
	err := r.server.Start(asynq.HandlerFunc(func(ctx context.Context, task *asynq.Task) error {
		token, _ := asynq.GetTaskID(ctx)
		r.carry(digest.Task{ID: string(task.Payload()), Kind: task.Type()}, token, do)
		return nil
	}))
	if err != nil {
		return fmt.Errorf("asynqrun: start: %w", err)
	}
	r.started = true
	return nil
}

// carry does a task under its lock, unless another has that.
func (r *Runner) carry(t digest.Task, token string, do func(context.Context, digest.Task)) {
	r.running.Add(1)
	defer r.running.Done()
	// The handler's own context ends only with asynq's time limit.
	ctx := r.ctx
	if !r.hold(ctx, t.ID, token) {
		return
	}
	ended := make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() {
		tick := time.NewTicker(r.cfg.Hold / 3)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				r.hold(ctx, t.ID, token)
			}
		}
	})
	defer func() {
		close(ended)
		holding.Wait()
		r.release(ctx, t.ID, token)
	}()
	do(ctx, t)
}

// hold takes or prolongs a lock and tells whether nobody else has it; a Redis that
// does not answer has forgotten it.
func (r *Runner) hold(ctx context.Context, id, token string) bool {
	owner, err := r.rdb.Get(ctx, r.locks+id).Result()
	if err == nil && owner != token {
		return false
	}
	if err := r.rdb.Set(ctx, r.locks+id, token, r.cfg.Hold).Err(); err != nil {
		r.cfg.Logger.Debug("jobs: hold a task's id", "id", id, "err", err)
	}
	return true
}

// release lets go of a lock; one that is not released lapses.
func (r *Runner) release(ctx context.Context, id, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	if owner, err := r.rdb.Get(ctx, r.locks+id).Result(); err != nil || owner != token {
		return
	}
	if err := r.rdb.Del(ctx, r.locks+id).Err(); err != nil {
		r.cfg.Logger.Debug("jobs: let go of a task's id", "id", id, "err", err)
	}
}

// Stop implements digest.Runner.
func (r *Runner) Stop(ctx context.Context) error {
	var err error
	if r.started {
		r.server.Stop()
		ended := make(chan struct{})
		go func() {
			r.running.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-ctx.Done():
			err = ctx.Err()
			r.cancel()
			<-ended
		}
		r.server.Shutdown()
	}
	r.cancel()
	return errors.Join(err, r.rdb.Close())
}
