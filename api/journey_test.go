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
