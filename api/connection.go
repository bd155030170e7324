package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"unicode/utf8"

	"github.com/fasthttp/websocket"

	"parley/hub"
)

// connection is one client's socket.
type connection struct {
	watched
	origin
	socket socket
	server *Server
	ws     *websocket.Conn
	conn   net.Conn
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
