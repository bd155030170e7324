package demo

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/rooms"
)

// TestPersonasEnd: against any other side that moves towards it or stands
// still, a persona ends the negotiation within its offers, and never accepts
// beyond its bound or offers beyond what was already on the table.
func TestPersonasEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.SampledFrom([]rooms.Side{rooms.Sponsor, rooms.Influencer}).Draw(t, "side")
		p := personaOf(side, rapid.IntRange(0, 9).Draw(t, "temper"))
		first := rapid.Int64Range(100_00, 5_000_00).Draw(t, "first")
		theirs := first
		// Somebody else may have spoken for its side before.
		last := rapid.SampledFrom([]int64{0, first * 7 / 10, first * 9 / 10, first * 12 / 10, first * 14 / 10}).Draw(t, "last")
		if p.milder(last, first) == last {
			last = 0
		}
		for mine := 0; ; mine++ {
			if mine == 10 {
				t.Fatal("all offers are put and the persona goes on")
			}
			o := &rooms.Offer{Limit: 10, Author: side.Other()}
			o.Terms.Fee.Amount = theirs
			m := p.Answer(o, Course{TheirFirst: first, Mine: mine, MyLast: last})
			bound := first * p.Bound / 100
			if last > 0 {
				bound = p.milder(bound, last)
			}
			switch {
			case m.Accept:
				if side == rooms.Influencer && theirs < bound || side == rooms.Sponsor && theirs > bound {
					t.Fatalf("accepts %d beyond its bound %d", theirs, bound)
				}
				return
			case m.Decline:
				return
			case m.Fee < 1:
				t.Fatalf("offers %d", m.Fee)
			case last > 0 && p.milder(m.Fee, last) != m.Fee:
				t.Fatalf("goes back from %d to %d", last, m.Fee)
			}
			last = m.Fee
			// The other side gives way a little, or not at all.
			theirs += (m.Fee - theirs) * rapid.Int64Range(0, 60).Draw(t, "gives") / 100
		}
	})
}

// TestPersonasKeepTheirDeals: two personas bring any deal to its end, with what is
// sent back done again.
func TestPersonasKeepTheirDeals(t *testing.T) {
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, picky := range []bool{false, true} {
		campaign := rooms.Campaign{ID: "c", Sponsor: "s", Currency: "EUR", EndsAt: rooms.At(now.AddDate(0, 1, 0)), Budget: 1000}
		state := rooms.State{}
		do := func(side rooms.Side, cmd rooms.Command) {
			t.Helper()
			actor := rooms.Actor{ID: map[rooms.Side]string{rooms.Sponsor: "s", rooms.Influencer: "i"}[side], Role: side}
			d, refusal := rooms.Decide(&state, &campaign, cmd, actor, now)
			if refusal != nil {
				t.Fatal(refusal)
			}
			state = d.After
		}
		rounds := 1
		terms := rooms.FullPatch(rooms.Terms{
			Fee:            rooms.Money{Amount: 100, Currency: "EUR"},
			Deliverables:   []rooms.Deliverable{{Platform: "x", Format: "thread", Quantity: 1}, {Platform: "blog", Format: "long post", Quantity: 40}},
			RevisionRounds: &rounds,
		})
		do(rooms.Sponsor, rooms.Open{ID: "r", Campaign: "c", Influencer: "i", Terms: &terms, Limit: 10})
		do(rooms.Influencer, rooms.Accept{OfferSeq: 2, TermsHash: state.Last.Hash})
		steps := 0
		for state.Status == rooms.Agreed {
			side := state.Turn()
			cmd := personaOf(side, 0).Fulfil(&state, picky).command()
			if steps++; cmd == nil || steps > 10 {
				t.Fatalf("after %d steps the %s does nothing: %+v", steps, side, state.Deliveries)
			}
			do(side, cmd)
		}
		if returned := state.Deliveries[0].Returns == 1; returned != picky || state.Status != rooms.Completed {
			t.Errorf("picky %v: %s with %+v", picky, state.Status, state.Deliveries)
		}
	}
}

func TestPersonasAnswerAmendments(t *testing.T) {
	for _, c := range []struct {
		side   rooms.Side
		fee    int64
		accept bool
	}{
		{rooms.Influencer, 1000, true}, {rooms.Influencer, 999, false},
		{rooms.Sponsor, 900, true}, {rooms.Sponsor, 1100, true}, {rooms.Sponsor, 1300, false},
	} {
		o := &rooms.Offer{Author: c.side.Other(), Amends: 2}
		o.Terms.Fee.Amount = c.fee
		if m := personaOf(c.side, 0).Amend(o, 1000); m.Accept != c.accept || m.Decline == c.accept {
			t.Errorf("the %s answers %d with %+v", c.side, c.fee, m)
		}
	}
}
