// Package asynqrun carries out tasks by way of asynq, on any instance that shares the
// Redis.
//
// All kinds share one queue, parley-<namespace>, whose keys are asynq's own
// (asynq:{parley-<namespace>}:…); asynq's lists of queues and servers are common to all
// installations on one Redis, so State looks only at those of its queue.
//
// That a task's id waits or runs is a lock of our own, parley:<namespace>:task:<id>, that
// holds for Config.Hold and is prolonged while the task runs. Asynq's ids of tasks would
// keep a task that a killed process was at until asynq's recoverer has found it, a minute
// or more; its unique locks cannot be prolonged. A task that waited longer than the lock
// held may be queued again, and then finds at its start that another has the lock and
// does nothing.
//
// Redis may be away, and may forget everything: Submit fails, or a task is lost, and the
// engine's next look submits another. While it is away digest.Fallback has the
// tasks done in the process.
//
// # Goroutines
//
// Start begins asynq's goroutines and Stop ends them; a task that runs has one more, which
// prolongs its lock and ends with it.
package asynqrun
