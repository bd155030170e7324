package api_test

import (
	"strings"
	"testing"
)

// TestInboxFilters: each question has the rooms that it names, and only one's own.
func TestInboxFilters(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate() // the influencer's turn
	other := w.negotiate()
	declined := w.named("Zoë Zander")
	lost := n.sponsor.call("POST", "/api/campaigns/"+n.campaign+"/invitations", object{
		"id": newID(), "influencer": declined.id, "terms": terms(10),
	}).want(201).text("room")
	declined.call("POST", "/api/rooms/"+lost+"/commands", object{
		"id": newID(), "type": "decline", "offer_seq": 2, "reason": "budget",
	}).want(200)
	for query, want := range map[string][]string{
		"":                           {lost, n.room},
		"view=pending":               {n.room},
		"view=rejected":              {lost},
		"view=accepted":              {},
		"status=invited":             {n.room},
		"turn=theirs":                {n.room},
		"turn=mine":                  {},
		"unread=true":                {lost},
		"q=zander":                   {lost},
		"q=SUMMER":                   {lost, n.room},
		"campaign=" + n.campaign:     {lost, n.room},
		"campaign=" + other.campaign: {}, // a foreign campaign has no rooms of one's own
		"view=pending&q=zander":      {},
	} {
		got := []string{}
		for _, item := range n.sponsor.call("GET", "/api/rooms?"+query, nil).want(200).items() {
			got = append(got, item.(object)["room"].(string))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	first := n.sponsor.call("GET", "/api/rooms?limit=1", nil).want(200)
	second := n.sponsor.call("GET", "/api/rooms?limit=1&cursor="+first.text("next_cursor"), nil).want(200)
	if second.items()[0].(object)["room"] != n.room || second.text("next_cursor") != "" {
		t.Errorf("second page is %s", second.raw)
	}
	for query, field := range map[string]string{"view=all": "view", "turn=nobody": "turn", "cursor=x": "cursor", "unread=perhaps": "unread"} {
		n.sponsor.call("GET", "/api/rooms?"+query, nil).refused(422, "invalid", field)
	}
}

// TestSeenOnOneConnectionIsKnownOnTheOthers: what is read in one place is not unread
// in another, and nobody else hears of it.
func TestSeenOnOneConnectionIsKnownOnTheOthers(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	one, two, sponsor := n.influencer.dial(), n.influencer.dial(), n.sponsor.dial()
	for _, s := range []*sock{one, two, sponsor} {
		s.done(object{"type": "join", "topic": "inbox"})
	}
	one.write(object{"type": "seen", "room": n.room, "seq": 2})
	read := two.next("read", func(f object) bool { return f["type"] == "read" })
	if at(read, "data.room") != n.room || at(read, "data.seq") != float64(2) || read["topic"] != "inbox" {
		t.Errorf("frame is %v", read)
	}
	// The sponsor hears of what comes after, and of no reading before it.
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "message", "text": "hello"}).want(200)
	sponsor.next("room", func(f object) bool { return f["type"] == "room" })
	for _, f := range sponsor.seen {
		if f["type"] == "read" {
			t.Errorf("the sponsor is told %v", f)
		}
	}
}
