package api_test

import (
	"context"
	"encoding/json"
	"testing"

	"parley/hub"
	"parley/hub/membus"
	"parley/rooms"
	"parley/store"
	"parley/store/notices"
)

// notify adds a notice as another part of the server would.
func (w *world) notify(user, kind, data string) {
	w.t.Helper()
	_, err := store.Write(context.Background(), w.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		return struct{}{}, notices.Add(ctx, t, notices.Notice{User: user, Kind: kind, Data: json.RawMessage(data)})
	})
	must(w.t, err)
}

func TestNotices(t *testing.T) {
	w := start(t, options{})
	p, other := w.join(rooms.Sponsor), w.join(rooms.Influencer)
	s, elsewhere := p.dial(), other.dial()
	s.done(object{"type": "join", "topic": "inbox"})
	elsewhere.done(object{"type": "join", "topic": "inbox"})
	w.notify(p.id, "approved", `{}`)
	w.notify(p.id, "refused", `{"reason":"no papers"}`)
	w.notify(other.id, "hello", `{}`)
	isNotice := func(f object) bool { return f["topic"] == "inbox" && f["type"] == "notice" }
	if f := s.next("a ping", isNotice); at(f, "data.kind") != "approved" || f["seq"] != nil {
		t.Errorf("pinged with %v", f)
	}
	if f := elsewhere.next("a ping", isNotice); at(f, "data.kind") != "hello" {
		t.Errorf("another was pinged with %v", f)
	}

	list := p.call("GET", "/api/notices", nil).want(200)
	items := list.items()
	if len(items) != 2 || list.number("unread") != 2 || at(items[0], "data.reason") != "no papers" || at(items[1], "kind") != "approved" {
		t.Fatalf("listed: %s", list.raw)
	}
	p.call("POST", "/api/notices/read", object{"up_to": at(items[1], "id")}).want(204)
	if list := p.call("GET", "/api/notices?limit=1", nil).want(200); list.number("unread") != 1 || list.text("next_cursor") == "" {
		t.Errorf("after the older was read: %s", list.raw)
	}
	p.call("POST", "/api/notices/read", object{}).want(204)
	if list := p.call("GET", "/api/notices", nil).want(200); list.number("unread") != 0 {
		t.Errorf("after all were read: %s", list.raw)
	}
	s.next("word of the reading to other tabs", func(f object) bool { return isNotice(f) && at(f, "data.kind") == "read" })
	w.send("GET", "/api/notices", nil, nil).refused(401, "unauthenticated", "")
}

// Two instances with a bus: who is connected to the other one is pinged too.
func TestNoticesReachOtherInstances(t *testing.T) {
	network := membus.NewBroker()
	joined := func(name string) func(*hub.Config) {
		return func(c *hub.Config) { c.Bus, c.Instance = network.Bus(), name }
	}
	first := start(t, options{hub: joined("one")})
	second := start(t, options{database: first.database, hub: joined("two")})
	p := first.join(rooms.Sponsor)
	there := &person{w: second, id: p.id, cookie: p.cookie}
	s := there.dial()
	s.done(object{"type": "join", "topic": "inbox"})
	told := make(chan struct{})
	go func() {
		defer close(told)
		for {
			if f, err := s.read(); err != nil || f["type"] == "notice" {
				return
			}
		}
	}()
	// The bus may not carry the topic yet when the join is answered.
	until(t, "the other instance tells", func() bool {
		first.notify(p.id, "approved", `{}`)
		select {
		case <-told:
			return true
		default:
			return false
		}
	})
}
