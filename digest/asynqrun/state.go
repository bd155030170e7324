package asynqrun

import (
	"fmt"
	"time"

	"github.com/hibiken/asynq"
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

// State asks Redis.
func (r *Runner) State() (State, error) {
	// It shares the runner's connection, so there is nothing to close.
	inspector := asynq.NewInspectorFromRedisClient(r.rdb)
	var state State
	// A client lists its queue once, and the inspector knows only what is listed: a Redis
	// that was emptied since is told again.
	if err := r.rdb.SAdd(r.ctx, "asynq:queues", r.queue).Err(); err != nil {
		return State{}, fmt.Errorf("asynqrun: list the queue: %w", err)
	}
	info, err := inspector.GetQueueInfo(r.queue)
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
		if s.Queues[r.queue] > 0 {
			state.Servers = append(state.Servers, Server{
				Host: s.Host, PID: s.PID, Workers: s.Concurrency, Busy: len(s.ActiveWorkers), Started: s.Started,
			})
		}
	}
	return state, nil
}
