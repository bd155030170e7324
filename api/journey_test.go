package api_test

import (
	"testing"
)

// A negotiation from registration to the deal, over REST and two sockets.
func TestNegotiationFromInvitationToDeal(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	topic := "room:" + n.room
	sponsor, influencer := n.sponsor.dial(), n.influencer.dial()

	joined := influencer.done(object{"type": "join", "topic": topic})
	if at(joined, "snapshot.standing.seq") != 2.0 || at(joined, "snapshot.turn") != "influencer" {
		t.Fatalf("snapshot: %v", joined)
	}
	sponsor.done(object{"type": "join", "topic": topic, "after": 0})
	for seq := int64(1); seq <= 2; seq++ {
		influencer.event(n.room, seq)
		sponsor.event(n.room, seq)
	}

	countered := influencer.done(object{
		"type": "counter", "room": n.room, "offer_seq": 2,
		"terms": object{"fee": object{"amount": 1500, "currency": "EUR"}},
	})
	if countered["seq"] != 3.0 {
		t.Fatalf("counter: %v", countered)
	}
	offer := sponsor.event(n.room, 3)
	if at(offer, "data.terms.fee.amount") != 1500.0 || at(offer, "data.supersedes") != 2.0 {
		t.Fatalf("the counter's event: %v", offer)
	}
	hash := at(offer, "data.terms_hash")
	sponsor.done(object{"type": "accept", "room": n.room, "offer_seq": 3, "terms_hash": hash})
	if got := influencer.event(n.room, 4); got["type"] != "accepted" || got["epoch"] == "" {
		t.Fatalf("event 4: %v", got)
	}

	snapshot := n.influencer.call("GET", "/api/rooms/"+n.room, nil).want(200)
	if snapshot.text("status") != "agreed" || snapshot.number("deal.seq") != 3 || snapshot.number("deal.terms.fee.amount") != 1500 {
		t.Fatalf("the deal: %s", snapshot.raw)
	}
	campaign := n.sponsor.call("GET", "/api/campaigns/"+n.campaign, nil).want(200)
	if campaign.number("committed") != 1500 || campaign.number("held") != 0 || campaign.number("available") != 998500 {
		t.Fatalf("the ledger: %s", campaign.raw)
	}
}

// After the deal: it is amended, delivered, sent back, delivered again and
// completed, over both ways.
func TestADealFromAmendmentToCompletion(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	path, topic := "/api/rooms/"+n.room, "room:"+n.room
	sponsor, influencer := n.sponsor.dial(), n.influencer.dial()
	joined := influencer.done(object{"type": "join", "topic": topic})
	sponsor.done(object{"type": "join", "topic": topic, "after": 2})
	command := func(p *person, c object) *reply {
		c["id"] = newID()
		return p.call("POST", path+"/commands", c)
	}
	command(n.influencer, object{
		"type": "accept", "offer_seq": 2, "terms_hash": at(joined, "snapshot.standing.terms_hash"),
	}).want(200)

	fee := at(joined, "snapshot.standing.terms.fee.amount").(float64)
	command(n.sponsor, object{"type": "offer", "terms": object{"fee": object{"amount": fee + 500, "currency": "EUR"}}}).want(200)
	if campaign := n.sponsor.call("GET", "/api/campaigns/"+n.campaign, nil); campaign.number("held") != 500 {
		t.Errorf("the ledger: %s", campaign.raw)
	}
	amendment := influencer.event(n.room, 4)
	if at(amendment, "data.amends") != 2.0 || at(amendment, "data.number") != 1.0 {
		t.Errorf("the amendment: %v", amendment)
	}
	command(n.influencer, object{"type": "accept", "offer_seq": 4, "terms_hash": at(amendment, "data.terms_hash")}).want(200)
	accepted := sponsor.event(n.room, 5)
	if at(accepted, "data.amends") != 2.0 {
		t.Errorf("accepted: %v", accepted)
	}

	deliver := object{"type": "deliver", "deal_seq": 4, "deliverable": 0, "links": []string{"https://example.com/reel"}}
	late := object{"type": "deliver", "deal_seq": 2, "deliverable": 0, "links": []string{"https://example.com/reel"}}
	if r := command(n.influencer, late).refused(409, "stale_deal", "deal_seq"); r.number("error.details.deal.seq") != 4 {
		t.Errorf("a late delivery: %s", r.raw)
	}
	command(n.sponsor, deliver).refused(409, "not_allowed", "")
	command(n.influencer, object{"type": "deliver", "deal_seq": 4, "deliverable": 0, "links": []string{"ftp://example.com"}}).
		refused(422, "invalid", "links[0]")
	command(n.influencer, deliver).want(200)
	if got := sponsor.event(n.room, 6); got["type"] != "delivered" || at(got, "data.deliverable") != 0.0 {
		t.Errorf("event 6: %v", got)
	}
	for _, p := range []*person{n.sponsor, n.influencer} {
		list := p.call("GET", "/api/rooms?turn=mine", nil).want(200).items()
		if mine := len(list) == 1; mine != (p == n.sponsor) {
			t.Errorf("whose turn: %v", list)
		} else if mine && at(list[0], "deal.deliverables.delivered") != 1.0 {
			t.Errorf("the list shows %v", list[0])
		}
	}
	sponsor.done(object{"type": "return", "room": n.room, "delivery_seq": 6, "reason": "The logo is cut off."})
	if got := influencer.event(n.room, 7); at(got, "data.reason") != "The logo is cut off." {
		t.Errorf("event 7: %v", got)
	}
	influencer.done(object{
		"type": "deliver", "room": n.room, "deal_seq": 4, "deliverable": 0,
		"links": []string{"https://example.com/reel-2"}, "note": "A new cut.",
	})
	command(n.sponsor, object{"type": "confirm", "delivery_seq": 6}).refused(409, "stale_delivery", "delivery_seq")
	snapshot := n.sponsor.call("GET", path, nil).want(200)
	done := at(snapshot.body, "deliveries").([]any)[0]
	if at(done, "state") != "delivered" || at(done, "returns") != 1.0 || at(done, "note") != "A new cut." {
		t.Errorf("deliveries: %s", snapshot.raw)
	}
	confirmed := sponsor.done(object{"type": "confirm", "room": n.room, "delivery_seq": 8})
	if confirmed["seq"] != 10.0 {
		t.Errorf("confirmed: %v", confirmed)
	}
	if got := influencer.event(n.room, 10); got["type"] != "completed" || at(got, "data.deal_seq") != 4.0 {
		t.Errorf("event 10: %v", got)
	}
	events := n.influencer.call("GET", path+"/events", nil).want(200).items()
	if last := n.influencer.call("GET", path, nil).want(200); len(events) != 10 || last.text("status") != "completed" || last.text("turn") != "" {
		t.Errorf("%d events, %s", len(events), last.raw)
	}
}
