package api

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/fasthttp/websocket"
	contrib "github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"parley/hub"
	"parley/rooms"
)

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
	cred := credentialOf(c.Get(fiber.HeaderAuthorization), c.Cookies(s.cookieName()))
	page := c.Get(fiber.HeaderOrigin)
	if page == "" && !cred.bearer || page != "" && !s.origins.mayConnect(page, host(c)) {
		return forbidden("Connections from this origin are not allowed.", "origin")
	}
	// A copy: Fiber's texts are views of a buffer that is used again.
	cred.token = strings.Clone(cred.token)
	who, err := s.authenticate(c.UserContext(), cred)
	if err != nil {
		return err
	}
	if who.flagged {
		return flagged()
	}
	if who.mustEnroll {
		return forbidden("Set up two-factor authentication first.", "second_factor_setup")
	}
	s.touch(&who)
	c.Locals(localAdmitted, admitted{who: who, origin: origin{addr: strings.Clone(addr), requestID: requestIDOf(c)}})
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
	who    caller
	origin origin
}

// origin is where a request or a connection came from.
type origin struct{ addr, requestID string }

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
		s.serve(ws, conn, request.who, request.origin)
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
func (s *Server) serve(ws *websocket.Conn, conn net.Conn, who caller, from origin) {
	c := &connection{server: s, ws: ws, conn: conn, origin: from}
	c.watched.who = who
	c.socket.timeout, c.socket.linger, c.socket.buffers = s.cfg.WriteTimeout, s.cfg.Linger, &s.buffers
	if err := c.socket.connect(conn); err != nil {
		s.log.Error("socket refused", "request_id", c.requestID, "err", err)
		c.closeConn()
		return
	}
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
