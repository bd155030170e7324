package api

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fasthttp/websocket"

	"parley/hub"
)

// Opcodes of RFC 6455 with the final bit: every frame of ours is whole.
const (
	opText  = 0x80 | websocket.TextMessage
	opClose = 0x80 | websocket.CloseMessage
	opPing  = 0x80 | websocket.PingMessage
	opPong  = 0x80 | websocket.PongMessage
)

// EncodeFrame puts the WebSocket header of a text frame in front of a payload,
// for hub.Config.Encode. A payload that is a control frame already (it begins
// with the frame's first byte, which no JSON text does) stays as it is.
func EncodeFrame(payload []byte) []byte {
	if len(payload) > 0 && payload[0]&0x80 != 0 {
		return payload
	}
	out := make([]byte, 0, len(payload)+10)
	switch n := len(payload); {
	case n < 126:
		out = append(out, opText, byte(n))
	case n <= 0xffff:
		out = binary.BigEndian.AppendUint16(append(out, opText, 126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, opText, 127), uint64(n))
	}
	return append(out, payload...)
}

// pingFrame is the same for everybody.
var pingFrame = []byte{opPing, 0}

// pongFrame answers a ping with its data, of at most 125 bytes.
func pongFrame(data string) []byte {
	return append([]byte{opPong, byte(len(data))}, data...)
}

func closeFrame(code int, reason string) []byte {
	const most = 123
	if len(reason) > most {
		reason = reason[:most]
	}
	out := append(make([]byte, 0, 4+len(reason)), opClose, byte(2+len(reason)))
	return append(binary.BigEndian.AppendUint16(out, uint16(code)), reason...)
}

// socket is the hub's Transport: it writes encoded frames straight to the
// network connection. The library never writes to it but for the close frame of
// a protocol error, which one call of the connection's Write carries whole.
type socket struct {
	conn    net.Conn
	raw     syscall.RawConn
	timeout time.Duration // of one write that waits
	linger  time.Duration // for the peer's answer to a close frame
	buffers *sync.Pool    // of *[]byte, chunkBytes long

	// closing is set before a write is interrupted. farewell is the close frame;
	// whoever finds the connection idle sends it: Close, or the interrupted write.
	closing  atomic.Bool
	mu       sync.Mutex
	writing  bool // from Write until all of it has left
	farewell []byte

	// Of the write under way; midFrame: the first frame of the rest has begun.
	midFrame bool
	attempt  func(fd uintptr) bool // once, bound once, so that a call allocates nothing
	chunk    []byte
	sent     int
	failure  error
}

// chunkBytes bounds one write. Small enough that a stalled reader pins little
// memory, large enough that the call's cost is spread over many frames.
const chunkBytes = 16 << 10

var errSocketClosing = errors.New("api: connection is closing")

// connect makes the socket ready for a connection, which must be one of the
// system's.
func (s *socket) connect(conn net.Conn) error {
	system, ok := conn.(syscall.Conn)
	if !ok {
		return fmt.Errorf("api: a connection of type %T has no descriptor", conn)
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return fmt.Errorf("api: descriptor of a connection: %w", err)
	}
	s.conn, s.raw, s.attempt = conn, raw, s.once
	// The server's own deadline for its answer to the handshake.
	if err := conn.SetWriteDeadline(time.Time{}); err != nil {
		return fmt.Errorf("api: write deadline: %w", err)
	}
	return nil
}

// Write implements hub.Transport. Several frames are gathered into one buffer,
// so that the kernel is called once and the connection keeps no vectors.
func (s *socket) Write(frames [][]byte) (rest [][]byte, err error) {
	s.mu.Lock()
	if s.closing.Load() {
		s.mu.Unlock()
		return nil, errSocketClosing
	}
	s.writing = true
	s.mu.Unlock()
	rest, err = s.offer(frames)
	if err == nil && len(rest) > 0 {
		return rest, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.farewell != nil {
		// Close came meanwhile, and its word may have to wait for the peer.
		return onlyFarewell, nil
	}
	s.writing = false
	return nil, err
}

// onlyFarewell is what Write leaves to Finish when nothing is left but to say it.
var onlyFarewell = [][]byte{nil}

// Finish implements hub.Transport.
func (s *socket) Finish(rest [][]byte) error {
	err := s.writeAll(rest)
	s.midFrame = false
	if err == nil {
		err = s.conn.SetWriteDeadline(time.Time{})
	}
	return s.written(err)
}

// written ends a write that could wait. If Close came while it ran, the last word is
// said here.
func (s *socket) written(err error) error {
	s.mu.Lock()
	s.writing = false
	farewell := s.farewell
	s.farewell = nil
	s.mu.Unlock()
	if farewell != nil {
		var cut *cutError
		switch {
		case err == nil:
			s.say(farewell, s.linger)
		case errors.As(err, &cut):
			// A slow reader needs a moment to make room for it.
			s.say(append(cut.rest[:len(cut.rest):len(cut.rest)], farewell...), s.linger)
		}
	}
	return err
}

// cutError is a write that stopped in the middle; rest is what the frame on the
// wire lacks.
type cutError struct {
	rest []byte
	err  error
}

func (e *cutError) Error() string { return fmt.Sprintf("write: %v", e.err) }
func (e *cutError) Unwrap() error { return e.err }

// offer writes what the kernel takes at once.
func (s *socket) offer(frames [][]byte) (rest [][]byte, err error) {
	gather := s.gatherer(frames)
	defer gather.done()
	for len(frames) > 0 {
		chunk, _ := gather.next(frames)
		sent, err := s.try(chunk)
		if err != nil {
			return nil, &cutError{err: err}
		}
		took := sent
		for len(frames) > 0 && took >= len(frames[0]) {
			took -= len(frames[0])
			frames = frames[1:]
		}
		if sent < len(chunk) {
			if took > 0 {
				frames[0], s.midFrame = frames[0][took:], true
			}
			return frames, nil
		}
	}
	return nil, nil
}

// try calls the kernel once.
func (s *socket) try(chunk []byte) (sent int, err error) {
	s.chunk, s.sent, s.failure = chunk, 0, nil
	if err := s.raw.Write(s.attempt); err != nil { // closed, or Close has moved the deadline
		return 0, err
	}
	s.chunk = nil
	return s.sent, s.failure
}

// once is called by try with the descriptor; true says that it shall not wait.
func (s *socket) once(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), s.chunk)
		switch err {
		case nil:
			s.sent = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		default:
			s.failure = err
		}
		return true
	}
}

// writeAll waits until the kernel has taken all.
func (s *socket) writeAll(frames [][]byte) error {
	gather := s.gatherer(frames)
	defer gather.done()
	for len(frames) > 0 {
		chunk, n := gather.next(frames)
		if err := s.write(chunk, frames[:n]); err != nil {
			return err
		}
		s.midFrame = false
		frames = frames[n:]
	}
	return nil
}

// gatherer joins small frames in a buffer that it borrows when there are several.
type gatherer struct {
	pool   *sync.Pool
	buffer *[]byte
}

func (s *socket) gatherer(frames [][]byte) gatherer {
	if len(frames) == 1 {
		return gatherer{}
	}
	return gatherer{pool: s.buffers, buffer: s.buffers.Get().(*[]byte)}
}

func (g *gatherer) done() {
	if g.pool != nil {
		g.pool.Put(g.buffer)
	}
}

// next returns the bytes of the first n frames.
func (g *gatherer) next(frames [][]byte) (chunk []byte, n int) {
	if len(frames) == 1 || g.buffer == nil {
		return frames[0], 1
	}
	chunk = (*g.buffer)[:0]
	for n < len(frames) && len(chunk)+len(frames[n]) <= chunkBytes {
		chunk = append(chunk, frames[n]...)
		n++
	}
	if n == 0 {
		return frames[0], 1
	}
	return chunk, n
}

// write sends the bytes of the frames; after a failure it tells what is missing
// of the frame that it stopped in.
func (s *socket) write(raw []byte, frames [][]byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return fmt.Errorf("write deadline: %w", err)
	}
	begun := s.midFrame
	if s.closing.Load() { // it may have moved the deadline before us
		return cutIn(frames, 0, begun, errSocketClosing)
	}
	n, err := s.conn.Write(raw)
	if err == nil {
		return nil
	}
	return cutIn(frames, n, begun, err)
}

// cutIn tells where a write of frames ended that sent n bytes. begun: the first
// frame is the end of one.
func cutIn(frames [][]byte, n int, begun bool, err error) *cutError {
	for i, f := range frames {
		if n < len(f) {
			if n == 0 && !(begun && i == 0) {
				break
			}
			return &cutError{rest: f[n:], err: err}
		}
		n -= len(f)
	}
	return &cutError{err: err}
}

// closeTimeout bounds the last write to a peer that nothing waits for.
const closeTimeout = 250 * time.Millisecond

// Close implements hub.Transport: it sends the close frame if nothing is in its
// way for long and lets the reader go on until the peer answers or linger has
// passed. The connection itself is closed by its handler, after that.
func (s *socket) Close(code int, reason string) error {
	s.closing.Store(true)
	if code == hub.CloseBroken { // there is nobody to tell
		return s.conn.SetReadDeadline(time.Now())
	}
	s.mu.Lock()
	writing := s.writing
	if writing {
		s.farewell = closeFrame(code, reason)
	}
	s.mu.Unlock()
	if writing {
		// Interrupts the write, which then says the farewell.
		if err := s.conn.SetWriteDeadline(time.Now()); err != nil {
			return fmt.Errorf("interrupt the write: %w", err)
		}
	} else {
		s.say(closeFrame(code, reason), closeTimeout)
	}
	if err := s.conn.SetReadDeadline(time.Now().Add(s.linger)); err != nil {
		return fmt.Errorf("bound the reader: %w", err)
	}
	return nil
}

// say is a last word: that it cannot be said is no news.
func (s *socket) say(raw []byte, within time.Duration) {
	if s.conn.SetWriteDeadline(time.Now().Add(within)) == nil {
		_, _ = s.conn.Write(raw)
	}
}
