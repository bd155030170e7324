package rooms_test

import (
	"strings"
	"testing"
	"time"

	"parley/rooms"
)

// agreed makes a deal of three deliverables at the fee.
func agreed(t *testing.T, fee int64) *world {
	t.Helper()
	w := newWorld(t)
	terms := termsOf(fee)
	terms.Deliverables = []rooms.Deliverable{
		{Platform: "instagram", Format: "reel", Quantity: 1},
		{Platform: "tiktok", Format: "video", Quantity: 2, Due: "2027-03-01"},
		{Platform: "blog", Format: "post", Quantity: 1},
	}
	p := rooms.FullPatch(terms)
	w.do(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 2})
	w.do(influencer, w.accept(influencer))
	return w
}

func (w *world) feePatch(amount string) rooms.Patch {
	return patch(w.t, `{"fee":{"amount":`+amount+`,"currency":"EUR"}}`)
}

func (w *world) deliver(i int) int64 {
	w.t.Helper()
	return w.do(influencer, rooms.Deliver{
		DealSeq: w.state.Deal.Seq, Deliverable: i, Links: []string{"https://example.com/1"},
	}).Seq
}

func (w *world) confirm(i int) rooms.Event {
	w.t.Helper()
	return w.do(sponsor, rooms.Confirm{DeliverySeq: w.state.Deliveries[i].Seq})
}

// delivered compares how far the deliverables are: - open, d delivered, r
// returned, c confirmed.
func (w *world) delivered(want string) {
	w.t.Helper()
	var got strings.Builder
	for _, d := range w.state.Deliveries {
		got.WriteByte(map[rooms.DeliveryState]byte{
			rooms.DeliveryOpen: '-', rooms.DeliveryDelivered: 'd', rooms.DeliveryReturned: 'r', rooms.DeliveryConfirmed: 'c',
		}[d.State])
	}
	if got.String() != want {
		w.t.Fatalf("deliverables are %s, want %s", got.String(), want)
	}
}

func TestAnAmendmentLeavesTheDealInForceUntilItIsAccepted(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(w *world, o *rooms.Offer)
	}{
		{"declined", func(w *world, o *rooms.Offer) {
			w.do(influencer, rooms.Decline{OfferSeq: o.Seq, Reason: "terms"})
		}},
		{"withdrawn", func(w *world, o *rooms.Offer) { w.do(sponsor, rooms.Withdraw{OfferSeq: o.Seq}) }},
		{"expired", func(w *world, o *rooms.Offer) {
			w.now = o.ExpiresAt.Time
			if e := w.do(system, rooms.Expire{OfferSeq: o.Seq}).Data.(rooms.Expired); e.Status != rooms.Agreed {
				t.Fatalf("expired %+v", e)
			}
		}},
		{"the campaign's end came forward", func(w *world, o *rooms.Offer) {
			w.campaign.EndsAt = rooms.At(w.now)
			w.refused(influencer, w.accept(influencer), rooms.CodeRoomClosed)
			w.do(system, rooms.Expire{OfferSeq: o.Seq})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := agreed(t, 50_000)
			deal := w.state.Deal
			w.do(sponsor, rooms.PutOffer{Terms: w.feePatch("60000")})
			o := w.state.Standing()
			if o.Amends != deal.Seq || o.Number != 1 || len(o.Terms.Deliverables) != 3 {
				t.Fatalf("the amendment is %+v", o)
			}
			w.status(rooms.Agreed)
			w.ledger(10_000, 50_000) // only what exceeds the deal is held
			c.end(w, o)
			w.status(rooms.Agreed)
			w.ledger(0, 50_000)
			if w.state.Deal != deal || w.state.EndedBy != "" {
				t.Fatalf("the deal is %+v, ended by %q", w.state.Deal, w.state.EndedBy)
			}
			w.deliver(0)
		})
	}
}

func TestAmendmentsMoveTheLedgerByTheDifference(t *testing.T) {
	for _, c := range []struct {
		name            string
		by              rooms.Actor
		to              string
		held, committed int64
	}{
		{"the sponsor offers more", sponsor, "70000", 20_000, 70_000},
		{"the sponsor offers less", sponsor, "30000", 0, 30_000},
		{"the influencer asks for more", influencer, "70000", 0, 70_000},
		{"the influencer asks for less", influencer, "30000", 0, 30_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := agreed(t, 50_000)
			first := w.state.Deal.Seq
			w.do(c.by, rooms.PutOffer{Terms: w.feePatch(c.to)})
			w.ledger(c.held, 50_000)
			other := sponsor
			if c.by == sponsor {
				other = influencer
			}
			e := w.do(other, w.accept(other)).Data.(rooms.Accepted)
			w.ledger(0, c.committed)
			w.status(rooms.Agreed)
			if e.Amends != first || w.state.Deal.Seq == first {
				t.Fatalf("accepted %+v, the deal is %+v", e, w.state.Deal)
			}
		})
	}
	t.Run("what the sponsor offers is there to be accepted", func(t *testing.T) {
		w := agreed(t, 50_000)
		w.do(sponsor, rooms.PutOffer{Terms: w.feePatch("100000")})
		if w.campaign.Available() != 0 {
			t.Fatalf("available is %d", w.campaign.Available())
		}
		w.do(influencer, w.accept(influencer))
		r := w.refused(sponsor, rooms.PutOffer{Terms: w.feePatch("100001")}, rooms.CodeBudgetExceeded)
		if r.Details != (rooms.BudgetDetails{Available: 0, Needed: 1, Currency: "EUR"}) {
			t.Fatalf("details %+v", r.Details)
		}
	})
	t.Run("what the influencer asks for must be there when it is accepted", func(t *testing.T) {
		w := agreed(t, 50_000)
		w.do(influencer, rooms.PutOffer{Terms: w.feePatch("100001")})
		w.refused(sponsor, w.accept(sponsor), rooms.CodeBudgetExceeded)
		w.ledger(0, 50_000)
		if w.state.Standing() == nil {
			t.Fatal("the amendment is gone")
		}
	})
}

func TestAmendmentsFollowTheRulesOfOffers(t *testing.T) {
	w := agreed(t, 50_000)
	r := w.refused(sponsor, rooms.PutOffer{Terms: patch(t, `{}`)}, rooms.CodeInvalid)
	if r.Field != "terms" {
		t.Fatalf("field is %q", r.Field)
	}
	for _, cmd := range []rooms.Command{rooms.Cancel{}, rooms.Decline{Reason: "fit"}, rooms.Reopen{}} {
		w.refused(sponsor, cmd, rooms.CodeNotAllowed)
	}
	w.refused(system, rooms.Close{Reason: "campaign_ended"}, rooms.CodeNotAllowed)

	w.do(influencer, rooms.PutOffer{Terms: w.feePatch("60000")})
	o := w.state.Standing()
	w.refused(sponsor, rooms.PutOffer{Terms: w.feePatch("1")}, rooms.CodeOfferStands)
	w.refused(influencer, w.accept(influencer), rooms.CodeOwnOffer)
	w.refused(sponsor, rooms.Counter{OfferSeq: 2, Terms: w.feePatch("1")}, rooms.CodeStaleOffer)
	// A counter begins with what stands, the next amendment with the deal.
	w.do(sponsor, rooms.Counter{OfferSeq: o.Seq, Terms: patch(t, `{"note":"by Friday"}`)})
	if got := w.state.Standing().Terms; got.Fee.Amount != 60_000 || got.Note != "by Friday" {
		t.Fatalf("the counter's terms are %+v", got)
	}
	w.ledger(10_000, 50_000)
	w.do(influencer, rooms.Decline{OfferSeq: w.state.Last.Seq, Reason: "timing"})
	w.do(sponsor, rooms.PutOffer{Terms: patch(t, `{"note":"by Sunday"}`)})
	if got := w.state.Standing().Terms; got.Fee.Amount != 50_000 {
		t.Fatalf("the amendment's terms are %+v", got)
	}
	// The allowance of two offers is used up; the next deal gives a fresh one.
	late := w.state.Standing()
	w.now = late.ExpiresAt.Time
	w.refused(sponsor, rooms.PutOffer{Terms: w.feePatch("51000")}, rooms.CodeOfferLimit)
	w.do(influencer, rooms.PutOffer{Terms: w.feePatch("52000")}) // says that the other expired
	w.do(sponsor, w.accept(sponsor))
	w.do(sponsor, rooms.PutOffer{Terms: w.feePatch("53000")})
	if got := w.state.Standing(); got.Number != 1 || got.Final() {
		t.Fatalf("the amendment is %+v", got)
	}

	w.do(admin, rooms.Freeze{Source: rooms.SourceRoom, Reason: "r"})
	w.refused(influencer, w.accept(influencer), rooms.CodeFrozen)
	w.refused(influencer, rooms.Deliver{DealSeq: w.state.Deal.Seq, Links: []string{"https://example.com"}}, rooms.CodeFrozen)
	if w.state.Turn() != "" {
		t.Fatalf("it is %s's turn in a frozen room", w.state.Turn())
	}
}

func TestDeliverables(t *testing.T) {
	w := agreed(t, 50_000)
	turn := func(want rooms.Side) {
		t.Helper()
		if got := w.state.Turn(); got != want {
			t.Fatalf("it is the turn of %q, want %q", got, want)
		}
	}
	w.delivered("---")
	turn(rooms.Influencer)
	one := w.deliver(0)
	two := w.deliver(1)
	w.delivered("dd-")
	turn(rooms.Sponsor)
	w.do(sponsor, rooms.Return{DeliverySeq: two, Reason: "The logo is cut off."})
	w.delivered("dr-")
	if d := w.state.Deliveries[1]; d.Returns != 1 || d.Reason != "The logo is cut off." {
		t.Fatalf("sent back: %+v", d)
	}
	// What was done again has another number: nobody confirms what they did not see.
	again := w.deliver(0)
	if r := w.refused(sponsor, rooms.Confirm{DeliverySeq: one}, rooms.CodeStaleDelivery); r.Field != "delivery_seq" ||
		len(r.Details.(rooms.DealDetails).Deliveries) != 3 {
		t.Fatalf("refusal %+v", r)
	}
	w.refused(sponsor, rooms.Confirm{DeliverySeq: two}, rooms.CodeStaleDelivery)
	w.do(sponsor, rooms.Confirm{DeliverySeq: again})
	w.refused(sponsor, rooms.Confirm{DeliverySeq: again}, rooms.CodeDeliverableConfirmed)
	w.refused(sponsor, rooms.Return{DeliverySeq: again, Reason: "No."}, rooms.CodeDeliverableConfirmed)
	w.refused(influencer, rooms.Deliver{DealSeq: 2, Deliverable: 0, Links: []string{"https://example.com"}}, rooms.CodeDeliverableConfirmed)
	w.delivered("cr-")
	turn(rooms.Influencer)

	// The deal can be delivered after the campaign's end.
	w.now = w.campaign.EndsAt.Add(time.Hour).Time
	w.refused(sponsor, rooms.PutOffer{Terms: w.feePatch("1")}, rooms.CodeRoomClosed)
	w.deliver(1)
	w.deliver(2)
	w.confirm(1)
	w.status(rooms.Agreed)
	e := w.confirm(2).Data.(rooms.Completion)
	if e.DealSeq != 2 || e.Fee.Amount != 50_000 || e.OfferSeq != 0 {
		t.Fatalf("completed %+v", e)
	}
	w.status(rooms.Completed)
	w.ledger(0, 50_000)
	turn("")
	w.refused(influencer, rooms.Deliver{DealSeq: 2, Links: []string{"https://example.com"}}, rooms.CodeNotAllowed)
	w.refused(sponsor, rooms.PutOffer{Terms: w.feePatch("1")}, rooms.CodeNotAllowed)
	w.do(sponsor, rooms.Say{Text: "Thank you!"})
}

func TestDeliveriesThatAreRefused(t *testing.T) {
	w := agreed(t, 50_000)
	link := []string{"https://example.com/1"}
	many := make([]string, 21)
	for i := range many {
		many[i] = link[0]
	}
	deal := w.state.Deal.Seq
	for _, c := range []struct {
		name  string
		actor rooms.Actor
		cmd   rooms.Command
		code  rooms.Code
		field string
	}{
		{"no deal named", influencer, rooms.Deliver{Links: link}, rooms.CodeInvalid, "deal_seq"},
		{"another deal", influencer, rooms.Deliver{DealSeq: 1, Links: link}, rooms.CodeStaleDeal, "deal_seq"},
		{"below the list", influencer, rooms.Deliver{DealSeq: deal, Deliverable: -1, Links: link}, rooms.CodeInvalid, "deliverable"},
		{"beyond the list", influencer, rooms.Deliver{DealSeq: deal, Deliverable: 3, Links: link}, rooms.CodeInvalid, "deliverable"},
		{"no link", influencer, rooms.Deliver{DealSeq: deal}, rooms.CodeInvalid, "links"},
		{"too many links", influencer, rooms.Deliver{DealSeq: deal, Links: many}, rooms.CodeInvalid, "links"},
		{"no address", influencer, rooms.Deliver{DealSeq: deal, Links: []string{link[0], "javascript:alert(1)"}}, rooms.CodeInvalid, "links[1]"},
		{"a long note", influencer, rooms.Deliver{DealSeq: deal, Links: link, Note: strings.Repeat("n", 501)}, rooms.CodeInvalid, "note"},
		{"by the sponsor", sponsor, rooms.Deliver{DealSeq: deal, Links: link}, rooms.CodeNotAllowed, ""},
		{"by an admin", admin, rooms.Deliver{DealSeq: deal, Links: link}, rooms.CodeForbidden, ""},
		{"by a stranger", stranger, rooms.Deliver{DealSeq: deal, Links: link}, rooms.CodeNotFound, ""},
		{"confirmed by the influencer", influencer, rooms.Confirm{DeliverySeq: 4}, rooms.CodeNotAllowed, ""},
		{"nothing named to confirm", sponsor, rooms.Confirm{}, rooms.CodeInvalid, "delivery_seq"},
		{"what was never delivered", sponsor, rooms.Confirm{DeliverySeq: 2}, rooms.CodeStaleDelivery, "delivery_seq"},
		{"sent back without a reason", sponsor, rooms.Return{DeliverySeq: 4}, rooms.CodeInvalid, "reason"},
		{"sent back for long", sponsor, rooms.Return{DeliverySeq: 4, Reason: strings.Repeat("r", 1001)}, rooms.CodeInvalid, "reason"},
		{"sent back by the influencer", influencer, rooms.Return{DeliverySeq: 4, Reason: "r"}, rooms.CodeNotAllowed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := w.refused(c.actor, c.cmd, c.code); r.Field != c.field {
				t.Errorf("field is %q, want %q", r.Field, c.field)
			}
		})
	}
	open := newWorld(t)
	open.invite(1000)
	open.refused(influencer, rooms.Deliver{DealSeq: 2, Links: link}, rooms.CodeNotAllowed)
	open.refused(sponsor, rooms.Confirm{DeliverySeq: 2}, rooms.CodeNotAllowed)
}

// What an amendment does to deliverables: those it leaves as they are keep what was
// done, others begin anew, confirmed ones it cannot touch.
func TestAmendmentsAndDeliverables(t *testing.T) {
	const reel, video, post = `{"platform":"instagram","format":"reel","quantity":1}`,
		`{"platform":"tiktok","format":"video","quantity":2,"due":"2027-03-01"}`,
		`{"platform":"blog","format":"post","quantity":1}`
	deliverables := func(t *testing.T, list ...string) rooms.Patch {
		return patch(t, `{"deliverables":[`+strings.Join(list, ",")+`]}`)
	}
	progressed := func(t *testing.T) *world { // confirmed, delivered, open
		w := agreed(t, 50_000)
		w.deliver(0)
		w.confirm(0)
		w.deliver(1)
		w.delivered("cd-")
		return w
	}
	t.Run("confirmed ones stay", func(t *testing.T) {
		for field, list := range map[string][]string{
			"altered": {`{"platform":"instagram","format":"reel","quantity":2}`, video, post},
			"moved":   {video, reel, post},
		} {
			w := progressed(t)
			r := w.refused(sponsor, rooms.PutOffer{Terms: deliverables(t, list...)}, rooms.CodeDeliverableConfirmed)
			if r.Field != "terms.deliverables[0]" {
				t.Errorf("%s: field is %q", field, r.Field)
			}
		}
	})
	t.Run("what is as before keeps what was done, the rest begins anew", func(t *testing.T) {
		w := progressed(t)
		seq := w.state.Deliveries[1].Seq
		w.do(influencer, rooms.PutOffer{Terms: deliverables(t, reel, video, `{"platform":"podcast","format":"ad","quantity":1}`, post)})
		e := w.do(sponsor, w.accept(sponsor)).Data.(rooms.Accepted)
		if len(e.Kept) != 2 {
			t.Errorf("kept %v", e.Kept)
		}
		w.delivered("cd--")
		w.do(sponsor, rooms.Confirm{DeliverySeq: seq})
		w.do(influencer, rooms.PutOffer{Terms: w.feePatch("51000")})
		w.do(sponsor, w.accept(sponsor))
		w.delivered("cc--")
	})
	t.Run("altered ones begin anew", func(t *testing.T) {
		w := progressed(t)
		old := w.state.Deliveries[1].Seq
		w.do(sponsor, rooms.PutOffer{Terms: deliverables(t, reel, `{"platform":"tiktok","format":"video","quantity":3}`, post)})
		w.do(influencer, w.accept(influencer))
		w.delivered("c--")
		w.refused(sponsor, rooms.Confirm{DeliverySeq: old}, rooms.CodeStaleDelivery)
		w.refused(influencer, rooms.Deliver{DealSeq: 2, Deliverable: 1, Links: []string{"https://example.com"}}, rooms.CodeStaleDeal)
	})
	t.Run("one that was confirmed meanwhile", func(t *testing.T) {
		w := progressed(t)
		w.do(influencer, rooms.PutOffer{Terms: deliverables(t, reel, post)})
		w.confirm(1)
		if r := w.refused(sponsor, w.accept(sponsor), rooms.CodeDeliverableConfirmed); r.Field != "terms.deliverables[1]" {
			t.Errorf("field is %q", r.Field)
		}
		if w.state.Standing() == nil {
			t.Error("the amendment is gone")
		}
	})
	t.Run("one that drops what is left completes the deal", func(t *testing.T) {
		w := progressed(t)
		w.confirm(1)
		w.do(influencer, rooms.PutOffer{Terms: patch(t, `{"deliverables":[`+reel+`,`+video+`],"fee":{"amount":40000,"currency":"EUR"}}`)})
		e := w.do(sponsor, w.accept(sponsor))
		if e.Data.Type() != rooms.TypeCompleted || e.By.Side != rooms.Sponsor {
			t.Errorf("the last event is %+v", e)
		}
		w.status(rooms.Completed)
		w.ledger(0, 40_000)
	})
	t.Run("one that stands falls when the deal is completed", func(t *testing.T) {
		w := progressed(t)
		w.do(sponsor, rooms.PutOffer{Terms: w.feePatch("60000")})
		w.ledger(10_000, 50_000)
		w.confirm(1)
		w.deliver(2)
		standing := w.state.Last.Seq
		if e := w.confirm(2).Data.(rooms.Completion); e.OfferSeq != standing {
			t.Errorf("completed %+v", e)
		}
		w.ledger(0, 50_000)
		if w.state.Standing() != nil {
			t.Error("an amendment stands")
		}
	})
	t.Run("what is taken over need not fit a campaign that ends earlier now", func(t *testing.T) {
		w := progressed(t)
		w.campaign.EndsAt = rooms.At(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))
		w.do(sponsor, rooms.PutOffer{Terms: w.feePatch("51000")})
		r := w.refused(influencer, rooms.Counter{OfferSeq: w.state.Last.Seq, Terms: deliverables(t, reel, video,
			`{"platform":"blog","format":"post","quantity":1,"due":"2027-03-01"}`)}, rooms.CodeInvalid)
		if r.Field != "terms.deliverables[2].due" {
			t.Errorf("field is %q", r.Field)
		}
	})
}
