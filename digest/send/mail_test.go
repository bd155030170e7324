package send_test

import (
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"parley/digest"
	"parley/digest/inprocess"
	"parley/digest/send"
	"parley/digest/send/smtptest"
	"parley/rooms"
	"parley/store"
	"parley/store/outbox"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

const patience = 30 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// post is a post office: a store, an SMTP server and an engine between.
type post struct {
	*forms.Env
	smtp   *smtptest.Server
	ticks  chan time.Time
	engine *digest.Engine
	waits  atomic.Int64 // how often something was to be tried later
}

func newPost(t *testing.T, e *forms.Env, server *smtptest.Server) *post {
	t.Helper()
	if server == nil {
		return newPostAt(t, e, nil, send.ServerConfig{})
	}
	return newPostAt(t, e, server, send.ServerConfig{URL: server.URL()})
}

// newPostAt is a post office whose mails go where cfg says.
func newPostAt(t *testing.T, e *forms.Env, server *smtptest.Server, cfg send.ServerConfig) *post {
	t.Helper()
	p := &post{Env: e, smtp: server, ticks: make(chan time.Time)}
	mails := &send.Mails{Store: e.Store, Clock: e.Clock.Now, Jitter: func(int64) int64 { p.waits.Add(1); return 0 }}
	if cfg.URL != "" {
		var err error
		cfg.From = "Parley <parley@example.test>"
		mails.Server, err = send.NewServer(cfg)
		must(t, err)
	}
	p.run(t, mails.Kind())
	return p
}

// run has an engine carry out a kind.
func (p *post) run(t *testing.T, kind digest.Kind) {
	t.Helper()
	en, err := digest.New(digest.Config{
		Store: p.Store, Runner: inprocess.New(4), Kinds: []digest.Kind{kind}, Ticks: p.ticks, Clock: p.Clock.Now,
		Jitter: func(int64) int64 { return 0 },
	})
	must(t, err)
	must(t, en.Start())
	p.engine = en
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		must(t, en.Close(ctx))
	})
}

func (p *post) put(t *testing.T, list ...outbox.Mail) {
	t.Helper()
	_, err := store.Write(t.Context(), p.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, outbox.Put(ctx, tx, list...)
	})
	must(t, err)
}

// until has the engine look until a condition holds.
func (p *post) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	end := time.After(patience)
	for !holds() {
		select {
		case p.ticks <- time.Time{}:
		case <-end:
			t.Fatalf("did not come: %s", what)
		}
	}
}

func (p *post) mails(t *testing.T) map[string]outbox.Mail {
	t.Helper()
	list, _, err := outbox.List(t.Context(), p.Store, outbox.Filter{Limit: 200})
	must(t, err)
	byTo := make(map[string]outbox.Mail)
	for _, m := range list {
		byTo[m.To] = m
	}
	return byTo
}

func hello(to string) outbox.Mail {
	return outbox.Mail{Key: to, Kind: "hello", To: to, Subject: "Grüße, 30 % mehr", Text: "Hello\n", HTML: "<p>Hello</p>"}
}

func TestMailsAreSentOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		p := newPost(t, e, smtptest.Start(t, nil))
		var list []outbox.Mail
		const n = 150
		for i := range n {
			list = append(list, hello(fmt.Sprintf("u%d@example.test", i)))
		}
		p.put(t, list...)
		sent := func() (n int) {
			for _, m := range p.mails(t) {
				if m.State == outbox.Sent && m.SentAt != nil {
					n++
				}
			}
			return n
		}
		p.until(t, "all are sent", func() bool { return sent() == n })
		ids := make(map[string]bool)
		for _, m := range p.smtp.Messages() {
			ids[m.ID] = true
			if want := "<" + p.mails(t)[m.To].MessageID + ">"; m.ID != want {
				t.Fatalf("Message-ID %s, want %s", m.ID, want)
			}
		}
		if len(ids) != n || p.smtp.Count() != n {
			t.Errorf("%d messages with %d ids", p.smtp.Count(), len(ids))
		}
		if p.smtp.Sessions() > 4 {
			t.Errorf("%d connections for two batches", p.smtp.Sessions())
		}
	})
}

func TestWhatAMailLooksLike(t *testing.T) {
	p := newPost(t, forms.SQLite(t), smtptest.Start(t, nil))
	m := hello("one@example.test")
	m.Unsubscribe = "https://parley.test/u/1"
	m.Attachments = []outbox.Attachment{
		{Name: "deal.pdf", MediaType: "application/pdf", Data: []byte("%PDF-1.7")},
		{Name: "chart.png", MediaType: "image/png", ContentID: "chart", Data: []byte("PNG")},
	}
	p.put(t, m)
	p.until(t, "it is sent", func() bool { return p.smtp.Count() == 1 })
	got, err := mail.ReadMessage(strings.NewReader(p.smtp.Messages()[0].Raw))
	must(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	must(t, err)
	for name, c := range map[string]struct{ got, want string }{
		"subject":     {subject, m.Subject},
		"from":        {got.Header.Get("From"), `"Parley" <parley@example.test>`},
		"unsubscribe": {got.Header.Get("List-Unsubscribe"), "<https://parley.test/u/1>"},
		"one click":   {got.Header.Get("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click"},
		"automatic":   {got.Header.Get("Auto-Submitted"), "auto-generated"},
		"program":     {got.Header.Get("User-Agent") + got.Header.Get("X-Mailer"), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
	parts := make(map[string]string)
	walk(t, got.Header.Get("Content-Type"), got.Body, parts)
	if parts["text/plain"] != "Hello\r\n" || parts["text/html"] != "<p>Hello</p>" ||
		parts["application/pdf"] == "" || parts["image/png"] == "" {
		t.Errorf("parts %q", parts)
	}
}

// walk reads the leaves of a multipart body.
func walk(t *testing.T, contentType string, body io.Reader, parts map[string]string) {
	t.Helper()
	media, params, err := mime.ParseMediaType(contentType)
	must(t, err)
	if !strings.HasPrefix(media, "multipart/") {
		raw, err := io.ReadAll(body)
		must(t, err)
		parts[media] = string(raw)
		return
	}
	r := multipart.NewReader(body, params["boundary"])
	for {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return
		}
		must(t, err)
		var from io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			from = quotedprintable.NewReader(part)
		}
		walk(t, part.Header.Get("Content-Type"), from, parts)
	}
}

// TestRefusals: what a server says for now is tried again, what it says for good is not;
// neighbours on the same connection are none of it.
func TestRefusals(t *testing.T) {
	refuse := func(to string, attempt int) error {
		switch {
		case strings.HasPrefix(to, "never"):
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		case strings.HasPrefix(to, "later") && attempt == 1:
			return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "greylisted"}
		case strings.HasPrefix(to, "busy") && attempt == 1:
			return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "going down"}
		}
		return nil
	}
	p := newPost(t, forms.SQLite(t), smtptest.Start(t, refuse))
	p.put(t, hello("never@example.test"), hello("later@example.test"), hello("busy@example.test"), hello("now@example.test"),
		hello("no address at all"))
	p.until(t, "the first attempts", func() bool {
		m := p.mails(t)
		return m["now@example.test"].State == outbox.Sent && m["later@example.test"].LastError != "" &&
			m["no address at all"].State == outbox.GaveUp
	})
	m := p.mails(t)
	if got := m["never@example.test"]; got.State != outbox.GaveUp || !strings.Contains(got.LastError, "no such user") {
		t.Errorf("refused for good: %+v", got)
	}
	for _, to := range []string{"later@example.test", "busy@example.test"} {
		if got := m[to]; got.State != outbox.Queued || got.NextAttempt == nil || got.Attempts != 1 {
			t.Errorf("refused for now: %+v", got)
		}
	}
	p.Clock.Advance(time.Minute)
	p.until(t, "the second attempts", func() bool {
		m := p.mails(t)
		return m["later@example.test"].State == outbox.Sent && m["busy@example.test"].State == outbox.Sent
	})
}

// A server that is not set up for the sender says so with a 5xx, which is about no mail.
func TestAServerThatRefusesTheSenderLosesNoMail(t *testing.T) {
	login := &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "authentication required"}
	for name, refuse := range map[string]func(*smtptest.Server){
		"its address":  func(s *smtptest.Server) { s.RefuseSender(&smtp.SMTPError{Code: 554, Message: "not for you"}) },
		"no password":  func(s *smtptest.Server) { s.RefuseSender(login) },
		"at recipient": func(*smtptest.Server) {},
	} {
		t.Run(name, func(t *testing.T) {
			server := smtptest.Start(t, func(_ string, attempt int) error {
				if name == "at recipient" && attempt == 1 {
					return login
				}
				return nil
			})
			refuse(server)
			p := newPost(t, forms.SQLite(t), server)
			p.put(t, hello("one@example.test"), hello("two@example.test"))
			waits := func(m outbox.Mail) bool { return m.LastError != "" && m.NextAttempt != nil }
			p.until(t, "the first attempt", func() bool {
				m := p.mails(t)
				return waits(m["one@example.test"]) && waits(m["two@example.test"]) || m["one@example.test"].State == outbox.GaveUp
			})
			server.RefuseSender(nil)
			p.until(t, "both are sent", func() bool {
				m := p.mails(t)
				if m["one@example.test"].State == outbox.GaveUp || m["two@example.test"].State == outbox.GaveUp {
					t.Fatalf("given up: %+v", m)
				}
				// Only a wait is passed over: a claim that a jump ends is an attempt that failed.
				if waits(m["one@example.test"]) || waits(m["two@example.test"]) {
					p.Clock.Advance(time.Minute)
				}
				return m["one@example.test"].State == outbox.Sent && m["two@example.test"].State == outbox.Sent
			})
		})
	}
}

func TestWithoutAServerMailsAreKept(t *testing.T) {
	e := forms.SQLite(t)
	p := newPost(t, e, nil)
	p.put(t, hello("one@example.test"))
	p.until(t, "it is kept", func() bool { return p.mails(t)["one@example.test"].State == outbox.Kept })
	later := newPost(t, e, smtptest.Start(t, nil))
	later.put(t, hello("two@example.test"))
	later.until(t, "the other one is sent", func() bool { return later.smtp.Count() == 1 })
	if to := later.smtp.Messages()[0].To; to != "two@example.test" {
		t.Errorf("sent later to %s", to)
	}
}

func TestAMailOfAnAccountThatIsGoneIsNotSent(t *testing.T) {
	p := newPost(t, forms.SQLite(t), smtptest.Start(t, nil))
	u := p.User(t, rooms.Sponsor)
	mine := hello(u.Email)
	mine.User = u.ID
	_, err := store.Write(t.Context(), p.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		if err := outbox.Put(ctx, tx, mine, hello("other@example.test")); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, outbox.Erase(ctx, tx, u.ID)
	})
	must(t, err)
	p.until(t, "the other is sent", func() bool { return p.mails(t)["other@example.test"].State == outbox.Sent })
	if p.smtp.Count() != 1 {
		t.Errorf("sent %+v", p.smtp.Messages())
	}
}

func TestAddressesOfServers(t *testing.T) {
	for url, good := range map[string]bool{
		"smtp://user:secret@mail.test": true, "smtps://mail.test:2465": true, "smtp://mail.test?tls=opportunistic": true,
		"": false, "mail.test:25": false, "http://mail.test": false, "smtp://": false,
		"smtp://user:secret@mail.test?tls=maybe": false, "smtp://user:secret@mail.test:port": false,
	} {
		_, err := send.NewServer(send.ServerConfig{URL: url, From: "parley@example.test"})
		if (err == nil) != good {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	if _, err := send.NewServer(send.ServerConfig{URL: "smtp://mail.test", From: "nobody"}); err == nil {
		t.Error("took a sender that is none")
	}
}
