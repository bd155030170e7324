package rooms_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"parley/rooms"
)

func TestEventsSurviveTheirBytes(t *testing.T) {
	w := newWorld(t)
	p := patch(t, `{"fee":{"amount":50000,"currency":"EUR"},"deliverables":[{"platform":"youtube","format":"short <b>","quantity":2,
		"length_seconds":30,"due":"2027-02-01","must_show":"the “blue” bottle & 🎉","links":["https://example.com/?a=1&b=2"]}],
		"usage_rights":{"scope":"paid","months":6,"channels":["youtube","x"]},"exclusivity":{"category":"soda","days":30},
		"revision_rounds":0,"payment":[{"milestone":"on signing","percent":100,"net_days":0}],"note":"n","locked":["note"]}`)
	w.do(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Message: "Hi \"there\"", Limit: 10})
	w.do(influencer, rooms.Counter{OfferSeq: 3, Terms: full(60_000)})
	w.do(admin, rooms.Freeze{Source: rooms.SourceRoom, Reason: "r"})
	w.do(admin, rooms.Unfreeze{Source: rooms.SourceRoom})
	w.do(influencer, rooms.Withdraw{OfferSeq: 4})
	w.do(influencer, rooms.Decline{Reason: "fit"})
	w.do(influencer, rooms.Reopen{})
	w.do(sponsor, rooms.PutOffer{Terms: full(61_000)})
	w.do(influencer, w.accept(influencer))
	w.do(influencer, rooms.Deliver{DealSeq: w.state.Deal.Seq, Links: []string{"https://example.com/?a=1&b=<2>"}, Note: "“Here”"})
	w.do(sponsor, rooms.Return{DeliverySeq: w.state.Seq, Reason: "Once more."})
	w.do(influencer, rooms.PutOffer{Terms: full(62_000)})
	w.do(sponsor, w.accept(sponsor))
	w.deliver(0)
	w.do(sponsor, rooms.PutOffer{Terms: full(63_000)})
	w.confirm(0)

	var folded rooms.State
	var head rooms.Hash
	for _, e := range w.log {
		raw := e.AppendCanonical(nil)
		if !json.Valid(raw) {
			t.Fatalf("not JSON: %s", raw)
		}
		parsed, err := rooms.ParseEvent(raw)
		if err != nil {
			t.Fatal(err)
		}
		if again := parsed.AppendCanonical(nil); string(again) != string(raw) {
			t.Fatalf("bytes differ:\n%s\n%s", raw, again)
		}
		if err := folded.Apply(parsed); err != nil {
			t.Fatal(err)
		}
		next := rooms.Chain(head, raw)
		if next == head {
			t.Fatal("the chain stands still")
		}
		head = next
	}
	if !reflect.DeepEqual(folded, w.state) {
		t.Fatalf("the fold of the log is\n%+v\nwant\n%+v", folded, w.state)
	}
	if err := folded.Apply(w.log[0]); err == nil {
		t.Fatal("an event out of order is applied")
	}
}

func TestAlteredEventsAreSeen(t *testing.T) {
	w := newWorld(t)
	w.invite(50_000)
	raw := string(w.log[1].AppendCanonical(nil))
	altered := strings.Replace(raw, `"amount":50000`, `"amount":50001`, 1)
	if altered == raw {
		t.Fatal("nothing was altered")
	}
	if _, err := rooms.ParseEvent([]byte(altered)); err == nil {
		t.Fatal("altered terms pass")
	}
	if rooms.Chain(rooms.Hash{}, []byte(raw)) == rooms.Chain(rooms.Hash{}, []byte(altered)) {
		t.Fatal("the chain does not see the change")
	}
}

func TestFingerprint(t *testing.T) {
	a := rooms.Counter{OfferSeq: 2, Terms: patch(t, `{"fee":{"amount":1,"currency":"EUR"}, "note":"x"}`)}
	b := rooms.Counter{OfferSeq: 2, Terms: patch(t, `{"note":"x","fee":{"currency":"EUR","amount":1}}`)}
	if rooms.Fingerprint(sponsor, a) != rooms.Fingerprint(sponsor, b) {
		t.Fatal("the order of the members matters")
	}
	different := []rooms.Command{
		rooms.Counter{OfferSeq: 3, Terms: a.Terms},
		rooms.Counter{OfferSeq: 2, Terms: patch(t, `{"fee":{"amount":1,"currency":"EUR"},"note":null}`)},
		rooms.Counter{OfferSeq: 2, Terms: patch(t, `{"fee":{"amount":1,"currency":"EUR"}}`)},
		rooms.PutOffer{Terms: a.Terms},
	}
	seen := map[rooms.Hash]bool{rooms.Fingerprint(sponsor, a): true, rooms.Fingerprint(influencer, a): true}
	if len(seen) != 2 {
		t.Fatal("the actor does not matter")
	}
	for _, cmd := range different {
		if h := rooms.Fingerprint(sponsor, cmd); seen[h] {
			t.Fatalf("%+v has the fingerprint of another command", cmd)
		} else {
			seen[h] = true
		}
	}
}
