package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"parley/hub"
	"parley/rooms"
	"parley/store"
)

// joinTimeout bounds a join, the reading of a long history by a slow reader
// included.
const joinTimeout = 30 * time.Second

func (c *connection) do(f *frame) *ending {
	switch f.kind {
	case kindJoin:
		return c.join(f)
	case kindLeave:
		topic, err := c.topic(f.topic)
		if err != nil {
			c.fail(f.id, err)
			return nil
		}
		c.client.Leave(topic)
		c.client.Send(appendLeft(nil, f.id, f.topic))
	case kindTyping, kindSeen:
		c.signal(f)
	default:
		c.command(f)
	}
	return nil
}

func (c *connection) command(f *frame) {
	if int(c.inFlight.Add(1)) > c.server.cfg.Limits.InFlight {
		c.inFlight.Add(-1)
		c.refuse(f.id, rateLimited(100*time.Millisecond))
		return
	}
	id := f.id
	c.server.submit(&c.who, c.origin, f, func(r *store.Result, e *Error) {
		c.inFlight.Add(-1)
		if e != nil {
			c.refuse(id, e)
			return
		}
		c.client.Send(appendDone(make([]byte, 0, 128), id, r))
	})
}

// topicKinds are the topics of docs/protocol.md; after a colon follows an id.
var topicKinds = [...]string{topicInbox, topicFeed, prefixRoom}

// cutTopic splits a topic's name into its kind, empty if it is none, and its id.
func cutTopic(name string) (kind, id string) {
	for _, kind := range topicKinds {
		rest, ok := strings.CutPrefix(name, kind)
		if ok && (rest == "" || strings.HasSuffix(kind, ":")) {
			return kind, rest
		}
	}
	return "", ""
}

// topic is the hub's name of a topic that the client may read.
func (c *connection) topic(name string) (string, error) {
	switch kind, id := cutTopic(name); kind {
	case topicInbox:
		return prefixInbox + c.who.id, nil
	case topicFeed:
		return topicFeed, c.who.need(rooms.Admin)
	case prefixRoom:
		_, err := c.sideIn(id)
		return name, err
	default:
		return "", invalid("topic", rooms.Form("must be inbox, feed or room:<id>"))
	}
}

// sideIn is the client's part in a room that it may read.
func (c *connection) sideIn(room string) (rooms.Side, error) {
	if !isULID(room) {
		return "", notFound("room")
	}
	ctx, cancel := context.WithTimeout(c.server.ctx, joinTimeout)
	defer cancel()
	side, err := c.server.relay.side(ctx, room, c.who.id)
	if err != nil {
		return "", found(err, "room")
	}
	if side == "" {
		if c.who.role != rooms.Admin {
			return "", notFound("room")
		}
		side = rooms.Admin
	}
	return side, nil
}

func (c *connection) join(f *frame) *ending {
	if ok, retry := c.server.limits.requests.allow(c.who.id); !ok {
		c.refuse(f.id, rateLimited(retry))
		return nil
	}
	topic, err := c.topic(f.topic)
	if err != nil {
		c.fail(f.id, err)
		return nil
	}
	answered := false
	options := hub.JoinOptions{
		After: f.after, Epoch: f.epoch,
		Answer: func(r hub.JoinResult) []byte {
			answered = true
			return appendJoined(nil, f.id, f.topic, &r)
		},
	}
	if room, ok := strings.CutPrefix(topic, prefixRoom); ok {
		side, err := c.sideIn(room)
		if err != nil {
			c.fail(f.id, err)
			return nil
		}
		options.Member = appendMember(nil, c.who.id, side)
		options.Snapshot = func(ctx context.Context) (int64, []byte, error) {
			return c.server.snapshot(ctx, room)
		}
	}
	ctx, cancel := context.WithTimeout(c.server.ctx, joinTimeout)
	defer cancel()
	err = c.client.Join(ctx, topic, options)
	switch {
	case err == nil, errors.Is(err, hub.ErrClosed):
	case answered:
		// The client believes that it reads the topic, which it does not: only a
		// new connection puts that right.
		c.server.log.Error("join failed after its answer", "request_id", c.requestID, "err", err)
		return &ending{closeInternal, "join", true}
	case errors.Is(err, hub.ErrTooManyTopics):
		c.refuse(f.id, invalid("topic", rooms.Form("is one topic too many for a connection")))
	default:
		c.fail(f.id, found(err, "room"))
	}
	return nil
}

// signal passes typing and seen on. They have no answer; what is over the limit
// is dropped.
func (c *connection) signal(f *frame) {
	if ok, _ := c.server.limits.signals.allow(c.who.id); !ok {
		return
	}
	side, err := c.sideIn(f.room)
	if err == nil && side == rooms.Admin {
		err = forbidden("Only the two parties negotiate in a room.", "")
	}
	if err != nil {
		c.fail(f.id, err)
		return
	}
	topic := prefixRoom + f.room
	if f.kind == kindTyping {
		c.server.hub.Signal(topic, appendTyping(nil, topic, c.who.id, side))
		return
	}
	seq, err := c.happened(f.room, f.seq)
	if err != nil {
		c.fail(f.id, err)
		return
	}
	c.server.store.MarkSeen(f.room, side, seq)
	c.server.hub.Signal(topic, appendSeen(nil, topic, side, seq))
	// The reader's other connections count anew.
	c.server.hub.Signal(prefixInbox+c.who.id, appendRead(nil, f.room, seq))
}

// happened bounds a seq that a client names by what is in the room's log now: a marker
// is written a while later, and what happens until then has not been seen. The log is
// asked only when the hub knows of no such event.
func (c *connection) happened(room string, seq int64) (int64, error) {
	if seq <= c.server.hub.Head(prefixRoom+room) {
		return seq, nil
	}
	ctx, cancel := context.WithTimeout(c.server.ctx, joinTimeout)
	defer cancel()
	heads, err := c.server.store.RoomHeads(ctx, []string{room})
	if err != nil {
		return 0, found(err, "room")
	}
	return min(seq, heads[room]), nil
}
