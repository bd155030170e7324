package api_test

import (
	"strings"
	"testing"

	"parley/store/audit"
)

// A flagged user keeps a session that reads why, answers once, and nothing else.
func TestAFlaggedUserReadsWhyAndAnswersOnce(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	p := n.influencer
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": p.id, "reason": "Bought followers"}).want(204)

	p.call("POST", "/api/auth/login", object{"email": p.email, "password": password}).want(200)
	if me := p.call("GET", "/api/me", nil).want(200); at(me.body, "user.flagged") != true {
		t.Errorf("who: %s", me.raw)
	}
	own := p.call("GET", "/api/me/flags", nil).want(200).items()
	if len(own) != 1 || at(own[0], "reason") != "Bought followers" || at(own[0], "ended_at") != nil || at(own[0], "appeal") != nil {
		t.Fatalf("own flags: %v", own)
	}
	path := "/api/me/flags/" + at(own[0], "id").(string) + "/appeal"
	for _, c := range []struct{ method, path string }{
		{"GET", "/api/rooms"}, {"GET", "/api/campaigns"}, {"GET", "/api/notices"}, {"GET", "/api/rooms/" + n.room},
		{"POST", "/api/auth/tokens"},
	} {
		if r := p.call(c.method, c.path, nil).refused(403, "forbidden", ""); r.text("error.details.reason") != "flagged" {
			t.Errorf("%s: %s", c.path, r.raw)
		}
	}
	p.call("POST", path, object{"text": "  "}).refused(422, "invalid", "text")
	p.call("POST", path, object{"text": "They\x00are real"}).refused(422, "invalid", "text")
	n.sponsor.call("POST", path, object{"text": "me too"}).refused(404, "not_found", "")
	p.call("POST", path, object{"text": "They are real,\r\n\tall of them"}).want(204)
	p.call("POST", path, object{"text": "Really"}).refused(409, "not_allowed", "")

	queue := admin.call("GET", "/api/admin/flags?state=waiting", nil).want(200)
	if queue.number("waiting") != 1 || len(queue.items()) != 1 {
		t.Fatalf("queue: %s", queue.raw)
	}
	item := queue.items()[0].(object)
	party := item["parties"].([]any)[0]
	if at(party, "appeal.text") != "They are real,\r\n\tall of them" || at(party, "id") != p.id || at(item, "begun_by.id") != admin.id {
		t.Errorf("queue: %s", queue.raw)
	}
	uphold := "/api/admin/flags/" + item["id"].(string) + "/appeals/" + p.id + "/uphold"
	admin.call("POST", uphold, object{"answer": ""}).refused(422, "invalid", "answer")
	n.sponsor.call("POST", uphold, object{"answer": "no"}).refused(403, "forbidden", "")
	admin.call("POST", uphold, object{"answer": "We looked again"}).want(204)
	admin.call("POST", uphold, object{"answer": "We looked again"}).refused(409, "not_allowed", "")
	own = p.call("GET", "/api/me/flags", nil).want(200).items()
	if at(own[0], "appeal.outcome") != "upheld" || at(own[0], "appeal.answer") != "We looked again" || at(own[0], "appeal.answered_by") != nil {
		t.Errorf("own flags: %v", own)
	}

	lift := "/api/admin/flags/user/" + p.id + "/lift"
	n.sponsor.call("POST", lift, object{"note": "x"}).refused(403, "forbidden", "")
	admin.call("POST", lift, object{"note": ""}).refused(422, "invalid", "note")
	admin.call("POST", lift, object{"note": "A mistake"}).want(204)
	admin.call("POST", lift, object{"note": "A mistake"}).refused(409, "not_allowed", "")
	if me := p.call("GET", "/api/me", nil).want(200); at(me.body, "user.flagged") != false {
		t.Errorf("who: %s", me.raw)
	}
	p.call("GET", "/api/rooms", nil).want(200) // the same session works again
	if list := p.call("GET", "/api/notices", nil).want(200).items(); len(list) != 3 || at(list[0], "kind") != "unflagged" ||
		at(list[1], "kind") != "appeal_upheld" || at(list[2], "kind") != "flagged" {
		t.Errorf("notices: %v", list)
	}
	n.sponsor.call("GET", "/api/admin/flags", nil).refused(403, "forbidden", "")
	admin.call("GET", "/api/admin/flags?state=lost", nil).refused(422, "invalid", "state")
}

// An admin's commands over the socket are flags and entries of the audit log too.
func TestAdminsCommandsAreRecorded(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	s := admin.dial()
	s.done(object{"type": "freeze", "room": n.room, "reason": "Look closely"})
	if own := n.sponsor.call("GET", "/api/me/flags", nil).want(200).items(); len(own) != 1 || at(own[0], "reason") != "Look closely" || at(own[0], "kind") != "room" {
		t.Errorf("a party's flags: %v", own)
	}
	for _, reason := range []string{"", " ", strings.Repeat("x", 501), "All\x00fine"} {
		answer := s.ask(object{"type": "unfreeze", "room": n.room, "reason": reason})
		if at(answer, "error.code") != "invalid" || at(answer, "error.field") != "reason" {
			t.Errorf("for the reason %.10q: %v", reason, answer)
		}
	}
	s.done(object{"type": "unfreeze", "room": n.room, "reason": "All fine"})
	admin.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "close", "reason": "over"}).want(200)
	entries, _, err := audit.List(t.Context(), w.store, audit.Filter{Actor: admin.id, Subject: audit.Subject{Kind: "room", ID: n.room}})
	must(t, err)
	var actions []string
	for _, e := range entries {
		actions = append(actions, string(e.Action))
		if e.RequestID == "" || e.Addr != "127.0.0.0/24" {
			t.Errorf("entry %+v", e)
		}
	}
	if got := strings.Join(actions, " "); got != "room.closed flag.lifted flag.set" {
		t.Errorf("audit log: %s", got)
	}
}
