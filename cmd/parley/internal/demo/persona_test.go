package demo

import (
	"testing"

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
		for mine := 0; ; mine++ {
			if mine == 10 {
				t.Fatal("all offers are put and the persona goes on")
			}
			o := &rooms.Offer{Limit: 10, Author: side.Other()}
			o.Terms.Fee.Amount = theirs
			m := p.Answer(o, first, mine)
			bound := first * p.Bound / 100
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
			}
			// The other side gives way a little, or not at all.
			theirs += (m.Fee - theirs) * rapid.Int64Range(0, 60).Draw(t, "gives") / 100
		}
	})
}
