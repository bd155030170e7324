package api

import (
	"context"
	"errors"
	"time"

	"parley/rooms"
	"parley/store"
)

// submit is the one way of a command into the store, from the socket and from
// REST. done is called exactly once, at once or by the store's delivery, and
// must not block.
func (s *Server) submit(who *caller, f *frame, done func(*store.Result, *Error)) {
	start := s.cfg.Clock()
	kind := f.kind
	answer := func(r *store.Result, e *Error) {
		s.metrics.command(kind, r, e, s.cfg.Clock().Sub(start))
		done(r, e)
	}
	if ok, retry := s.limits.commands.allow(who.id); !ok {
		answer(nil, rateLimited(retry))
		return
	}
	if err := who.mayNegotiate(); err != nil {
		answer(nil, asError(err))
		return
	}
	if !s.commands.enter() {
		answer(nil, goingDown())
		return
	}
	s.store.Submit(store.Command{
		Room: f.room, CMID: f.id, Actor: who.actor(), Body: f.command,
		Done: func(r store.Result) {
			defer s.commands.leave()
			if r.Err != nil {
				answer(nil, s.commandError(r.Err))
				return
			}
			answer(&r, nil)
		},
	})
}

// commandError maps a result's error; what is not the client's doing is logged.
func (s *Server) commandError(err error) *Error {
	e := asError(err)
	var refusal *rooms.Refusal
	if !errors.As(err, &refusal) {
		s.log.Error("command not stored", "err", err)
	}
	return e
}

// command submits and waits, for REST.
func (s *Server) command(ctx context.Context, who *caller, f *frame) (*store.Result, error) {
	type outcome struct {
		result *store.Result
		err    *Error
	}
	answered := make(chan outcome, 1)
	s.submit(who, f, func(r *store.Result, e *Error) { answered <- outcome{r, e} })
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	select {
	case o := <-answered:
		if o.err != nil {
			return nil, o.err
		}
		return o.result, nil
	case <-ctx.Done():
		return nil, unavailable()
	}
}

// commandTimeout bounds how long a REST request waits for its commit. The
// command may still happen; the same id finds out.
const commandTimeout = 10 * time.Second
