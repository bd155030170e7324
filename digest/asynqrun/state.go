package asynqrun

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"parley/hub/redisconn"
)

// State is what the queue and its servers are at, as asynq's inspector tells.
type State struct {
	// Waiting and Running are tasks.
	Waiting, Running int
	// Oldest is how long the first of those that wait does.
	Oldest  time.Duration
	Servers []Server
}

// Server is a process that carries out tasks of the queue.
type Server struct {
	Host          string
	PID           int
	Workers, Busy int
	Started       time.Time
}

// queueOf is the name of an installation's queue.
func queueOf(namespace string) string { return "parley-" + namespace }

// State asks Redis.
func (r *Runner) State() (State, error) { return stateOf(r.ctx, r.rdb, r.queue) }

// Viewer looks at the queue for a process that carries out nothing.
type Viewer struct {
	rdb   *redis.Client
	queue string
}

// NewViewer reads the configuration, of which it needs URL and Namespace. It does not
// connect.
func NewViewer(cfg Config) (*Viewer, error) {
	opt, err := redisconn.Options(cfg.URL, timeout)
	if err != nil {
		return nil, fmt.Errorf("asynqrun: %w", err)
	}
	return &Viewer{rdb: redis.NewClient(opt), queue: queueOf(cmp.Or(cfg.Namespace, "main"))}, nil
}

// State asks Redis.
func (v *Viewer) State(ctx context.Context) (State, error) { return stateOf(ctx, v.rdb, v.queue) }

// Close closes its connections.
func (v *Viewer) Close() error { return v.rdb.Close() }

func stateOf(ctx context.Context, rdb *redis.Client, queue string) (State, error) {
	// It shares the connection, so there is nothing to close.
	inspector := asynq.NewInspectorFromRedisClient(rdb)
	var state State
	// A client lists its queue once, and the inspector knows only what is listed: a Redis
	// that was emptied since is told again.
	if err := rdb.SAdd(ctx, "asynq:queues", queue).Err(); err != nil {
		return State{}, fmt.Errorf("asynqrun: list the queue: %w", err)
	}
	info, err := inspector.GetQueueInfo(queue)
	if err != nil {
		return State{}, fmt.Errorf("asynqrun: look at the queue: %w", err)
	}
	state.Waiting = info.Pending + info.Scheduled + info.Retry
	state.Running, state.Oldest = info.Active, info.Latency
	servers, err := inspector.Servers()
	if err != nil {
		return State{}, fmt.Errorf("asynqrun: list servers: %w", err)
	}
	for _, s := range servers {
		if s.Queues[queue] > 0 {
			state.Servers = append(state.Servers, Server{
				Host: s.Host, PID: s.PID, Workers: s.Concurrency, Busy: len(s.ActiveWorkers), Started: s.Started,
			})
		}
	}
	return state, nil
}
