package send_test

import (
	"context"
	"net/mail"
	"strings"
	"testing"
	"time"

	"parley/digest/send"
	"parley/digest/send/smtptest"
	"parley/store"
	"parley/store/outbox"
	"parley/store/storetest/forms"
)

// TestMailIsEncryptedAndTheServerIsWhoItSays: what goes wrong on the way to a secure
// connection leaves the mail where it is; nothing is told in the clear instead.
func TestMailIsEncryptedAndTheServerIsWhoItSays(t *testing.T) {
	tomorrow := time.Now().Add(24 * time.Hour)
	good, roots := smtptest.Certificate(t, "127.0.0.1", tomorrow)
	unknown, _ := smtptest.Certificate(t, "127.0.0.1", tomorrow)
	elsewhere, rootsElsewhere := smtptest.Certificate(t, "127.0.0.2", tomorrow)
	expired, rootsExpired := smtptest.Certificate(t, "127.0.0.1", time.Now().Add(-time.Hour))
	for name, c := range map[string]struct {
		server smtptest.Security
		// url has the server's address in the place of HOST.
		url  string
		cfg  send.ServerConfig
		sent bool
		// why is a part of what the admin reads otherwise.
		why string
	}{
		"STARTTLS":                        {server: smtptest.Security{Certificate: good}, url: "smtp://me:secret@HOST", cfg: send.ServerConfig{Roots: roots}, sent: true},
		"STARTTLS is not offered":         {url: "smtp://me:secret@HOST", why: "STARTTLS"},
		"STARTTLS, unknown authority":     {server: smtptest.Security{Certificate: unknown}, url: "smtp://me:secret@HOST", cfg: send.ServerConfig{Roots: roots}, why: "certificate"},
		"STARTTLS, another's certificate": {server: smtptest.Security{Certificate: elsewhere}, url: "smtp://me:secret@HOST", cfg: send.ServerConfig{Roots: rootsElsewhere}, why: "certificate"},
		"STARTTLS, expired":               {server: smtptest.Security{Certificate: expired}, url: "smtp://me:secret@HOST", cfg: send.ServerConfig{Roots: rootsExpired}, why: "certificate"},
		"opportunistic, offered":          {server: smtptest.Security{Certificate: good}, url: "smtp://me:secret@HOST?tls=opportunistic", cfg: send.ServerConfig{Roots: roots}, sent: true},
		"opportunistic, wrong":            {server: smtptest.Security{Certificate: unknown}, url: "smtp://me:secret@HOST?tls=opportunistic", cfg: send.ServerConfig{Roots: roots}, why: "certificate"},
		"TLS":                             {server: smtptest.Security{Certificate: good, Implicit: true}, url: "smtps://me:secret@HOST", cfg: send.ServerConfig{Roots: roots}, sent: true},
		"TLS, unknown authority":          {server: smtptest.Security{Certificate: unknown, Implicit: true}, url: "smtps://me:secret@HOST", cfg: send.ServerConfig{Roots: roots}, why: "certificate"},
		"TLS, the machine's authorities":  {server: smtptest.Security{Certificate: good, Implicit: true}, url: "smtps://me:secret@HOST", why: "certificate"},
		"TLS with a server that has none": {url: "smtps://me:secret@HOST", why: "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			server := smtptest.StartSecure(t, c.server)
			c.cfg.URL = strings.Replace(c.url, "HOST", server.Addr(), 1)
			p := newPostAt(t, forms.SQLite(t), server, c.cfg)
			p.put(t, hello("one@example.test"))
			p.until(t, "an attempt", func() bool {
				m := p.mails(t)["one@example.test"]
				return m.State == outbox.Sent || m.LastError != ""
			})
			got := p.mails(t)["one@example.test"]
			list := server.Messages()
			if c.sent {
				if len(list) != 1 || !list[0].Encrypted || list[0].User != "me" || got.State != outbox.Sent {
					t.Errorf("%s, handed over: %+v", got.State, list)
				}
				return
			}
			if len(list) != 0 || server.Logins() != 0 {
				t.Errorf("%d mails and %d passwords were told", len(list), server.Logins())
			}
			if got.State != outbox.Queued || got.NextAttempt == nil || !strings.Contains(got.LastError, c.why) || strings.Contains(got.LastError, "secret") {
				t.Errorf("%s, next at %v: %q, want a word of %s", got.State, got.NextAttempt, got.LastError, c.why)
			}
		})
	}
}

// TestNothingEndsAHeadersLine: the outbox refuses such mails, and a row that came to hold
// one all the same adds neither a header nor a recipient.
func TestNothingEndsAHeadersLine(t *testing.T) {
	e := forms.SQLite(t)
	p := newPost(t, e, smtptest.Start(t, nil))
	for _, breaks := range []func(m *outbox.Mail){
		func(m *outbox.Mail) { m.Subject = "a\r\nBcc: evil@example.test" },
		func(m *outbox.Mail) { m.Subject = "a\nBcc: evil@example.test" },
		func(m *outbox.Mail) { m.To = "one@example.test\r\nBcc: evil@example.test" },
		func(m *outbox.Mail) { m.Unsubscribe = "https://parley.test/u/1>\r\nBcc: <evil@example.test" },
		func(m *outbox.Mail) {
			m.Attachments = []outbox.Attachment{{Name: "a\r\nBcc: evil@example.test", MediaType: "text/plain", Data: []byte("a")}}
		},
	} {
		m := hello("refused@example.test")
		breaks(&m)
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, outbox.Put(ctx, tx, m)
		})
		if err == nil {
			t.Errorf("the outbox took %+v", m)
		}
	}

	file := hello("file@example.test")
	file.Attachments = []outbox.Attachment{{Name: "a.txt", MediaType: "text/plain", Data: []byte("a")}}
	file.Unsubscribe = "https://parley.test/u/1"
	p.put(t, file, hello("subject@example.test"), hello("address@example.test"))
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		for _, change := range []string{
			"UPDATE outbox SET subject = subject || char(13, 10) || 'Bcc: evil@example.test' || char(13, 10, 13, 10) || 'Body' WHERE address LIKE 'subject@%'",
			"UPDATE outbox SET unsubscribe = unsubscribe || char(13, 10) || 'Bcc: evil@example.test' WHERE address LIKE 'file@%'",
			"UPDATE outbox_attachments SET name = name || char(13, 10) || 'Bcc: evil@example.test', media_type = media_type || char(13, 10) || 'Bcc: evil@example.test'",
			"UPDATE outbox SET address = address || '>' || char(13, 10) || 'RCPT TO:<evil@example.test' WHERE address LIKE 'address@%'",
		} {
			if _, err := tx.DB.NewRaw(change).Exec(ctx); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	must(t, err)
	p.until(t, "all are tried", func() bool {
		open := 0
		for _, m := range p.mails(t) {
			if m.State == outbox.Queued {
				open++
			}
		}
		return open == 0
	})
	for _, m := range p.smtp.Messages() {
		parsed, err := mail.ReadMessage(strings.NewReader(m.Raw))
		must(t, err)
		if m.To != "subject@example.test" && m.To != "file@example.test" || parsed.Header.Get("Bcc") != "" || strings.Contains(m.Raw, "\nBcc:") {
			t.Errorf("handed over to %s:\n%s", m.To, m.Raw)
		}
	}
	if n := p.smtp.Count(); n != 2 {
		t.Errorf("%d were handed over", n)
	}
}
