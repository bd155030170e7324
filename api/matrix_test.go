package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/uptrace/bun"

	"parley/api"
	"parley/rooms"
	"parley/store"
	"parley/store/preferences"
)

// The authorization matrix: every route of the router and every command and topic
// of the socket, asked by each of the cast. A route without a row fails the test,
// and so does a row without a route; a request that is refused must have changed
// nothing.

// right is a row of the matrix.
type right struct {
	// what is a route as the router has it, or "socket" and a command's type, or
	// "join" and a topic's kind.
	what string
	// path is where to ask, a frame's or a topic's text for the socket. {names} are
	// replaced by those of the stage; body is too.
	path, body string
	// want is the status for each of the cast, in its order. Answers of the socket
	// count as the status of the same refusal over REST.
	want string
	// set brings the stage into the state that the row needs; nil: as it is.
	set func(*stage)
	// anew has everybody replaced after each granted cell, for rows that end
	// sessions or change who people are.
	anew bool
}

// cast are the columns. Everything on the stage belongs to sponsor A; the room is
// between sponsor A and influencer A.
var cast = [...]string{
	"nobody", "unapproved", "sponsorA", "sponsorB", "influencerA", "influencerB", "flagged", "admin",
}

// stage is what a row is played on: the cast, a campaign and a room with sponsor
// A's standing offer.
type stage struct {
	w      *world
	people map[string]*person
	// names are what the rows' texts may hold in braces.
	names       map[string]string
	flaggedSlug string

	// conn is a connection of its own, which sees by its version whether any other has
	// written since digests were taken.
	conn    bun.Conn
	version int64
	digests map[string]string
}

// newStage opens a stage without a cast.
func newStage(w *world) *stage {
	w.t.Helper()
	conn, err := w.store.Reads().Conn(context.Background())
	must(w.t, err)
	t := w.t
	t.Cleanup(func() { must(t, conn.Close()) })
	return &stage{w: w, conn: conn}
}

// gather makes a new cast.
func (s *stage) gather() {
	w := s.w
	s.people = map[string]*person{"nobody": {w: w}, "admin": w.admin()}
	for name, role := range map[string]rooms.Side{
		"sponsorA": rooms.Sponsor, "sponsorB": rooms.Sponsor,
		"influencerA": rooms.Influencer, "influencerB": rooms.Influencer, "flagged": rooms.Influencer,
	} {
		s.people[name] = w.join(role)
	}
	s.people["unapproved"] = w.unapproved()
	s.flaggedSlug = s.people["flagged"].call("GET", "/api/profile", nil).want(200).text("slug")
	must(w.t, w.store.Flag(context.Background(), store.Flag{
		Kind: store.FlagUser, ID: s.people["flagged"].id, Reason: "spam", Admin: s.people["admin"].id,
	}))
}

// unapproved is a sponsor whom no admin has approved yet.
func (w *world) unapproved() *person {
	w.t.Helper()
	hash, err := api.HashPassword(password)
	must(w.t, err)
	p := &person{w: w, email: strings.ToLower(newID()) + "@example.com"}
	u, err := w.store.CreateUser(context.Background(), store.User{
		Email: p.email, Name: "A newcomer", Role: rooms.Sponsor, PasswordHash: hash,
	})
	must(w.t, err)
	p.id = u.ID
	p.call("POST", "/api/auth/login", object{"email": p.email, "password": password}).want(200)
	return p
}

// fresh makes a new campaign and a new room.
func (s *stage) fresh() {
	a, b := s.people["sponsorA"], s.people["influencerA"]
	campaign := a.campaign()
	room := a.call("POST", "/api/campaigns/"+campaign+"/invitations", object{
		"id": newID(), "influencer": b.id, "terms": terms(1000),
	}).want(201).text("room")
	s.names = map[string]string{
		"campaign": campaign, "room": room, "unknown": newID(), "offer": "2",
		"hash":         a.call("GET", "/api/rooms/"+room, nil).want(200).text("standing.terms_hash"),
		"slug":         s.people["influencerA"].call("GET", "/api/profile", nil).want(200).text("slug"),
		"flagged.slug": s.flaggedSlug, "jpeg": string(jpegBytes(s.w.t, photo(200, 200))),
		"today": time.Now().Format(time.DateOnly), "month": time.Now().UTC().Format("2006-01"), "later": time.Now().AddDate(0, 2, 0).Format(time.DateOnly),
	}
	s.names["unsubscribe"] = s.w.signer().Token(a.id, preferences.Daily)
	for name, p := range s.people {
		s.names[name] = p.id
		s.names[name+".email"] = p.email
	}
}

// do gives a command in the stage's room, which must be taken.
func (s *stage) do(who, command string) {
	s.w.t.Helper()
	s.people[who].call("POST", s.fill("/api/rooms/{room}/commands"), s.fill(command)).want(200)
}

// fill replaces the names in a text. {id} is new each time.
func (s *stage) fill(text string) string {
	for name, value := range s.names {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return strings.ReplaceAll(text, "{id}", newID())
}

// ask plays one cell and returns the status.
func (s *stage) ask(p *person, r *right) (status int, answer string) {
	kind, _, _ := strings.Cut(r.what, " ")
	switch {
	case kind == "socket" || kind == "join":
		return s.askSocket(p, r)
	case r.what == "GET /ws":
		c, resp, err := s.w.dialRaw(p.header(s.w))
		if err == nil {
			_ = c.CloseNow()
		}
		if resp == nil {
			s.w.t.Fatalf("no answer: %v", err)
		}
		return resp.StatusCode, resp.Status
	}
	who := *p // a copy keeps the cookie that an answer may set to itself
	var body any
	if r.body != "" {
		body = s.fill(r.body)
	}
	reply := who.call(kind, s.fill(r.path), body)
	return reply.status, string(reply.raw)
}

func (p *person) header(w *world) http.Header {
	header := http.Header{"Origin": {"http://" + w.addr}}
	if p.cookie != "" {
		header.Set("Cookie", "parley_session="+p.cookie)
	}
	return header
}

func (s *stage) askSocket(p *person, r *right) (status int, answer string) {
	c, resp, err := s.w.dialRaw(p.header(s.w))
	if err != nil {
		if resp == nil {
			s.w.t.Fatalf("no answer: %v", err)
		}
		return resp.StatusCode, resp.Status
	}
	sock := &sock{t: s.w.t, Conn: c}
	defer func() { _ = c.Close(websocket.StatusNormalClosure, "") }()
	kind, name, _ := strings.Cut(r.what, " ")
	f := object{}
	if kind == "join" {
		f = object{"type": "join", "topic": s.fill(r.path)}
	} else {
		must(s.w.t, json.Unmarshal([]byte(s.fill(r.path)), &f))
		f["type"] = name
	}
	answered := f
	if name == "typing" || name == "seen" {
		// Refusals of these have no id; after one that was taken, what is asked next
		// is answered first.
		sock.write(f)
		answered = object{"type": "leave", "topic": "inbox"}
	}
	id := newID()
	answered["id"] = id
	sock.write(answered)
	got := sock.next("an answer", func(f object) bool { return f["id"] == id || f["id"] == "" })
	if code, ok := at(got, "error.code").(string); ok {
		return api.StatusOf(code), fmt.Sprint(got)
	}
	return http.StatusOK, fmt.Sprint(got)
}

// state is a digest of all rows of all tables, but for those that every request
// may change.
func (s *stage) state() map[string]string {
	ctx := context.Background()
	var version int64
	must(s.w.t, s.conn.NewRaw("PRAGMA data_version").Scan(ctx, &version))
	if version == s.version {
		return s.digests
	}
	s.version = version
	var tables []string
	must(s.w.t, s.conn.NewRaw(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).Scan(ctx, &tables))
	digests := make(map[string]string)
	for _, table := range tables {
		switch {
		case table == "commands": // refusals by the rules are kept, for whoever asks again
		case table == "meta":
		case strings.HasPrefix(table, "audit"): // that somebody was refused may be noted
		case strings.Contains(table, "_fts"): // indexes of other tables
		default:
			digests[table] = s.digest(table)
		}
	}
	s.digests = digests
	return digests
}

// unheld are columns that change by themselves, some time after a request.
var unheld = []string{"read_sponsor", "read_influencer", "seen_at", "used_at", "last_seen_at"}

func (s *stage) digest(table string) string {
	rows, err := s.conn.QueryContext(context.Background(), `SELECT * FROM "`+table+`"`)
	must(s.w.t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(s.w.t, err)
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	h, n := sha256.New(), 0
	for ; rows.Next(); n++ {
		must(s.w.t, rows.Scan(into...))
		for i, v := range values {
			if !slices.Contains(unheld, names[i]) {
				fmt.Fprintf(h, "%v\x00", v)
			}
		}
	}
	must(s.w.t, rows.Err())
	return fmt.Sprintf("%d rows, %s", n, hex.EncodeToString(h.Sum(nil)[:6]))
}

func TestAuthorizationMatrix(t *testing.T) {
	w := start(t, options{})
	s := newStage(w)
	s.gather()
	for _, r := range matrix() {
		t.Run(strings.ReplaceAll(r.what, "/", "|"), func(t *testing.T) {
			whole := w.t
			w.t = t
			defer func() { w.t = whole }()
			s.play(t, &r)
		})
	}
}

// play asks by each of the cast. Only an answer that may have changed something
// needs the stage to be set anew.
func (s *stage) play(t *testing.T, r *right) {
	want := strings.Fields(r.want)
	if len(want) != len(cast) {
		t.Fatalf("%q has not a status for each of %v", r.want, cast)
	}
	set := func() {
		if r.anew {
			s.gather()
		}
		s.fresh()
		if r.set != nil {
			r.set(s)
		}
	}
	set()
	before := s.state()
	var got []string
	for i, name := range cast {
		status, answer := s.ask(s.people[name], r)
		got = append(got, strconv.Itoa(status))
		if got[i] != want[i] {
			t.Errorf("%s: %d, want %s: %s", name, status, want[i], answer)
		}
		if status >= http.StatusBadRequest {
			if after := s.state(); !maps.Equal(before, after) {
				t.Errorf("%s was refused with %d, but something changed:\n%v\n%v", name, status, before, after)
				before = after
			}
			continue
		}
		if r.anew || i < len(cast)-1 && changes(r.what) {
			set()
			before = s.state()
		}
	}
	if t.Failed() {
		t.Logf("got: %s", strings.Join(got, " "))
	}
}

// changes tells whether what is asked may change something when it is granted.
func changes(what string) bool {
	return !strings.HasPrefix(what, "GET ") && !strings.HasPrefix(what, "join ")
}

func TestTheMatrixHasEveryRoute(t *testing.T) {
	w := start(t, options{})
	want := make(map[string]bool)
	for _, route := range w.server.Routes() {
		want[route] = true
	}
	for _, kind := range api.FrameKinds() {
		if kind != "join" && kind != "leave" { // rows of the topics
			want["socket "+kind] = true
		}
	}
	for _, kind := range api.TopicKinds() {
		want["join "+kind] = true
	}
	have := make(map[string]bool)
	for _, r := range matrix() {
		have[r.what] = true
	}
	for what := range want {
		if !have[what] {
			t.Errorf("no row for %q: add one to the matrix", what)
		}
	}
	for what := range have {
		if !want[what] {
			t.Errorf("a row for %q, which the server does not have", what)
		}
	}
}

// A stage notices a change: the check that refusals change nothing can fail.
func TestTheStageNoticesChanges(t *testing.T) {
	w := start(t, options{})
	s := newStage(w)
	s.gather()
	s.fresh()
	before := s.state()
	if !maps.Equal(before, s.state()) {
		t.Fatal("looking changes something")
	}
	s.people["sponsorA"].call("PATCH", s.fill("/api/campaigns/{campaign}"), object{"name": "Autumn"}).want(200)
	renamed := s.state()
	if before["campaigns"] == renamed["campaigns"] {
		t.Error("a changed row is not noticed")
	}
	s.do("sponsorA", `{"id":"{id}","type":"message","text":"x"}`)
	if after := s.state(); after["events"] == renamed["events"] || bytes.HasPrefix([]byte(after["events"]), []byte("0 rows")) {
		t.Errorf("a new event is not noticed: %v", after)
	}
}
