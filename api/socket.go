package api

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
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
	timeout time.Duration // of one write
	linger  time.Duration // for the peer's answer to a close frame
	buffers *sync.Pool    // of *[]byte, chunkBytes long

	// closing is set before a Write is interrupted. farewell is the close frame;
	// whoever finds the connection idle sends it: Close, or the interrupted Write.
	closing  atomic.Bool
	mu       sync.Mutex
	writing  bool
	farewell []byte
}

// chunkBytes bounds one write. Small enough that a stalled reader pins little
// memory, large enough that the call's cost is spread over many frames.
const chunkBytes = 16 << 10

var errSocketClosing = errors.New("api: connection is closing")

// Write implements hub.Transport. Several frames are gathered into one buffer,
// so that the kernel is called once and the connection keeps no vectors.
func (s *socket) Write(frames [][]byte) error {
	s.mu.Lock()
	if s.closing.Load() {
		s.mu.Unlock()
		return errSocketClosing
	}
	s.writing = true
	s.mu.Unlock()
	err := s.writeAll(frames)
	s.mu.Lock()
	s.writing = false
	farewell := s.farewell
	s.farewell = nil
	s.mu.Unlock()
	if farewell != nil {
		// Close came while this ran and left the last word to us.
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

func (s *socket) writeAll(frames [][]byte) error {
	if len(frames) == 1 {
		return s.write(frames[0], frames)
	}
	buffer := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buffer)
	for len(frames) > 0 {
		chunk, n := (*buffer)[:0], 0
		for n < len(frames) && len(chunk)+len(frames[n]) <= chunkBytes {
			chunk = append(chunk, frames[n]...)
			n++
		}
		if n == 0 {
			chunk, n = frames[0], 1
		}
		if err := s.write(chunk, frames[:n]); err != nil {
			return err
		}
		frames = frames[n:]
	}
	return nil
}

// write sends the bytes of the frames; after a failure it tells what is missing
// of the frame that it stopped in.
func (s *socket) write(raw []byte, frames [][]byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return fmt.Errorf("write deadline: %w", err)
	}
	if s.closing.Load() { // it may have moved the deadline before us
		return &cutError{err: errSocketClosing}
	}
	n, err := s.conn.Write(raw)
	if err == nil {
		return nil
	}
	for _, f := range frames {
		if n < len(f) {
			if n == 0 {
				return &cutError{err: err}
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
