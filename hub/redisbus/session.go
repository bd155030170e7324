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
	// on are the channels that this connection is, or is about to be, subscribed
	// to. Only the keeper uses it.
	on map[string]struct{}
	// parser and unread, whether a message could not be read, are the reader's.
	parser parser
	unread bool
	// awaited counts, for each channel, the SUBSCRIBEs that Redis has not confirmed:
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
	s := &session{bus: b, on: make(map[string]struct{}), awaited: make(map[string]int)}
	s.parser.skip = func(from []byte) bool {
		self := b.self.Load()
		return self != nil && *self == string(from)
	}
	return s
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
			// Nobody changes a message, so the text's own bytes serve.
			data := unsafe.Slice(unsafe.StringData(msg.Payload), len(msg.Payload)) //nolint:gosec // read only
			if err := s.deliver(msg.Channel, data); err != nil && !s.unread {
				s.unread = true // once: others may go on like this
				b.log.Warn("messages that cannot be read are passed over", "channel", msg.Channel, "err", err)
			}
		case *redis.Subscription:
			if msg.Kind == "subscribe" {
				s.subscribed(msg.Channel)
			}
		}
	}
}

// deliver hands the hub what a channel brings.
func (s *session) deliver(channel string, data []byte) error {
	b := s.bus
	topic, own := strings.CutPrefix(channel, b.prefix)
	if !own {
		if shared := b.byChannel[channel]; shared != nil {
			return s.parser.shared(data, func(name []byte) (string, bool) { return b.wants(shared, name) }, b.handler.Receive)
		}
		topic = "" // of the control channel
	}
	m, ok, err := s.parser.message(topic, data)
	if ok {
		b.handler.Receive(m)
	}
	return err
}

// subscribed takes note that messages of a channel arrive from now on.
func (s *session) subscribed(channel string) {
	b := s.bus
	if channel == b.control {
		b.cameUp()
		return
	}
	if !s.confirmed(channel) {
		return
	}
	if topic, own := strings.CutPrefix(channel, b.prefix); own {
		b.handler.Subscribed(topic)
		return
	}
	if shared := b.byChannel[channel]; shared != nil {
		for _, topic := range b.wantedOf(shared) {
			b.handler.Subscribed(topic)
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
		channel := s.bus.channelOf(topic)
		if _, already := s.on[channel]; already {
			// It shares the channel, or was given up and is wanted again before this
			// looked. While a confirmation is awaited, that will speak for it.
			if s.settled(channel) {
				s.bus.handler.Subscribed(topic)
			}
			continue
		}
		s.on[channel] = struct{}{}
		s.await(channel)
		subscribe = append(subscribe, channel)
	}
	for _, channel := range off {
		if _, there := s.on[channel]; there {
			delete(s.on, channel)
			unsubscribe = append(unsubscribe, channel)
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

func (s *session) await(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited[channel]++
}

// settled tells whether no confirmation is awaited.
func (s *session) settled(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.awaited[channel] == 0
}

// confirmed takes one confirmation and tells whether it was the last awaited.
func (s *session) confirmed(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.awaited[channel]--; s.awaited[channel] > 0 {
		return false
	}
	delete(s.awaited, channel)
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
