package api

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"parley/hub"
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
// below hub.Disconnect, that the sessions still are in the store, and now and
// then deletes those that have expired.
type watch struct {
	server *Server
	tick   time.Duration

	mu    sync.Mutex
	conns []*watched
	// due is the next to be checked, round and round.
	due int

	stop context.CancelFunc
	done sync.WaitGroup
}

func newWatch(s *Server) *watch {
	return &watch{server: s, tick: min(250*time.Millisecond, s.cfg.Heartbeat/4)}
}

func (w *watch) start() {
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.done.Go(func() { w.every(ctx, func() { w.beat(w.server.cfg.Clock()) }) })
	w.done.Go(func() {
		w.every(ctx, func() { w.recheck(ctx) })
	})
}

func (w *watch) close() {
	w.stop()
	w.done.Wait()
}

func (w *watch) every(ctx context.Context, do func()) {
	ticker := time.NewTicker(w.tick)
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

// How long it may take until every session was checked: with the bus up what
// ends a session elsewhere is heard of, so that this is only a net.
const (
	recheckBusUp   = 30 * time.Second
	recheckBusDown = 750 * time.Millisecond
	// recheckMost bounds the reads of one tick.
	recheckMost = 500
)

func (w *watch) recheck(ctx context.Context) {
	within := recheckBusUp
	if !w.server.cfg.BusUp() {
		within = recheckBusDown
	}
	for _, c := range w.next(within) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		_, err := w.server.sessionCaller(ctx, c.who.session)
		cancel()
		if w.server.endSocket(c.client, err) {
			w.server.here(&c.who)
		}
	}
}

// next picks the connections to be checked in this tick.
func (w *watch) next(within time.Duration) []*watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := int(int64(len(w.conns))*int64(w.tick)/int64(within)) + 1
	n = min(n, len(w.conns), recheckMost)
	picked := make([]*watched, 0, n)
	for range n {
		if w.due >= len(w.conns) {
			w.due = 0
		}
		picked = append(picked, w.conns[w.due])
		w.due++
	}
	return picked
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
