package smtptest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Message is one that was handed over.
type Message struct {
	From, To string
	ID       string // the Message-ID, as it stands
	Raw      string
	// Encrypted says that it came over TLS, User who had logged in before.
	Encrypted bool
	User      string
}

// Security is how a server encrypts.
type Security struct {
	// Certificate is what it shows; without one nothing is encrypted.
	Certificate *tls.Certificate
	// Implicit has each connection begin with TLS; else the server offers STARTTLS.
	Implicit bool
}

// Server is a server on the loopback. It takes every password, encrypted or not: whether
// one is told is the sender's decision.
type Server struct {
	t   testing.TB
	srv *smtp.Server
	ln  net.Listener

	mu       sync.Mutex
	messages []Message
	sessions int
	open     int
	logins   int
	refuse   func(to string, attempt int) error
	attempts map[string]int
	// unknown is the answer to every sender.
	unknown error
	// silent says what the server never answers to; ended is closed when it stops.
	silent func(s Stage, to string) bool
	ended  chan struct{}
}

// Stage is where a server may fall silent.
type Stage int

// The stages. To is not known at the first one.
const (
	// Hello is the greeting of the client.
	Hello Stage = iota
	// Recipient is the address of one.
	Recipient
	// Text is the end of the mail's text: the client cannot know whether it was taken,
	// and it was not.
	Text
)

// Start starts a server without encryption; the test's end stops it. refuse, if not nil,
// decides about each recipient, at the first attempt with 1.
func Start(t testing.TB, refuse func(to string, attempt int) error) *Server {
	t.Helper()
	return start(t, refuse, Security{})
}

// StartSecure starts a server that takes everything; the test's end stops it.
func StartSecure(t testing.TB, how Security) *Server {
	t.Helper()
	return start(t, nil, how)
}

func start(t testing.TB, refuse func(to string, attempt int) error, how Security) *Server {
	t.Helper()
	s := &Server{t: t, refuse: refuse, attempts: make(map[string]int), ended: make(chan struct{})}
	s.srv = smtp.NewServer(s)
	s.srv.AllowInsecureAuth = true
	s.srv.Domain = "localhost"
	s.srv.ReadTimeout, s.srv.WriteTimeout = time.Minute, time.Minute
	var err error
	if s.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ln := s.ln
	if how.Certificate != nil {
		cfg := &tls.Config{Certificates: []tls.Certificate{*how.Certificate}, MinVersion: tls.VersionTLS12}
		if how.Implicit {
			ln = tls.NewListener(ln, cfg)
		} else {
			s.srv.TLSConfig = cfg
		}
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := s.srv.Serve(ln); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve SMTP: %v", err)
		}
	}()
	t.Cleanup(func() {
		close(s.ended)
		_ = s.srv.Close() // clients may be there still
		<-served
	})
	return s
}

// RefuseSender has the server answer to every sender's address; nil ends that.
func (s *Server) RefuseSender(answer error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unknown = answer
}

// FallSilent has the server stop to answer where silent says so, and keep the connection;
// nil ends that for those who come later.
func (s *Server) FallSilent(silent func(at Stage, to string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

// errEnded is what a stage ends with at which the server was silent.
var errEnded = errors.New("the server has stopped")

// pass waits until the server stops, if it is silent at a stage.
func (s *Server) pass(at Stage, to string) error {
	s.mu.Lock()
	silent := s.silent != nil && s.silent(at, to)
	s.mu.Unlock()
	if !silent {
		return nil
	}
	<-s.ended
	return errEnded
}

// URL is what senders are given that shall not encrypt.
func (s *Server) URL() string { return "smtp://" + s.Addr() + "?tls=none" }

// Addr is where it listens.
func (s *Server) Addr() string { return s.ln.Addr().String() }

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

// Open is how many connections there are.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Logins is how often a password was told.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// NewSession implements smtp.Backend.
func (s *Server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	if err := s.pass(Hello, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	s.open++
	return &session{server: s, conn: c}, nil
}

type session struct {
	server         *Server
	conn           *smtp.Conn
	from, to, user string
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, _ string) error {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.logins++
		s.user = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	return s.server.unknown
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if err := s.server.pass(Recipient, to); err != nil {
		return err
	}
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
	if err := s.server.pass(Text, s.to); err != nil {
		return err
	}
	_, encrypted := s.conn.TLSConnectionState()
	m := Message{From: s.from, To: s.to, Raw: string(raw), Encrypted: encrypted, User: s.user}
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
func (s *session) Logout() error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.open--
	return nil
}
