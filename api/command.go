package api

import (
	"context"
	"errors"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/flags"
)

// submit is the one way of a command into the store, from the socket and from
// REST. done is called exactly once, at once or by the store's delivery, and
// must not block.
func (s *Server) submit(who *caller, from origin, f *frame, done func(*store.Result, *Error)) {
	start := s.cfg.Clock()
	kind, body := f.kind, f.command
	answer := func(r *store.Result, e *Error) {
		s.metrics.command(kind, r, e, s.cfg.Clock().Sub(start))
		done(r, e)
	}
	if ok, retry := s.limits.commands.allow(who.id); !ok {
		answer(nil, rateLimited(retry))
		return
	}
	if err := s.mayNegotiate(who); err != nil {
		answer(nil, asError(err))
		return
	}
	if !s.commands.enter() {
		answer(nil, goingDown())
		return
	}
	s.store.Submit(store.Command{
		Room: f.room, CMID: f.id, Actor: who.actor(), Body: body, Also: s.alsoByAdmins(who, from, f),
		Done: func(r store.Result) {
			s.confirmed(body, &r, func() {
				defer s.commands.leave()
				if r.Err != nil {
					answer(nil, s.commandError(r.Err))
					return
				}
				answer(&r, nil)
			})
		},
	})
}

// alsoByAdmins is what goes with an admin's command: a freeze is a flag of the room, and
// all of them stand in the audit log.
func (s *Server) alsoByAdmins(who *caller, from origin, f *frame) []store.Also {
	if who.role != rooms.Admin {
		return nil
	}
	switch body := f.command.(type) {
	case rooms.Freeze:
		return []store.Also{s.flags.Frozen(f.room, body.Reason, from.deed(who))}
	case rooms.Unfreeze:
		return []store.Also{s.flags.Thawed(f.room, body.Reason, from.deed(who))}
	case rooms.Close:
		return []store.Also{audit.Also(from.entry(who, audit.ActionRoomClosed, "room", f.room))}
	default:
		return nil
	}
}

// deed names who does something, for what is kept of it.
func (o origin) deed(who *caller) flags.Deed {
	return flags.Deed{By: who.id, Addr: o.addr, RequestID: o.requestID}
}

// entry is an entry of the audit log about what a caller does.
func (o origin) entry(who *caller, action audit.Action, kind, id string) audit.Entry {
	return audit.Entry{
		Actor: who.id, Action: action, Subject: audit.Subject{Kind: kind, ID: id}, Addr: o.addr, RequestID: o.requestID,
	}
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

// outcome is a command's result or its error.
type outcome struct {
	result *store.Result
	err    *Error
}

// command submits and waits, for REST.
func (s *Server) command(ctx context.Context, who *caller, from origin, f *frame) (*store.Result, error) {
	o := s.submitAll(ctx, who, from, []frame{*f})[0]
	if o.err != nil {
		return nil, o.err
	}
	return o.result, nil
}

// submitAll submits commands together and waits for all of them.
func (s *Server) submitAll(ctx context.Context, who *caller, from origin, frames []frame) []outcome {
	type numbered struct {
		i int
		outcome
	}
	answered := make(chan numbered, len(frames))
	for i := range frames {
		s.submit(who, from, &frames[i], func(r *store.Result, e *Error) { answered <- numbered{i, outcome{r, e}} })
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	outcomes := make([]outcome, len(frames))
	for i := range outcomes {
		outcomes[i].err = unavailable() // until it is known
	}
	for range frames {
		select {
		case o := <-answered:
			outcomes[o.i] = o.outcome
		case <-ctx.Done():
			return outcomes
		}
	}
	return outcomes
}

// commandTimeout bounds how long a REST request waits for its commit. The
// command may still happen; the same id finds out.
const commandTimeout = 10 * time.Second
