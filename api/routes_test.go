package api_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"parley/api"
	"parley/rooms"
	"parley/store"
)

func TestWhatIsNoRoute(t *testing.T) {
	w := start(t, options{})
	w.send("GET", "/api/nothing", nil, nil).refused(404, "not_found", "")
	w.send("PUT", "/api/me", nil, nil).want(404)
}

func TestCampaigns(t *testing.T) {
	w := start(t, options{})
	p, rival, influencer := w.join(rooms.Sponsor), w.join(rooms.Sponsor), w.join(rooms.Influencer)
	body := campaignBody()
	body["visibility"] = "private"
	made := p.call("POST", "/api/campaigns", body).want(201)
	path := "/api/campaigns/" + made.text("id")
	if made.number("budget.amount") != 1_000_000 || made.number("available") != 1_000_000 || made.text("ends_on") != body["ends_on"] ||
		made.text("starts_on") != body["starts_on"] || made.text("visibility") != "private" {
		t.Errorf("made: %s", made.raw)
	}
	rival.call("GET", path, nil).refused(404, "not_found", "")
	rival.call("PATCH", path, object{"name": "x"}).refused(404, "not_found", "")
	influencer.call("GET", path, nil).refused(404, "not_found", "")
	if open := influencer.call("GET", "/api/open-campaigns", nil).want(200).items(); len(open) != 0 {
		t.Errorf("a private campaign is on show: %v", open)
	}

	changed := p.call("PATCH", path, object{
		"visibility": "public", "name": "Autumn", "budget": object{"amount": 500_000, "currency": "EUR"},
	}).want(200)
	if changed.text("name") != "Autumn" || changed.number("budget.amount") != 500_000 || changed.text("description") != "Bottles" {
		t.Errorf("changed: %s", changed.raw)
	}
	open := influencer.call("GET", "/api/open-campaigns?q=autumn", nil).want(200)
	if len(open.items()) != 1 || at(open.items()[0], "budget.amount") != 500_000.0 || at(open.items()[0], "available") != nil {
		t.Errorf("on show: %s", open.raw)
	}
	if seen := influencer.call("GET", path, nil).want(200); at(seen.body, "budget.amount") != 500_000.0 || at(seen.body, "held") != nil {
		t.Errorf("an influencer sees figures: %s", seen.raw)
	}
	if list := p.call("GET", "/api/campaigns", nil).want(200).items(); len(list) != 1 || at(list[0], "committed") != 0.0 || at(list[0], "room_count") != 0.0 {
		t.Errorf("own: %v", list)
	}
	if list := rival.call("GET", "/api/campaigns", nil).want(200).items(); len(list) != 0 {
		t.Errorf("a rival's own: %v", list)
	}

	p.call("PATCH", path, object{"budget": object{"amount": 5, "currency": "USD"}}).refused(422, "invalid", "budget.currency")
	room := p.call("POST", path+"/invitations", object{"id": newID(), "influencer": influencer.id, "terms": terms(300_000)}).
		want(201).text("room")
	p.call("PATCH", path, object{"budget": object{"amount": 299_999, "currency": "EUR"}}).
		refused(409, "budget_exceeded", "budget.amount")
	if r := p.call("GET", path, nil).want(200); r.number("held") != 300_000 || r.number("room_count") != 1 {
		t.Errorf("held: %s", r.raw)
	}
	// Who negotiates in a campaign knows it even when it is not on show any more.
	p.call("PATCH", path, object{"visibility": "private"}).want(200)
	if seen := influencer.call("GET", path, nil).want(200); at(seen.body, "budget") != nil {
		t.Errorf("an influencer sees a private budget: %s", seen.raw)
	}
	if list := p.call("GET", "/api/rooms?campaign="+made.text("id"), nil).want(200).items(); len(list) != 1 || at(list[0], "room") != room {
		t.Errorf("its rooms: %v", list)
	}
}

func TestCampaignsOfBadInput(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Sponsor)
	past := time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly)
	for name, c := range map[string]struct {
		field string
		value any
		want  string
	}{
		"no name":          {"name", "", "name"},
		"blank name":       {"name", "  ", "name"},
		"unknown field":    {"colour", "red", "colour"},
		"amount of 10^18":  {"budget", object{"amount": 1e18, "currency": "EUR"}, "budget.amount"},
		"negative amount":  {"budget", object{"amount": -1, "currency": "EUR"}, "budget.amount"},
		"zero amount":      {"budget", object{"amount": 0, "currency": "EUR"}, "budget.amount"},
		"fraction":         {"budget", object{"amount": 1.5, "currency": "EUR"}, "budget.amount"},
		"amount as text":   {"budget", object{"amount": "1", "currency": "EUR"}, "budget.amount"},
		"no such currency": {"budget", object{"amount": 1, "currency": "XXX"}, "budget.currency"},
		"currency of four": {"budget", object{"amount": 1, "currency": "EURO"}, "budget.currency"},
		"no currency":      {"budget", object{"amount": 1}, "budget.currency"},
		"no date":          {"ends_on", "tomorrow", "ends_on"},
		"no such day":      {"ends_on", "2027-02-30", "ends_on"},
		"past":             {"ends_on", past, "ends_on"},
		"ends first":       {"starts_on", "2999-01-01", "ends_on"},
		"past all years":   {"ends_on", "9999-12-31", "ends_on"},
		"visibility":       {"visibility", "secret", "visibility"},
		"niches of number": {"niches", []int{1}, "niches[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			body := campaignBody()
			body[c.field] = c.value
			p.call("POST", "/api/campaigns", body).refused(422, "invalid", c.want)
		})
	}
	if list := p.call("GET", "/api/campaigns", nil).want(200).items(); len(list) != 0 {
		t.Errorf("something was made: %v", list)
	}
	for _, query := range []string{"limit=0", "limit=1000", "limit=x"} {
		name, _, _ := strings.Cut(query, "=")
		p.call("GET", "/api/campaigns?"+query, nil).refused(422, "invalid", name)
	}
}

// A campaign is edited and archived; what stands in the way is named.
func TestEditingAndArchivingACampaign(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	path := "/api/campaigns/" + n.campaign
	held := n.sponsor.call("GET", path, nil).want(200).number("held")
	r := n.sponsor.call("PATCH", path, object{"budget": object{"amount": held - 1, "currency": "EUR"}}).
		refused(409, "budget_exceeded", "budget.amount")
	if r.number("error.details.held") != held || r.number("error.details.committed") != 0 || r.number("error.details.needed") != held {
		t.Errorf("refused: %s", r.raw)
	}
	n.sponsor.call("PATCH", path, object{"budget": object{"amount": held, "currency": "USD"}}).refused(422, "invalid", "budget.currency")
	n.sponsor.call("PATCH", path, object{"starts_on": "2999-01-01"}).refused(422, "invalid", "starts_on")
	n.sponsor.call("PATCH", path, object{"visibility": "private", "goals": "Sales", "niches": []string{"tea"}}).want(200)
	if c := n.sponsor.call("GET", path, nil); c.text("visibility") != "private" || c.text("goals") != "Sales" {
		t.Errorf("changed: %s", c.raw)
	}

	room := n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200)
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", object{
		"id": newID(), "type": "accept", "offer_seq": 2, "terms_hash": at(room.body, "standing.terms_hash"),
	}).want(200)
	r = n.sponsor.call("POST", path+"/archive", nil).refused(409, "not_allowed", "")
	if deals, _ := at(r.body, "error.details.deals").([]any); len(deals) != 1 || at(deals[0], "id") != n.room || at(deals[0], "name") == "" {
		t.Errorf("refused: %s", r.raw)
	}
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", object{
		"id": newID(), "type": "deliver", "deal_seq": 2, "deliverable": 0, "links": []string{"https://example.com/1"},
	}).want(200)
	n.sponsor.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "confirm", "delivery_seq": 4}).want(200)
	for range 2 { // twice is once
		if c := n.sponsor.call("POST", path+"/archive", nil).want(200); at(c.body, "archived") != true {
			t.Errorf("archived: %s", c.raw)
		}
	}
	n.sponsor.call("PATCH", path, object{"name": "x"}).refused(409, "not_allowed", "")
	again := n.sponsor.call("POST", path+"/invitations", object{"id": newID(), "influencer": w.join(rooms.Influencer).id}).
		refused(409, "room_closed", "")
	if again.text("error.message") != "The campaign is archived." {
		t.Errorf("invited: %s", again.raw)
	}
	for filter, want := range map[string]int{"": 1, "?archived=yes": 1, "?archived=no": 0} {
		if list := n.sponsor.call("GET", "/api/campaigns"+filter, nil).want(200).items(); len(list) != want {
			t.Errorf("%q lists %v", filter, list)
		}
	}
}

// A campaign of a sponsor under review is on show to nobody, as the sponsor's card is.
func TestACampaignOfASponsorUnderReviewIsNotOnShow(t *testing.T) {
	w := start(t, options{})
	n, stranger := w.negotiate(), w.join(rooms.Influencer)
	path := "/api/campaigns/" + n.campaign
	stranger.call("GET", path, nil).want(200)
	w.flag(store.FlagUser, n.sponsor.id)
	stranger.call("GET", path, nil).refused(404, "not_found", "")
	n.influencer.call("GET", path, nil).want(200) // who negotiates in it knows it
	w.admin().call("GET", path, nil).want(200)
}

// An ended campaign's own last day is no obstacle to the rest; another past one is.
func TestEditingACampaignThatHasEnded(t *testing.T) {
	var c clock
	w := start(t, options{clock: c.now, config: func(cfg *api.Config) { cfg.SessionTTL = 1000 * time.Hour * 24 }})
	p := w.join(rooms.Sponsor)
	path := "/api/campaigns/" + p.campaign()
	body := p.call("GET", path, nil).want(200)
	first, last := body.text("starts_on"), body.text("ends_on")
	c.forward(100 * 24 * time.Hour)
	p.call("PATCH", path, object{"name": "Over", "starts_on": first, "ends_on": last}).want(200)
	if got := p.call("GET", path, nil).want(200); got.text("name") != "Over" || got.text("ends_on") != last {
		t.Errorf("changed: %s", got.raw)
	}
	other := c.now().AddDate(0, 0, -2).Format(time.DateOnly)
	p.call("PATCH", path, object{"ends_on": other}).refused(422, "invalid", "ends_on")
	later := c.now().AddDate(0, 0, 3).Format(time.DateOnly)
	p.call("PATCH", path, object{"starts_on": later, "ends_on": last}).refused(422, "invalid", "ends_on")
	p.call("PATCH", path, object{"ends_on": later}).want(200)
	p.call("PATCH", path, object{"ends_on": "9999-12-31"}).refused(422, "invalid", "ends_on")
	p.call("PATCH", path, object{"ends_on": "9999-12-30"}).want(200)
}

func TestInvitationsAndApplications(t *testing.T) {
	w := start(t, options{})
	sponsor, influencer := w.join(rooms.Sponsor), w.join(rooms.Influencer)
	campaign := "/api/campaigns/" + sponsor.campaign()
	id := newID()
	body := object{"id": id, "influencer": influencer.id, "terms": terms(1000), "expires_in": 7200, "message": "hello"}
	first := sponsor.call("POST", campaign+"/invitations", body).want(201)
	again := sponsor.call("POST", campaign+"/invitations", body).want(201)
	if first.text("room") != again.text("room") || first.number("seq") != 3 || again.number("seq") != 3 {
		t.Errorf("first %s, again %s", first.raw, again.raw)
	}
	body["message"] = "other"
	sponsor.call("POST", campaign+"/invitations", body).refused(409, "cmid_conflict", "")
	body["id"] = newID()
	sponsor.call("POST", campaign+"/invitations", body).refused(409, "already_exists", "")
	influencer.call("POST", campaign+"/applications", object{"id": newID()}).refused(409, "already_exists", "")

	other := w.join(rooms.Influencer)
	applied := other.call("POST", campaign+"/applications", object{"id": newID(), "terms": terms(500)}).want(201)
	state := other.call("GET", "/api/rooms/"+applied.text("room"), nil).want(200)
	if state.text("status") != "applied" || state.text("turn") != "sponsor" || state.text("influencer.id") != other.id {
		t.Errorf("applied: %s", state.raw)
	}
	if list := sponsor.call("GET", "/api/rooms?turn=mine", nil).want(200).items(); len(list) != 1 {
		t.Errorf("the sponsor's turn in %d rooms", len(list))
	}
	if list := sponsor.call("GET", "/api/rooms?status=invited", nil).want(200).items(); len(list) != 1 {
		t.Errorf("%d rooms invited", len(list))
	}

	for name, c := range map[string]struct {
		change object
		field  string
	}{
		"no id":          {object{"id": ""}, "id"},
		"id no ULID":     {object{"id": "x"}, "id"},
		"no influencer":  {object{"influencer": ""}, "influencer"},
		"a sponsor":      {object{"influencer": sponsor.id}, "influencer"},
		"nobody":         {object{"influencer": newID()}, "influencer"},
		"unknown field":  {object{"offer": 1}, "offer"},
		"huge fee":       {object{"terms": terms(1_000_000_000_000_000_000)}, "terms.fee.amount"},
		"zero fee":       {object{"terms": terms(0)}, "terms.fee.amount"},
		"no fee":         {object{"terms": object{"note": "x"}}, "terms.fee"},
		"short lifetime": {object{"expires_in": 10}, "expires_in"},
		"number as text": {object{"expires_in": "7200"}, "expires_in"},
	} {
		t.Run(name, func(t *testing.T) {
			body := object{"id": newID(), "influencer": w.join(rooms.Influencer).id, "terms": terms(1000)}
			for k, v := range c.change {
				body[k] = v
			}
			sponsor.call("POST", campaign+"/invitations", body).refused(422, "invalid", c.field)
		})
	}
	over := object{"id": newID(), "influencer": w.join(rooms.Influencer).id, "terms": terms(2_000_000)}
	if r := sponsor.call("POST", campaign+"/invitations", over).refused(409, "budget_exceeded", ""); r.number("error.details.available") != 999_000 {
		t.Errorf("over budget: %s", r.raw)
	}
	w.join(rooms.Sponsor).call("POST", campaign+"/invitations", object{"id": newID(), "influencer": influencer.id}).
		refused(404, "not_found", "")
	other.call("POST", "/api/campaigns/"+newID()+"/applications", object{"id": newID()}).refused(404, "not_found", "")
	sponsor.call("POST", campaign+"/invitations", `{"id":`).refused(400, "malformed", "")
}

func TestCommandsOfBadInputOverREST(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	path := "/api/rooms/" + n.room + "/commands"
	n.sponsor.call("POST", path, `{`).refused(400, "malformed", "")
	n.sponsor.call("POST", path, `[]`).refused(400, "malformed", "")
	n.sponsor.call("POST", path, object{"id": newID(), "type": "join", "topic": "inbox"}).refused(422, "invalid", "type")
	n.sponsor.call("POST", path, object{"id": newID(), "type": "message", "text": "x", "room": n.room}).refused(422, "invalid", "room")
	n.sponsor.call("POST", path, object{"id": newID(), "type": "message", "text": strings.Repeat("x", 4001)}).refused(422, "invalid", "text")
	n.sponsor.call("POST", path, object{"id": newID(), "type": "message", "text": strings.Repeat("x", 17<<10)}).refused(400, "malformed", "")
	n.sponsor.call("POST", path, "{\"id\":\""+newID()+"\",\"type\":\"message\",\"text\":\"\xff\"}").refused(400, "malformed", "")
	if seq := n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200).number("seq"); seq != 2 {
		t.Errorf("the refusals made events: seq %d", seq)
	}
}

func TestRoomListAndEventsInPages(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	for range 5 {
		n.sponsor.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "message", "text": "x"}).want(200)
	}
	seqs := func(query string) []float64 {
		var got []float64
		for _, e := range n.influencer.call("GET", "/api/rooms/"+n.room+"/events?"+query, nil).want(200).items() {
			got = append(got, at(e, "seq").(float64))
		}
		return got
	}
	for query, want := range map[string][]float64{
		"": {1, 2, 3, 4, 5, 6, 7}, "after=5": {6, 7}, "after=2&limit=2": {3, 4}, "before=4": {1, 2, 3},
		"before=7&limit=2": {5, 6}, "after=2&before=5": {3, 4}, "after=7": nil,
	} {
		if got := seqs(query); len(got) != len(want) || len(got) > 0 && (got[0] != want[0] || got[len(got)-1] != want[len(want)-1]) {
			t.Errorf("events?%s: %v, want %v", query, got, want)
		}
	}
	n.influencer.call("GET", "/api/rooms/"+n.room+"/events?after=-1", nil).refused(422, "invalid", "after")

	second := n.sponsor.call("POST", "/api/campaigns/"+n.sponsor.campaign()+"/invitations",
		object{"id": newID(), "influencer": n.influencer.id}).want(201).text("room")
	page := n.influencer.call("GET", "/api/rooms?limit=1", nil).want(200)
	if len(page.items()) != 1 || at(page.items()[0], "room") != second || page.number("unread_total") != 8 {
		t.Fatalf("first page: %s", page.raw)
	}
	page = n.influencer.call("GET", "/api/rooms?limit=1&cursor="+page.text("next_cursor"), nil).want(200)
	item := page.items()[0]
	if at(item, "room") != n.room || at(item, "unread") != 7.0 || at(item, "standing.fee.amount") != 1000.0 ||
		at(item, "campaign.currency") != "EUR" || at(item, "sponsor.name") == "" || at(item, "deal") != nil {
		t.Errorf("second page: %s", page.raw)
	}
	ends, err := time.Parse(time.RFC3339, at(item, "campaign.ends_at").(string))
	if err != nil || ends.Before(time.Now()) {
		t.Errorf("the campaign ends at %v", at(item, "campaign.ends_at"))
	}
	n.influencer.call("GET", "/api/rooms?cursor=nonsense", nil).refused(422, "invalid", "cursor")
	n.influencer.call("GET", "/api/rooms?status=frozen", nil).refused(422, "invalid", "status")
}

func TestAdminFeedAndFlags(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	admin.call("POST", "/api/admin/flags", object{"kind": "campaign", "id": n.campaign, "reason": "look"}).want(204)
	page := admin.call("GET", "/api/admin/feed?limit=2", nil).want(200)
	if page.number("head") != 3 || len(page.items()) != 2 || at(page.items()[1], "data.type") != "frozen" ||
		at(page.items()[1], "context.campaign") != n.campaign || at(page.items()[0], "seq") != 2.0 {
		t.Errorf("feed: %s", page.raw)
	}
	page = admin.call("GET", "/api/admin/feed?before=2", nil).want(200)
	if len(page.items()) != 1 || at(page.items()[0], "data.type") != "opened" {
		t.Errorf("before 2: %s", page.raw)
	}
	if state := admin.call("GET", "/api/admin/rooms/"+n.room, nil).want(200); state.body["frozen"] != true {
		t.Errorf("not frozen: %s", state.raw)
	}
	admin.call("POST", "/api/admin/flags/campaign/"+n.campaign+"/lift", object{"note": "seen"}).want(204)
	if state := n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200); state.body["frozen"] != false {
		t.Errorf("still frozen: %s", state.raw)
	}
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": admin.id, "reason": "x"}).refused(422, "invalid", "id")
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": newID(), "reason": "x"}).refused(404, "not_found", "")
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": n.sponsor.id, "reason": " "}).refused(422, "invalid", "reason")
	admin.call("POST", "/api/admin/flags", object{"kind": "shop", "id": "x", "reason": "x"}).refused(422, "invalid", "kind")
	admin.call("GET", "/api/admin/rooms/"+newID(), nil).refused(404, "not_found", "")
}

func TestOperatorsRoutes(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	n.sponsor.dial().done(object{"type": "join", "topic": "room:" + n.room})
	w.send("GET", "/healthz", nil, nil).want(200)
	if r := w.send("GET", "/readyz", nil, nil).want(200); r.text("status") != "ready" {
		t.Errorf("ready: %s", r.raw)
	}
	figures := string(w.send("GET", "/metrics", nil, nil).want(200).raw)
	for _, want := range []string{
		"parley_connections 1", `parley_commands_total{result="ok",type="open"} 1`, "parley_topics 1", "parley_ack_seconds_count",
		"parley_commit_seconds_count", "parley_fanout_seconds", "parley_bus_up 1", "parley_gaps_filled_total", "go_goroutines",
		`route="/api/campaigns/:id/invitations"`,
	} {
		if !strings.Contains(figures, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(figures, n.room) {
		t.Error("the metrics hold a room's id")
	}
	doc := w.send("GET", "/api/openapi.json", nil, nil).want(200)
	if !strings.Contains(string(doc.raw), `"openapi":"3.1.0"`) {
		t.Errorf("description: %.100s", doc.raw)
	}
	w.send("GET", "/healthz", nil, nil)
	must(t, w.store.Close(context.Background()))
	if r := w.send("GET", "/readyz", nil, nil).want(503); r.text("store") == "ok" {
		t.Errorf("ready without a store: %s", r.raw)
	}
	n.sponsor.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "message", "text": "x"}).
		refused(503, "unavailable", "")
}

func TestTheAppIsServed(t *testing.T) {
	app := fstest.MapFS{
		"index.html":             {Data: []byte("<!doctype html><title>App</title>")},
		"assets/index-abc123.js": {Data: []byte("let a = 1")},
		"assets/large-1.js":      {Data: []byte(strings.Repeat("let a = 1\n", 1000))},
		"favicon.svg":            {Data: []byte("<svg/>")},
		".vite/manifest.json":    {Data: []byte("{}")},
	}
	w := start(t, options{config: func(c *api.Config) { c.Assets = app }})
	for _, path := range []string{"/", "/deals/01ABC", "/index.html", "/.vite/manifest.json", "/login"} {
		r := w.send("GET", path, nil, nil).want(200)
		if !strings.Contains(string(r.raw), "<title>App</title>") || r.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %s, %s", path, r.header.Get("Cache-Control"), r.raw)
		}
	}
	js := w.send("GET", "/assets/index-abc123.js", nil, nil).want(200)
	if !strings.Contains(js.header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(js.header.Get("Content-Type"), "text/javascript") {
		t.Errorf("asset: %v", js.header)
	}
	packed := w.send("GET", "/assets/large-1.js", nil, http.Header{"Accept-Encoding": {"gzip"}}).want(200)
	if packed.header.Get("Content-Encoding") != "gzip" || len(packed.raw) > 1000 {
		t.Errorf("%d bytes came as %q", len(packed.raw), packed.header.Get("Content-Encoding"))
	}
	if svg := w.send("GET", "/favicon.svg", nil, nil).want(200); svg.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("favicon: %v", svg.header)
	}
	w.send("GET", "/assets/old-1.js", nil, nil).want(404)
	w.send("GET", "/../../etc/passwd", nil, nil).want(200) // the app's page, nothing else
	w.send("POST", "/deals", nil, nil).want(404)
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "strict-origin-when-cross-origin",
	} {
		if js.header.Get(name) != want {
			t.Errorf("%s is %q", name, js.header.Get(name))
		}
	}
	if csp := js.header.Get("Content-Security-Policy"); strings.Contains(csp, "script-src 'self' ") || strings.Contains(csp, "unsafe-eval") ||
		!strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy: %s", csp)
	}
	if w.join(rooms.Sponsor).call("GET", "/api/me", nil).header.Get("Cache-Control") != "no-store" {
		t.Error("private JSON may be stored")
	}
}

func TestWithoutTheAppAPageSaysHowToBuildIt(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Assets = fstest.MapFS{".gitkeep": {}} }})
	if r := w.send("GET", "/", nil, nil).want(200); !strings.Contains(string(r.raw), "npm run build") {
		t.Errorf("%s", r.raw)
	}
}

func TestAddressesBehindProxies(t *testing.T) {
	once := func(c *api.Config) { c.Limits.Logins = api.Rate{PerSecond: 0.001, Burst: 1} }
	login := object{"email": "a@example.com", "password": "x"}
	// Each text is a line of the header.
	from := func(forwarded ...string) http.Header { return http.Header{"X-Forwarded-For": forwarded} }

	w := start(t, options{config: once})
	w.send("POST", "/api/auth/login", login, from("192.0.2.1")).want(401)
	// Nobody is trusted: another header makes nobody another address.
	r := w.send("POST", "/api/auth/login", login, from("192.0.2.2")).refused(429, "rate_limited", "")
	if r.number("error.details.retry_after_ms") < 1 || r.header.Get("Retry-After") == "" {
		t.Errorf("when to come back: %s %v", r.raw, r.header)
	}

	w = start(t, options{config: func(c *api.Config) { once(c); c.TrustedProxies = loopback }})
	w.send("POST", "/api/auth/login", login, from("192.0.2.1")).want(401)
	w.send("POST", "/api/auth/login", login, from("192.0.2.2")).want(401)
	w.send("POST", "/api/auth/login", login, from("192.0.2.1")).want(429)
	// What the client wrote itself stands before what the proxy wrote.
	w.send("POST", "/api/auth/login", login, from("192.0.2.3, 192.0.2.1")).want(429)
	w.send("POST", "/api/auth/login", login, from("192.0.2.4, 127.0.0.1")).want(401)
	// A proxy may add a line of its own below those that the client wrote.
	w.send("POST", "/api/auth/login", login, from("192.0.2.5", "192.0.2.1")).want(429)
	w.send("POST", "/api/auth/login", login, from("192.0.2.1", "192.0.2.5, 127.0.0.1")).want(401)
	// An IPv6 customer has a network.
	w.send("POST", "/api/auth/login", login, from("2001:db8::1")).want(401)
	w.send("POST", "/api/auth/login", login, from("2001:db8::2")).want(429)
	w.send("POST", "/api/auth/login", login, from("2001:db8:0:1::1")).want(401)
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
