package redisbus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/redis/go-redis/v9"
)

// subscribeChunk bounds the channels of one command.
const subscribeChunk = 512

var errSilent = errors.New("redisbus: the connection is silent")

// session is the life of one subscriber connection.
type session struct {
	bus *Bus
	ps  *redis.PubSub
	// on are the topics that this connection is, or is about to be, subscribed
	// to. Only the keeper uses it.
	on map[string]struct{}
	// awaited counts, for each topic, the SUBSCRIBEs that Redis has not confirmed:
	// messages are sure to arrive only after the last of them.
	mu      sync.Mutex
	awaited map[string]int
	// heard is when something last arrived, as Unix nanoseconds.
	heard atomic.Int64
	// failed takes the first error, and cancel ends the session.
	once   sync.Once
	err    error
	cancel context.CancelFunc
}

func newSession(b *Bus) *session {
	return &session{bus: b, on: make(map[string]struct{}), awaited: make(map[string]int)}
}

// run returns when the connection has ended, with the reason.
func (s *session) run() error {
	ctx, cancel := context.WithCancel(s.bus.ctx)
	defer cancel()
	s.cancel = cancel
	s.ps = s.bus.client.Subscribe(ctx)
	s.heard.Store(time.Now().UnixNano())
	err := s.ps.Subscribe(ctx, s.bus.control) // connects
	if err != nil {
		_ = s.ps.Close() // nothing is open
		return fmt.Errorf("redisbus: connecting: %w", err)
	}
	s.bus.wishAll()
	var parts sync.WaitGroup
	parts.Go(func() { s.read(ctx) })
	parts.Go(func() { s.keep(ctx) })
	<-ctx.Done()
	if err := s.ps.Close(); err != nil { // ends a Receive under way
		s.bus.log.Debug("closing the subscriber connection", "err", err)
	}
	parts.Wait()
	return s.err
}

// fail ends the session; the first reason counts.
func (s *session) fail(err error) {
	s.once.Do(func() { s.err = err })
	s.cancel()
}

// read hands what arrives to the hub.
func (s *session) read(ctx context.Context) {
	b := s.bus
	for {
		msg, err := s.ps.Receive(ctx)
		if err != nil {
			s.fail(fmt.Errorf("redisbus: receiving: %w", err))
			return
		}
		s.heard.Store(time.Now().UnixNano())
		switch msg := msg.(type) {
		case *redis.Message:
			topic := strings.TrimPrefix(msg.Channel, b.prefix)
			if msg.Channel == b.control {
				topic = ""
			}
			// Nobody changes a message, so the text's own bytes serve.
			m, err := parseMessage(topic, unsafe.Slice(unsafe.StringData(msg.Payload), len(msg.Payload))) //nolint:gosec // read only
			if err != nil {
				b.log.Warn("a message that cannot be read", "channel", msg.Channel, "err", err)
				continue
			}
			b.handler.Receive(m)
		case *redis.Subscription:
			switch {
			case msg.Kind != "subscribe":
			case msg.Channel == b.control:
				b.cameUp()
			default:
				if topic := strings.TrimPrefix(msg.Channel, b.prefix); s.confirmed(topic) {
					b.handler.Subscribed(topic)
				}
			}
		}
	}
}

// keep sends the hub's wishes and looks whether the connection still lives.
func (s *session) keep(ctx context.Context) {
	ping := time.NewTicker(s.bus.cfg.PingEvery)
	defer ping.Stop()
	for {
		if err := s.apply(ctx); err != nil {
			s.fail(err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.bus.wake:
		case <-ping.C:
			silent := time.Duration(time.Now().UnixNano() - s.heard.Load())
			if silent > s.bus.cfg.PingTimeout {
				s.fail(errSilent)
				return
			}
			if err := s.ps.Ping(ctx); err != nil {
				s.fail(fmt.Errorf("redisbus: ping: %w", err))
				return
			}
		}
	}
}

// apply brings the connection's subscriptions to what is wanted.
func (s *session) apply(ctx context.Context) error {
	on, off := s.bus.wishes()
	subscribe, unsubscribe := on[:0], off[:0]
	for _, topic := range on {
		if _, already := s.on[topic]; already {
			// Given up and wanted again before this looked: it never stopped.
			if s.settled(topic) {
				s.bus.handler.Subscribed(topic)
			}
			continue
		}
		s.on[topic] = struct{}{}
		s.await(topic)
		subscribe = append(subscribe, s.bus.prefix+topic)
	}
	for _, topic := range off {
		if _, there := s.on[topic]; there {
			delete(s.on, topic)
			unsubscribe = append(unsubscribe, s.bus.prefix+topic)
		}
	}
	if err := inChunks(ctx, subscribe, s.ps.Subscribe); err != nil {
		return fmt.Errorf("redisbus: subscribing: %w", err)
	}
	if err := inChunks(ctx, unsubscribe, s.ps.Unsubscribe); err != nil {
		return fmt.Errorf("redisbus: unsubscribing: %w", err)
	}
	return nil
}

func (s *session) await(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited[topic]++
}

// settled tells whether no confirmation is awaited.
func (s *session) settled(topic string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.awaited[topic] == 0
}

// confirmed takes one confirmation and tells whether it was the last awaited.
func (s *session) confirmed(topic string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.awaited[topic]--; s.awaited[topic] > 0 {
		return false
	}
	delete(s.awaited, topic)
	return true
}

func inChunks(ctx context.Context, channels []string, do func(context.Context, ...string) error) error {
	for len(channels) > 0 {
		n := min(len(channels), subscribeChunk)
		if err := do(ctx, channels[:n]...); err != nil {
			return err
		}
		channels = channels[n:]
	}
	return nil
}
