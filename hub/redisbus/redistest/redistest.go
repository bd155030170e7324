package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// deadline bounds the waits for the server; only failing tests reach it.
const deadline = 20 * time.Second

// Server is a redis-server on a private port of the loopback, without
// persistence.
type Server struct {
	t    testing.TB
	dir  string
	port int
	cmd  *exec.Cmd
	// exited is closed when the process has been waited for.
	exited chan struct{}
}

// Start starts a server. The test fails if there is no redis-server.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir()}
	t.Cleanup(s.Stop)
	// Another process may take the port first; then the next one is tried.
	for range 10 {
		s.port = freePort(t)
		if s.launch() {
			return s
		}
	}
	t.Fatal("redis-server did not start on any of ten ports")
	return nil
}

// URL is where the server is, or was before Stop.
func (s *Server) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

// Addr is the host and port of URL.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Stop kills the server, if it runs, and waits for its end.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil && !isDone(s.exited) {
		s.t.Errorf("killing redis-server: %v", err)
	}
	<-s.exited
	s.cmd = nil
}

// Restart starts the server again on the same port, empty.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	end := time.Now().Add(deadline)
	for !s.launch() {
		if time.Now().After(end) {
			s.t.Fatalf("redis-server did not start again on port %d", s.port)
		}
	}
}

// Freeze stops the process without closing its connections, Thaw goes on.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("redis-server: %v: %v", sig, err)
	}
}

// launch starts the process and tells whether it answers.
func (s *Server) launch() bool {
	s.t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatalf("this test needs redis-server: %v", err)
	}
	cmd := exec.Command(path, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1",
		"--dir", s.dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("starting redis-server: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it is killed, which is an error
	}()
	s.cmd, s.exited = cmd, exited
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	end := time.After(deadline)
	for {
		if s.answers() {
			return !isDone(exited) // else another server answered
		}
		select {
		case <-exited:
			s.cmd = nil
			return false
		case <-end:
			s.Stop()
			return false
		case <-poll.C:
		}
	}
}

func (s *Server) answers() bool {
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "+PONG")
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	return port
}
