package api_test

import (
	"strings"
	"testing"

	"parley/api"
	"parley/rooms"
	"parley/store/insight"
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

// TestStatistics: what happens shows at once, in JSON and in CSV, and the range is
// checked.
func TestStatistics(t *testing.T) {
	var activity *insight.Activity
	w := start(t, options{config: func(c *api.Config) {
		activity = insight.NewActivity(c.Store, c.Clock)
		c.Activity = activity
	}})
	admin := w.admin()
	before := admin.call("GET", "/api/admin/statistics", nil).want(200)
	if at(before.body, "sum.acceptance") != nil || len(at(before.body, "days").([]any)) != 90 {
		t.Errorf("statistics of nothing: %s", before.raw)
	}
	n := w.negotiate()
	hash := n.influencer.call("GET", "/api/rooms/"+n.room, nil).want(200).text("standing.terms_hash")
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", object{
		"id": newID(), "type": "accept", "offer_seq": 2, "terms_hash": hash,
	}).want(200)
	must(t, activity.Write(t.Context()))
	must(t, insight.Beat(t.Context(), w.store, insight.Instance{ID: "one", Connections: 3}))
	after := admin.call("GET", "/api/admin/statistics", nil).want(200)
	days := at(after.body, "days").([]any)
	today := days[len(days)-1]
	for path, want := range map[string]float64{
		"sum.opened": 1, "sum.offers": 1, "sum.deals": 1, "sum.acceptance": 1, "sum.rounds": 1,
		"now.public": 1, "now.connections": 3, "now.instances": 1, "now.awaiting": 0, "now.flags.users": 0,
	} {
		if got := at(after.body, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if at(today, "deals") != 1.0 || at(today, "sponsors") != 1.0 || at(today, "influencers") != 1.0 {
		t.Errorf("today: %v", today)
	}
	for table, want := range map[string]string{
		"days":      "day,invited,applied,offers,",
		"states":    "status,ad_requests\ninvited,0\napplied,0\nnegotiating,0\nagreed,1\n",
		"users":     "role,active_24h,active_7d,active_30d\nsponsor,1,1,1\ninfluencer,1,1,1\nadmin,1,1,1\n",
		"budgets":   "currency,campaigns,budget,committed,held,available\nEUR,1,1000000,1000,0,999000\n",
		"campaigns": "visibility,campaigns\npublic,1\nprivate,0\nended,0\n",
		"now": "figure,count\nawaiting_approval,0\nflagged_users,0\nflagged_campaigns,0\nflagged_rooms,0\n" +
			"connections,3\ninstances,1\n",
	} {
		r := admin.call("GET", "/api/admin/statistics/"+table, nil).want(200)
		if !strings.HasPrefix(strings.ReplaceAll(string(r.raw), "\r\n", "\n"), want) || !strings.HasPrefix(r.header.Get("Content-Type"), "text/csv") {
			t.Errorf("%s: %s", table, r.raw)
		}
	}
	for query, field := range map[string]string{
		"from=2027-02-01&to=2027-01-01": "from", "from=2020-01-01&to=2027-01-01": "from", "to=2027-99-01": "to",
	} {
		admin.call("GET", "/api/admin/statistics?"+query, nil).refused(422, "invalid", field)
	}
	one := admin.call("GET", "/api/admin/statistics?from=2020-01-01&to=2020-01-02", nil).want(200)
	if len(at(one.body, "days").([]any)) != 2 || one.number("sum.deals") != 0 {
		t.Errorf("another range: %s", one.raw)
	}
}
