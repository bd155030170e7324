package hubtest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"parley/hub"
)

// Log is a hub.Log in memory.
type Log struct {
	mu     sync.Mutex
	frames map[string][]hub.Frame
	reads  int
	asks   int
	before func(call string) error
}

// NewLog returns an empty log.
func NewLog() *Log { return &Log{frames: make(map[string][]hub.Frame)} }

// Before sets what runs before each call ("heads" or "read") is answered; its
// error is the call's. Nil takes it away.
func (l *Log) Before(hook func(call string) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = hook
}

func (l *Log) enter(ctx context.Context, call string) error {
	l.mu.Lock()
	hook := l.before
	l.mu.Unlock()
	if hook != nil {
		if err := hook(call); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Heads implements hub.Log.
func (l *Log) Heads(ctx context.Context, topics []string) (map[string]int64, error) {
	if err := l.enter(ctx, "heads"); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks++
	heads := make(map[string]int64)
	for _, t := range topics {
		if all := l.frames[t]; len(all) > 0 {
			heads[t] = all[len(all)-1].Seq
		}
	}
	return heads, nil
}

// Read implements hub.Log.
func (l *Log) Read(ctx context.Context, topic string, after int64, limit int) ([]hub.Frame, error) {
	if err := l.enter(ctx, "read"); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	all := l.frames[topic]
	i, _ := slices.BinarySearchFunc(all, after+1, func(f hub.Frame, seq int64) int { return int(f.Seq - seq) })
	all = all[i:]
	return slices.Clone(all[:min(limit, len(all))]), nil
}

// Calls counts the answered calls of Heads and Read.
func (l *Log) Calls() (heads, reads int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asks, l.reads
}

// Head is the highest seq of a topic.
func (l *Log) Head(topic string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if all := l.frames[topic]; len(all) > 0 {
		return all[len(all)-1].Seq
	}
	return 0
}

// Commit appends the next n frames of a contiguous topic.
func (l *Log) Commit(topic string, n int) []hub.Frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := len(l.frames[topic])
	for i := range n {
		l.appendLocked(topic, int64(first+i)+1)
	}
	return slices.Clone(l.frames[topic][first:])
}

// CommitAt appends one frame of a sparse topic; seqs rise.
func (l *Log) CommitAt(topic string, seq int64) []hub.Frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.appendLocked(topic, seq)
	all := l.frames[topic]
	return slices.Clone(all[len(all)-1:])
}

// Drop takes a frame out of the log, which then has a hole.
func (l *Log) Drop(topic string, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames[topic] = slices.DeleteFunc(l.frames[topic], func(f hub.Frame) bool { return f.Seq == seq })
}

func (l *Log) appendLocked(topic string, seq int64) {
	data := fmt.Appendf(nil, `{"topic":%q,"seq":%d}`, topic, seq)
	l.frames[topic] = append(l.frames[topic], hub.Frame{Topic: topic, Seq: seq, Data: data})
}
