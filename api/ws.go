package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/fasthttp/websocket"
	contrib "github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"parley/hub"
	"parley/rooms"
	"parley/store"
)

// joinTimeout bounds a join, the reading of a long history by a slow reader
// included.
const joinTimeout = 30 * time.Second

// upgrade answers GET /ws. Everything that can be refused is refused here, as
// HTTP; the library is told that any origin will do.
func (s *Server) upgrade(c *fiber.Ctx) error {
	if !websocket.FastHTTPIsWebSocketUpgrade(c.Context()) {
		return &Error{Info: ErrorInfo{Code: codeMalformed, Message: "This address speaks WebSocket."},
			status: http.StatusUpgradeRequired}
	}
	addr := clientAddr(c, s.cfg.TrustedProxies)
	if err := s.limits.upgrades.check(addrKey(addr)); err != nil {
		return err
	}
	cred := credentialOf(c.Get(fiber.HeaderAuthorization), c.Cookies(cookieName))
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" && !cred.bearer || origin != "" && !s.origins.own(origin, host(c)) {
		return forbidden("Connections from this origin are not allowed.", "origin")
	}
	// A copy: Fiber's texts are views of a buffer that is used again.
	cred.token = strings.Clone(cred.token)
	who, err := s.authenticate(c.UserContext(), cred)
	if err != nil {
		return err
	}
	c.Locals(localAdmitted, admitted{who: who, requestID: requestIDOf(c)})
	if err := s.upgrader(c); err != nil {
		return malformed("The WebSocket handshake is not valid.")
	}
	return nil
}

// localAdmitted carries an admitted over the upgrade, which only locals with a
// string as their key survive.
const localAdmitted = "admitted"

// admitted is what upgrade has found out about a request.
type admitted struct {
	who       caller
	requestID string
}

// newUpgrader makes the handler that turns a request into a socket.
func (s *Server) newUpgrader() fiber.Handler {
	return contrib.New(s.upgraded, contrib.Config{
		HandshakeTimeout: 5 * time.Second,
		// Small: a connection keeps its read buffer while it is idle, and frames are
		// read past it. Nothing is written through the library but control frames.
		ReadBufferSize: 512, WriteBufferSize: 256, WriteBufferPool: &sync.Pool{},
		Origins: []string{"*"}, // upgrade has checked it
		// The library's own would tell the client what the panic said.
		RecoverHandler: func(ws *contrib.Conn) {
			if p := recover(); p != nil {
				s.log.Error("panic in an upgrade", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				_ = ws.Close()
			}
		},
	})
}

// upgraded takes over a socket. The library's wrapper goes back to a pool, and to
// another client, when this returns; only the connection inside it is kept.
func (s *Server) upgraded(wrapper *contrib.Conn) {
	request, ok := wrapper.Locals(localAdmitted).(admitted)
	ws := wrapper.Conn
	if !ok {
		_ = ws.Close()
		return
	}
	if conn, ok := released(ws); ok {
		s.serve(ws, conn, request.who, request.requestID)
	}
}

// released is the network connection below an upgraded one, once nothing of the
// library's request is needed to read from it. That is not so when the client
// has sent bytes after its handshake without waiting for the answer: they are in
// the request's reader. RFC 6455 forbids that, and such a connection is closed.
func released(ws *websocket.Conn) (conn net.Conn, ok bool) {
	hijacked := ws.NetConn()
	conn = hijacked
	if h, ok := hijacked.(interface{ UnsafeConn() net.Conn }); ok {
		conn = h.UnsafeConn()
	}
	// With its time over, the connection reads nothing: what comes was buffered.
	var early [1]byte
	err := conn.SetReadDeadline(time.Unix(1, 0))
	if err == nil {
		if n, _ := hijacked.Read(early[:]); n == 0 {
			err = conn.SetReadDeadline(time.Time{})
			if err == nil {
				return conn, true
			}
		}
	}
	_ = conn.Close() // it breaks the protocol, or is broken itself
	return nil, false
}

// serve makes a connection of an upgraded socket and starts its reader.
func (s *Server) serve(ws *websocket.Conn, conn net.Conn, who caller, requestID string) {
	c := &connection{server: s, ws: ws, conn: conn, requestID: requestID}
	c.watched.who = who
	c.socket = socket{conn: conn, timeout: s.cfg.WriteTimeout, linger: s.cfg.Linger, buffers: &s.buffers}
	if !s.sockets.enter() {
		c.turnAway(hub.CloseGoingDown, `{"after_ms":1000}`)
		return
	}
	var err error
	c.client, err = s.hub.Connect(&c.socket, hub.ConnInfo{Identity: who.id, Session: who.sessionName()})
	if err != nil {
		defer s.sockets.leave()
		if errors.Is(err, hub.ErrDraining) {
			c.turnAway(hub.CloseGoingDown, `{"after_ms":1000}`)
			return
		}
		s.metrics.closes.WithLabelValues("too_many").Inc()
		c.turnAway(closeTryLater, "too many connections")
		return
	}
	ws.SetPingHandler(c.pinged)
	ws.SetPongHandler(c.ponged)
	ws.SetCloseHandler(func(int, string) error { return nil }) // the answer goes through the queue
	s.watch.add(&c.watched)
	// Whoever took the session away before Connect has not met this connection.
	_, err = s.sessionCaller(s.ctx, who.session)
	if s.endSocket(c.client, err) {
		c.client.Send(appendWelcome(nil, s.relay.epoch, rooms.At(s.cfg.Clock()), &c.who, s.cfg.Heartbeat))
	}
	// The reader has a goroutine of its own, so that the library takes back the
	// request and its buffers, several KiB, while the connection goes on. It is
	// kept shallow: at rest its stack is most of what a connection costs.
	go c.run()
}

// connection is one client's socket.
type connection struct {
	watched
	socket    socket
	server    *Server
	ws        *websocket.Conn
	conn      net.Conn
	requestID string
	// inFlight counts commands that wait for their commit.
	inFlight atomic.Int32
}

// ending is why a connection ends.
type ending struct {
	code   int
	reason string
	// drain: the peer may still be sending; read that away so that it gets to see
	// the close frame instead of a reset.
	drain bool
}

// run reads until the connection has ended and nothing can write to it any more.
func (c *connection) run() {
	end := ending{code: closeInternal}
	defer c.end(&end)
	for {
		kind, r, err := c.ws.NextReader()
		if err != nil {
			end = endingOf(err)
			return
		}
		if e := c.take(kind, r); e != nil {
			end = *e
			return
		}
	}
}

// end is run's last step, also when it panics. The order counts: whatever was
// the reason, the writer is waited for before the connection is let go.
func (c *connection) end(end *ending) {
	s := c.server
	if p := recover(); p != nil {
		s.log.Error("panic in a connection", "request_id", c.requestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
	defer s.sockets.leave()
	s.watch.remove(&c.watched)
	c.client.Close(end.code, end.reason)
	c.client.Wait()
	if end.drain {
		// The transport's Close has bounded the reads.
		_, _ = io.Copy(io.Discard, c.conn)
	}
	c.closeConn()
	if end.reason != "" {
		s.metrics.closes.WithLabelValues(end.reason).Inc()
	}
}

// turnAway ends a connection that the hub does not know.
func (c *connection) turnAway(code int, reason string) {
	c.socket.say(closeFrame(code, reason), closeTimeout)
	c.closeConn()
}

func (c *connection) closeConn() {
	if err := c.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		c.server.log.Debug("close connection", "request_id", c.requestID, "err", err)
	}
}

func (c *connection) pinged(data string) error {
	c.heard.Store(true)
	c.client.Send(pongFrame(data))
	return nil
}

func (c *connection) ponged(string) error {
	c.heard.Store(true)
	return nil
}

// take reads one frame and does what it asks.
func (c *connection) take(kind int, r io.Reader) *ending {
	c.heard.Store(true)
	if kind != websocket.TextMessage {
		return &ending{closeUnsupported, "binary", true}
	}
	in := c.server.inputs.Get().(*input)
	defer c.server.inputs.Put(in)
	raw, err := in.read(r)
	if err != nil {
		end := endingOf(err)
		return &end
	}
	switch {
	case len(raw) > maxFrameBytes:
		return &ending{closeTooBig, "too_big", true}
	case !utf8.Valid(raw):
		return &ending{closeNotUTF8, "not_utf8", true}
	}
	if ok, _ := c.server.limits.flood.allow(c.who.id); !ok {
		return &ending{closeFlood, "flood", true}
	}
	f, refusal := decodeFrame(raw)
	if refusal != nil {
		c.refuse(f.id, refusal)
		return nil
	}
	return c.do(&f)
}

// input is a buffer for one frame.
type input struct {
	buf     bytes.Buffer
	limited io.LimitedReader
}

// read reads a frame up to one byte over the limit.
func (in *input) read(r io.Reader) ([]byte, error) {
	in.buf.Reset()
	in.limited = io.LimitedReader{R: r, N: maxFrameBytes + 1}
	defer func() { in.limited.R = nil }()
	if _, err := in.buf.ReadFrom(&in.limited); err != nil {
		return nil, err
	}
	return in.buf.Bytes(), nil
}

func endingOf(err error) ending {
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		code := closed.Code
		if code == websocket.CloseNoStatusReceived {
			code = hub.CloseNormal
		}
		return ending{code: code}
	}
	// Gone, or a protocol error that the library has answered.
	return ending{code: hub.CloseBroken}
}

func (c *connection) refuse(id string, e *Error) {
	c.client.Send(appendError(nil, id, e, c.requestID))
}

// fail answers with an error of the layers below.
func (c *connection) fail(id string, err error) {
	e := asError(err)
	if e.status >= http.StatusInternalServerError {
		c.server.log.Error("frame failed", "request_id", c.requestID, "err", err)
	}
	c.refuse(id, e)
}

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
	c.server.submit(&c.who, f, func(r *store.Result, e *Error) {
		c.inFlight.Add(-1)
		if e != nil {
			c.refuse(id, e)
			return
		}
		c.client.Send(appendDone(make([]byte, 0, 128), id, r))
	})
}

// topic is the hub's name of a topic that the client may read.
func (c *connection) topic(name string) (string, error) {
	switch {
	case name == topicInbox:
		return prefixInbox + c.who.id, nil
	case name == topicFeed:
		return topicFeed, c.who.need(rooms.Admin)
	}
	if room, ok := strings.CutPrefix(name, prefixRoom); ok {
		_, err := c.sideIn(room)
		return name, err
	}
	return "", invalid("topic", "must be inbox, feed or room:<id>")
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
		c.refuse(f.id, invalid("topic", "is one topic too many for a connection"))
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
	c.server.store.MarkSeen(f.room, side, f.seq)
	c.server.hub.Signal(topic, appendSeen(nil, topic, side, f.seq))
}
