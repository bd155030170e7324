package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/api"
	"parley/hub"
	"parley/rooms"
)

func TestWhoMayOpenASocket(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Origins = []string{"https://partner.example"} }})
	p := w.join(rooms.Sponsor)
	cookie, own := "parley_session="+p.cookie, "http://"+w.addr
	token := "Bearer " + p.token()
	for name, c := range map[string]struct {
		header http.Header
		status int
		code   string
	}{
		"own page":               {http.Header{"Origin": {own}, "Cookie": {cookie}}, 101, ""},
		"allowed page":           {http.Header{"Origin": {"https://partner.example"}, "Cookie": {cookie}}, 101, ""},
		"program with a token":   {http.Header{"Authorization": {token}}, 101, ""},
		"own page with a token":  {http.Header{"Origin": {own}, "Authorization": {token}}, 101, ""},
		"foreign page":           {http.Header{"Origin": {"http://evil.example"}, "Cookie": {cookie}}, 403, "forbidden"},
		"foreign with a token":   {http.Header{"Origin": {"http://evil.example"}, "Authorization": {token}}, 403, "forbidden"},
		"page of no origin":      {http.Header{"Origin": {"null"}, "Cookie": {cookie}}, 403, "forbidden"},
		"other port":             {http.Header{"Origin": {"http://127.0.0.1:1"}, "Cookie": {cookie}}, 403, "forbidden"},
		"own host as user":       {http.Header{"Origin": {own + "@evil.example"}, "Cookie": {cookie}}, 403, "forbidden"},
		"cookie without origin":  {http.Header{"Cookie": {cookie}}, 403, "forbidden"},
		"nobody":                 {http.Header{"Origin": {own}}, 401, "unauthenticated"},
		"made-up cookie":         {http.Header{"Origin": {own}, "Cookie": {"parley_session=abc"}}, 401, "unauthenticated"},
		"made-up token":          {http.Header{"Authorization": {"Bearer abc"}}, 401, "unauthenticated"},
		"token of another kind":  {http.Header{"Authorization": {"Basic abc"}}, 401, "unauthenticated"},
		"believes no proxy host": {http.Header{"Origin": {"http://evil.example"}, "X-Forwarded-Host": {"evil.example"}, "Cookie": {cookie}}, 403, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, resp, err := w.dialRaw(c.header)
			if conn != nil {
				defer conn.CloseNow()
			}
			if resp == nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, c.status)
			}
			if c.code != "" {
				body := make([]byte, 512)
				n, _ := resp.Body.Read(body)
				if !strings.Contains(string(body[:n]), `"`+c.code+`"`) {
					t.Errorf("the refusal is %s", body[:n])
				}
			}
		})
	}
	w.send("GET", "/ws", nil, http.Header{"Cookie": {cookie}}).refused(426, "malformed", "")
}

func TestSocketsOfBadInput(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	s := n.influencer.dial()
	counter := func(fee string) string {
		return fmt.Sprintf(`{"id":"%s","type":"counter","room":"%s","offer_seq":2,"terms":{"fee":%s}}`, newID(), n.room, fee)
	}
	for name, c := range map[string]struct{ frame, code, field string }{
		"malformed":      {`{"id":"a",`, "malformed", ""},
		"a list":         {`[]`, "malformed", ""},
		"unknown type":   {`{"id":"a","type":"buy"}`, "invalid", "type"},
		"unknown field":  {`{"id":"a","type":"leave","topic":"inbox","x":1}`, "invalid", "x"},
		"unknown topic":  {`{"id":"a","type":"join","topic":"all"}`, "invalid", "topic"},
		"fee of 10^18":   {counter(`{"amount":1000000000000000000,"currency":"EUR"}`), "invalid", "terms.fee.amount"},
		"fee of 10^19":   {counter(`{"amount":10000000000000000000,"currency":"EUR"}`), "invalid", "terms.fee.amount"},
		"negative fee":   {counter(`{"amount":-5,"currency":"EUR"}`), "invalid", "terms.fee.amount"},
		"zero fee":       {counter(`{"amount":0,"currency":"EUR"}`), "invalid", "terms.fee.amount"},
		"fractional fee": {counter(`{"amount":10.5,"currency":"EUR"}`), "invalid", "terms.fee.amount"},
		"other currency": {counter(`{"amount":10,"currency":"USD"}`), "invalid", "terms.fee.currency"},
		"no currency":    {counter(`{"amount":10}`), "invalid", "terms.fee.currency"},
		"foreign topic":  {`{"id":"a","type":"join","topic":"feed"}`, "forbidden", ""},
		"no such room":   {`{"id":"a","type":"join","topic":"room:` + newID() + `"}`, "not_found", ""},
		"room of no id":  {`{"id":"a","type":"join","topic":"room:x"}`, "not_found", ""},
		"typing nowhere": {`{"type":"typing","room":"` + newID() + `"}`, "not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.write(c.frame)
			got := s.next("the refusal", func(f object) bool { return f["error"] != nil })
			field := at(got, "error.field")
			if field == nil {
				field = ""
			}
			if at(got, "error.code") != c.code || field != c.field || at(got, "error.message") == "" {
				t.Fatalf("%s: %v", c.frame, got)
			}
		})
	}
	s.t = t
	// Nothing has changed, and the connection goes on.
	if joined := s.done(object{"type": "join", "topic": "room:" + n.room}); joined["seq"] != 2.0 {
		t.Fatalf("after the refusals: %v", joined)
	}
	for name, c := range map[string]struct {
		kind  websocket.MessageType
		frame string
		code  websocket.StatusCode
	}{
		"too big":    {websocket.MessageText, `{"id":"` + strings.Repeat("x", 16<<10) + `"}`, 1009},
		"far bigger": {websocket.MessageText, strings.Repeat(" ", 1<<20), 1009},
		"binary":     {websocket.MessageBinary, `{}`, 1003},
		"not UTF-8":  {websocket.MessageText, "{\"id\":\"\xff\xfe\"}", 1007},
	} {
		t.Run(name, func(t *testing.T) {
			s := n.influencer.dial()
			s.t = t
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			// The server may stop reading before all is written.
			_ = s.Write(ctx, c.kind, []byte(c.frame))
			if code := s.closed(); code != c.code {
				t.Errorf("closed with %d, want %d", code, c.code)
			}
		})
	}
	s.done(object{"type": "leave", "topic": "room:" + n.room})
}

// A frame of exactly the limit is taken.
func TestFrameOfTheLargestSize(t *testing.T) {
	w := start(t, options{})
	s := w.join(rooms.Sponsor).dial()
	frame := `{"id":"a","type":"join","topic":"inbox"}`
	s.write(frame + strings.Repeat(" ", 16<<10-len(frame)))
	s.next("the answer", func(f object) bool { return f["id"] == "a" && f["ok"] == true })
}

func TestOthersRoomsDoNotExist(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	for _, role := range []rooms.Side{rooms.Sponsor, rooms.Influencer} {
		stranger := w.join(role)
		s := stranger.dial()
		for _, f := range []object{
			{"type": "join", "topic": "room:" + n.room},
			{"type": "join", "topic": "room:" + n.room, "after": 0},
			{"type": "leave", "topic": "room:" + n.room},
			{"type": "message", "room": n.room, "text": "hello"},
			{"type": "withdraw", "room": n.room, "offer_seq": 2},
		} {
			if got := s.ask(f); at(got, "error.code") != "not_found" {
				t.Errorf("%v: %v", f, got)
			}
		}
		stranger.call("GET", "/api/rooms/"+n.room, nil).refused(404, "not_found", "")
		stranger.call("GET", "/api/rooms/"+n.room+"/events", nil).refused(404, "not_found", "")
		stranger.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "reopen"}).
			refused(404, "not_found", "")
		stranger.call("GET", "/api/rooms/not-an-id", nil).refused(404, "not_found", "")
	}
}

func TestSameCommandOverSocketAndREST(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	s := n.influencer.dial()
	id := newID()
	body := object{"id": id, "type": "message", "text": "hello"}
	first := n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", body).want(200)
	again := n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", body).want(200)
	if first.number("seq") != 3 || again.number("seq") != 3 || again.body["duplicate"] != true ||
		again.text("at") != first.text("at") {
		t.Fatalf("first %s, again %s", first.raw, again.raw)
	}
	over := s.done(object{"id": id, "type": "message", "room": n.room, "text": "hello"})
	if over["seq"] != 3.0 || over["duplicate"] != true || over["at"] != first.text("at") {
		t.Fatalf("over the socket: %v", over)
	}
	if got := s.ask(object{"id": id, "type": "message", "room": n.room, "text": "other"}); at(got, "error.code") != "cmid_conflict" {
		t.Fatalf("other content: %v", got)
	}
	// A refusal by the rules is a result too.
	id = newID()
	body = object{"id": id, "type": "withdraw", "offer_seq": 2}
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", body).refused(409, "not_allowed", "")
	if got := s.ask(object{"id": id, "type": "withdraw", "room": n.room, "offer_seq": 2}); at(got, "error.code") != "not_allowed" {
		t.Fatalf("the refusal again: %v", got)
	}
}

func TestStaleAcceptTellsWhatStands(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	sponsor, influencer := n.sponsor.dial(), n.influencer.dial()
	joined := influencer.done(object{"type": "join", "topic": "room:" + n.room})
	hash := at(joined, "snapshot.standing.terms_hash")
	sponsor.done(object{"type": "withdraw", "room": n.room, "offer_seq": 2})
	sponsor.done(object{"type": "offer", "room": n.room, "terms": terms(900)})
	got := influencer.ask(object{"type": "accept", "room": n.room, "offer_seq": 2, "terms_hash": hash})
	if at(got, "error.code") != "stale_offer" || at(got, "error.details.standing.seq") != 4.0 {
		t.Fatalf("stale accept: %v", got)
	}
	diff, _ := at(got, "error.details.diff").([]any)
	if len(diff) != 1 || at(diff[0], "section") != "fee" || at(diff[0], "from.amount") != 1000.0 || at(diff[0], "to.amount") != 900.0 {
		t.Fatalf("the diff: %v", diff)
	}
}

func TestResumeGetsEveryEventOnce(t *testing.T) {
	w := start(t, options{hub: func(c *hub.Config) { c.PageSize = 4 }})
	n := w.negotiate()
	topic := "room:" + n.room
	reader, writer := n.sponsor.dial(), n.influencer.dial()
	reader.done(object{"type": "join", "topic": topic, "after": 2})
	say := func() {
		writer.done(object{"type": "message", "room": n.room, "text": "x"})
	}
	say()
	reader.event(n.room, 3)
	must(t, reader.CloseNow())
	for range 10 { // seq 4 to 13
		say()
	}
	reader = n.sponsor.dial()
	after := int64(3)
	for {
		joined := reader.done(object{"type": "join", "topic": topic, "after": after})
		if joined["seq"] != 13.0 || joined["from"] != float64(after) || joined["snapshot"] != nil {
			t.Fatalf("resumed: %v", joined)
		}
		if joined["more"] == false {
			break
		}
		for range 4 {
			after++
			reader.event(n.room, after)
		}
	}
	for after < 13 {
		after++
		reader.event(n.room, after)
	}
	say()
	reader.event(n.room, 14)
	for _, f := range reader.seen {
		if f["topic"] == topic && f["seq"] != nil {
			t.Errorf("an event too many: %v", f)
		}
	}
	// Of another history nothing is worth anything.
	reset := reader.done(object{"type": "join", "topic": topic, "after": 14, "epoch": "other"})
	if reset["reset"] != true || at(reset, "snapshot.seq") != 14.0 {
		t.Errorf("another epoch: %v", reset)
	}
	ahead := reader.done(object{"type": "join", "topic": topic, "after": 99})
	if ahead["reset"] != true {
		t.Errorf("ahead of the log: %v", ahead)
	}
}

func TestPresenceTypingAndSeen(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	topic := "room:" + n.room
	sponsor, influencer := n.sponsor.dial(), n.influencer.dial()
	sponsor.done(object{"type": "join", "topic": topic})
	influencer.done(object{"type": "join", "topic": topic})
	here := func(ids ...string) func(object) bool {
		return func(f object) bool {
			list, ok := f["data"].([]any)
			if f["topic"] != topic || f["type"] != "presence" || !ok || len(list) != len(ids) {
				return false
			}
			for _, id := range ids {
				found := false
				for _, m := range list {
					found = found || at(m, "id") == id && at(m, "side") != nil
				}
				if !found {
					return false
				}
			}
			return true
		}
	}
	sponsor.next("both are here", here(n.sponsor.id, n.influencer.id))
	influencer.next("both are here", here(n.sponsor.id, n.influencer.id))

	sponsor.write(object{"type": "typing", "room": n.room})
	got := influencer.next("typing", func(f object) bool { return f["type"] == "typing" })
	if got["topic"] != topic || at(got, "data.id") != n.sponsor.id || at(got, "data.side") != "sponsor" || got["seq"] != nil {
		t.Errorf("typing: %v", got)
	}
	influencer.write(object{"type": "seen", "room": n.room, "seq": 2})
	got = sponsor.next("seen", func(f object) bool { return f["type"] == "seen" })
	if at(got, "data.side") != "influencer" || at(got, "data.seq") != 2.0 {
		t.Errorf("seen: %v", got)
	}
	until(t, "seen is stored", func() bool {
		return n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200).number("seen.influencer") == 2
	})
	// Nobody has seen what has not happened, not even when the marker is written after
	// it has: a marker of other people that is given later is written no earlier.
	influencer.write(object{"type": "seen", "room": n.room, "seq": 1 << 60})
	got = sponsor.next("seen", func(f object) bool { return f["type"] == "seen" })
	if at(got, "data.seq") != 2.0 {
		t.Errorf("told to have seen what there is not: %v", got)
	}
	sponsor.done(object{"type": "message", "room": n.room, "text": "unseen"})
	others := w.negotiate()
	// This one has not joined the room.
	others.influencer.dial().write(object{"type": "seen", "room": others.room, "seq": 99})
	until(t, "the later marker is stored", func() bool {
		return others.sponsor.call("GET", "/api/rooms/"+others.room, nil).want(200).number("seen.influencer") == 2
	})
	if got := n.influencer.call("GET", "/api/rooms", nil).want(200); got.number("unread_total") != 1 {
		t.Errorf("unread after seeing too much: %s", got.raw)
	}
	must(t, influencer.CloseNow())
	sponsor.next("one is left", here(n.sponsor.id))
}

func TestInboxAndFeedTellOfEveryRoom(t *testing.T) {
	w := start(t, options{})
	sponsor, influencer, admin := w.join(rooms.Sponsor), w.join(rooms.Influencer), w.admin()
	inbox, feed := influencer.dial(), admin.dial()
	inbox.done(object{"type": "join", "topic": "inbox"})
	feed.done(object{"type": "join", "topic": "feed"})
	campaign := sponsor.campaign()
	room := sponsor.call("POST", "/api/campaigns/"+campaign+"/invitations", object{
		"id": newID(), "influencer": influencer.id, "terms": terms(1000), "message": "hello",
	}).want(201).text("room")
	got := inbox.next("the room in the inbox", func(f object) bool { return f["topic"] == "inbox" && at(f, "data.room") == room })
	if got["type"] != "room" || at(got, "data.seq") != 3.0 || at(got, "data.turn") != "influencer" ||
		at(got, "data.unread") != 3.0 || at(got, "data.standing.fee.amount") != 1000.0 || at(got, "data.deal") != nil {
		t.Errorf("inbox: %v", got)
	}
	for seq := int64(1); seq <= 3; seq++ {
		got := feed.next("the feed", func(f object) bool { return f["topic"] == "feed" && f["seq"] == float64(seq) })
		if at(got, "data.seq") != float64(seq) || at(got, "data.room") != room || at(got, "context.campaign") != campaign {
			t.Errorf("feed: %v", got)
		}
	}
	// An admin reads along and does not negotiate.
	joined := feed.done(object{"type": "join", "topic": "room:" + room})
	if at(joined, "snapshot.status") != "invited" {
		t.Errorf("an admin's join: %v", joined)
	}
	if got := feed.ask(object{"type": "message", "room": room, "text": "x"}); at(got, "error.code") != "forbidden" {
		t.Errorf("an admin's message: %v", got)
	}
	feed.write(object{"type": "typing", "room": room})
	feed.next("an admin does not type", func(f object) bool { return at(f, "error.code") == "forbidden" })
}

// Whatever comes with the handshake is in a buffer that the next request gets.
func TestFramesBeforeTheHandshakesAnswerAreRefused(t *testing.T) {
	w := start(t, options{})
	token := w.join(rooms.Sponsor).token()
	handshake := "GET /ws HTTP/1.1\r\nHost: " + w.addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer " + token + "\r\n\r\n"
	for early, want := range map[string]string{"": "welcome", "\x89\x80\x00\x00\x00\x00": ""} {
		c, err := net.Dial("tcp", w.addr)
		must(t, err)
		defer c.Close()
		must(t, c.SetDeadline(time.Now().Add(patience)))
		_, err = c.Write([]byte(handshake + early))
		must(t, err)
		r := bufio.NewReader(c)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 101 {
			t.Fatalf("handshake: %v, %v", resp, err)
		}
		frame := make([]byte, 64)
		n, _ := io.ReadFull(r, frame)
		if got := string(frame[:n]); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("with %d bytes ahead came %q, want %q", len(early), got, want)
		}
	}
}

func TestClientsPingsAreAnswered(t *testing.T) {
	w := start(t, options{})
	s := w.join(rooms.Sponsor).dial()
	reading := s.CloseRead(context.Background())
	ctx, cancel := context.WithTimeout(reading, patience)
	defer cancel()
	must(t, s.Ping(ctx))
}

func TestSilentClientsAreClosed(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Heartbeat = 2 * time.Second }})
	p := w.join(rooms.Sponsor)
	// A client that reads answers pings by itself and stays.
	awake := p.dial()
	go func() { // until the test ends
		for {
			if _, err := awake.read(); err != nil {
				return
			}
		}
	}()
	// One that does not read does not answer.
	asleep := p.dial()
	before := w.hub.Connections()
	until(t, "the silent one is closed", func() bool { return w.hub.Connections() == before-1 })
	if code := asleep.closed(); code != 4001 {
		t.Errorf("closed with %d, want 4001", code)
	}
	if w.hub.Connections() != 1 {
		t.Error("the one that answers was closed too")
	}
}

// What was given in another history is not carried out in this one.
func TestACommandOfAnotherEpochIsRefused(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	path := "/api/rooms/" + n.room + "/commands"
	say := object{"id": newID(), "type": "message", "text": "still there?"}
	send := func(epoch string) *reply {
		return w.send("POST", path, say, http.Header{"Cookie": {"parley_session=" + n.sponsor.cookie}, "Parley-Epoch": {epoch}})
	}
	send("of before").refused(409, "restored", "")
	if seq := n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200).number("seq"); seq != 2 {
		t.Errorf("the room has %d events", seq)
	}
	if first := send(w.store.Epoch()).want(200); first.number("seq") != 3 || first.body["duplicate"] != nil {
		t.Errorf("in its own epoch: %s", first.raw)
	}
}
