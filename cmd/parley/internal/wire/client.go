package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	crand "crypto/rand"

	"github.com/oklog/ulid/v2"
)

// ErrClosed says that the client was closed.
var ErrClosed = errors.New("wire: the client is closed")

// errSilent ends a connection on which nothing came for too long.
var errSilent = errors.New("wire: the server is silent")

const (
	// handshakeTimeout bounds connecting and the wait for the welcome.
	handshakeTimeout = 10 * time.Second
	// writeTimeout bounds one write.
	writeTimeout = 10 * time.Second
	// settled is how long a connection must have lasted for the tries before it
	// to be forgotten.
	settled = 10 * time.Second
	// heartbeats is how many of them may pass in silence.
	heartbeats = 3
	// defaultQueue is how many updates of a topic wait for their reader.
	defaultQueue = 1024
)

// Config says where and as whom a client connects. URLs and Token are required.
type Config struct {
	// URLs are the bases of the instances; after a break the next one is tried.
	URLs  []string
	Token string

	Clock Clock
	// Rand returns a number in [0, n).
	Rand func(n int64) int64
	// Entropy makes command ids. Default: crypto/rand.
	Entropy io.Reader
	Logger  *slog.Logger
	// Queue bounds the updates of a topic that wait for [Topic.Next]; what is over
	// it is read again later. Default 1,024.
	Queue int
	// OnConnect, if set, hears each welcome, in the client's own goroutine.
	OnConnect func(Welcome)
}

// Client keeps one connection to one of several instances. Its methods may be
// called from any goroutine.
type Client struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	idMu    sync.Mutex
	entropy *ulid.MonotonicEntropy

	mu sync.Mutex
	// conn is the connection that is up, nil between two. While restoring, only
	// the client's own goroutine writes to it, so that commands keep their order.
	conn      *Conn
	restoring bool
	err       error // why it stopped
	nextID    int64
	pending   map[string]*pending
	order     []*pending // as they were given; answered ones are skipped
	topics    map[string]*Topic
	joins     map[string]*Topic
}

// pending is a command that waits for its answer.
type pending struct {
	id     string
	raw    []byte
	sent   *Conn // over which it went last
	answer Answer
	err    error
	done   chan struct{}
	over   bool
}

// Open starts a client. It does not wait for the connection.
func Open(ctx context.Context, cfg Config) (*Client, error) {
	if len(cfg.URLs) == 0 {
		return nil, errors.New("wire: no instance to connect to")
	}
	for _, u := range cfg.URLs {
		if _, err := SocketURL(u); err != nil {
			return nil, err
		}
	}
	if cfg.Clock == nil {
		cfg.Clock = SystemClock{}
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Int64N
	}
	if cfg.Entropy == nil {
		cfg.Entropy = crand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Queue <= 0 {
		cfg.Queue = defaultQueue
	}
	c := &Client{
		cfg: cfg, done: make(chan struct{}), entropy: ulid.Monotonic(cfg.Entropy, 0),
		pending: map[string]*pending{}, topics: map[string]*Topic{}, joins: map[string]*Topic{},
	}
	c.ctx, c.cancel = context.WithCancel(ctx)
	go func() {
		defer close(c.done)
		c.stop(c.run())
	}()
	return c, nil
}

// Close ends the client and waits for its goroutine. Commands that wait are
// answered with ErrClosed.
func (c *Client) Close() error {
	c.cancel()
	<-c.done
	return nil
}

// Done is closed when the client has stopped: because it was closed, its context
// ended, or the server told it not to come back.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err tells why the client has stopped, nil as long as it runs.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// NewID makes a command id.
func (c *Client) NewID() (string, error) {
	c.idMu.Lock()
	defer c.idMu.Unlock()
	id, err := ulid.New(ulid.Timestamp(c.cfg.Clock.Now()), c.entropy)
	if err != nil {
		return "", fmt.Errorf("wire: command id: %w", err)
	}
	return id.String(), nil
}

// run connects again and again until it must not.
func (c *Client) run() error {
	tries := 0
	for at := 0; ; at++ {
		began := c.cfg.Clock.Now()
		err := c.once(c.cfg.URLs[at%len(c.cfg.URLs)])
		if c.ctx.Err() != nil {
			return ErrClosed
		}
		next := AfterError(err)
		if next.Stop {
			return err
		}
		if c.cfg.Clock.Now().Sub(began) >= settled {
			tries = 0
		}
		wait := next.After
		// "At once" holds once: a server that keeps on cutting gets a pause.
		if next.Backoff || wait == 0 && tries > 0 {
			wait = Backoff(tries, c.cfg.Rand)
		}
		tries++
		c.cfg.Logger.Debug("connection ended", "err", err, "wait", wait)
		if c.cfg.Clock.Sleep(c.ctx, wait) != nil {
			return ErrClosed
		}
	}
}

// once is one connection from its beginning to its end.
func (c *Client) once(url string) error {
	ctx, cancel := context.WithTimeout(c.ctx, handshakeTimeout)
	conn, err := Dial(ctx, DialOptions{URL: url, Token: c.cfg.Token})
	cancel()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(c.ctx, func() { _ = conn.Close() }) // ends the Read below
	defer func() {
		stop()
		c.lost(conn)
		_ = conn.Close() // it is over, whichever side ended it
	}()
	welcome, err := c.welcomed(conn)
	if err != nil {
		return err
	}
	silence := heartbeats * time.Duration(welcome.HeartbeatMS) * time.Millisecond
	if err := c.restore(conn); err != nil {
		return err
	}
	var f Frame
	for {
		if silence > 0 && conn.Buffered() == 0 {
			if err := conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
				return fmt.Errorf("wire: read deadline: %w", err)
			}
		}
		raw, err := conn.Read()
		if err != nil {
			if isTimeout(err) {
				return errSilent
			}
			return err
		}
		if err := f.Parse(raw); err != nil {
			return err
		}
		if err := c.received(conn, &f); err != nil {
			return err
		}
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func (c *Client) welcomed(conn *Conn) (Welcome, error) {
	var w Welcome
	if err := conn.SetReadDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return w, fmt.Errorf("wire: read deadline: %w", err)
	}
	raw, err := conn.Read()
	if err != nil {
		return w, err
	}
	if err := json.Unmarshal(raw, &w); err != nil || w.Type != "welcome" {
		return w, fmt.Errorf("%w: the first one is no welcome", ErrFrame)
	}
	if c.cfg.OnConnect != nil {
		c.cfg.OnConnect(w)
	}
	return w, nil
}

// restore joins the topics again and sends what has no answer, then lets others
// write.
func (c *Client) restore(conn *Conn) error {
	c.mu.Lock()
	c.conn, c.restoring = conn, true
	topics := make([]*Topic, 0, len(c.topics))
	for _, t := range c.topics {
		topics = append(topics, t)
	}
	c.mu.Unlock()
	for _, t := range topics {
		if err := c.join(conn, t); err != nil {
			return err
		}
	}
	for {
		c.mu.Lock()
		p := c.unsent(conn)
		if p == nil {
			c.restoring = false
			c.mu.Unlock()
			return nil
		}
		p.sent = conn
		c.mu.Unlock()
		if err := c.write(conn, p.raw); err != nil {
			return err
		}
	}
}

// unsent is the oldest command that this connection has not carried.
func (c *Client) unsent(conn *Conn) *pending {
	kept := c.order[:0]
	var first *pending
	for _, p := range c.order {
		if p.over {
			continue
		}
		kept = append(kept, p)
		if first == nil && p.sent != conn {
			first = p
		}
	}
	clear(c.order[len(kept):])
	c.order = kept
	return first
}

func (c *Client) write(conn *Conn, raw []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("wire: write deadline: %w", err)
	}
	return conn.Write(raw)
}

// lost forgets a connection. Commands and topics stay.
func (c *Client) lost(conn *Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == conn {
		c.conn, c.restoring = nil, false
	}
	clear(c.joins)
	for _, t := range c.topics {
		t.joinID, t.pageEnd = "", 0
	}
}

// stop answers everybody who waits.
func (c *Client) stop(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	for _, p := range c.pending {
		p.finish(Answer{}, err)
	}
	clear(c.pending)
	for _, t := range c.topics {
		t.fail(err)
	}
}

func (p *pending) finish(a Answer, err error) {
	if p.over {
		return
	}
	p.answer, p.err, p.over = a, err, true
	close(p.done)
}

// Do carries out a command and waits for its answer. A refusal is an *Error.
// Refusals that pass (unavailable, rate_limited) are retried with the same id;
// when ctx ends first, the command may have happened or may happen still.
func (c *Client) Do(ctx context.Context, cmd Command) (Answer, error) {
	if cmd.ID == "" {
		id, err := c.NewID()
		if err != nil {
			return Answer{}, err
		}
		cmd.ID = id
	}
	raw, err := json.Marshal(cmd)
	if err != nil {
		return Answer{}, fmt.Errorf("wire: encode %s: %w", cmd.Type, err)
	}
	for tries := 0; ; tries++ {
		answer, err := c.try(ctx, cmd.ID, raw)
		var refused *Error
		if !errors.As(err, &refused) {
			return answer, err
		}
		wait, again := refused.RetryAfter()
		if !again {
			return answer, err
		}
		if wait == 0 {
			wait = Backoff(tries, c.cfg.Rand)
		}
		if c.cfg.Clock.Sleep(ctx, wait) != nil {
			return Answer{}, err
		}
	}
}

func (c *Client) try(ctx context.Context, id string, raw []byte) (Answer, error) {
	p := &pending{id: id, raw: raw, done: make(chan struct{})}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return Answer{}, c.err
	}
	if c.pending[id] != nil {
		c.mu.Unlock()
		return Answer{}, fmt.Errorf("wire: command %s is under way already", id)
	}
	c.pending[id] = p
	c.order = append(c.order, p)
	conn := c.conn
	if conn == nil || c.restoring {
		conn = nil // restore sends it
	} else {
		p.sent = conn
	}
	c.mu.Unlock()
	if conn != nil && c.write(conn, raw) != nil {
		_ = conn.Cut() // ends the reader; the next connection sends it again
	}
	select {
	case <-p.done:
		return p.answer, p.err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.pending[id] == p {
			delete(c.pending, id)
		}
		p.finish(Answer{}, ctx.Err())
		return p.answer, p.err
	}
}

// Typing tells the others in the room. It is dropped between connections.
func (c *Client) Typing(room string) { c.hint(map[string]any{"type": "typing", "room": room}) }

// Seen tells that the room was read up to seq. It is dropped between connections.
func (c *Client) Seen(room string, seq int64) {
	c.hint(map[string]any{"type": "seen", "room": room, "seq": seq})
}

func (c *Client) hint(frame map[string]any) {
	raw, err := json.Marshal(frame)
	if err != nil {
		return // texts and numbers always encode
	}
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	if conn != nil && c.write(conn, raw) != nil {
		_ = conn.Cut() // ends the reader, which connects again
	}
}

// received handles one frame.
func (c *Client) received(conn *Conn, f *Frame) error {
	if f.IsAnswer() {
		return c.answered(f)
	}
	if f.Topic == nil {
		return nil // a kind of frame that is newer than this client
	}
	c.mu.Lock()
	t := c.topics[string(f.Topic)]
	c.mu.Unlock()
	if t == nil {
		return nil // it was left meanwhile
	}
	again, err := t.received(f)
	if err != nil || !again {
		return err
	}
	return c.join(conn, t)
}

func (c *Client) answered(f *Frame) error {
	id := string(f.ID)
	var refusal *Error
	if f.Error != nil {
		var err error
		if refusal, err = ParseError(f.Error); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.joins[id]; t != nil {
		delete(c.joins, id)
		return c.joinAnswered(t, id, f, refusal)
	}
	p := c.pending[id]
	if p == nil {
		return nil // the caller did not wait for it
	}
	a := Answer{Seq: f.Seq, Duplicate: f.Duplicate}
	if refusal == nil {
		if err := a.At.UnmarshalText(f.At); err != nil {
			return fmt.Errorf("wire: answer to %s: at: %w", id, err)
		}
	}
	delete(c.pending, id)
	if refusal != nil {
		p.finish(Answer{}, refusal)
	} else {
		p.finish(a, nil)
	}
	return nil
}

// frameID names a join or a leave; c.mu is held.
func (c *Client) frameID() string {
	c.nextID++
	return "t" + strconv.FormatInt(c.nextID, 10)
}
