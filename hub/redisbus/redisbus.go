package redisbus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/hub"
	"parley/hub/redisconn"
)

// Config says where Redis is and how patient the bus is. Zero values choose the
// defaults named.
type Config struct {
	// URL is redis://[user:password@]host:port/db, or rediss:// or unix://.
	URL string
	// Namespace separates installations that share one Redis. Default "main".
	Namespace string
	Logger    *slog.Logger
	// Timeout bounds connecting, and one Send. Default 1 s.
	Timeout time.Duration
	// PingEvery is how often the subscriber connection is tried, PingTimeout how
	// long it may be silent. Default 1 s and 2.5 s.
	PingEvery, PingTimeout time.Duration
	// RetryAfter is the pause before the next try to connect. Default 200 ms.
	RetryAfter time.Duration
}

// maxKeptBuffer is how large a buffer Send keeps for the next time.
const maxKeptBuffer = 1 << 20

// ErrDown is returned by Send while there is no connection.
var ErrDown = errors.New("redisbus: down")

// Bus implements hub.Bus.
type Bus struct {
	cfg     Config
	log     *slog.Logger
	client  *redis.Client
	control string
	prefix  string
	handler hub.BusHandler
	up      atomic.Bool
	sending []byte // the buffer of Send

	ctx     context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// wanted are the topics that the hub wants to hear.
	wanted map[string]struct{}
	// changed are those whose wish has changed since the session looked.
	changed map[string]struct{}
	// wake tells the session that changed is not empty.
	wake chan struct{}
}

// New reads the configuration. It does not connect; Start does.
func New(cfg Config) (*Bus, error) {
	cfg.Namespace = cmp.Or(cfg.Namespace, "main")
	cfg.Timeout = cmp.Or(cfg.Timeout, time.Second)
	opt, err := redisconn.Options(cfg.URL, cfg.Timeout)
	if err != nil {
		return nil, fmt.Errorf("redisbus: %w", err)
	}
	cfg.PingEvery = cmp.Or(cfg.PingEvery, time.Second)
	cfg.PingTimeout = cmp.Or(cfg.PingTimeout, 2500*time.Millisecond)
	cfg.RetryAfter = cmp.Or(cfg.RetryAfter, 200*time.Millisecond)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	// Send is called by one goroutine, so one connection is used. The pool dials
	// in the background after as many failures as it has places, which outlives
	// its Close; with some more places a fast failing Send does not get there.
	opt.PoolSize = 8
	prefix := "parley:" + cfg.Namespace + ":"
	b := &Bus{
		cfg: cfg, log: cfg.Logger, client: redis.NewClient(opt),
		control: prefix + "control", prefix: prefix + "t:",
		wanted:  make(map[string]struct{}),
		changed: make(map[string]struct{}),
		wake:    make(chan struct{}, 1),
	}
	b.ctx, b.stop = context.WithCancel(context.Background())
	return b, nil
}

// Start implements hub.Bus.
func (b *Bus) Start(h hub.BusHandler) error {
	b.handler = h
	b.workers.Go(b.supervise)
	return nil
}

// Up implements hub.Bus.
func (b *Bus) Up() bool { return b.up.Load() }

// Send implements hub.Bus: one pipeline, tried once.
func (b *Bus) Send(ctx context.Context, batch []hub.Message) error {
	if !b.up.Load() {
		return ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	pipe := b.client.Pipeline()
	size := 0
	for i := range batch {
		size += envelopeSize(&batch[i])
	}
	// One buffer for all that is sent together.
	buf := slices.Grow(b.sending[:0], size)
	for i := range batch {
		m, from := &batch[i], len(buf)
		channel := b.control
		if m.Topic != "" {
			channel = b.prefix + m.Topic
		}
		buf = appendMessage(buf, m)
		pipe.Publish(ctx, channel, buf[from:len(buf):len(buf)])
	}
	if b.sending = buf; cap(buf) > maxKeptBuffer {
		b.sending = nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("redisbus: publishing: %w", err)
	}
	return nil
}

// envelopeSize is at least what appendMessage needs.
func envelopeSize(m *hub.Message) int {
	n := 32 + len(m.From) + len(m.Data)
	for _, f := range m.Frames {
		n += 20 + len(f.Data)
	}
	return n
}

// Subscribe implements hub.Bus.
func (b *Bus) Subscribe(topic string) { b.wish(topic, true) }

// Unsubscribe implements hub.Bus.
func (b *Bus) Unsubscribe(topic string) { b.wish(topic, false) }

func (b *Bus) wish(topic string, wanted bool) {
	b.mu.Lock()
	if wanted {
		b.wanted[topic] = struct{}{}
	} else {
		delete(b.wanted, topic)
	}
	b.changed[topic] = struct{}{}
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// wishes takes what has changed, split into what is wanted now and what is not.
func (b *Bus) wishes() (on, off []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for topic := range b.changed {
		if _, ok := b.wanted[topic]; ok {
			on = append(on, topic)
		} else {
			off = append(off, topic)
		}
	}
	clear(b.changed)
	return on, off
}

// wishAll makes a new session look at everything wanted.
func (b *Bus) wishAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.changed)
	for topic := range b.wanted {
		b.changed[topic] = struct{}{}
	}
}

// supervise keeps a session until Close.
func (b *Bus) supervise() {
	reported := false
	for b.ctx.Err() == nil {
		err := newSession(b).run()
		was := b.up.Swap(false)
		if was {
			reported = false
			b.handler.StateChanged()
		}
		if b.ctx.Err() != nil {
			return
		}
		if !reported {
			b.log.Warn("redis is away; instances find each other's events in the store", "err", err)
			reported = true
		}
		pause := time.NewTimer(b.cfg.RetryAfter)
		select {
		case <-pause.C:
		case <-b.ctx.Done():
			pause.Stop()
		}
	}
}

// cameUp is called by a session whose control channel is subscribed.
func (b *Bus) cameUp() {
	if !b.up.Swap(true) {
		b.log.Info("redis is there")
		b.handler.StateChanged()
	}
}

// Close implements hub.Bus.
func (b *Bus) Close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return nil
	}
	b.stop()
	b.workers.Wait()
	if err := b.client.Close(); err != nil {
		return fmt.Errorf("redisbus: closing: %w", err)
	}
	return nil
}
