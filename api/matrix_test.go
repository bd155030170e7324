package api_test

import (
	"context"
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

	"parley/api"
	"parley/rooms"
	"parley/store"
	"parley/store/preferences"
)

// The authorization matrix: every route of the router and every command and topic
// of the socket, asked by each of the cast. A route without a row fails the test,
// and so does a row without a route; a request that is refused, and one that only
// reads, must have changed nothing.

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
	// ends says that who is granted it has no session afterwards and logs in again.
	ends bool
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
	names map[string]string
	// kept are the names that every room and campaign leaves as they are.
	kept map[string]string
}

// newStage opens a stage with a cast, a campaign and a room.
func newStage(w *world) *stage {
	w.t.Helper()
	s := &stage{w: w}
	s.watch()
	s.gather()
	s.fresh()
	return s
}

// gather makes the cast.
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
	s.kept = map[string]string{
		"slug":         s.people["influencerA"].call("GET", "/api/profile", nil).want(200).text("slug"),
		"flagged.slug": s.people["flagged"].call("GET", "/api/profile", nil).want(200).text("slug"),
		"jpeg":         string(jpegBytes(w.t, photo(200, 200))),
		"unsubscribe":  w.signer().Token(s.people["sponsorA"].id, preferences.Daily),
		"unknown":      newID(), "offer": "2",
		"today": time.Now().UTC().Format(time.DateOnly), "month": time.Now().UTC().Format("2006-01"),
		"later": time.Now().UTC().AddDate(0, 2, 0).Format(time.DateOnly),
	}
	for name, p := range s.people {
		s.kept[name] = p.id
		s.kept[name+".email"] = p.email
	}
	must(w.t, w.store.Flag(context.Background(), store.Flag{
		Kind: store.FlagUser, ID: s.people["flagged"].id, Reason: "spam", Admin: s.people["admin"].id,
	}))
}

// unapproved is a sponsor whom no admin has approved yet.
func (w *world) unapproved() *person {
	w.t.Helper()
	return w.known(store.User{Name: "A newcomer", Role: rooms.Sponsor})
}

// fresh makes a new campaign and a new room.
func (s *stage) fresh() {
	a, b := s.people["sponsorA"], s.people["influencerA"]
	campaign := a.campaign()
	room := a.call("POST", "/api/campaigns/"+campaign+"/invitations", object{
		"id": newID(), "influencer": b.id, "terms": terms(1000),
	}).want(201).text("room")
	s.names = maps.Clone(s.kept)
	s.names["campaign"], s.names["room"] = campaign, room
	s.names["hash"] = a.call("GET", "/api/rooms/"+room, nil).want(200).text("standing.terms_hash")
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
	if r.body == "{jpeg}" {
		body = []byte(s.names["jpeg"])
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

// watch has the database count each table's changes, but for tables that every
// request may change.
func (s *stage) watch() {
	ctx := context.Background()
	reads := s.w.store.Reads()
	var tables []string
	// Virtual tables and what they keep are indexes of others.
	must(s.w.t, reads.NewRaw(`SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_%'`).Scan(ctx, &tables))
	queries := []string{`CREATE TABLE changes (of TEXT PRIMARY KEY, n INTEGER NOT NULL)`}
	for _, table := range tables {
		switch {
		case table == "commands": // refusals by the rules are kept, for whoever asks again
			continue
		case table == "meta": // counts every transaction, those of the columns below too
			continue
		case strings.HasPrefix(table, "audit"): // that somebody was refused may be noted
			continue
		}
		var columns, differ []string
		must(s.w.t, reads.NewRaw(`SELECT name FROM pragma_table_info(?)`, table).Scan(ctx, &columns))
		for _, column := range columns {
			if !slices.Contains(unheld, column) {
				differ = append(differ, fmt.Sprintf("OLD.%[1]q IS NOT NEW.%[1]q", column))
			}
		}
		count := fmt.Sprintf(`BEGIN UPDATE changes SET n = n + 1 WHERE of = '%s'; END`, table)
		queries = append(queries,
			fmt.Sprintf(`INSERT INTO changes VALUES ('%s', 0)`, table),
			fmt.Sprintf(`CREATE TRIGGER %q AFTER INSERT ON %q %s`, "watch_insert_"+table, table, count),
			fmt.Sprintf(`CREATE TRIGGER %q AFTER DELETE ON %q %s`, "watch_delete_"+table, table, count),
			fmt.Sprintf(`CREATE TRIGGER %q AFTER UPDATE ON %q WHEN %s %s`, "watch_update_"+table, table, strings.Join(differ, " OR "), count),
		)
	}
	s.write(queries...)
}

// write runs statements in the store's own writer.
func (s *stage) write(queries ...string) {
	s.w.t.Helper()
	_, err := store.Write(context.Background(), s.w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		for _, query := range queries {
			if _, err := tx.DB.ExecContext(ctx, query); err != nil {
				return struct{}{}, fmt.Errorf("%s: %w", query, err)
			}
		}
		return struct{}{}, nil
	})
	must(s.w.t, err)
}

// unheld are columns that change by themselves, some time after a request.
var unheld = []string{"read_sponsor", "read_influencer", "follows", "seen_at", "used_at", "last_seen_at"}

// state is how often each table has changed.
func (s *stage) state() map[string]int {
	var rows []struct {
		Of string
		N  int
	}
	must(s.w.t, s.w.store.Reads().NewRaw(`SELECT of, n FROM changes`).Scan(context.Background(), &rows))
	state := make(map[string]int, len(rows))
	for _, row := range rows {
		state[row.Of] = row.N
	}
	return state
}

func TestAuthorizationMatrix(t *testing.T) {
	w := start(t, options{})
	s := newStage(w)
	for _, r := range matrix() {
		t.Run(strings.ReplaceAll(r.what, "/", "|"), func(t *testing.T) {
			whole := w.t
			w.t = t
			defer func() { w.t = whole }()
			s.play(t, &r)
		})
	}
}

// play asks by each of the cast. Only an answer that may have changed what the row
// speaks of needs the stage to be set anew.
func (s *stage) play(t *testing.T, r *right) {
	want := strings.Fields(r.want)
	if len(want) != len(cast) {
		t.Fatalf("%q has not a status for each of %v", r.want, cast)
	}
	set := func() {
		if r.set == nil && !strings.Contains(r.path+r.body, "{room}") && !strings.Contains(r.path+r.body, "{campaign}") {
			return
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
		if status >= http.StatusBadRequest || !changes(r.what) {
			if after := s.state(); !maps.Equal(before, after) {
				t.Errorf("%s got %d, but something changed:\n%v\n%v", name, status, before, after)
				before = after
			}
			continue
		}
		if r.ends {
			s.people[name].logIn()
		}
		if i < len(cast)-1 {
			set()
		}
		before = s.state()
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
	before := s.state()
	if !maps.Equal(before, s.state()) {
		t.Fatal("looking changes something")
	}
	s.people["sponsorA"].call("PATCH", s.fill("/api/campaigns/{campaign}"), object{"name": "Autumn"}).want(200)
	renamed := s.state()
	if before["campaign_rows"] == renamed["campaign_rows"] {
		t.Error("a changed row is not noticed")
	}
	s.write(`UPDATE campaign_rows SET name = name`, `UPDATE ad_request_heads SET read_sponsor = read_sponsor + 1`)
	if again := s.state(); !maps.Equal(again, renamed) {
		t.Errorf("what stays, or is not held, counts as changed: %v, %v", renamed, again)
	}
	s.do("sponsorA", `{"id":"{id}","type":"message","text":"x"}`)
	if after := s.state(); after["events"] == renamed["events"] {
		t.Errorf("a new event is not noticed: %v", after)
	}
}
