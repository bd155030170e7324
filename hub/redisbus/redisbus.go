package redisbus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	// Shared tells the topics that share a few channels instead of having one each:
	// what is sent together of them costs a command a channel, and an instance that
	// wants one topic hears, and passes over, the others of its channel. That is for
	// topics of which a batch has many and each instance wants a good part. It is pure,
	// and the same on all instances. Default: none.
	Shared func(topic string) bool
	Logger *slog.Logger
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
	// slots are the channels that topics share, byChannel the same by name.
	slots     [slotCount]slot
	byChannel map[string]*slot
	// self is who sends here: what the bus echoes of it is of no use.
	self atomic.Pointer[string]

	ctx     context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// wanted are the topics with a channel of their own that the hub wants to hear.
	wanted map[string]string
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
	if cfg.Shared == nil {
		cfg.Shared = func(string) bool { return false }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	// What RESP3 adds, pushes beside the replies, is not used, and looking for it
	// costs a little with each message.
	opt.Protocol = 2
	// Send is called by one goroutine, so one connection is used. The pool dials
	// in the background after as many failures as it has places, which outlives
	// its Close; with some more places a fast failing Send does not get there.
	opt.PoolSize = 8
	prefix := "parley:" + cfg.Namespace + ":"
	b := &Bus{
		cfg: cfg, log: cfg.Logger, client: redis.NewClient(opt),
		control: prefix + "control", prefix: prefix + "t:",
		wanted:  make(map[string]string),
		changed: make(map[string]struct{}),
		wake:    make(chan struct{}, 1),
	}
	b.makeSlots(prefix + "s:")
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

// Send implements hub.Bus: one pipeline, tried once. What shares a channel comes
// after what has one of its own.
func (b *Bus) Send(ctx context.Context, batch []hub.Message) error {
	if !b.up.Load() {
		return ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	if self := b.self.Load(); len(batch) > 0 && (self == nil || *self != batch[0].From) {
		from := batch[0].From // not all of the batch is kept
		b.self.Store(&from)
	}
	pipe := b.client.Pipeline()
	// One buffer for all that is sent together.
	buf := b.sending[:0]
	for i := range batch {
		m, from := &batch[i], len(buf)
		channel := b.control
		if m.Topic != "" {
			if s := b.slotOf(m.Topic); s != nil {
				s.waiting = append(s.waiting, m)
				continue
			}
			channel = b.prefix + m.Topic
		}
		buf = appendMessage(buf, m)
		pipe.Publish(ctx, channel, buf[from:len(buf):len(buf)])
	}
	for i := range b.slots {
		s := &b.slots[i]
		for waiting := s.waiting; len(waiting) > 0; {
			from, n := len(buf), 0
			buf, n = appendShared(buf, waiting, slotBytes)
			waiting = waiting[n:]
			pipe.Publish(ctx, s.channel, buf[from:len(buf):len(buf)])
		}
		clear(s.waiting)
		s.waiting = s.waiting[:0]
	}
	if b.sending = buf; cap(buf) > maxKeptBuffer {
		b.sending = nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("redisbus: publishing: %w", err)
	}
	return nil
}

// Subscribe implements hub.Bus.
func (b *Bus) Subscribe(topic string) { b.wish(topic, true) }

// Unsubscribe implements hub.Bus.
func (b *Bus) Unsubscribe(topic string) { b.wish(topic, false) }

func (b *Bus) wish(topic string, wanted bool) {
	topics := b.wantedWith(b.slotOf(topic))
	b.mu.Lock()
	if wanted {
		topics[topic] = topic
	} else {
		delete(topics, topic)
	}
	b.changed[topic] = struct{}{}
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// wishes takes what has changed: topics that are wanted now, and channels on which
// nothing is any more.
func (b *Bus) wishes() (on, off []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for topic := range b.changed {
		s := b.slotOf(topic)
		topics := b.wantedWith(s)
		if _, wanted := topics[topic]; wanted {
			on = append(on, topic)
		} else if s == nil || len(topics) == 0 {
			off = append(off, b.channelOf(topic))
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
	for i := range b.slots {
		for topic := range b.slots[i].wanted {
			b.changed[topic] = struct{}{}
		}
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
