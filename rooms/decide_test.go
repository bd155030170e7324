package rooms_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/rooms"
)

// The people and the place of every test.
const (
	roomID       = "01JD0000000000000000000R00"
	campaignID   = "01JD0000000000000000000C00"
	sponsorID    = "01JD0000000000000000000S00"
	influencerID = "01JD0000000000000000000F00"
	adminID      = "01JD0000000000000000000A00"
)

var (
	noon       = time.Date(2027, 1, 10, 12, 0, 0, 0, time.UTC)
	sponsor    = rooms.Actor{ID: sponsorID, Role: rooms.Sponsor}
	influencer = rooms.Actor{ID: influencerID, Role: rooms.Influencer}
	stranger   = rooms.Actor{ID: "01JD0000000000000000000X00", Role: rooms.Sponsor}
	admin      = rooms.Actor{ID: adminID, Role: rooms.Admin}
	system     = rooms.Actor{Role: rooms.System}
)

// world is one room with its campaign and a clock, driven by commands.
type world struct {
	t        *testing.T
	state    rooms.State
	campaign rooms.Campaign
	now      time.Time
	log      []rooms.Event
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{
		t: t, now: noon,
		campaign: rooms.Campaign{
			ID: campaignID, Sponsor: sponsorID, Currency: "EUR", Public: true,
			EndsAt: rooms.At(noon.AddDate(0, 3, 0)), Budget: 100_000,
		},
	}
}

// do decides and applies; it fails the test when the command is refused.
func (w *world) do(actor rooms.Actor, cmd rooms.Command) rooms.Event {
	w.t.Helper()
	e, refusal := w.try(actor, cmd)
	if refusal != nil {
		w.t.Fatalf("%s by %s is refused: %v", cmd.Name(), actor.Role, refusal)
	}
	return e
}

func (w *world) try(actor rooms.Actor, cmd rooms.Command) (rooms.Event, *rooms.Refusal) {
	w.t.Helper()
	before, beforeCampaign := w.state, w.campaign
	d, refusal := rooms.Decide(&w.state, &w.campaign, cmd, actor, w.now)
	if !reflect.DeepEqual(before, w.state) || beforeCampaign != w.campaign {
		w.t.Fatalf("deciding %s changed its inputs", cmd.Name())
	}
	if refusal != nil {
		return rooms.Event{}, refusal
	}
	w.state = d.After
	w.campaign.Apply(d.Move)
	w.log = append(w.log, d.Events...)
	return d.Events[len(d.Events)-1], nil
}

// refused asserts that the command is refused with the code.
func (w *world) refused(actor rooms.Actor, cmd rooms.Command, code rooms.Code) *rooms.Refusal {
	w.t.Helper()
	_, refusal := w.try(actor, cmd)
	if refusal == nil {
		w.t.Fatalf("%s by %s passes, want %s", cmd.Name(), actor.Role, code)
	}
	if refusal.Code != code {
		w.t.Fatalf("%s by %s is refused with %v, want %s", cmd.Name(), actor.Role, refusal, code)
	}
	return refusal
}

func (w *world) ledger(held, committed int64) {
	w.t.Helper()
	if w.campaign.Held != held || w.campaign.Committed != committed {
		w.t.Fatalf("ledger holds %d and committed %d, want %d and %d",
			w.campaign.Held, w.campaign.Committed, held, committed)
	}
}

func (w *world) status(want rooms.Status) {
	w.t.Helper()
	if w.state.Status != want {
		w.t.Fatalf("status is %s, want %s", w.state.Status, want)
	}
}

func termsOf(fee int64) rooms.Terms {
	return rooms.Terms{
		Fee:          rooms.Money{Amount: fee, Currency: "EUR"},
		Deliverables: []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 1}},
	}
}

func full(fee int64) rooms.Patch { return rooms.FullPatch(termsOf(fee)) }

func patch(t *testing.T, raw string) rooms.Patch {
	t.Helper()
	p, refusal := rooms.ParsePatch([]byte(raw))
	if refusal != nil {
		t.Fatalf("parse %s: %v", raw, refusal)
	}
	return p
}

// invite opens a room with a first offer of the sponsor.
func (w *world) invite(fee int64) *rooms.Offer {
	w.t.Helper()
	p := full(fee)
	w.do(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10})
	return w.state.Standing()
}

func (w *world) accept(actor rooms.Actor) rooms.Accept {
	o := w.state.Standing()
	return rooms.Accept{OfferSeq: o.Seq, TermsHash: o.Hash}
}

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

func TestRefusalIsAnError(t *testing.T) {
	var err error = rooms.Invalid("terms.fee", rooms.Required())
	var r *rooms.Refusal
	if !errors.As(err, &r) || !strings.Contains(err.Error(), "terms.fee") {
		t.Fatalf("error is %v", err)
	}
}
