package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/api"
	"parley/hub"
	"parley/rooms"
	"parley/store"
)

func TestCommandsOverTheRateAreRefusedAndAFloodIsCut(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) {
		c.Limits.Commands = api.Rate{PerSecond: 0.01, Burst: 3}
		c.Limits.Flood = api.Rate{PerSecond: 0.01, Burst: 20}
	}})
	n := w.negotiate() // the invitation was the sponsor's first command
	s := n.sponsor.dial()
	say := func() object { return object{"type": "message", "room": n.room, "text": "x"} }
	for range 2 {
		s.done(say())
	}
	got := s.ask(say())
	retry, _ := at(got, "error.details.retry_after_ms").(float64)
	if at(got, "error.code") != "rate_limited" || retry < 1 {
		t.Fatalf("over the rate: %v", got)
	}
	// Over REST it is the same limit, and the other user has their own.
	n.sponsor.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "message", "text": "x"}).
		refused(429, "rate_limited", "")
	other := n.influencer.dial()
	other.done(say())

	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for range 50 {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			err := s.Write(ctx, websocket.MessageText, []byte(`{"type":"typing","room":"`+n.room+`"}`))
			cancel()
			if err != nil {
				return
			}
		}
	}()
	if code := s.closed(); code != 4101 {
		t.Errorf("a flood is closed with %d, want 4101", code)
	}
	<-flooded
	other.done(say())
}

// Answers come by the store's delivery; a client may have so many commands on
// the way and no more.
func TestCommandsInFlightAreBounded(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Limits.InFlight = 1 }})
	n := w.negotiate()
	s := n.sponsor.dial()
	ids := make(map[string]bool)
	for range 200 {
		id := newID()
		ids[id] = true
		s.write(object{"id": id, "type": "message", "room": n.room, "text": "x"})
	}
	done, refused := 0, 0
	for len(ids) > 0 {
		got := s.next("an answer", func(f object) bool { id, _ := f["id"].(string); return ids[id] })
		delete(ids, got["id"].(string))
		switch {
		case got["ok"] == true:
			done++
		case at(got, "error.code") == "rate_limited":
			refused++
		default:
			t.Fatalf("answer: %v", got)
		}
	}
	if done == 0 || refused == 0 {
		t.Errorf("%d done, %d refused", done, refused)
	}
	if head := n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200).number("seq"); head != int64(2+done) {
		t.Errorf("%d were done, the log ends with %d", done, head)
	}
}

// A client that stops reading is cut with a code that says "resume"; nobody
// waits for it.
func TestAClientThatNeverReadsHoldsNobodyUp(t *testing.T) {
	w := start(t, options{
		sendBuffer: 32 << 10,
		hub:        func(c *hub.Config) { c.MaxQueue = 64 << 10 },
		config:     func(c *api.Config) { c.WriteTimeout, c.Linger = patience, patience },
	})
	n := w.negotiate()
	topic := "room:" + n.room
	stuck := n.influencer.dial()
	stuck.done(object{"type": "join", "topic": topic, "after": 2})
	reader, writer := n.sponsor.dial(), n.sponsor.dial()
	reader.done(object{"type": "join", "topic": topic, "after": 2})
	text := strings.Repeat("x", 4000)
	before := w.hub.Stats().SlowClosed
	last := int64(2)
	for deadline := time.Now().Add(patience); w.hub.Stats().SlowClosed == before; {
		if time.Now().After(deadline) {
			t.Fatal("the client that does not read was never cut")
		}
		writer.done(object{"type": "message", "room": n.room, "text": text})
		last++
		reader.event(n.room, last)
	}
	// It sees why when it reads again, and has all that came before.
	seq, code := int64(2), websocket.StatusCode(0)
	for {
		f, err := stuck.read()
		if err != nil {
			code = websocket.CloseStatus(err)
			break
		}
		if f["topic"] == topic && f["seq"] != nil {
			if seq++; f["seq"] != float64(seq) {
				t.Fatalf("event %v after %d", f["seq"], seq-1)
			}
		}
	}
	if code != 4000 {
		t.Errorf("closed with %d, want 4000", code)
	}
	again := n.influencer.dial()
	again.done(object{"type": "join", "topic": topic, "after": seq})
	for seq < last {
		seq++
		again.event(n.room, seq)
	}
}

// The library and the server beneath keep connections and buffers for the next
// client. A writer that outlives its connection would reach that one: it did,
// for 119 of 300 clients, before handlers waited for their writers.
func TestNothingReachesAnotherClient(t *testing.T) {
	w := start(t, options{})
	const people, rounds = 6, 25
	negotiations := make([]*negotiation, people)
	for i := range negotiations {
		negotiations[i] = w.negotiate()
	}
	stop := make(chan struct{})
	var publishers, clients sync.WaitGroup
	for _, n := range negotiations {
		publishers.Go(func() {
			actor := rooms.Actor{ID: n.sponsor.id, Role: rooms.Sponsor}
			for {
				select {
				case <-stop:
					return
				default:
				}
				r := w.store.Do(context.Background(), store.Command{
					Room: n.room, CMID: newID(), Actor: actor, Body: rooms.Say{Text: strings.Repeat(n.room, 20)},
				})
				if r.Err != nil {
					t.Errorf("publish: %v", r.Err)
					return
				}
			}
		})
	}
	var frames atomic.Int64
	for i, n := range negotiations {
		clients.Go(func() {
			for round := range rounds {
				got, err := visit(w, n, round%3 == 0)
				frames.Add(int64(got))
				if err != nil {
					t.Errorf("client %d, round %d: %v", i, round, err)
					return
				}
			}
		})
	}
	clients.Wait()
	close(stop)
	publishers.Wait()
	if frames.Load() < people*rounds {
		t.Errorf("only %d frames were seen: this has tested nothing", frames.Load())
	}
	until(t, "all connections are gone", func() bool { return w.hub.Connections() == 0 })
}

// visit connects, joins, reads a few frames and goes, in the middle of what is
// sent. Everything it reads must be its own.
func visit(w *world, n *negotiation, politely bool) (frames int, err error) {
	conn, _, err := w.dialRaw(http.Header{
		"Origin": {"http://" + w.addr}, "Cookie": {"parley_session=" + n.influencer.cookie},
	})
	if err != nil {
		return 0, err
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	id, topic := newID(), "room:"+n.room
	join := fmt.Sprintf(`{"id":"%s","type":"join","topic":"%s"}`, id, topic)
	if err := conn.Write(ctx, websocket.MessageText, []byte(join)); err != nil {
		return 0, err
	}
	last := int64(-1)
	for frames < 12 {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return frames, err
		}
		var f struct {
			ID, Type, Topic, User string
			Seq, From             int64
			Data                  json.RawMessage
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			return frames, fmt.Errorf("%q: %w", raw, err)
		}
		switch {
		case f.Type == "welcome":
			if f.User != n.influencer.id || frames > 0 {
				return frames, fmt.Errorf("somebody else's welcome: %s", raw)
			}
		case f.ID != "":
			if f.ID != id {
				return frames, fmt.Errorf("somebody else's answer: %s", raw)
			}
			last = f.From
		case f.Topic != topic:
			return frames, fmt.Errorf("somebody else's frame: %s", raw)
		case f.Seq != 0:
			if last++; f.Seq != last || !bytes.Contains(raw, []byte(n.room)) {
				return frames, fmt.Errorf("event %d instead of %d", f.Seq, last)
			}
		}
		frames++
	}
	if politely {
		return frames, conn.Close(websocket.StatusNormalClosure, "")
	}
	return frames, nil
}

func TestGoingDownTellsEverybodyAndFinishesWhatWasBegun(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	sockets := []*sock{n.sponsor.dial(), n.influencer.dial(), n.influencer.dial()}
	idle, err := net.Dial("tcp", w.addr)
	must(t, err)
	defer idle.Close()
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.stop() }()
	for _, s := range sockets {
		_, err := s.read()
		for err == nil {
			_, err = s.read()
		}
		var closed websocket.CloseError
		if !asClose(err, &closed) || closed.Code != 4100 {
			t.Fatalf("closed with %v, want 4100", err)
		}
		var reason struct {
			After *int64 `json:"after_ms"`
		}
		if err := json.Unmarshal([]byte(closed.Reason), &reason); err != nil || reason.After == nil {
			t.Errorf("the reason %q does not say when to come back", closed.Reason)
		}
	}
	<-stopped
	if _, err := net.DialTimeout("tcp", w.addr, time.Second); err == nil {
		t.Error("the server still listens")
	}
}

func asClose(err error, into *websocket.CloseError) bool {
	closed := websocket.CloseStatus(err)
	if closed == -1 {
		return false
	}
	for err != nil {
		if c, ok := err.(websocket.CloseError); ok {
			*into = c
			return true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		err = u.Unwrap()
	}
	return false
}

func TestWhileGoingDownNewRequestsAreRefused(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	s := n.sponsor.dial()
	held := make(chan struct{})
	w.server.Hold(held)
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.stop() }()
	until(t, "the server refuses", func() bool { return w.server.Draining() })
	n.sponsor.call("GET", "/api/me", nil).want(503)
	header := http.Header{"Origin": {"http://" + w.addr}, "Cookie": {"parley_session=" + n.sponsor.cookie}}
	if _, resp, err := w.dialRaw(header); err == nil || resp == nil || resp.StatusCode != 503 {
		t.Errorf("an upgrade: %v, %v", resp, err)
	}
	if got := s.ask(object{"type": "message", "room": n.room, "text": "x"}); at(got, "error.code") != "unavailable" {
		t.Errorf("a command: %v", got)
	}
	w.send("GET", "/healthz", nil, nil).want(200)
	if r := w.send("GET", "/readyz", nil, nil).want(503); r.text("status") != "draining" {
		t.Errorf("ready: %s", r.raw)
	}
	close(held)
	<-stopped
}
