package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

const (
	// firstBuffer is the read buffer of a connection before a frame needs more.
	firstBuffer = 4 << 10
	// maxMessage bounds one message of the server: a snapshot is the largest.
	maxMessage = 4 << 20
	// closeTimeout bounds the farewell to a peer that may not be reading.
	closeTimeout = 250 * time.Millisecond
)

// DialOptions say where and as whom to connect.
type DialOptions struct {
	// URL is the instance's base: http://host:port or ws://host:port, with or
	// without a path. The socket is at /ws below it.
	URL string
	// Token is the bearer token of the session.
	Token string
	// LocalIP is the address to connect from, or nil for the system's choice. One
	// address has some 28,000 ports to the same server.
	LocalIP net.IP
	// ReceiveBuffer is the kernel's receive buffer in bytes, 0 for its default.
	ReceiveBuffer int
	// Mask gives the masking keys of frames. Default: math/rand/v2.
	Mask func() uint32
}

// RefusedError is an upgrade that the server answered with an HTTP status.
type RefusedError struct{ Status int }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("wire: upgrade refused: %d %s", e.Status, http.StatusText(e.Status))
}

// CloseError is a close frame of the server.
type CloseError struct {
	Code   int
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("wire: closed by the server: %d %s", e.Code, e.Reason)
}

var (
	errTooLong  = errors.New("wire: a message is longer than 4 MiB")
	errMasked   = errors.New("wire: the server masked a frame")
	errReserved = errors.New("wire: the server set reserved bits")
	errOpCode   = errors.New("wire: the server sent a frame that is not text")
)

// Conn is one WebSocket connection. One goroutine reads; any may write.
type Conn struct {
	nc   net.Conn
	mask func() uint32

	buf        []byte // buf[start:end] was received and not handed out
	start, end int
	parts      []byte // of a message in fragments

	mu  sync.Mutex // of writing
	out []byte     // the frame being written
}

// Dial connects. ctx bounds the handshake only.
func Dial(ctx context.Context, opt DialOptions) (*Conn, error) {
	target, err := SocketURL(opt.URL)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{}
	if opt.LocalIP != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: opt.LocalIP}
	}
	d := ws.Dialer{
		Header: ws.HandshakeHeaderHTTP(http.Header{"Authorization": {"Bearer " + opt.Token}}),
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := dialer.DialContext(ctx, network, addr)
			if tcp, ok := nc.(*net.TCPConn); ok && opt.ReceiveBuffer > 0 {
				err = errors.Join(err, tcp.SetReadBuffer(opt.ReceiveBuffer))
			}
			return nc, err
		},
		ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10,
	}
	nc, early, _, err := d.Dial(ctx, target)
	if err != nil {
		var status ws.StatusError
		if errors.As(err, &status) {
			return nil, &RefusedError{Status: int(status)}
		}
		return nil, fmt.Errorf("wire: connect to %s: %w", target, err)
	}
	c := &Conn{nc: nc, mask: opt.Mask, buf: make([]byte, firstBuffer)}
	if c.mask == nil {
		c.mask = rand.Uint32
	}
	if err := c.takeEarly(early); err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	return c, nil
}

// takeEarly keeps the frames that came together with the handshake's answer.
func (c *Conn) takeEarly(early *bufio.Reader) error {
	if early == nil {
		return nil
	}
	n := early.Buffered()
	if n > len(c.buf) {
		c.buf = make([]byte, n)
	}
	_, err := io.ReadFull(early, c.buf[:n])
	c.end = n
	ws.PutReader(early)
	if err != nil {
		return fmt.Errorf("wire: read what came with the handshake: %w", err)
	}
	return nil
}

// SocketURL is the address of an instance's socket.
func SocketURL(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("wire: instance %q: %w", base, err)
	}
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return "", fmt.Errorf("wire: instance %q: must begin with http:// or ws://", base)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if !strings.HasSuffix(u.Path, "/ws") {
		u.Path += "/ws"
	}
	return u.String(), nil
}

// Read returns the next message. It is a view of the connection's buffer and
// valid until the next Read. Pings are answered on the way. The server's close
// frame is a *CloseError.
func (c *Conn) Read() ([]byte, error) {
	for {
		h, err := c.header()
		if err != nil {
			return nil, err
		}
		payload, err := c.take(int(h.Length))
		if err != nil {
			return nil, err
		}
		switch {
		case h.OpCode == ws.OpPing:
			if err := c.write(ws.OpPong, payload); err != nil {
				return nil, err
			}
		case h.OpCode == ws.OpPong:
		case h.OpCode == ws.OpClose:
			return nil, c.closed(payload)
		case h.OpCode == ws.OpText && h.Fin:
			return payload, nil
		case h.OpCode == ws.OpText:
			c.parts = append(c.parts[:0], payload...)
		case h.OpCode == ws.OpContinuation:
			if len(c.parts)+len(payload) > maxMessage {
				return nil, errTooLong
			}
			c.parts = append(c.parts, payload...)
			if h.Fin {
				return c.parts, nil
			}
		default:
			return nil, errOpCode
		}
	}
}

// Buffered tells whether the next Read may return without the network: whole
// frames can wait in the buffer.
func (c *Conn) Buffered() int { return c.end - c.start }

// header reads a frame's header; its payload has to follow by take.
func (c *Conn) header() (h ws.Header, err error) {
	if err := c.fill(ws.MinHeaderSize); err != nil {
		return h, err
	}
	b0, b1 := c.buf[c.start], c.buf[c.start+1]
	if b1&0x80 != 0 {
		return h, errMasked
	}
	if b0&0x70 != 0 {
		return h, errReserved
	}
	h.Fin, h.OpCode = b0&0x80 != 0, ws.OpCode(b0&0x0f)
	size, n := ws.MinHeaderSize, uint64(b1)
	switch n {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if err := c.fill(size); err != nil {
		return h, err
	}
	switch ext := c.buf[c.start+2:]; size {
	case 4:
		n = uint64(binary.BigEndian.Uint16(ext))
	case 10:
		n = binary.BigEndian.Uint64(ext)
	}
	if n > maxMessage {
		return h, errTooLong
	}
	h.Length = int64(n)
	c.start += size
	return h, nil
}

func (c *Conn) take(n int) ([]byte, error) {
	if err := c.fill(n); err != nil {
		return nil, err
	}
	p := c.buf[c.start : c.start+n]
	c.start += n
	return p, nil
}

// fill reads until n bytes wait. It moves what waits only when it must.
func (c *Conn) fill(n int) error {
	if c.end-c.start >= n {
		return nil
	}
	if c.start == c.end {
		c.start, c.end = 0, 0
	}
	if c.start+n > len(c.buf) {
		to := c.buf
		if n > len(to) {
			to = make([]byte, max(n, 2*len(to)))
		}
		c.end = copy(to, c.buf[c.start:c.end])
		c.buf, c.start = to, 0
	}
	for c.end-c.start < n {
		got, err := c.nc.Read(c.buf[c.end:])
		c.end += got
		if err != nil && c.end-c.start < n {
			return fmt.Errorf("wire: read: %w", err)
		}
	}
	return nil
}

// closed answers a close frame and tells what it said.
func (c *Conn) closed(payload []byte) error {
	e := &CloseError{Code: int(ws.StatusNoStatusRcvd)}
	if len(payload) >= 2 {
		code, reason := ws.ParseCloseFrameData(payload)
		e.Code, e.Reason = int(code), strings.Clone(reason)
		payload = payload[:2]
	}
	if err := c.nc.SetWriteDeadline(time.Now().Add(closeTimeout)); err == nil {
		_ = c.write(ws.OpClose, payload) // the peer may have gone already
	}
	return e
}

// Write sends a text message. The bytes are not changed or kept.
func (c *Conn) Write(text []byte) error { return c.write(ws.OpText, text) }

func (c *Conn) write(op ws.OpCode, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var mask [4]byte
	binary.NativeEndian.PutUint32(mask[:], c.mask())
	out := append(c.out[:0], 0x80|byte(op))
	switch n := len(payload); {
	case n < 126:
		out = append(out, 0x80|byte(n))
	case n <= 0xffff:
		out = binary.BigEndian.AppendUint16(append(out, 0x80|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, 0x80|127), uint64(n))
	}
	out = append(out, mask[:]...)
	body := len(out)
	out = append(out, payload...)
	ws.Cipher(out[body:], mask, 0)
	c.out = out
	if _, err := c.nc.Write(out); err != nil {
		return fmt.Errorf("wire: write: %w", err)
	}
	return nil
}

// SetReadDeadline ends a Read that waits at t; the zero time waits for ever.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.nc.SetReadDeadline(t) }

// SetWriteDeadline ends a Write that waits at t; the zero time waits for ever.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.nc.SetWriteDeadline(t) }

// Close says goodbye with code 1000 and closes the connection. A Read that waits
// ends with an error.
func (c *Conn) Close() error {
	if err := c.nc.SetWriteDeadline(time.Now().Add(closeTimeout)); err == nil {
		var code [2]byte
		binary.BigEndian.PutUint16(code[:], uint16(ws.StatusNormalClosure))
		_ = c.write(ws.OpClose, code[:]) // a courtesy: the peer may have gone
	}
	return c.nc.Close()
}

// Cut drops the connection without a word, as a network does.
func (c *Conn) Cut() error {
	if tcp, ok := c.nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the close is only less abrupt
	}
	return c.nc.Close()
}
