package send_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/digest/send"
	"parley/digest/send/smtptest"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/storetest/forms"
	"parley/store/webhooks"
)

const (
	// brief is how long servers are waited for here: what answers does so in less, even on a
	// busy machine.
	brief = 800 * time.Millisecond
	// tooLong is longer than an attempt may take here, and shorter than one may elsewhere.
	tooLong = 8 * time.Second
)

// deaf is a port of the loopback where one can connect, and nobody ever says a word.
func deaf(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = ln.Close() }) // nothing was accepted
	return ln.Addr().String()
}

// waits tells that an attempt failed, and that the next one comes later.
func waits(e *forms.Env, m *outbox.Mail) bool {
	return m.State == outbox.Queued && m.LastError != "" && m.NextAttempt != nil && m.NextAttempt.Time.After(e.Clock.Now())
}

func TestAMailServerThatSaysNothing(t *testing.T) {
	for name, at := range map[string]func(t *testing.T) (server *smtptest.Server, url string){
		"no greeting":  func(t *testing.T) (*smtptest.Server, string) { return nil, "smtp://" + deaf(t) + "?tls=none" },
		"no handshake": func(t *testing.T) (*smtptest.Server, string) { return nil, "smtps://" + deaf(t) },
		"no answer to the greeting": func(t *testing.T) (*smtptest.Server, string) {
			s := smtptest.Start(t, nil)
			s.FallSilent(func(at smtptest.Stage, _ string) bool { return at == smtptest.Hello })
			return s, s.URL()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, url := at(t)
			p := newPostAt(t, forms.SQLite(t), server, send.ServerConfig{URL: url, Timeout: brief})
			began := time.Now()
			to := []string{"one@example.test", "two@example.test"}
			p.put(t, hello(to[0]), hello(to[1]))
			p.until(t, "both wait for the next attempt", func() bool {
				m := p.mails(t)
				one, two := m[to[0]], m[to[1]]
				return waits(p.Env, &one) && waits(p.Env, &two)
			})
			if took := time.Since(began); took > tooLong {
				t.Errorf("it was waited for %v", took)
			}
			for _, m := range p.mails(t) {
				if !strings.Contains(m.LastError, "the mail server is not there for us") || m.Attempts != 1 {
					t.Errorf("after %d attempts: %s", m.Attempts, m.LastError)
				}
			}
			if server == nil {
				return
			}
			server.FallSilent(nil)
			p.Clock.Advance(time.Minute)
			p.until(t, "both are sent", func() bool { return server.Count() == len(to) })
		})
	}
}

// A server may take its time to let one in. Who has lost the mails meanwhile sends none.
func TestAMailServerThatIsSlowToLetIn(t *testing.T) {
	e := forms.SQLite(t)
	server := smtptest.Start(t, nil)
	p := &post{Env: e, smtp: server}
	p.put(t, hello("one@example.test"), hello("two@example.test"))
	to, err := send.NewServer(send.ServerConfig{URL: server.URL(), From: "parley@example.test"})
	must(t, err)
	kind := (&send.Mails{Store: e.Store, Server: to, Clock: e.Clock.Now, Jitter: func(int64) int64 { return 0 }}).Kind()
	claim := func() jobs.Batch {
		b, err := jobs.Claim(t.Context(), e.Store, kind.Name, kind.Batch, kind.Lease)
		must(t, err)
		return b
	}
	mine := claim()
	var another atomic.Int32
	server.FallSilent(func(at smtptest.Stage, _ string) bool {
		if at == smtptest.Hello {
			e.Clock.Advance(kind.Lease + time.Second)
			another.Add(int32(len(claim().Jobs)))
		}
		return false
	})
	must(t, kind.Do(t.Context(), &mine))
	if n := another.Load(); n != 2 {
		t.Fatalf("another worker had %d of the mails", n)
	}
	if n := server.Count(); n != 0 {
		t.Errorf("%d mails were sent that were another's", n)
	}
}

// A server that falls silent over one mail keeps no other waiting, and gets that one again
// under the same Message-ID.
func TestAMailServerThatFallsSilent(t *testing.T) {
	for name, stage := range map[string]smtptest.Stage{"at the recipient": smtptest.Recipient, "after the text": smtptest.Text} {
		t.Run(name, func(t *testing.T) {
			const slow = "slow@example.test"
			server := smtptest.Start(t, nil)
			server.FallSilent(func(at smtptest.Stage, to string) bool { return at == stage && to == slow })
			p := newPostAt(t, forms.SQLite(t), server, send.ServerConfig{URL: server.URL(), Timeout: brief})
			began := time.Now()
			others := []string{"one@example.test", "two@example.test", "three@example.test"}
			p.put(t, hello(others[0]), hello(slow), hello(others[1]), hello(others[2]))
			p.until(t, "the others are sent, and it waits", func() bool {
				m := p.mails(t)
				first := m[slow]
				return waits(p.Env, &first) && !slices.ContainsFunc(others, func(to string) bool { return m[to].State != outbox.Sent })
			})
			if took := time.Since(began); took > tooLong {
				t.Errorf("it was waited for %v", took)
			}
			id := p.mails(t)[slow].MessageID
			server.FallSilent(nil)
			p.Clock.Advance(time.Minute)
			p.until(t, "it is sent", func() bool { return p.mails(t)[slow].State == outbox.Sent })
			list := server.Messages()
			if last := list[len(list)-1]; len(list) != len(others)+1 || last.To != slow || last.ID != "<"+id+">" {
				t.Errorf("%d mails, the last one %s to %s", len(list), last.ID, last.To)
			}
		})
	}
}

// TestEndpointsThatSayNothing: whatever they are slow at, an attempt ends, the messages of
// others are delivered meanwhile, and theirs are tried again.
func TestEndpointsThatSayNothing(t *testing.T) {
	e := forms.SQLite(t)
	good := newReceiver(t, always(http.StatusNoContent))
	over := make(chan struct{})
	// A header that never ends, a piece at a time; and an answer that never begins.
	drips := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mute" {
			<-over
			return
		}
		conn, out, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Errorf("take the connection: %v", err)
			return
		}
		defer conn.Close()
		pieces := time.NewTicker(brief / 40)
		defer pieces.Stop()
		_, _ = out.WriteString("HTTP/1.1 200 OK\r\n")
		for n := 0; ; n++ {
			if _, err := out.WriteString("X-Slow: and more\r\n"); err != nil || out.Flush() != nil {
				return // the client has had enough
			}
			select {
			case <-over:
				return
			case <-pieces.C:
			}
		}
	}))
	drips.TLS = good.TLS.Clone()
	drips.TLS.NextProtos = []string{"http/1.1"} // connections can be taken over
	drips.StartTLS()
	t.Cleanup(drips.Close)
	t.Cleanup(func() { close(over) })

	w := newWiresAt(t, e, good, send.PosterConfig{AllowPrivate: true, Timeout: brief})
	began := time.Now()
	for _, url := range []string{"https://" + deaf(t), drips.URL + "/mute", drips.URL + "/drip"} {
		w.say(t, w.hook(t, webhooks.Signed, url), "1", "2", "3", "4")
	}
	w.say(t, w.hook(t, webhooks.Signed, good.URL), "hello")
	w.until(t, "one is delivered, the others wait", func() bool {
		due, done := 0, 0
		for _, j := range w.jobs(t) {
			switch {
			case j.State == jobs.Done:
				done++
			case j.State == jobs.Due && j.Attempts == 1 && j.RunAt.Time.After(w.Clock.Now()):
				due++
			}
		}
		return due == 12 && done == 1
	})
	if took := time.Since(began); took > tooLong {
		t.Errorf("they were waited for %v", took)
	}
	for _, j := range w.jobs(t) {
		if j.State == jobs.Due && j.Outcome != "the server did not answer in time" {
			t.Errorf("the job says %q", j.Outcome)
		}
	}
	if len(good.taken()) != 1 || w.observed(send.Unreachable) != 12 {
		t.Errorf("%d taken, %d not", len(good.taken()), w.observed(send.Unreachable))
	}
}
