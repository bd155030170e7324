package send

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// mailTimeout bounds each step of connecting, and each mail, however slowly the server
// answers; claims are renewed by it.
const mailTimeout = 10 * time.Second

// Server is the SMTP server that mails are handed to.
type Server struct {
	client *gomail.Client
	from   *mail.Address
}

// ServerConfig says which server it is and who sends.
type ServerConfig struct {
	// URL is smtp://[user:password@]host[:port][?tls=required|opportunistic|none] or
	// smtps://…; ports are 587 and 465 where none is named. With smtp the connection is
	// encrypted by STARTTLS, which tls says whether to insist on; by default it does. A
	// certificate is checked wherever there is one, and a password is not told without
	// encryption, except to this machine.
	URL string
	// From is the sender, such as Parley <parley@example.com>.
	From string
	// Roots are the authorities that are believed; nil for those of the machine.
	Roots *x509.CertPool
	// Timeout is for a server that is to be waited for less than the default of ten
	// seconds; 0 is the default.
	Timeout time.Duration
}

// NewServer reads the configuration; it connects to nothing yet.
func NewServer(cfg ServerConfig) (*Server, error) {
	// Errors of the URL are told without it: it holds a password.
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("the URL must be like smtp://user:password@host:587 or smtps://…")
	}
	sender, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("the sender %q is no address: %w", cfg.From, err)
	}
	options := []gomail.Option{
		gomail.WithTimeout(min(mailTimeout, cmp.Or(cfg.Timeout, mailTimeout))), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), RootCAs: cfg.Roots, MinVersion: tls.VersionTLS12}),
	}
	port := 587
	if u.Scheme == "smtps" {
		port = 465
		options = append(options, gomail.WithSSL())
	} else {
		policies := map[string]gomail.TLSPolicy{
			"required": gomail.TLSMandatory, "opportunistic": gomail.TLSOpportunistic, "none": gomail.NoTLS,
		}
		policy, ok := policies[cmp.Or(u.Query().Get("tls"), "required")]
		if !ok {
			return nil, errors.New("tls must be required, opportunistic or none")
		}
		options = append(options, gomail.WithTLSPolicy(policy))
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("the port is not a number")
		}
	}
	options = append(options, gomail.WithPort(port))
	if user := u.User.Username(); user != "" {
		password, _ := u.User.Password()
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(user), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("set up the mail client: %w", err)
	}
	return &Server{client: client, from: sender}, nil
}

// link is a connection to the server, made when it is needed first.
type link struct {
	server *Server
	smtp   *smtp.Client
}

// connect makes the connection if there is none.
func (l *link) connect(ctx context.Context) error {
	if l.smtp != nil {
		return nil
	}
	c, err := l.server.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return &unreachableError{err}
	}
	l.smtp = c
	return nil
}

// send hands over one mail, for which connect has been called.
func (l *link) send(m *gomail.Msg) error {
	err := l.server.client.SendWithSMTPClient(l.smtp, m)
	if err != nil && (m.IsDelivered() || !answered(err)) {
		// After no answer nobody knows what the server would take the next words for.
		l.close()
	}
	if m.IsDelivered() {
		return nil
	}
	if unwelcome(err) {
		return &unreachableError{err}
	}
	return err
}

func (l *link) close() {
	if l.smtp != nil {
		_ = l.smtp.Close() // what matters was answered before
		l.smtp = nil
	}
}

// bye ends the connection as is polite.
func (l *link) bye() {
	if l.smtp != nil {
		_ = l.server.client.CloseWithSMTPClient(l.smtp) // what matters was answered before
		l.smtp = nil
	}
}

// unreachableError says that there is no server that takes mails from this sender, which
// is no mail's fault.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string {
	return "the mail server is not there for us: " + e.err.Error()
}
func (e *unreachableError) Unwrap() error { return e.err }

// code is what the server answered, or 0 if it did not.
func code(err error) int {
	var sending *gomail.SendError
	if errors.As(err, &sending) {
		return sending.ErrorCode()
	}
	return 0
}

// answered tells that the server refused in words, and goes on listening.
func answered(err error) bool { c := code(err); return c >= 400 && c != 421 }

// permanent tells that the server will never take this mail: a 5xx (RFC 5321) to its
// recipient or its text. What is said to the sender is not about the mail, see unwelcome.
func permanent(err error) bool {
	var sending *gomail.SendError
	if code(err) < 500 || unwelcome(err) || !errors.As(err, &sending) {
		return false
	}
	switch sending.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return true
	default:
		return false
	}
}

// unwelcome tells that the server refuses the sender for good, as one does that is not
// set up for it: any 5xx to its address, and at whatever command those that ask for
// encryption or a password (RFC 4954 section 6, RFC 3207).
func unwelcome(err error) bool {
	switch code(err) {
	case 530, 534, 535, 538:
		return true
	}
	var sending *gomail.SendError
	return errors.As(err, &sending) && sending.Reason == gomail.ErrSMTPMailFrom && code(err) >= 500
}
