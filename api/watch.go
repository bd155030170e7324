package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley/hub"
	"parley/rooms"
)

// Close codes of this edge; docs/protocol.md says what a client does next.
const (
	closeUnsupported   = 1003
	closeNotUTF8       = 1007
	closeTooBig        = 1009
	closeInternal      = 1011
	closeTryLater      = 1013
	closeHeartbeat     = 4001
	closeFlood         = 4101
	closeSessionEnded  = 4200
	closeFlagged       = 4201
	missedPingsAllowed = 2
)

// watched is a connection as the watch sees it.
type watched struct {
	client *hub.Client
	who    caller
	// heard is set by the reader whenever something arrives.
	heard atomic.Bool

	// The rest belongs to the watch's lock.
	index    int
	missed   int
	nextPing time.Time
}

// watch looks after all connections with two goroutines: one pings and closes
// what does not answer or has outlived its session, the other checks, as a net
// below hub.Disconnect, that the sessions still are in the store.
type watch struct {
	server *Server
	tick   time.Duration

	mu    sync.Mutex
	conns []*watched

	// Of the goroutine that rechecks: what store.AccessEnded was before the last whole
	// round, and when that was.
	ended     int64
	checkedAt time.Time

	stop context.CancelFunc
	done sync.WaitGroup
}

func newWatch(s *Server) *watch {
	return &watch{server: s, tick: min(250*time.Millisecond, s.cfg.Heartbeat/4)}
}

func (w *watch) start() {
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.done.Go(func() { every(ctx, w.tick, func() { w.beat(w.server.cfg.Clock()) }) })
	w.done.Go(func() { every(ctx, w.server.cfg.RecheckEvery, func() { w.recheck(ctx) }) })
}

func (w *watch) close() {
	w.stop()
	w.done.Wait()
}

func every(ctx context.Context, pace time.Duration, do func()) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

func (w *watch) add(c *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.index = len(w.conns)
	c.nextPing = w.pingAfter(w.server.cfg.Clock())
	w.conns = append(w.conns, c)
}

func (w *watch) remove(c *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.conns) - 1
	moved := w.conns[last]
	w.conns[c.index], moved.index = moved, c.index
	w.conns[last] = nil
	w.conns = w.conns[:last]
}

// pingAfter spreads pings: a tenth of the heartbeat around it.
func (w *watch) pingAfter(now time.Time) time.Time {
	every := w.server.cfg.Heartbeat
	return now.Add(every - every/10 + time.Duration(w.server.cfg.Jitter(int64(every/5)+1)))
}

// beat pings who is due and closes who is gone.
func (w *watch) beat(now time.Time) {
	var ping, silent, ended []*hub.Client
	w.mu.Lock()
	for _, c := range w.conns {
		if !now.Before(c.who.expires) {
			ended = append(ended, c.client)
			continue
		}
		if now.Before(c.nextPing) {
			continue
		}
		c.nextPing = w.pingAfter(now)
		if c.heard.Swap(false) {
			c.missed = 0
		}
		if c.missed >= missedPingsAllowed {
			silent = append(silent, c.client)
			continue
		}
		c.missed++
		ping = append(ping, c.client)
	}
	w.mu.Unlock()
	for _, c := range ping {
		c.Send(pingFrame)
	}
	for _, c := range silent {
		c.Cut(closeHeartbeat, "heartbeat")
	}
	for _, c := range ended {
		c.Cut(closeSessionEnded, "session ended")
	}
}

const (
	// recheckAll is how often all sessions are asked after although none is known to
	// have ended: somebody may have changed the rows by hand.
	recheckAll = 30 * time.Second
	// recheckChunk is how many are asked after in one query, which may take
	// recheckTimeout.
	recheckChunk   = 500
	recheckTimeout = time.Second
)

// recheck asks the store after the sessions of all connections, if a session has ended
// or a user was flagged since it last did. That is in the store with the commit itself:
// neither a bus that loses a message nor an instance that dies before it sends one
// keeps a connection open. A round that fails is begun again with the next tick.
func (w *watch) recheck(ctx context.Context) {
	conns := w.all()
	if len(conns) == 0 {
		return
	}
	now := w.server.cfg.Clock()
	query, cancel := context.WithTimeout(ctx, recheckTimeout)
	ended, err := w.server.store.AccessEnded(query)
	cancel()
	if err != nil || ended == w.ended && now.Sub(w.checkedAt) < recheckAll {
		return
	}
	for chunk := range slices.Chunk(conns, recheckChunk) {
		if w.check(ctx, chunk, now) != nil {
			return
		}
	}
	w.ended, w.checkedAt = ended, now
}

func (w *watch) all() []*watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.conns)
}

// check closes those whose session has ended or whose user is flagged.
func (w *watch) check(ctx context.Context, conns []*watched, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, recheckTimeout)
	defer cancel()
	sessions := make([][sha256.Size]byte, len(conns))
	for i, c := range conns {
		sessions[i] = c.who.session
	}
	live, err := w.server.store.LiveSessions(ctx, sessions, rooms.At(now))
	if err != nil {
		return err
	}
	for _, c := range conns {
		var ended error
		switch under, ok := live[c.who.session]; {
		case !ok:
			ended = unauthenticated()
		case under:
			ended = flagged()
		}
		if w.server.endSocket(c.client, ended) {
			w.server.here(&c.who)
		}
	}
	return nil
}

// endSocket closes a connection whose session is found to have ended. That the
// store could not say changes nothing. It tells whether the socket may go on.
func (s *Server) endSocket(c *hub.Client, err error) bool {
	if err == nil {
		return true
	}
	var e *Error
	if !errors.As(err, &e) {
		return true
	}
	if e.Info.Code == codeUnauthenticated {
		c.Cut(closeSessionEnded, "session ended")
	} else {
		c.Cut(closeFlagged, "flagged")
	}
	return false
}
