package api_test

import (
	"testing"

	"parley/rooms"
)

// TestTrackingIsTheOwners: a campaign's figures are its sponsor's and an admin's, and
// follow what happens.
func TestTrackingIsTheOwners(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	path := "/api/campaigns/" + n.campaign + "/tracking"
	first := n.sponsor.call("GET", path, nil).want(200)
	if first.number("campaign.held") != 1000 || first.number("counts.theirs") != 1 || first.number("counts.rooms") != 1 ||
		len(at(first.body, "expiries").([]any)) != 1 || len(at(first.body, "counts.states").([]any)) != 9 {
		t.Fatalf("tracking: %s", first.raw)
	}
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", object{
		"id": newID(), "type": "counter", "offer_seq": 2, "terms": object{"fee": object{"amount": 2000, "currency": "EUR"}},
	}).want(200)
	if next := n.sponsor.call("GET", path, nil).want(200); next.number("campaign.held") != 0 || next.number("counts.mine") != 1 ||
		next.number("counts.unread") != 1 {
		t.Fatalf("tracking after the counter: %s", next.raw)
	}
	w.admin().call("GET", path, nil).want(200)
	w.join(rooms.Sponsor).call("GET", path, nil).refused(404, "not_found", "")
	n.influencer.call("GET", path, nil).refused(404, "not_found", "")
	n.sponsor.call("GET", "/api/campaigns/"+newID()+"/tracking", nil).refused(404, "not_found", "")
	w.send("GET", path, nil, nil).refused(401, "unauthenticated", "")
}

// TestOverview: totals by currency and what waits, of one's own campaigns alone.
func TestOverview(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	body := campaignBody()
	body["budget"] = object{"amount": 500_000, "currency": "JPY"}
	n.sponsor.call("POST", "/api/campaigns", body).want(201)
	w.negotiate()
	o := n.sponsor.call("GET", "/api/overview", nil).want(200)
	totals := at(o.body, "totals").([]any)
	if len(totals) != 2 || at(totals[0], "currency") != "EUR" || at(totals[0], "held") != 1000.0 || at(totals[1], "available") != 500_000.0 {
		t.Errorf("totals: %v", totals)
	}
	if o.number("running") != 2 || o.number("counts.theirs") != 1 || len(at(o.body, "campaigns").([]any)) != 1 ||
		len(at(o.body, "expiries").([]any)) != 1 {
		t.Errorf("overview: %s", o.raw)
	}
	n.influencer.call("GET", "/api/overview", nil).refused(403, "forbidden", "")
}
