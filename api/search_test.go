package api_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/rooms"
)

func (r *reply) names() []string {
	r.t.Helper()
	names := []string{}
	for _, item := range r.items() {
		names = append(names, at(item, "name").(string))
	}
	return names
}

func TestSearchCampaigns(t *testing.T) {
	w := start(t, options{})
	sponsor, influencer := w.join(rooms.Sponsor), w.join(rooms.Influencer)
	body := campaignBody()
	body["name"], body["platforms"] = "Samsung galaxy", []string{"tiktok"}
	id := sponsor.call("POST", "/api/campaigns", body).want(201).text("id")
	body["name"], body["visibility"] = "Samsung secret", "private"
	sponsor.call("POST", "/api/campaigns", body).want(201)

	for _, query := range []string{
		"", "?q=samsng", "?q=galaxy+sams", "?category=drinks", "?niche=water", "?platform=tiktok",
		"?currency=EUR&min_budget=1000000&max_budget=1000000", "?sort=budget&currency=EUR", "?sort=ending",
		"?from=" + time.Now().UTC().AddDate(0, 0, 20).Format(time.DateOnly), "?until=" + time.Now().UTC().Format(time.DateOnly),
		"?q=" + url.QueryEscape(`samsung"`),
	} {
		if got := influencer.call("GET", "/api/open-campaigns"+query, nil).want(200).names(); !slices.Equal(got, []string{"Samsung galaxy"}) {
			t.Errorf("%s finds %q", query, got)
		}
	}
	for _, query := range []string{
		"?q=nothing-of-this-kind", "?category=cars", "?platform=twitch", "?currency=USD", "?currency=EUR&min_budget=1000001",
		"?until=2020-01-01", "?from=2999-01-01", "?q=" + url.QueryEscape(`") OR name:("samsung`),
	} {
		answer := influencer.call("GET", "/api/open-campaigns"+query, nil).want(200)
		if strings.Contains(query, "OR") {
			continue // an operator is a word like any other: what counts is that it is no error
		}
		if got := answer.names(); len(got) != 0 {
			t.Errorf("%s finds %q", query, got)
		}
	}
	for query, field := range map[string]string{
		"?sort=random": "sort", "?platform=fax": "platform", "?min_budget=5": "currency", "?sort=budget": "currency", "?currency=EURO": "currency",
		"?currency=XQX": "currency", "?min_budget=-1": "min_budget", "?min_budget=x": "min_budget", "?from=soon": "from",
		"?until=2027-02-30": "until", "?cursor=x": "cursor", "?limit=0": "limit", "?q=" + strings.Repeat("a", 1001): "q",
	} {
		influencer.call("GET", "/api/open-campaigns"+query, nil).refused(422, "invalid", field)
	}
	influencer.call("GET", "/api/open-campaigns?q="+strings.Repeat("%F0%9F%98%80", 400), nil).want(200)

	// What a stranger may see, and nothing of what others have in it.
	rival := w.join(rooms.Influencer)
	sponsor.call("POST", "/api/campaigns/"+id+"/invitations", object{"id": newID(), "influencer": rival.id, "terms": terms(1000)}).want(201)
	seen := influencer.call("GET", "/api/open-campaigns", nil).want(200).items()[0].(object)
	want := []string{"budget", "category", "description", "ends_at", "ends_on", "goals", "id", "name", "niches", "platforms", "sponsor", "starts_on"}
	var got []string
	for name := range seen {
		got = append(got, name)
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("a stranger sees %q, want %q", got, want)
	}
	if at(seen, "sponsor.name") != "A sponsor" || at(seen, "budget.amount") != 1_000_000.0 {
		t.Errorf("seen %v", seen)
	}
	room := influencer.call("POST", "/api/campaigns/"+id+"/applications", object{"id": newID(), "terms": terms(500)}).want(201).text("room")
	if seen := influencer.call("GET", "/api/open-campaigns", nil).want(200).items()[0]; at(seen, "room") != room {
		t.Errorf("one's own room is not told: %v", seen)
	}
}

func TestSearchInfluencers(t *testing.T) {
	w := start(t, options{})
	sponsor, ana, ben := w.join(rooms.Sponsor), w.join(rooms.Influencer), w.join(rooms.Influencer)
	ana.call("PATCH", "/api/profile", object{
		"name": "Ana Brûlée", "bio": "Desserts.", "category": "Food", "niches": []string{"sweets"},
		"platforms": []object{{"platform": "instagram", "handle": "ana", "followers": 12_000, "engagement_bp": 350}},
	}).want(200)
	ben.call("PATCH", "/api/profile", object{"name": "Ben", "accepts_invites": false}).want(200)
	for query, want := range map[string]string{
		"": "Ana Brûlée Ben", "?q=brulee": "Ana Brûlée", "?q=desserts": "Ana Brûlée", "?q=deserts": "Ana Brûlée",
		"?category=food": "Ana Brûlée", "?niche=sweets": "Ana Brûlée", "?platform=instagram": "Ana Brûlée",
		"?min_reach=12000": "Ana Brûlée", "?max_reach=11999": "Ben", "?min_engagement=350": "Ana Brûlée",
		"?accepts_invites=true": "Ana Brûlée", "?sort=engagement": "Ana Brûlée Ben", "?currency=EUR&min_fee=1": "",
	} {
		if got := strings.Join(sponsor.call("GET", "/api/influencers"+query, nil).want(200).names(), " "); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	for query, field := range map[string]string{
		"?sort=fame": "sort", "?min_reach=-1": "min_reach", "?max_engagement=10001": "max_engagement", "?min_fee=5": "currency",
		"?accepts_invites=perhaps": "accepts_invites", "?cursor=1_2": "cursor",
	} {
		sponsor.call("GET", "/api/influencers"+query, nil).refused(422, "invalid", field)
	}
	corrected := sponsor.call("GET", "/api/influencers?q=deserts", nil).want(200)
	if got := at(corrected.body, "corrected"); len(got.([]any)) != 1 || got.([]any)[0] != "desserts" {
		t.Errorf("corrected to %v", got)
	}
	first := sponsor.call("GET", "/api/influencers?limit=1", nil).want(200)
	next := sponsor.call("GET", "/api/influencers?limit=1&cursor="+url.QueryEscape(first.text("next_cursor")), nil).want(200)
	if got := next.names(); !slices.Equal(got, []string{"Ben"}) || next.text("next_cursor") != "" {
		t.Errorf("the second page: %s", next.raw)
	}
}

func TestSavedSearches(t *testing.T) {
	w := start(t, options{})
	influencer, sponsor, other := w.join(rooms.Influencer), w.join(rooms.Sponsor), w.join(rooms.Influencer)
	const path = "/api/saved-searches"
	saved := influencer.call("POST", path, object{"name": " Tea, soon ", "query": "sort=ending&q=tea+%26+cake&category=food"}).want(201)
	if saved.text("name") != "Tea, soon" || saved.text("query") != "category=food&q=tea+%26+cake&sort=ending" || saved.text("kind") != "campaigns" {
		t.Errorf("saved %s", saved.raw)
	}
	one := path + "/" + saved.text("id")
	// What was saved runs.
	influencer.call("GET", "/api/open-campaigns?"+saved.text("query"), nil).want(200)
	for query, why := range map[string]string{
		"cursor=1": "a place", "limit=5": "a page", "min_reach=5": "the other kind's", "q=a&q=b": "twice", "drop=table": "unknown", "%": "no query",
	} {
		t.Log(why)
		influencer.call("POST", path, object{"name": "x", "query": query}).refused(422, "invalid", "query")
	}
	sponsor.call("POST", path, object{"name": "wide", "query": "min_reach=5"}).want(201)
	influencer.call("POST", path, object{"name": " ", "query": ""}).refused(422, "invalid", "name")
	if n := len(influencer.call("GET", path, nil).want(200).items()); n != 1 {
		t.Errorf("%d saved", n)
	}
	if n := len(other.call("GET", path, nil).want(200).items()); n != 0 {
		t.Errorf("another sees %d", n)
	}
	other.call("PATCH", one, object{"name": "mine"}).refused(404, "not_found", "")
	other.call("DELETE", one, nil).refused(404, "not_found", "")
	if name := influencer.call("PATCH", one, object{"name": "Cake"}).want(200).text("name"); name != "Cake" {
		t.Errorf("renamed to %s", name)
	}
	influencer.call("DELETE", one, nil).want(204)
	influencer.call("DELETE", one, nil).refused(404, "not_found", "")
}

func TestInviteSeveral(t *testing.T) {
	w := start(t, options{})
	sponsor := w.join(rooms.Sponsor)
	a, b, c, shy := w.join(rooms.Influencer), w.join(rooms.Influencer), w.join(rooms.Influencer), w.join(rooms.Influencer)
	shy.call("PATCH", "/api/profile", object{"accepts_invites": false}).want(200)
	campaign := sponsor.campaign()
	path := "/api/campaigns/" + campaign
	to := func(people ...*person) []object {
		var list []object
		for _, p := range people {
			list = append(list, object{"id": newID(), "influencer": p.id})
		}
		return list
	}
	held := func() int64 { return sponsor.call("GET", path, nil).want(200).number("held") }

	// Not all fit: nothing is sent, and it is said how many would.
	r := sponsor.call("POST", path+"/invitations/batch", object{"invitations": to(a, b, c), "terms": terms(400_000)}).
		refused(409, "budget_exceeded", "terms.fee.amount")
	if r.number("error.details.fits") != 2 || r.number("error.details.available") != 1_000_000 || r.number("error.details.needed") != 1_200_000 {
		t.Errorf("details %s", r.raw)
	}
	if held() != 0 {
		t.Error("something is held")
	}

	body := object{"invitations": append(to(a, b), to(shy)...), "terms": terms(300_000), "message": "Hello"}
	first := sponsor.call("POST", path+"/invitations/batch", body).want(200)
	if held() != 600_000 {
		t.Errorf("held %d", held())
	}
	for i, p := range []*person{a, b} {
		item := first.items()[i]
		if at(item, "influencer") != p.id || at(item, "seq") != 3.0 {
			t.Errorf("invited %v", item)
		}
		if got := p.call("GET", "/api/rooms/"+at(item, "room").(string), nil).want(200); got.number("standing.terms.fee.amount") != 300_000 {
			t.Errorf("the room of %v: %s", item, got.raw)
		}
	}
	if item := first.items()[2]; at(item, "error.field") != "influencer" || at(item, "room") != nil {
		t.Errorf("who takes no invitations: %v", item)
	}
	// The same again is the same, though the budget would not cover it twice.
	again := sponsor.call("POST", path+"/invitations/batch", body).want(200)
	if at(again.items()[0], "room") != at(first.items()[0], "room") || held() != 600_000 {
		t.Errorf("again: %s, held %d", again.raw, held())
	}
	// Somebody who has a room already, beside somebody new.
	mixed := sponsor.call("POST", path+"/invitations/batch", object{"invitations": to(a, c), "terms": terms(1000)}).want(200)
	if at(mixed.items()[0], "error.code") != "already_exists" || at(mixed.items()[0], "error.details.room") != at(first.items()[0], "room") ||
		at(mixed.items()[1], "room") == nil {
		t.Errorf("mixed: %s", mixed.raw)
	}

	d := w.join(rooms.Influencer)
	for field, bad := range map[string]object{
		"invitations":            {},
		"invitations.id":         {"invitations": []object{{"id": "x", "influencer": d.id}}},
		"invitations.influencer": {"invitations": []object{{"id": newID(), "influencer": d.id}, {"id": newID(), "influencer": d.id}}},
		"invitations.x":          {"invitations": []object{{"id": newID(), "influencer": d.id, "x": 1}}},
		"terms.fee.currency":     {"invitations": to(d), "terms": object{"fee": object{"amount": 5, "currency": "USD"}, "deliverables": terms(1)["deliverables"]}},
		"expires_in":             {"invitations": to(d), "expires_in": 5000},
		"mood":                   {"invitations": to(d), "mood": "good"},
	} {
		sponsor.call("POST", path+"/invitations/batch", bad).refused(422, "invalid", field)
	}
	sponsor.call("POST", path+"/invitations/batch", object{"invitations": make([]object, 21)}).refused(422, "invalid", "invitations")
	sponsor.call("POST", path+"/invitations", object{"id": newID(), "influencer": shy.id}).refused(422, "invalid", "influencer")
	w.join(rooms.Sponsor).call("POST", path+"/invitations/batch", object{"invitations": to(d)}).refused(404, "not_found", "")
}
