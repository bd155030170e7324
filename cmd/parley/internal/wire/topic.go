package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Joined is what a join brought.
type Joined struct {
	Topic, Epoch string
	// Seq is the topic's head, From where the events that follow begin.
	Seq, From int64
	// Snapshot is the room's state at Seq, nil when none was sent.
	Snapshot json.RawMessage
	// Fresh says that everything known before is void. Otherwise the events go on
	// where they had stopped.
	Fresh bool
}

// Update is one thing that a topic yields: Joined or Event is set.
type Update struct {
	Joined *Joined
	Event  *Event
}

// Topic is a reader of one topic over all connections of its client.
type Topic struct {
	client *Client
	name   string

	// The rest is guarded by client.mu.
	cursor Cursor
	joinID string // the join that waits for its answer
	// pageEnd is the last seq of the page that is arriving, after which the topic
	// must be joined again; 0 when it is live.
	pageEnd int64
	// stateAt is the seq of the last snapshot; events up to it are past.
	stateAt int64
	queue   []Update
	// full says that events were dropped because the queue was full. They are read
	// again when it is empty.
	full bool
	err  error
	// wake is closed and renewed whenever Next may have something new to return.
	wake chan struct{}
}

// Join starts to read a topic, knowing nothing. Joining a topic that is read
// already returns the same reader.
func (c *Client) Join(topic string) *Topic { return c.joinAt(topic, Cursor{}) }

// JoinAfter starts to read a topic after seq of a history.
func (c *Client) JoinAfter(topic string, seq int64, epoch string) *Topic {
	return c.joinAt(topic, Cursor{Last: seq, Epoch: epoch, Known: true})
}

func (c *Client) joinAt(topic string, at Cursor) *Topic {
	c.mu.Lock()
	if t := c.topics[topic]; t != nil {
		c.mu.Unlock()
		return t
	}
	t := &Topic{client: c, name: topic, cursor: at, err: c.err, wake: make(chan struct{})}
	c.topics[topic] = t
	conn := c.conn
	c.mu.Unlock()
	if conn != nil && c.join(conn, t) != nil {
		_ = conn.Cut() // the next connection joins it
	}
	return t
}

// join asks for what comes after the cursor, if no join is under way.
func (c *Client) join(conn *Conn, t *Topic) error {
	c.mu.Lock()
	if c.conn != conn || t.joinID != "" || c.topics[t.name] != t {
		c.mu.Unlock()
		return nil
	}
	t.joinID, t.pageEnd = c.frameID(), 0
	c.joins[t.joinID] = t
	frame := map[string]any{"id": t.joinID, "type": "join", "topic": t.name}
	if t.cursor.Known {
		frame["after"], frame["epoch"] = t.cursor.Last, t.cursor.Epoch
	}
	c.mu.Unlock()
	return c.send(conn, frame)
}

func (c *Client) send(conn *Conn, frame map[string]any) error {
	raw, err := json.Marshal(frame)
	if err != nil {
		return fmt.Errorf("wire: encode a frame: %w", err)
	}
	return c.write(conn, raw)
}

// joinAnswered takes the answer to a join; c.mu is held.
func (c *Client) joinAnswered(t *Topic, id string, f *Frame, refusal *Error) error {
	if t.joinID != id {
		return nil // it was left meanwhile
	}
	t.joinID = ""
	if refusal != nil {
		if _, again := refusal.RetryAfter(); again {
			return refusal // with a new connection, after a pause
		}
		delete(c.topics, t.name)
		t.fail(refusal)
		return nil
	}
	j := &Joined{
		Topic: t.name, Epoch: string(f.Epoch), Seq: f.Seq, From: f.From,
		Snapshot: bytes.Clone(f.Snapshot),
	}
	j.Fresh = t.cursor.Joined(f.From, f.Epoch, f.Reset)
	if j.Snapshot != nil {
		t.stateAt = f.Seq
	} else if j.Fresh {
		t.stateAt = 0
	}
	if j.Fresh {
		t.full = false
	}
	t.push(Update{Joined: j})
	if f.More {
		t.pageEnd = f.To
	}
	return nil
}

// received takes a frame of the topic and tells whether to join again.
func (t *Topic) received(f *Frame) (again bool, err error) {
	c := t.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if !f.HasSeq {
		if len(t.queue) >= c.cfg.Queue {
			return false, nil // ephemeral: whoever is late does without
		}
		e, err := f.event()
		if err == nil {
			t.push(Update{Event: &e})
		}
		return false, err
	}
	if t.full {
		return false, nil
	}
	if len(t.queue) >= c.cfg.Queue {
		t.full = true
		return false, nil
	}
	switch t.cursor.Take(f.Seq, f.Epoch) {
	case Drop:
		return false, nil
	case Gap:
		return true, nil
	}
	e, err := f.event()
	if err != nil {
		return false, err
	}
	e.Past = e.Seq <= t.stateAt
	t.push(Update{Event: &e})
	return t.pageEnd > 0 && e.Seq >= t.pageEnd, nil
}

// push and fail are called with client.mu held.
func (t *Topic) push(u Update) {
	t.queue = append(t.queue, u)
	t.signal()
}

func (t *Topic) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.signal()
}

func (t *Topic) signal() {
	close(t.wake)
	t.wake = make(chan struct{})
}

// Next returns the next update, and waits for it. After the topic was refused
// or the client has stopped it returns what still waits, then the reason.
func (t *Topic) Next(ctx context.Context) (Update, error) {
	c := t.client
	for {
		c.mu.Lock()
		if len(t.queue) > 0 {
			u := t.queue[0]
			t.queue[0] = Update{}
			t.queue = t.queue[1:]
			again := len(t.queue) == 0 && t.full
			conn := c.conn
			if again {
				t.queue, t.full = nil, false
			}
			c.mu.Unlock()
			if again && conn != nil && c.join(conn, t) != nil {
				_ = conn.Cut() // the next connection joins it
			}
			return u, nil
		}
		err, wake := t.err, t.wake
		c.mu.Unlock()
		if err != nil {
			return Update{}, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return Update{}, ctx.Err()
		}
	}
}

// NextEvent returns the next numbered event that no snapshot has, and skips
// everything else.
func (t *Topic) NextEvent(ctx context.Context) (Event, error) {
	for {
		u, err := t.Next(ctx)
		if err != nil {
			return Event{}, err
		}
		if u.Event != nil && u.Event.Seq > 0 && !u.Event.Past {
			return *u.Event, nil
		}
	}
}

// errLeft ends the reading of a topic that was left.
var errLeft = errors.New("wire: the topic was left")

// Leave ends the reading of the topic.
func (t *Topic) Leave() {
	c := t.client
	c.mu.Lock()
	var frame map[string]any
	if c.topics[t.name] == t {
		delete(c.topics, t.name)
		frame = map[string]any{"id": c.frameID(), "type": "leave", "topic": t.name}
	}
	t.fail(errLeft)
	conn := c.conn
	c.mu.Unlock()
	if frame != nil && conn != nil && c.send(conn, frame) != nil {
		_ = conn.Cut() // the next connection does not join it
	}
}
