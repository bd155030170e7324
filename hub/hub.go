package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Hub is the meeting point of publishers, readers and the bus on this instance.
type Hub struct {
	cfg   Config
	log   *slog.Logger
	bus   Bus
	clock Clock

	topics   topics
	heads    *headReader
	filler   *filler
	presence *presence
	outbox   *outbox
	flushes  *flushes
	sweeper  *sweeper
	stats    counters
	batches  sync.Pool

	// ctx ends when Close stops the workers.
	ctx     context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup

	mu       sync.Mutex
	draining bool
	closed   bool
	clients  map[*Client]struct{}
	people   map[string][]*Client
}

// New makes a hub. It does nothing before Start.
func New(cfg Config) (*Hub, error) {
	if cfg.Log == nil {
		return nil, errors.New("hub: Config.Log is missing")
	}
	if cfg.Bus != nil && cfg.Instance == "" {
		return nil, errors.New("hub: Config.Instance is missing; a bus needs it")
	}
	cfg.setDefaults()
	h := &Hub{
		cfg: cfg, log: cfg.Logger, bus: cfg.Bus, clock: cfg.Clock,
		clients: make(map[*Client]struct{}),
		people:  make(map[string][]*Client),
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.batches.New = func() any { return new(batch) }
	h.topics.init()
	h.heads = newHeadReader(h)
	h.filler = newFiller(h)
	h.presence = newPresence(h)
	h.outbox = newOutbox(h)
	h.flushes = newFlushes()
	h.sweeper = newSweeper(h)
	return h, nil
}

// Start starts the workers and the bus. A hub is started once.
func (h *Hub) Start() error {
	if err := h.bus.Start(busHandler{h}); err != nil {
		return fmt.Errorf("hub: starting the bus: %w", err)
	}
	for _, run := range []func(){h.sweeper.run, h.filler.run, h.presence.run, h.outbox.run} {
		h.workers.Go(run)
	}
	h.flushes.start()
	return nil
}

// Connect takes over a connection. The caller reads from it and, when that has
// ended, calls Client.Wait before it lets the transport go. On an error the
// transport is left to the caller.
//
// Disconnect only reaches connections that Connect has returned: a caller whose
// permission may be taken away checks it once more after Connect.
func (h *Hub) Connect(t Transport, info ConnInfo) (*Client, error) {
	c := &Client{hub: h, transport: t, info: info}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.draining:
		return nil, ErrDraining
	case h.cfg.MaxConns > 0 && len(h.clients) >= h.cfg.MaxConns,
		h.cfg.MaxConnsEach > 0 && len(h.people[info.Identity]) >= h.cfg.MaxConnsEach:
		return nil, ErrTooManyConnections
	}
	h.clients[c] = struct{}{}
	h.people[info.Identity] = append(h.people[info.Identity], c)
	return c, nil
}

func (h *Hub) unregister(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
	all := h.people[c.info.Identity]
	for i, other := range all {
		if other == c {
			all[i] = all[len(all)-1]
			all[len(all)-1] = nil
			all = all[:len(all)-1]
			break
		}
	}
	if len(all) == 0 {
		delete(h.people, c.info.Identity)
	} else {
		h.people[c.info.Identity] = all
	}
}

// disconnectNote is the Data of a KindDisconnect message.
type disconnectNote struct {
	Identity string `json:"identity"`
	Session  string `json:"session,omitempty"`
	Code     int    `json:"code"`
	Reason   string `json:"reason,omitempty"`
}

// Disconnect closes all connections of a person, here at once and on the other
// instances as soon as the bus tells them.
func (h *Hub) Disconnect(identity string, code int, reason string) {
	h.disconnect(disconnectNote{Identity: identity, Code: code, Reason: reason})
}

// DisconnectSession closes the connections of one session of a person.
func (h *Hub) DisconnectSession(identity, session string, code int, reason string) {
	h.disconnect(disconnectNote{Identity: identity, Session: session, Code: code, Reason: reason})
}

func (h *Hub) disconnect(n disconnectNote) {
	h.disconnectHere(n)
	data, err := json.Marshal(n)
	if err != nil { // cannot be: strings and a number
		h.log.Error("encoding a disconnect", "err", err)
		return
	}
	h.outbox.message(Message{Kind: KindDisconnect, Data: data})
}

func (h *Hub) disconnectHere(n disconnectNote) {
	h.mu.Lock()
	var cut []*Client
	for _, c := range h.people[n.Identity] {
		if n.Session == "" || n.Session == c.info.Session {
			cut = append(cut, c)
		}
	}
	h.mu.Unlock()
	for _, c := range cut {
		c.Cut(n.Code, n.Reason)
	}
}

// Drain refuses new connections, tells every client to come back after a random
// part of Config.DrainSpread, and waits until what waited for them is written.
// What is not by the end of ctx is cut, and ctx's error is returned. Publishing
// goes on, to other instances too, until Close.
func (h *Hub) Drain(ctx context.Context) error {
	clients := h.refuse()
	for _, c := range clients {
		ms := h.cfg.Rand(max(h.cfg.DrainSpread.Milliseconds(), 1))
		c.Close(CloseGoingDown, fmt.Sprintf(`{"after_ms":%d}`, ms))
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for _, c := range clients {
			c.running.Wait()
		}
	}()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		for _, c := range clients {
			c.Cut(CloseGoingDown, "")
		}
		<-drained
		return fmt.Errorf("hub: draining: %w", ctx.Err())
	}
}

// refuse stops Connect and returns who is connected.
func (h *Hub) refuse() []*Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
	clients := make([]*Client, 0, len(h.clients))
	for c := range h.clients {
		clients = append(clients, c)
	}
	return clients
}

// Close cuts the connections that are left, stops the workers, gives the bus
// what still waits for it, and closes the bus. Only the first call does
// something. Publish and Signal may still be called and then do nothing.
func (h *Hub) Close() error {
	clients := h.refuse()
	for _, c := range clients {
		c.Cut(CloseGoingDown, "")
	}
	for _, c := range clients {
		c.running.Wait()
	}
	h.mu.Lock()
	closed := h.closed
	h.closed = true
	h.mu.Unlock()
	if closed {
		return nil
	}
	h.presence.flush() // everybody has left; the outbox sends that last
	h.heads.close()
	h.stop()
	h.workers.Wait()
	h.flushes.close()
	if err := h.bus.Close(); err != nil {
		return fmt.Errorf("hub: closing the bus: %w", err)
	}
	return nil
}

// query returns a context for a call of the log that nobody else bounds.
func (h *Hub) query() (context.Context, context.CancelFunc) {
	return context.WithTimeout(h.ctx, h.cfg.QueryTimeout)
}

// sleep waits for d, for wake or for the end of the hub, and tells whether the
// hub goes on. A nil wake never comes.
func (h *Hub) sleep(d time.Duration, wake <-chan struct{}) bool {
	timer, stop := h.clock.After(d)
	defer stop()
	select {
	case <-h.ctx.Done():
		return false
	case <-wake:
		return true
	case <-timer:
		return true
	}
}
