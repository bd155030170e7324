package demo

import (
	"parley/rooms"
)

// Persona is how a counterparty bargains. It looks at the other side's first
// fee, asks for more (or bids less) and gives way evenly until its bound.
type Persona struct {
	Side rooms.Side
	// Open and Bound are the first answer and the last that it would take, in
	// percent of the other side's first fee.
	Open, Bound int64
	// Steps is in how many offers it gives way from Open to Bound.
	Steps int64
}

// personaOf gives each counterparty its own temper; n is any number that is
// stable for it.
func personaOf(side rooms.Side, n int) Persona {
	k := int64(n % 4)
	if side == rooms.Influencer {
		return Persona{Side: side, Open: 150 - 8*k, Bound: 118 - 3*k, Steps: 3}
	}
	return Persona{Side: side, Open: 62 + 6*k, Bound: 88 + 2*k, Steps: 3}
}

// Move is what a persona does with a standing offer: it accepts, declines, or
// counters with Fee.
type Move struct {
	Accept, Decline bool
	Fee             int64
	Say             string
}

// Course is how a negotiation went so far. Fees are minor units.
type Course struct {
	TheirFirst int64 // the fee of the other side's first offer
	Mine       int   // how many offers the persona's side has put
	MyLast     int64 // the fee of the last of these; 0: none
}

// Answer decides on the standing offer of the other side. It goes on from what its side
// said last, whoever said it, and never takes back what it gave way.
func (p Persona) Answer(standing *rooms.Offer, c Course) Move {
	fee := standing.Terms.Fee.Amount
	step := min(int64(c.Mine), p.Steps)
	wish, bound := c.TheirFirst*p.Open/100, c.TheirFirst*p.Bound/100
	if c.MyLast > 0 {
		bound = p.milder(bound, c.MyLast)
		wish = c.MyLast + (bound-c.MyLast)/(p.Steps-step+1)
	}
	good := fee >= wish
	if p.Side == rooms.Sponsor {
		good = fee <= wish
	}
	last := c.Mine+1 >= standing.Limit
	switch {
	case good:
		return Move{Accept: true, Say: "That works for us. Looking forward to it!"}
	case last && !p.within(fee, bound):
		return Move{Decline: true}
	case last || (step == p.Steps && p.within(fee, bound)):
		return Move{Accept: true, Say: "Agreed, let's do it."}
	}
	fee = round(max(1, wish))
	if c.MyLast > 0 {
		fee = p.milder(fee, c.MyLast)
	}
	return Move{Fee: fee, Say: p.line(step)}
}

// milder is what the other side likes better.
func (p Persona) milder(a, b int64) int64 {
	if p.Side == rooms.Sponsor {
		return max(a, b)
	}
	return min(a, b)
}

func (p Persona) within(fee, bound int64) bool {
	if p.Side == rooms.Sponsor {
		return fee <= bound
	}
	return fee >= bound
}

func (p Persona) line(step int64) string {
	lines := [...]string{
		"Thanks for the offer! My rate for this scope is a bit higher.",
		"I can meet you part of the way.",
		"This is close to the lowest I can go.",
		"My best number. Everything else stays as it is.",
	}
	if p.Side == rooms.Sponsor {
		lines = [...]string{
			"Great fit for the campaign. Our budget for one creator is tighter, though.",
			"We found some room in the budget.",
			"This is near the top of what we planned.",
			"Our final number for this scope.",
		}
	}
	return lines[min(step, int64(len(lines)-1))]
}

// round makes a fee look like one that a person would write.
func round(minor int64) int64 {
	for _, unit := range []int64{500_00, 100_00, 50_00, 10_00, 1_00} {
		if minor >= 20*unit {
			return (minor + unit/2) / unit * unit
		}
	}
	return minor
}
