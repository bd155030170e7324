package api

import (
	"context"
	"time"
)

const (
	maxChores    = 64
	choreTimeout = 10 * time.Second
)

// chores are small things that a request leaves behind: what need not be waited for,
// or must not, because the time of the answer would tell what was found. Each has a
// goroutine; close waits for all of them.
type chores struct {
	ctx   context.Context
	gate  gate
	slots chan struct{}
}

func newChores(ctx context.Context) *chores {
	return &chores{ctx: ctx, slots: make(chan struct{}, maxChores)}
}

// do starts work, or tells that there is no room for it now.
func (c *chores) do(work func(ctx context.Context)) bool {
	if !c.gate.enter() {
		return false
	}
	select {
	case c.slots <- struct{}{}:
	default:
		c.gate.leave()
		return false
	}
	go func() {
		defer c.gate.leave()
		defer func() { <-c.slots }()
		ctx, cancel := context.WithTimeout(c.ctx, choreTimeout)
		defer cancel()
		work(ctx)
	}()
	return true
}

// close refuses what is new and waits for the rest.
func (c *chores) close(ctx context.Context) error {
	c.gate.close()
	return c.gate.wait(ctx)
}
