package asynqrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// slowly holds back the error of a call that found no Redis: asynq asks for the next
// task again at once, and would keep a processor busy with that.
type slowly struct{ stopped context.Context }

// DialHook implements redis.Hook.
func (h slowly) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (h slowly) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		h.wait(ctx, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (h slowly) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		h.wait(ctx, err)
		return err
	}
}

func (h slowly) wait(ctx context.Context, err error) {
	var answer redis.Error
	var lost net.Error
	if err == nil || errors.As(err, &answer) || !errors.As(err, &lost) {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-h.stopped.Done():
	}
}

// logger hands asynq's log to ours. What it tells again and again while Redis is
// away, those who submit tasks and the bus tell once.
type logger struct{ log *slog.Logger }

func (l logger) put(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "asynq", "text", fmt.Sprint(args...))
}

// Debug implements asynq.Logger.
func (l logger) Debug(args ...any) { l.put(slog.LevelDebug, args) }

// Info implements asynq.Logger.
func (l logger) Info(args ...any) { l.put(slog.LevelDebug, args) }

// Warn implements asynq.Logger.
func (l logger) Warn(args ...any) { l.put(slog.LevelDebug, args) }

// Error implements asynq.Logger.
func (l logger) Error(args ...any) { l.put(slog.LevelDebug, args) }

// Fatal implements asynq.Logger, which would end the program here.
func (l logger) Fatal(args ...any) { l.put(slog.LevelError, args) }
