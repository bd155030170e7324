package rooms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"parley/rooms"
)

func TestNegotiationToDeal(t *testing.T) {
	w := newWorld(t)
	o := w.invite(50_000)
	w.status(rooms.Invited)
	w.ledger(50_000, 0)
	if o.Seq != 2 || o.Author != rooms.Sponsor || o.Number != 1 {
		t.Fatalf("first offer is %+v", o)
	}

	// A counter supersedes, releases the hold, and inherits what it does not name.
	w.do(influencer, rooms.Counter{OfferSeq: o.Seq, Terms: patch(t, `{"fee":{"amount":70000,"currency":"EUR"}}`)})
	w.status(rooms.Negotiating)
	w.ledger(0, 0)
	if got := w.state.Standing(); len(got.Terms.Deliverables) != 1 || got.Terms.Fee.Amount != 70_000 {
		t.Fatalf("counter's terms are %+v", got.Terms)
	}
	w.do(sponsor, rooms.Counter{OfferSeq: 3, Terms: patch(t, `{"fee":{"amount":60000,"currency":"EUR"}}`)})
	w.ledger(60_000, 0)

	e := w.do(influencer, w.accept(influencer))
	w.status(rooms.Agreed)
	w.ledger(0, 60_000)
	if got := e.Data.(rooms.Accepted); got.OfferSeq != 4 || got.Fee.Amount != 60_000 {
		t.Fatalf("accepted %+v", got)
	}
	if w.state.Deal.Seq != 4 || w.state.Standing() != nil {
		t.Fatalf("deal %+v, standing %+v", w.state.Deal, w.state.Standing())
	}
	w.refused(influencer, rooms.Decline{Reason: "fit"}, rooms.CodeNotAllowed)
	w.do(influencer, rooms.Say{Text: "Thank you!"})
}

func TestAnInfluencersOfferGoesFromAvailableToCommitted(t *testing.T) {
	w := newWorld(t)
	p := full(80_000)
	w.do(influencer, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10})
	w.status(rooms.Applied)
	w.ledger(0, 0)
	w.do(sponsor, w.accept(sponsor))
	w.ledger(0, 80_000)
}

func TestOverBudget(t *testing.T) {
	t.Run("the sponsor sees the figures", func(t *testing.T) {
		w := newWorld(t)
		p := full(100_001)
		r := w.refused(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10},
			rooms.CodeBudgetExceeded)
		want := rooms.BudgetDetails{Available: 100_000, Needed: 100_001, Currency: "EUR"}
		if r.Details != want {
			t.Fatalf("details %+v, want %+v", r.Details, want)
		}
	})
	t.Run("the offer survives a refused accept", func(t *testing.T) {
		w := newWorld(t)
		o := w.invite(1000)
		w.do(influencer, rooms.Counter{OfferSeq: o.Seq, Terms: full(100_001)})
		w.refused(sponsor, w.accept(sponsor), rooms.CodeBudgetExceeded)
		if w.state.Standing() == nil {
			t.Fatal("the offer is gone")
		}
		w.campaign.Budget = 100_001
		w.do(sponsor, w.accept(sponsor))
	})
	t.Run("a counter may use what its own hold releases", func(t *testing.T) {
		w := newWorld(t)
		o := w.invite(90_000)
		w.do(influencer, rooms.Counter{OfferSeq: o.Seq, Terms: full(99_000)})
		w.do(sponsor, rooms.Counter{OfferSeq: 3, Terms: full(95_000)})
		w.ledger(95_000, 0)
	})
	t.Run("a budget is not cut below what is taken", func(t *testing.T) {
		w := newWorld(t)
		w.invite(90_000)
		if r := w.campaign.CheckBudget(89_999); r == nil || r.Code != rooms.CodeBudgetExceeded || r.Field != "budget.amount" {
			t.Fatalf("refusal is %v", r)
		}
		if r := w.campaign.CheckBudget(90_000); r != nil {
			t.Fatalf("refusal is %v", r)
		}
	})
}

func TestStale(t *testing.T) {
	w := newWorld(t)
	first := w.invite(50_000)
	late := w.accept(influencer)
	w.do(sponsor, rooms.Withdraw{OfferSeq: first.Seq})
	w.ledger(0, 0)
	r := w.refused(influencer, late, rooms.CodeStaleOffer)
	if details := r.Details.(rooms.StaleDetails); details.Standing != nil {
		t.Fatalf("standing is %+v, want none", details.Standing)
	}
	w.do(sponsor, rooms.PutOffer{Terms: patch(t, `{"fee":{"amount":40000,"currency":"EUR"}}`)})
	r = w.refused(influencer, late, rooms.CodeStaleOffer)
	rooms.CompleteStale(r, first)
	details := r.Details.(rooms.StaleDetails)
	if details.Standing.Seq != 4 || len(details.Diff) != 1 || details.Diff[0].Section != "fee" {
		t.Fatalf("details are %+v", details)
	}
	// The right number with other terms is stale too.
	wrong := w.accept(influencer)
	wrong.TermsHash[0] ^= 1
	w.refused(influencer, wrong, rooms.CodeStaleOffer)
	w.refused(influencer, rooms.Accept{OfferSeq: 4}, rooms.CodeInvalid)
	w.refused(influencer, rooms.Accept{TermsHash: wrong.TermsHash}, rooms.CodeInvalid)
	w.refused(influencer, rooms.Counter{OfferSeq: 2, Terms: full(1)}, rooms.CodeStaleOffer)
	w.refused(influencer, rooms.Decline{OfferSeq: 2, Reason: "fit"}, rooms.CodeStaleOffer)
	w.refused(sponsor, rooms.Withdraw{OfferSeq: 2}, rooms.CodeStaleOffer)
}

func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	o := w.invite(50_000)
	accept := w.accept(influencer)
	counter := rooms.Counter{OfferSeq: o.Seq, Terms: full(1000)}
	decline := rooms.Decline{OfferSeq: o.Seq, Reason: "terms"}

	for _, cmd := range []rooms.Command{accept, counter, decline} {
		w.refused(sponsor, cmd, rooms.CodeOwnOffer)
		w.refused(stranger, cmd, rooms.CodeNotFound)
		w.refused(admin, cmd, rooms.CodeForbidden)
		w.refused(system, cmd, rooms.CodeForbidden)
	}
	w.refused(influencer, rooms.Withdraw{OfferSeq: o.Seq}, rooms.CodeNotAllowed)
	w.refused(influencer, rooms.Cancel{}, rooms.CodeNotAllowed)
	w.refused(sponsor, rooms.PutOffer{Terms: full(1000)}, rooms.CodeOfferStands)
	w.refused(sponsor, rooms.Reopen{}, rooms.CodeNotAllowed)
	for _, cmd := range []rooms.Command{
		rooms.Freeze{Source: rooms.SourceRoom, Reason: "x"}, rooms.Unfreeze{Source: rooms.SourceRoom},
		rooms.Close{Reason: "x"}, rooms.Expire{OfferSeq: o.Seq},
	} {
		w.refused(sponsor, cmd, rooms.CodeForbidden)
	}
	w.refused(admin, rooms.Expire{OfferSeq: o.Seq}, rooms.CodeForbidden)

	empty := newWorld(t)
	empty.refused(sponsor, accept, rooms.CodeNotFound)
	open := rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Limit: 10}
	empty.refused(stranger, open, rooms.CodeNotFound)
	empty.refused(admin, open, rooms.CodeForbidden)
	other := open
	other.Influencer = "01JD0000000000000000000F99"
	empty.refused(influencer, other, rooms.CodeNotFound)
	empty.campaign.Public = false
	empty.refused(influencer, open, rooms.CodeNotFound)
	empty.do(sponsor, open)
	empty.refused(sponsor, open, rooms.CodeAlreadyExists)
}

func TestExpiry(t *testing.T) {
	t.Run("valid only before its instant", func(t *testing.T) {
		w := newWorld(t)
		o := w.invite(50_000)
		if want := rooms.At(noon.Add(48 * time.Hour)); o.ExpiresAt != want {
			t.Fatalf("expires at %v, want %v", o.ExpiresAt, want)
		}
		w.now = o.ExpiresAt.Time
		w.refused(influencer, w.accept(influencer), rooms.CodeOfferExpired)
		w.refused(influencer, rooms.Counter{OfferSeq: o.Seq, Terms: full(1)}, rooms.CodeOfferExpired)
		w.refused(sponsor, rooms.Withdraw{OfferSeq: o.Seq}, rooms.CodeOfferExpired)
		w.refused(sponsor, rooms.PutOffer{Terms: full(1)}, rooms.CodeOfferExpired)
		w.now = o.ExpiresAt.Add(-time.Microsecond).Time
		w.refused(system, rooms.Expire{OfferSeq: o.Seq}, rooms.CodeNotAllowed)
		w.do(influencer, w.accept(influencer))
	})
	t.Run("an unanswered request expires and its opener takes it up again", func(t *testing.T) {
		w := newWorld(t)
		o := w.invite(50_000)
		w.now = o.ExpiresAt.Time
		w.do(system, rooms.Expire{OfferSeq: o.Seq})
		w.status(rooms.StatusExpired)
		w.ledger(0, 0)
		w.refused(influencer, rooms.Say{Text: "?"}, rooms.CodeRoomClosed)
		w.refused(influencer, rooms.Reopen{}, rooms.CodeNotAllowed)
		w.do(sponsor, rooms.Reopen{})
		w.status(rooms.Invited)
		w.do(sponsor, rooms.PutOffer{Terms: patch(t, `{}`)})
		w.ledger(50_000, 0)
	})
	t.Run("a negotiation goes on, and a new offer says that the old expired", func(t *testing.T) {
		w := newWorld(t)
		o := w.invite(50_000)
		w.do(influencer, rooms.Counter{OfferSeq: o.Seq, Terms: full(60_000), ExpiresIn: 3600})
		w.now = noon.Add(time.Hour)
		w.do(sponsor, rooms.PutOffer{Terms: full(55_000)})
		n := len(w.log)
		if got := w.log[n-2]; got.Data.Type() != rooms.TypeExpired || got.By.Side != rooms.System {
			t.Fatalf("the event before the offer is %+v", got)
		}
		w.status(rooms.Negotiating)
	})
	t.Run("lifetimes", func(t *testing.T) {
		w := newWorld(t)
		o := w.invite(50_000)
		for _, seconds := range []int64{-1, 1, 3599, 14*24*3600 + 1} {
			r := w.refused(influencer, rooms.Counter{OfferSeq: o.Seq, Terms: full(1), ExpiresIn: seconds}, rooms.CodeInvalid)
			if r.Field != "expires_in" {
				t.Fatalf("field is %q", r.Field)
			}
		}
		w.now = w.campaign.EndsAt.Add(-time.Minute).Time
		w2 := newWorld(t)
		w2.now = w.now
		if late := w2.invite(50_000); late.ExpiresAt != w.campaign.EndsAt {
			t.Fatalf("expires at %v, past the campaign's end", late.ExpiresAt)
		}
	})
	t.Run("nothing is offered or accepted after the campaign's end", func(t *testing.T) {
		w := newWorld(t)
		w.invite(50_000)
		w.campaign.Archived = true
		w.refused(influencer, w.accept(influencer), rooms.CodeRoomClosed)
		w.refused(influencer, rooms.Counter{OfferSeq: 2, Terms: full(1)}, rooms.CodeRoomClosed)
		w.do(system, rooms.Close{Reason: "campaign_archived"})
		w.status(rooms.StatusClosed)
		w.ledger(0, 0)
	})
}

func TestDeclineAndReopen(t *testing.T) {
	w := newWorld(t)
	o := w.invite(50_000)
	if r := w.refused(influencer, rooms.Decline{OfferSeq: o.Seq, Reason: "mood"}, rooms.CodeInvalid); r.Field != "reason" {
		t.Fatalf("field is %q", r.Field)
	}
	w.refused(influencer, rooms.Decline{Reason: "fit"}, rooms.CodeInvalid)
	w.do(influencer, rooms.Decline{OfferSeq: o.Seq, Reason: "budget", Note: "Too low for two reels."})
	w.status(rooms.StatusDeclined)
	w.ledger(0, 0)
	r := w.refused(sponsor, rooms.PutOffer{Terms: full(60_000)}, rooms.CodeRoomClosed)
	if r.Details != (rooms.StatusDetails{Status: rooms.StatusDeclined}) {
		t.Fatalf("details are %+v", r.Details)
	}
	w.refused(sponsor, rooms.Reopen{}, rooms.CodeNotAllowed)
	w.do(influencer, rooms.Reopen{})
	w.status(rooms.Invited)
	w.do(influencer, rooms.PutOffer{Terms: full(60_000)})
	w.status(rooms.Negotiating)
	w.do(influencer, rooms.Withdraw{OfferSeq: w.state.Last.Seq})
	w.do(sponsor, rooms.Decline{Reason: "timing"}) // none stands: either side may end it
	w.do(sponsor, rooms.Reopen{})
	w.status(rooms.Negotiating)
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	o := w.invite(50_000)
	e := w.do(sponsor, rooms.Cancel{Note: "The launch is off."})
	if got := e.Data.(rooms.Cancelled); got.OfferSeq != o.Seq {
		t.Fatalf("cancelled %+v", got)
	}
	w.status(rooms.StatusWithdrawn)
	w.ledger(0, 0)
	w.refused(influencer, rooms.Reopen{}, rooms.CodeNotAllowed)
	w.do(sponsor, rooms.Reopen{})
	w.status(rooms.Invited)
}

func TestOfferLimit(t *testing.T) {
	w := newWorld(t)
	p := full(1000)
	w.do(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 2})
	w.do(influencer, rooms.Counter{OfferSeq: 2, Terms: full(3000)})
	w.do(sponsor, rooms.Counter{OfferSeq: 3, Terms: full(2000)})
	if last := w.state.Standing(); !last.Final() || last.Number != 2 {
		t.Fatalf("the last offer is %+v", last)
	}
	w.do(influencer, rooms.Counter{OfferSeq: 4, Terms: full(2900)})
	r := w.refused(sponsor, rooms.Counter{OfferSeq: 5, Terms: full(2100)}, rooms.CodeOfferLimit)
	if r.Details != (rooms.LimitDetails{Limit: 2}) {
		t.Fatalf("details are %+v", r.Details)
	}
	w.do(sponsor, w.accept(sponsor))
}

func TestLocks(t *testing.T) {
	w := newWorld(t)
	p := patch(t, `{"fee":{"amount":50000,"currency":"EUR"},"deliverables":[{"platform":"x","format":"post","quantity":1}],
		"requirements":"No competitors in the picture.","locked":["requirements","deliverables"]}`)
	w.do(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10})

	for _, raw := range []string{
		`{"requirements":"Anything goes."}`, `{"requirements":null}`,
		`{"deliverables":[{"platform":"x","format":"post","quantity":2}]}`,
	} {
		r := w.refused(influencer, rooms.Counter{OfferSeq: 2, Terms: patch(t, raw)}, rooms.CodeSectionLocked)
		if !strings.HasPrefix(r.Field, "terms.") {
			t.Fatalf("field is %q", r.Field)
		}
	}
	r := w.refused(influencer, rooms.Counter{OfferSeq: 2, Terms: patch(t, `{"locked":["fee"]}`)}, rooms.CodeInvalid)
	if r.Field != "terms.locked" {
		t.Fatalf("field is %q", r.Field)
	}
	// The same value is no change; one's own new section may be locked; the
	// other's locks stay whatever the list says.
	w.do(influencer, rooms.Counter{OfferSeq: 2, Terms: patch(t,
		`{"requirements":"No competitors in the picture.","exclusivity":{"category":"soda","days":30},"locked":["exclusivity"]}`)})
	got := w.state.Standing().Terms.Locked
	want := rooms.Sections(0).With(rooms.SectionRequirements).With(rooms.SectionDeliverables).With(rooms.SectionExclusivity)
	if got != want {
		t.Fatalf("locked is %b, want %b", got, want)
	}
	w.refused(sponsor, rooms.Counter{OfferSeq: 3, Terms: patch(t, `{"exclusivity":null}`)}, rooms.CodeSectionLocked)

	// A withdrawn offer leaves the locks in place.
	w.do(influencer, rooms.Withdraw{OfferSeq: 3})
	w.refused(influencer, rooms.PutOffer{Terms: patch(t, `{"requirements":"Anything goes."}`)}, rooms.CodeSectionLocked)
	// Who locked a section may change and unlock it.
	w.do(sponsor, rooms.PutOffer{Terms: patch(t, `{"requirements":"No alcohol in the picture.","locked":[]}`)})
	w.do(influencer, rooms.Counter{OfferSeq: w.state.Last.Seq, Terms: patch(t, `{"requirements":"None."}`)})
}

func TestFreeze(t *testing.T) {
	w := newWorld(t)
	o := w.invite(50_000)
	w.refused(admin, rooms.Freeze{Source: "moon", Reason: "x"}, rooms.CodeInvalid)
	w.refused(admin, rooms.Freeze{Source: rooms.SourceRoom}, rooms.CodeInvalid)
	w.now = noon.Add(47 * time.Hour)
	w.do(admin, rooms.Freeze{Source: rooms.SourceRoom, Reason: "reported"})
	w.refused(admin, rooms.Freeze{Source: rooms.SourceRoom, Reason: "again"}, rooms.CodeNotAllowed)
	for _, cmd := range []rooms.Command{
		w.accept(influencer), rooms.Counter{OfferSeq: o.Seq, Terms: full(1)}, rooms.Say{Text: "hello?"},
		rooms.Decline{OfferSeq: o.Seq, Reason: "fit"}, rooms.Reopen{},
	} {
		w.refused(influencer, cmd, rooms.CodeFrozen)
	}
	w.refused(sponsor, rooms.Withdraw{OfferSeq: o.Seq}, rooms.CodeFrozen)
	w.refused(sponsor, rooms.Cancel{}, rooms.CodeFrozen)
	w.ledger(50_000, 0)
	if w.state.Turn() != "" {
		t.Fatalf("it is %s's turn in a frozen room", w.state.Turn())
	}

	// The clock stands still; a second source keeps the room frozen.
	w.now = noon.Add(100 * time.Hour)
	w.refused(system, rooms.Expire{OfferSeq: o.Seq}, rooms.CodeNotAllowed)
	w.do(system, rooms.Freeze{Source: rooms.SourceSponsor, Reason: "flagged"})
	e := w.do(admin, rooms.Unfreeze{Source: rooms.SourceRoom, Reason: "checked"})
	if got := e.Data.(rooms.Unfrozen); !got.Still || got.ExpiresAt != nil {
		t.Fatalf("unfrozen %+v", got)
	}
	w.refused(influencer, w.accept(influencer), rooms.CodeFrozen)
	w.do(admin, rooms.Unfreeze{Source: rooms.SourceSponsor, Reason: "checked"})
	// One hour was left, at least 24 are.
	if got, want := w.state.Standing().ExpiresAt, rooms.At(w.now.Add(24*time.Hour)); got != want {
		t.Fatalf("expires at %v, want %v", got, want)
	}
	if o.ExpiresAt != rooms.At(noon.Add(48*time.Hour)) {
		t.Fatal("the thaw changed the offer that others share")
	}
	w.refused(admin, rooms.Unfreeze{Source: rooms.SourceRoom}, rooms.CodeNotAllowed)
	w.do(influencer, w.accept(influencer))
}

func TestThawKeepsWhatWasLeftAndRevivesNothing(t *testing.T) {
	w := newWorld(t)
	w.invite(50_000)
	w.now = noon.Add(8 * time.Hour) // 40 h left
	w.do(admin, rooms.Freeze{Source: rooms.SourceRoom, Reason: "reported"})
	w.now = noon.Add(1000 * time.Hour)
	w.do(admin, rooms.Unfreeze{Source: rooms.SourceRoom})
	if got, want := w.state.Standing().ExpiresAt, rooms.At(w.now.Add(40*time.Hour)); got != want {
		t.Fatalf("expires at %v, want %v", got, want)
	}

	w = newWorld(t)
	o := w.invite(50_000)
	w.now = noon.Add(49 * time.Hour) // expired, though nobody has said so
	w.do(admin, rooms.Freeze{Source: rooms.SourceRoom, Reason: "reported"})
	w.do(admin, rooms.Unfreeze{Source: rooms.SourceRoom})
	w.refused(influencer, w.accept(influencer), rooms.CodeOfferExpired)
	w.do(system, rooms.Expire{OfferSeq: o.Seq})
}

func TestAdminCloses(t *testing.T) {
	w := newWorld(t)
	w.invite(50_000)
	w.refused(admin, rooms.Close{}, rooms.CodeInvalid)
	w.do(admin, rooms.Close{Reason: "fraud"})
	w.status(rooms.StatusClosed)
	w.ledger(0, 0)
	w.refused(sponsor, rooms.Reopen{}, rooms.CodeNotAllowed)

	w = newWorld(t)
	w.invite(50_000)
	w.do(influencer, w.accept(influencer))
	w.refused(admin, rooms.Close{Reason: "fraud"}, rooms.CodeNotAllowed)
	w.ledger(0, 50_000)
}

func TestRefusalIsAnError(t *testing.T) {
	var err error = rooms.Invalid("terms.fee", rooms.Required())
	var r *rooms.Refusal
	if !errors.As(err, &r) || !strings.Contains(err.Error(), "terms.fee") {
		t.Fatalf("error is %v", err)
	}
}
