package smtptest

import (
	"errors"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Message is one that was handed over.
type Message struct {
	From, To string
	ID       string // the Message-ID, as it stands
	Raw      string
}

// Server is a server on the loopback, without encryption.
type Server struct {
	t   testing.TB
	srv *smtp.Server
	ln  net.Listener

	mu       sync.Mutex
	messages []Message
	sessions int
	refuse   func(to string, attempt int) error
	attempts map[string]int
}

// Start starts a server; the test's end stops it. refuse, if not nil, decides about each
// recipient, at the first attempt with 1.
func Start(t testing.TB, refuse func(to string, attempt int) error) *Server {
	t.Helper()
	s := &Server{t: t, refuse: refuse, attempts: make(map[string]int)}
	s.srv = smtp.NewServer(s)
	s.srv.Domain = "localhost"
	s.srv.ReadTimeout, s.srv.WriteTimeout = time.Minute, time.Minute
	var err error
	if s.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := s.srv.Serve(s.ln); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve SMTP: %v", err)
		}
	}()
	t.Cleanup(func() {
		_ = s.srv.Close() // clients may be there still
		<-served
	})
	return s
}

// URL is what senders are given.
func (s *Server) URL() string { return "smtp://" + s.ln.Addr().String() + "?tls=none" }

// Messages are those that were handed over, in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Count is the number of Messages.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

// Sessions is how many connections there were.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// NewSession implements smtp.Backend.
func (s *Server) NewSession(*smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	return &session{server: s}, nil
}

type session struct {
	server   *Server
	from, to string
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.attempts[to]++
	if s.server.refuse != nil {
		return s.server.refuse(to, s.server.attempts[to])
	}
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := Message{From: s.from, To: s.to, Raw: string(raw)}
	if parsed, err := mail.ReadMessage(strings.NewReader(m.Raw)); err == nil {
		m.ID = parsed.Header.Get("Message-Id")
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.messages = append(s.server.messages, m)
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() {}

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }
