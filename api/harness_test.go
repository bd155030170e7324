package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/coder/websocket"
	"github.com/oklog/ulid/v2"

	"parley/api"
	"parley/hub"
	"parley/rooms"
	"parley/store"
	"parley/store/deals"
	"parley/store/storetest/forms"
)

// patience is how long a test waits for what must happen. It is long: a test
// that waits for it has failed.
const patience = 20 * time.Second

// options change a world before it is made.
type options struct {
	config func(*api.Config)
	hub    func(*hub.Config)
	// database is another world's, for several instances on one file.
	database string
	clock    func() time.Time
	// onRead, if set, sees the store's reads before they run.
	onRead func(query string, args []any)
	// sendBuffer, if set, is the kernel's buffer for each connection, in bytes.
	sendBuffer int
}

// smallBuffers is a listener for tests of clients that do not read: with the
// kernel's own buffers, megabytes are sent before anything waits.
type smallBuffers struct {
	net.Listener
	bytes int
}

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(l.bytes)
	}
	return c, err
}

// world is a whole server: store on a SQLite file, hub, sockets.
type world struct {
	t        *testing.T
	store    *store.Store
	hub      *hub.Hub
	server   *api.Server
	addr     string
	database string
	clock    func() time.Time
	stop     func()
	logs     *logs
}

func start(t *testing.T, o options) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, database: o.database, clock: o.clock, logs: &logs{}}
	if w.clock == nil {
		w.clock = time.Now
	}
	if w.database == "" {
		w.database = forms.File(t)
	}
	log := slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	relay, metrics := api.NewRelay(), api.NewMetrics()
	storeCfg := store.Config{
		URL: w.database, Clock: w.clock, Logger: log, OnCommit: relay.OnCommit, Observe: metrics.ObserveBatch,
		OnDeal: deals.Tell, OnRead: o.onRead,
	}
	var err error
	w.store, err = store.Open(ctx, storeCfg)
	must(t, err)
	relay.Bind(w.store)
	hubCfg := hub.Config{Logger: log, OnFanout: metrics.ObserveFanout, DrainSpread: time.Second}
	if o.hub != nil {
		o.hub(&hubCfg)
	}
	w.hub, err = relay.NewHub(hubCfg)
	must(t, err)
	cfg := api.Config{
		Store: w.store, Hub: w.hub, Relay: relay, Metrics: metrics, Logger: log, Clock: w.clock,
		Passwords: cheap,
		Limits: api.Limits{
			Commands: plenty, Signals: plenty, Requests: plenty, Flood: plenty,
			Logins: plenty, LoginsPerAccount: plenty, Upgrades: plenty,
		},
		Linger:    patience / 10,
		TermSheet: func(ctx context.Context, room string) ([]byte, error) { return sheetOf(ctx, w.store, room) },
	}
	if o.config != nil {
		o.config(&cfg)
	}
	w.server, err = api.New(cfg)
	must(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w.addr = ln.Addr().String()
	if o.sendBuffer > 0 {
		ln = smallBuffers{ln, o.sendBuffer}
	}
	must(t, w.hub.Start())
	w.store.Start()
	served := make(chan error, 1)
	go func() { served <- w.server.Listen(ln) }()
	w.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := w.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("listen: %v", err)
		}
		if err := w.store.Close(ctx); err != nil {
			t.Errorf("close the store: %v", err)
		}
		if err := w.hub.Close(); err != nil {
			t.Errorf("close the hub: %v", err)
		}
		if t.Failed() {
			t.Log(w.logs.String())
		}
	})
	t.Cleanup(w.stop)
	return w
}

// sheetOf is a term sheet with nothing but its room on it: the real ones are made beside
// this package, and asked for as this one is.
func sheetOf(ctx context.Context, st *store.Store, room string) ([]byte, error) {
	snapshot, err := st.Snapshot(ctx, room)
	if err != nil {
		return nil, err
	}
	if snapshot.State.Deal == nil {
		return nil, store.ErrNotFound
	}
	return []byte("%PDF-1.7 deal of " + room), nil
}

// cheap is what passwords cost in tests, of which few are about that.
var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

var plenty = api.Rate{PerSecond: 1e6, Burst: 1e6}

// logs keeps what a server says, for when a test fails and for the test that
// nothing private is in it.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func newID() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

// object is a decoded JSON object.
type object = map[string]any

// at follows a path of names in decoded JSON.
func at(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		o, ok := v.(object)
		if !ok {
			return nil
		}
		v = o[name]
	}
	return v
}

// person is somebody with a session.
type person struct {
	w      *world
	id     string
	email  string
	cookie string
}

const password = "correct horse battery"

// join registers a user over REST.
func (w *world) join(role rooms.Side) *person {
	w.t.Helper()
	p := &person{w: w, email: strings.ToLower(newID()) + "@example.com"}
	answer := p.call("POST", "/api/auth/register", object{
		"email": p.email, "password": password, "name": "A " + string(role), "role": role,
	}).want(201)
	p.id = answer.text("user.id")
	return p
}

// admin makes an admin, whom nobody can register.
func (w *world) admin() *person {
	w.t.Helper()
	return w.known(store.User{Name: "An admin", Role: rooms.Admin, Approved: true})
}

// known logs in somebody whom the store is given.
func (w *world) known(u store.User) *person {
	w.t.Helper()
	p := &person{w: w, email: strings.ToLower(newID()) + "@example.com"}
	var err error
	u.Email = p.email
	u.PasswordHash, err = argon2id.CreateHash(password, cheap)
	must(w.t, err)
	u, err = w.store.CreateUser(context.Background(), u)
	must(w.t, err)
	p.id = u.ID
	p.logIn()
	return p
}

func (p *person) logIn() {
	p.w.t.Helper()
	p.call("POST", "/api/auth/login", object{"email": p.email, "password": password}).want(200)
}

// token makes a bearer token.
func (p *person) token() string {
	return p.call("POST", "/api/auth/tokens", object{"name": "test"}).want(201).text("token")
}

// reply is an answer to a request.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	raw    []byte
	body   object
}

func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: status %d, want %d: %s", r.what, r.status, status, r.raw)
	}
	return r
}

// refused checks an error's status, code and field.
func (r *reply) refused(status int, code, field string) *reply {
	r.t.Helper()
	r.want(status)
	gotCode, gotField := r.text("error.code"), at(r.body, "error.field")
	if gotField == nil {
		gotField = ""
	}
	if gotCode != code || gotField != field {
		r.t.Fatalf("%s: error %s (%v), want %s (%s): %s", r.what, gotCode, gotField, code, field, r.raw)
	}
	if code == "invalid" && r.text("error.problem.code") == "" {
		r.t.Fatalf("%s: an invalid input without its problem: %s", r.what, r.raw)
	}
	if r.text("error.message") == "" || r.text("error.request_id") == "" {
		r.t.Fatalf("%s: an error without message or request id: %s", r.what, r.raw)
	}
	return r
}

func (r *reply) text(path string) string {
	r.t.Helper()
	s, ok := at(r.body, path).(string)
	if !ok {
		r.t.Fatalf("%s: no text at %s: %s", r.what, path, r.raw)
	}
	return s
}

func (r *reply) number(path string) int64 {
	r.t.Helper()
	n, ok := at(r.body, path).(float64)
	if !ok {
		r.t.Fatalf("%s: no number at %s: %s", r.what, path, r.raw)
	}
	return int64(n)
}

func (r *reply) items() []any {
	r.t.Helper()
	list, ok := r.body["items"].([]any)
	if !ok {
		r.t.Fatalf("%s: no items: %s", r.what, r.raw)
	}
	return list
}

// client keeps no cookies: people carry their own.
var client = &http.Client{Timeout: patience}

// send sends a request as it is. A text or bytes body is sent raw.
func (w *world) send(method, path string, body any, header http.Header) *reply {
	w.t.Helper()
	var in io.Reader
	mediaType := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	case []byte:
		in, mediaType = bytes.NewReader(b), http.DetectContentType(b)
	default:
		raw, err := json.Marshal(b)
		must(w.t, err)
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+w.addr+path, in)
	must(w.t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	if in != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", mediaType)
	}
	resp, err := client.Do(req)
	must(w.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(w.t, err)
	r := &reply{t: w.t, what: method + " " + path, status: resp.StatusCode, header: resp.Header, raw: raw}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		must(w.t, json.Unmarshal(raw, &r.body))
	}
	validate(w.t, req, resp, raw)
	return r
}

// call sends a request with the person's cookie and keeps the one that comes.
func (p *person) call(method, path string, body any) *reply {
	p.w.t.Helper()
	header := http.Header{}
	if p.cookie != "" {
		header.Set("Cookie", "parley_session="+p.cookie)
	}
	r := p.w.send(method, path, body, header)
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == "parley_session" {
			p.cookie = c.Value
		}
	}
	return r
}

// campaign makes a public campaign with a budget of 1,000,000 EUR cents.
func (p *person) campaign() string {
	p.w.t.Helper()
	return p.call("POST", "/api/campaigns", campaignBody()).want(201).text("id")
}

func campaignBody() object {
	now := time.Now()
	return object{
		"name": "Summer", "description": "Bottles", "category": "drinks", "niches": []string{"water"},
		"starts_on": now.Format(time.DateOnly), "ends_on": now.AddDate(0, 2, 0).Format(time.DateOnly),
		"budget": object{"amount": 1_000_000, "currency": "EUR"}, "visibility": "public",
	}
}

func terms(amount int64) object {
	return object{
		"fee":          object{"amount": amount, "currency": "EUR"},
		"deliverables": []object{{"platform": "instagram", "format": "reel", "quantity": 2}},
	}
}

// negotiation is a room with a sponsor's standing offer, seq 2.
type negotiation struct {
	sponsor, influencer *person
	campaign, room      string
}

func (w *world) negotiate() *negotiation {
	w.t.Helper()
	n := &negotiation{sponsor: w.join(rooms.Sponsor), influencer: w.join(rooms.Influencer)}
	n.campaign = n.sponsor.campaign()
	answer := n.sponsor.call("POST", "/api/campaigns/"+n.campaign+"/invitations", object{
		"id": newID(), "influencer": n.influencer.id, "terms": terms(1000),
	}).want(201)
	n.room = answer.text("room")
	if seq := answer.number("seq"); seq != 2 {
		w.t.Fatalf("an invitation with terms is %d events, want 2", seq)
	}
	return n
}

// sock is a client's socket.
type sock struct {
	t *testing.T
	*websocket.Conn
	// seen are frames that were read while another was waited for.
	seen []object
}

// dial opens a socket the way a browser does.
func (p *person) dial() *sock {
	p.w.t.Helper()
	header := http.Header{"Origin": {"http://" + p.w.addr}, "Cookie": {"parley_session=" + p.cookie}}
	c, resp, err := p.w.dialRaw(header)
	if err != nil {
		if resp != nil {
			p.w.t.Fatalf("dial: %v (%s)", err, resp.Status)
		}
		p.w.t.Fatal(err)
	}
	p.w.t.Cleanup(func() { _ = c.CloseNow() })
	s := &sock{t: p.w.t, Conn: c}
	s.next("welcome", func(f object) bool { return f["type"] == "welcome" })
	return s
}

func (w *world) dialRaw(header http.Header) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, "ws://"+w.addr+"/ws", &websocket.DialOptions{HTTPHeader: header})
	if err == nil {
		c.SetReadLimit(1 << 20)
	}
	return c, resp, err
}

func (s *sock) write(v any) {
	s.t.Helper()
	raw, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		must(s.t, err)
		raw = string(b)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	must(s.t, s.Write(ctx, websocket.MessageText, []byte(raw)))
}

func (s *sock) read() (object, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, raw, err := s.Read(ctx)
	if err != nil {
		return nil, err
	}
	var f object
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("frame %q: %w", raw, err)
	}
	return f, nil
}

// next returns the first frame that fits, from those that were passed over or
// from the network.
func (s *sock) next(what string, fits func(object) bool) object {
	s.t.Helper()
	for i, f := range s.seen {
		if fits(f) {
			s.seen = append(s.seen[:i:i], s.seen[i+1:]...)
			return f
		}
	}
	for {
		f, err := s.read()
		if err != nil {
			s.t.Fatalf("waiting for %s: %v; passed over: %v", what, err, s.seen)
		}
		if fits(f) {
			return f
		}
		s.seen = append(s.seen, f)
	}
}

// ask sends a frame and returns its answer.
func (s *sock) ask(f object) object {
	s.t.Helper()
	id, ok := f["id"].(string)
	if !ok {
		id = newID()
		f["id"] = id
	}
	s.write(f)
	return s.next("the answer to "+fmt.Sprint(f["type"]), func(got object) bool { return got["id"] == id })
}

// done asks and wants success.
func (s *sock) done(f object) object {
	s.t.Helper()
	answer := s.ask(f)
	if answer["ok"] != true {
		s.t.Fatalf("%v: %v", f, answer)
	}
	return answer
}

// event waits for an event of a room.
func (s *sock) event(room string, seq int64) object {
	s.t.Helper()
	return s.next(fmt.Sprintf("event %d", seq), func(f object) bool {
		return f["topic"] == "room:"+room && f["seq"] == float64(seq)
	})
}

// closed reads until the connection ends and returns the code.
func (s *sock) closed() websocket.StatusCode {
	s.t.Helper()
	for {
		if _, err := s.read(); err != nil {
			if code := websocket.CloseStatus(err); code != -1 {
				return code
			}
			return 1006
		}
	}
}
