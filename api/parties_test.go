package api_test

import (
	"testing"

	"parley/store"
)

// The two sides of a room see who the other is, and go on to when one is under review
// or gone.
func TestPartiesKnowEachOther(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	n.sponsor.call("PATCH", "/api/card", object{"kind": "individual", "industry": "Books"}).want(200)
	n.influencer.call("PATCH", "/api/profile", object{"slug": "reader", "bio": "Reads."}).want(200)
	path := "/api/rooms/" + n.room + "/parties"
	for _, p := range []*person{n.sponsor, n.influencer, w.admin()} {
		seen := p.call("GET", path, nil).want(200)
		if seen.text("sponsor.kind") != "individual" || seen.text("sponsor.industry") != "Books" || seen.text("sponsor.id") != n.sponsor.id ||
			seen.text("influencer.slug") != "reader" || seen.text("influencer.bio") != "Reads." {
			t.Errorf("parties: %s", seen.raw)
		}
	}
	must(t, w.store.Flag(t.Context(), store.Flag{Kind: store.FlagUser, ID: n.influencer.id, Reason: "spam", Admin: w.admin().id}))
	if seen := n.sponsor.call("GET", path, nil).want(200); seen.text("influencer.slug") != "reader" {
		t.Errorf("under review: %s", seen.raw)
	}
	must(t, w.store.Unflag(t.Context(), store.Flag{Kind: store.FlagUser, ID: n.influencer.id, Admin: w.admin().id}))
	n.influencer.call("POST", "/api/account/delete", object{"password": password}).want(204)
	if seen := n.sponsor.call("GET", path, nil).want(200); at(seen.body, "influencer") != nil || seen.text("sponsor.industry") != "Books" {
		t.Errorf("after the influencer has left: %s", seen.raw)
	}
}
