package send_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/digest/send"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/notices"
	"parley/store/outbox/letter/golden"
	"parley/store/seal"
	"parley/store/storetest/forms"
	"parley/store/webhooks"
)

// got is a request that a receiver took.
type got struct {
	path string
	head http.Header
	body []byte
}

// receiver is an endpoint on a real TLS server, which answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	list   []got
	answer func(nth int, r *http.Request) int
}

func newReceiver(t *testing.T, answer func(nth int, r *http.Request) int) *receiver {
	t.Helper()
	v := &receiver{answer: answer}
	v.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		v.mu.Lock()
		v.list = append(v.list, got{r.URL.Path, r.Header.Clone(), body})
		status := v.answer(len(v.list), r)
		v.mu.Unlock()
		if status/100 == 3 {
			w.Header().Set("Location", v.URL+"/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(v.Close)
	return v
}

func always(status int) func(int, *http.Request) int {
	return func(int, *http.Request) int { return status }
}

func (v *receiver) taken() []got {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]got(nil), v.list...)
}

// wires is a store whose webhooks are delivered.
type wires struct {
	*post
	user   store.User
	sealer *seal.Sealer
	seen   sync.Map // send.Delivery: *atomic.Int64
}

func newWires(t *testing.T, e *forms.Env, v *receiver, private bool) *wires {
	t.Helper()
	return newWiresAt(t, e, v, send.PosterConfig{AllowPrivate: private})
}

// newWiresAt is newWires with more to say about how endpoints are reached.
func newWiresAt(t *testing.T, e *forms.Env, v *receiver, cfg send.PosterConfig) *wires {
	t.Helper()
	w := &wires{post: &post{Env: e, ticks: make(chan time.Time)}, user: e.User(t, rooms.Influencer)}
	var err error
	w.sealer, err = seal.New("a secret of the server, long enough for it", seal.Webhooks, rand.Reader)
	must(t, err)
	cfg.Clock, cfg.Roots = e.Clock.Now, x509.NewCertPool()
	if v != nil {
		cfg.Roots.AddCert(v.Certificate())
	}
	hooks := &send.Webhooks{
		Store: e.Store, Sealer: w.sealer, Settings: "https://parley.test/account/notifications",
		Poster: send.NewPoster(cfg),
		Jitter: func(int64) int64 { w.waits.Add(1); return 0 },
		Observe: func(d send.Delivery) {
			n, _ := w.seen.LoadOrStore(d, new(atomic.Int64))
			n.(*atomic.Int64).Add(1)
		},
	}
	w.run(t, hooks.Kind())
	return w
}

func (w *wires) observed(d send.Delivery) int64 {
	n, ok := w.seen.Load(d)
	if !ok {
		return 0
	}
	return n.(*atomic.Int64).Load()
}

func (w *wires) do(t *testing.T, do func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	_, err := store.Write(t.Context(), w.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, do(ctx, tx)
	})
	must(t, err)
}

const signingSecret = "whsec"

func (w *wires) hook(t *testing.T, form webhooks.Form, url string) (made webhooks.Webhook) {
	t.Helper()
	sealed, err := webhooks.Target{URL: url, Secret: signingSecret}.Seal(w.sealer, w.user.ID)
	must(t, err)
	w.do(t, func(ctx context.Context, tx *store.Tx) (err error) {
		made, err = webhooks.Add(ctx, tx, webhooks.Webhook{User: w.user.ID, Form: form, Name: "my hook", Host: "h", Target: sealed})
		return err
	})
	return made
}

func (w *wires) say(t *testing.T, to webhooks.Webhook, texts ...string) {
	t.Helper()
	w.do(t, func(ctx context.Context, tx *store.Tx) error {
		list := make([]webhooks.Message, len(texts))
		for i, text := range texts {
			list[i] = webhooks.Message{To: to, Kind: "daily", Title: "2 offers", Text: text}
		}
		return webhooks.Put(ctx, tx, list...)
	})
}

func (w *wires) jobs(t *testing.T) []jobs.Job {
	t.Helper()
	list, _, err := jobs.List(t.Context(), w.Store, jobs.Filter{Kind: jobs.Webhook, Limit: 100})
	must(t, err)
	return list
}

func (w *wires) all(t *testing.T, state jobs.State) func() bool {
	return func() bool {
		for _, j := range w.jobs(t) {
			if j.State != state {
				return false
			}
		}
		return true
	}
}

// What an endpoint took is held until the store takes the note, and not delivered again.
func TestWhatWasDeliveredIsNotForgottenWhileTheStoreIsAway(t *testing.T) {
	v := newReceiver(t, always(http.StatusOK))
	w := newWires(t, forms.SQLite(t), v, true)
	change := func(statement string) {
		w.do(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.DB.ExecContext(ctx, statement)
			return err
		})
	}
	change("CREATE TRIGGER away BEFORE DELETE ON webhook_messages BEGIN SELECT RAISE(ABORT, 'away'); END")
	w.say(t, w.hook(t, webhooks.Signed, v.URL), "one", "two")
	w.until(t, "notes are tried again and again", func() bool { return len(v.taken()) == 2 && w.waits.Load() >= 6 })
	if !w.all(t, jobs.Running)() {
		t.Errorf("nobody holds %+v", w.jobs(t))
	}
	change("DROP TRIGGER away")
	w.until(t, "all is noted", w.all(t, jobs.Done))
	if n := len(v.taken()); n != 2 {
		t.Errorf("%d requests for two messages", n)
	}
}

func (w *wires) own(t *testing.T) webhooks.Webhook {
	t.Helper()
	list, err := webhooks.List(t.Context(), w.Store, w.user.ID)
	must(t, err)
	return list[0]
}

func TestWhatEndpointsGet(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		v := newReceiver(t, always(http.StatusNoContent))
		w := newWires(t, e, v, true)
		w.say(t, w.hook(t, webhooks.Signed, v.URL+"/signed"), "2 offers\n\nAcme")
		w.say(t, w.hook(t, webhooks.Chat, v.URL+"/chat"), strings.Repeat("ü", 5000))
		w.until(t, "both are delivered", w.all(t, jobs.Done))
		if n := w.observed(send.Delivered); n != 2 || len(v.taken()) != 2 {
			t.Fatalf("%d delivered, %d taken", n, len(v.taken()))
		}
		for _, g := range v.taken() {
			var body map[string]string
			must(t, json.Unmarshal(g.body, &body))
			if g.head.Get("Parley-Message-Id") == "" || !strings.HasPrefix(g.head.Get("Content-Type"), "application/json") {
				t.Errorf("head %v", g.head)
			}
			if g.path == "/chat" {
				if n := len([]rune(body["text"])); len(body) != 1 || n != 4000 || g.head.Get("Parley-Signature") != "" {
					t.Errorf("to chat %d of %d fields, %v", n, len(body), g.head)
				}
				continue
			}
			seconds, err := strconv.ParseInt(g.head.Get("Parley-Timestamp"), 10, 64)
			must(t, err)
			if want := "v1=" + send.Sign(signingSecret, seconds, g.body); g.head.Get("Parley-Signature") != want {
				t.Errorf("signature %s, want %s", g.head.Get("Parley-Signature"), want)
			}
			if body["id"] != g.head.Get("Parley-Message-Id") || body["kind"] != "daily" || body["title"] != "2 offers" || body["text"] != "2 offers\n\nAcme" || body["created_at"] == "" {
				t.Errorf("body %s", g.body)
			}
		}
	})
}

// TestSignature is a known one, made by another program; and then: nothing of what is
// signed can change without it.
func TestSignature(t *testing.T) {
	// printf '1700000000.{}' | openssl dgst -sha256 -hmac key
	if got := send.Sign("key", 1_700_000_000, []byte("{}")); got != "9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae" {
		t.Errorf("signature %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		secret, at := rapid.StringN(1, 40, -1).Draw(t, "secret"), rapid.Int64Range(0, 1<<40).Draw(t, "at")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		good := send.Sign(secret, at, body)
		if send.Sign(secret, at, body) != good || len(good) != 64 {
			t.Fatalf("not the same: %s", good)
		}
		if send.Sign(secret+"x", at, body) == good || send.Sign(secret, at+1, body) == good || send.Sign(secret, at, append(body, 'x')) == good {
			t.Fatal("another message has the same signature")
		}
	})
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		state  jobs.State
	}{
		"created": {201, jobs.Done}, "moved": {302, jobs.Failed}, "not understood": {400, jobs.Failed}, "not there": {404, jobs.Failed},
		"gone": {410, jobs.Failed}, "too slow": {408, jobs.Due}, "too many": {429, jobs.Due}, "broken": {500, jobs.Due}, "busy": {503, jobs.Due},
	} {
		t.Run(name, func(t *testing.T) {
			v := newReceiver(t, always(c.status))
			w := newWires(t, forms.SQLite(t), v, true)
			w.say(t, w.hook(t, webhooks.Signed, v.URL), "x")
			w.until(t, "an attempt", func() bool { j := w.jobs(t)[0]; return j.Attempts == 1 && j.State == c.state })
			if list := v.taken(); len(list) != 1 || list[0].path != "/" {
				t.Errorf("asked %+v", list)
			}
			failures := 1
			if c.state == jobs.Done {
				failures = 0
			}
			if got := w.own(t).Failures; got != failures {
				t.Errorf("%d failures", got)
			}
		})
	}
}

func TestEachAttemptHasTheSameID(t *testing.T) {
	v := newReceiver(t, func(nth int, _ *http.Request) int {
		if nth == 1 {
			return 503
		}
		return 200
	})
	w := newWires(t, forms.SQLite(t), v, true)
	w.say(t, w.hook(t, webhooks.Signed, v.URL), "x")
	w.until(t, "the first attempt", func() bool { return w.own(t).Failures == 1 })
	w.Clock.Advance(time.Minute)
	w.until(t, "the second attempt", w.all(t, jobs.Done))
	list := v.taken()
	a, b := list[0].head, list[1].head
	if len(list) != 2 || a.Get("Parley-Message-Id") != b.Get("Parley-Message-Id") || a.Get("Parley-Timestamp") == b.Get("Parley-Timestamp") {
		t.Errorf("attempts %v and %v", a, b)
	}
	if w.own(t).Failures != 0 {
		t.Error("the failure is not forgotten")
	}
}

// A blip in which many messages fail at once leaves an endpoint as it is; failing for a
// day switches it off.
func TestWhatFailsForADayIsSwitchedOffAndTheOwnerTold(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		v := newReceiver(t, always(500))
		w := newWires(t, e, v, true)
		began := e.Clock.Now()
		w.say(t, w.hook(t, webhooks.Signed, v.URL), make([]string, 2*webhooks.FailuresToOff+5)...)
		waiting := func() bool {
			return !slices.ContainsFunc(w.jobs(t), func(j jobs.Job) bool {
				return j.State != jobs.Due || j.Attempts == 0 || !j.RunAt.Time.After(w.Clock.Now())
			})
		}
		w.until(t, "all have failed once", waiting)
		if hook := w.own(t); !hook.On() || hook.Failures != 2*webhooks.FailuresToOff+5 {
			t.Fatalf("after a moment: %+v", hook)
		}
		w.until(t, "it is off", func() bool {
			hook := w.own(t)
			if hook.On() && waiting() {
				w.Clock.Advance(time.Hour)
			}
			return !hook.On()
		})
		if took := w.Clock.Now().Sub(began); took < webhooks.FailingToOff || took > webhooks.FailingToOff+7*time.Hour {
			t.Errorf("it was switched off after %v", took)
		}
		w.until(t, "its messages are over", w.all(t, jobs.Cancelled))
		if reason := w.own(t).OffReason; reason != "the server answered 500" {
			t.Errorf("because %s", reason)
		}
		told, _, _, err := notices.List(t.Context(), w.Store, w.user.ID, "", 10)
		must(t, err)
		if len(told) != 1 || told[0].Kind != send.NoticeWebhookOff || !strings.Contains(string(told[0].Data), "my hook") {
			t.Errorf("notices %+v", told)
		}
		mails := w.mails(t)
		if m := mails[w.user.Email]; len(mails) != 1 || m.Kind != send.NoticeWebhookOff || !strings.Contains(m.Subject, "my hook") {
			t.Errorf("mails %+v", mails)
		}
	})
}

func TestTheMailAboutAWebhookThatWasSwitchedOff(t *testing.T) {
	off := &webhooks.Off{Webhook: webhooks.Webhook{Name: "Team chat", Failures: 34, OffReason: "the server answered 500"}, Dropped: 3}
	l := send.OffLetter(off, "https://parley.test/account/notifications")
	m, err := l.Mail("key", "user", "zoe@example.com")
	must(t, err)
	golden.Check(t, "webhook_off", m)
}

// TestPrivateAddresses: the servers of this test are on the loopback interface, by name
// and by number, and none is asked.
func TestPrivateAddresses(t *testing.T) {
	v := newReceiver(t, always(200))
	w := newWires(t, forms.SQLite(t), v, false)
	_, port, _ := strings.Cut(strings.TrimPrefix(v.URL, "https://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"} {
		w.say(t, w.hook(t, webhooks.Signed, "https://"+host+":"+port), "x")
	}
	w.until(t, "all are tried", func() bool {
		for _, j := range w.jobs(t) {
			if j.State != jobs.Due || j.Attempts == 0 || j.Outcome != "the address is not public" {
				return false
			}
		}
		return true
	})
	if n := len(v.taken()); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}

func TestAServerThatNobodyVouchesForGetsNothing(t *testing.T) {
	v := newReceiver(t, always(200))
	w := newWires(t, forms.SQLite(t), nil, true)
	w.say(t, w.hook(t, webhooks.Signed, v.URL+"/key-in-the-path"), "x")
	w.until(t, "it is tried", func() bool { return w.own(t).Failures == 1 })
	if len(v.taken()) != 0 || w.observed(send.Unreachable) != 1 || strings.Contains(w.jobs(t)[0].Outcome, "key") {
		t.Errorf("took %d; %s", len(v.taken()), w.jobs(t)[0].Outcome)
	}
}
