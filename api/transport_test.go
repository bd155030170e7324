package api

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/hub"
)

var _ hub.Transport = (*socket)(nil)

// socketPair is a socket with little room in the kernel, and its peer.
func socketPair(t *testing.T) (*socket, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = conn.Close(), peer.Close() })
	if err := errors.Join(conn.(*net.TCPConn).SetWriteBuffer(64<<10), peer.(*net.TCPConn).SetReadBuffer(64<<10)); err != nil {
		t.Fatal(err)
	}
	s := &socket{
		timeout: 20 * time.Second, linger: 20 * time.Second,
		buffers: &sync.Pool{New: func() any { b := make([]byte, 0, chunkBytes); return &b }},
	}
	if err := s.connect(conn); err != nil {
		t.Fatal(err)
	}
	return s, peer
}

// fill writes numbered frames until the kernel takes no more.
func fill(t *testing.T, s *socket, n *int) [][]byte {
	t.Helper()
	for {
		frames := make([][]byte, 7)
		for i := range frames {
			*n++
			frames[i] = EncodeFrame(fmt.Appendf(nil, "%d %s", *n, strings.Repeat("x", 300+*n%5000)))
		}
		rest, err := s.Write(frames)
		if err != nil {
			t.Fatal(err)
		}
		if len(rest) > 0 {
			return rest
		}
	}
}

// received reads whole frames: the numbers of the texts, and the code of the close
// frame that must come last, 0 without one.
func received(t *testing.T, peer net.Conn, most int) (numbers []int, code int) {
	t.Helper()
	if err := peer.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(peer)
	for len(numbers) < most {
		var head [2]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			t.Fatalf("after %d frames: %v", len(numbers), err)
		}
		size := int(head[1])
		if size == 126 {
			var long [2]byte
			if _, err := io.ReadFull(r, long[:]); err != nil {
				t.Fatal(err)
			}
			size = int(binary.BigEndian.Uint16(long[:]))
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(r, body); err != nil {
			t.Fatal(err)
		}
		switch head[0] {
		case opClose:
			return numbers, int(binary.BigEndian.Uint16(body))
		case opText:
			var number int
			var tail string
			if _, err := fmt.Sscanf(string(body), "%d %s", &number, &tail); err != nil || strings.Trim(tail, "x") != "" {
				t.Fatalf("a frame that was never sent: %q (%v)", body[:min(40, len(body))], err)
			}
			numbers = append(numbers, number)
		default:
			t.Fatalf("opcode %x after %d frames", head[0], len(numbers))
		}
	}
	return numbers, 0
}

func inOrder(t *testing.T, numbers []int) {
	t.Helper()
	for i, n := range numbers {
		if n != i+1 {
			t.Fatalf("frame %d came as number %d", n, i+1)
		}
	}
}

func TestWriteThatDoesNotFitIsFinished(t *testing.T) {
	s, peer := socketPair(t)
	n := 0
	for range 3 { // the connection is as good as new afterwards
		rest := fill(t, s, &n)
		finished := make(chan error, 1)
		go func() { finished <- s.Finish(rest) }()
		numbers, _ := received(t, peer, n)
		inOrder(t, numbers)
		if err := <-finished; err != nil {
			t.Fatal(err)
		}
		n = 0
	}
}

// Write never waits for the peer, also when it has to be told of the end.
func TestCloseDuringWrite(t *testing.T) {
	for name, kernel := range map[string]func(s *socket) bool{
		"all was taken":  func(s *socket) bool { s.sent = len(s.chunk); return true },
		"none was taken": func(s *socket) bool { s.failure = errSocketClosing; return true },
	} {
		t.Run(name, func(t *testing.T) {
			s, peer := socketPair(t)
			s.attempt = func(uintptr) bool {
				if err := s.Close(4100, "going"); err != nil {
					t.Error(err)
				}
				return kernel(s)
			}
			rest, err := s.Write([][]byte{EncodeFrame([]byte("1 x"))})
			if err != nil || len(rest) == 0 {
				t.Fatalf("left %q to Finish, %v", rest, err)
			}
			_ = s.Finish(rest) // nothing more is written
			if numbers, code := received(t, peer, 1); len(numbers) != 0 || code != 4100 {
				t.Errorf("the peer got %v and %d", numbers, code)
			}
			if _, err := s.Write([][]byte{EncodeFrame([]byte("2 x"))}); !errors.Is(err, errSocketClosing) {
				t.Errorf("written after the end: %v", err)
			}
		})
	}
}

// The farewell of a connection that is closed in the middle of a frame comes after
// that frame's end, or it would be read as a part of it.
func TestCloseBetweenWriteAndFinish(t *testing.T) {
	for _, when := range []string{"before Finish", "during Finish"} {
		t.Run(when, func(t *testing.T) {
			s, peer := socketPair(t)
			n := 0
			rest := fill(t, s, &n)
			finished := make(chan error, 1)
			finish := func() { finished <- s.Finish(rest) }
			if when == "during Finish" {
				go finish()
			}
			if err := s.Close(hub.CloseSlow, "resume"); err != nil {
				t.Fatal(err)
			}
			if when == "before Finish" {
				go finish()
			}
			numbers, code := received(t, peer, n+1)
			inOrder(t, numbers)
			if code != hub.CloseSlow {
				t.Errorf("closed with %d after %d of %d frames", code, len(numbers), n)
			}
			if err := <-finished; err == nil && len(numbers) < n {
				t.Error("Finish hides that frames were not sent")
			}
			if _, err := s.Write([][]byte{pingFrame}); err == nil {
				t.Error("a write after Close")
			}
		})
	}
}
