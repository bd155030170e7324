package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parley/rooms"
)

// duty is what somebody does next for a deal in force. None of the commands is set
// where there is nothing to do.
type duty struct {
	deliver  *rooms.Deliver
	confirm  *rooms.Confirm
	sendBack *rooms.Return
	say      string
}

// command is what the duty asks the room for, nil for nothing.
func (d duty) command() rooms.Command {
	switch {
	case d.deliver != nil:
		return *d.deliver
	case d.confirm != nil:
		return *d.confirm
	case d.sendBack != nil:
		return *d.sendBack
	default:
		return nil
	}
}

// Fulfil decides what the persona does for the deal: an influencer marks the next
// deliverable done, a sponsor confirms what waits. One who is picky sends the first
// thing back once, where the deal leaves room for a revision.
func (p Persona) Fulfil(s *rooms.State, picky bool) duty {
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		switch {
		case p.Side == rooms.Sponsor && d.State == rooms.DeliveryDelivered:
			rounds := s.Deal.Terms.RevisionRounds
			if picky && i == 0 && d.Returns == 0 && rounds != nil && *rounds > 0 {
				return duty{sendBack: &rooms.Return{
					DeliverySeq: d.Seq, Reason: "Lovely! Could the product come a little earlier, please?",
				}}
			}
			return duty{confirm: &rooms.Confirm{DeliverySeq: d.Seq}, say: "Exactly what we hoped for."}
		case p.Side == rooms.Influencer && (d.State == rooms.DeliveryOpen || d.State == rooms.DeliveryReturned):
			it := &s.Deal.Terms.Deliverables[i]
			deliver := rooms.Deliver{DealSeq: s.Deal.Seq, Deliverable: i}
			for n := range min(it.Quantity, 3) {
				deliver.Links = append(deliver.Links, fmt.Sprintf("https://example.com/%s/%s-%d-%d",
					it.Platform, strings.ReplaceAll(it.Format, " ", "-"), s.Deal.Seq, 10*d.Returns+n+1))
			}
			if d.State == rooms.DeliveryReturned {
				deliver.Note = "A new cut, with what you asked for."
			}
			return duty{deliver: &deliver}
		}
	}
	return duty{}
}

// Amend answers an amendment of a deal: it is taken where it costs the persona
// nothing, or little.
func (p Persona) Amend(standing *rooms.Offer, deal int64) Move {
	fee := standing.Terms.Fee.Amount
	if p.Side == rooms.Influencer && fee >= deal || p.Side == rooms.Sponsor && fee <= deal+deal/6 {
		return Move{Accept: true, Say: "Fine with us, let's change it."}
	}
	return Move{Decline: true}
}

// How the story's people keep their deals.
const (
	workDays    = 4 // a deliverable takes up to so many
	forgetEvery = 9 // one of so many deals is not delivered any further
	amendEvery  = 7 // one of so many is amended first
	pickyEvery  = 4 // one of so many sponsors is picky
)

// fulfil lets the side that a deal in force waits for do its part.
func (s *Seeder) fulfil(ctx context.Context, t *thread, state *rooms.State) (time.Duration, error) {
	side := state.Turn()
	if side == "" || t.temper%forgetEvery == 1 {
		return 0, nil
	}
	who := s.actor(t, side)
	if t.temper%amendEvery == 2 && !t.amended {
		t.amended = true
		if !s.Clock.Now().Before(s.market.runs[t.run].ended) {
			return s.workTime(), nil
		}
		fee := state.Deal.Terms.Fee
		fee.Amount += fee.Amount / 10
		terms := feeOf(fee)
		rounds := 3
		terms.Terms.RevisionRounds, terms.Set = &rounds, terms.Set.With(rooms.SectionRevisionRounds)
		return s.put(ctx, t, side, rooms.PutOffer{Terms: terms, ExpiresIn: usualLifetime}, fee.Amount)
	}
	d := personaOf(side, t.temper).Fulfil(state, t.temper%pickyEvery == 0)
	cmd := d.command()
	if cmd == nil {
		return 0, nil
	}
	if err := s.do(ctx, t, who, cmd); err != nil {
		return 0, err
	}
	return s.workTime(), nil
}

func (s *Seeder) workTime() time.Duration {
	return time.Duration(4+s.Rand.IntN(24*workDays)) * time.Hour
}

// answerAmendment lets the other side answer an amendment.
func (s *Seeder) answerAmendment(ctx context.Context, t *thread, state *rooms.State) (time.Duration, error) {
	standing := state.Standing()
	side := standing.Author.Other()
	who := s.actor(t, side)
	move := personaOf(side, t.temper).Amend(standing, state.Deal.Terms.Fee.Amount)
	if move.Accept {
		err := s.do(ctx, t, who, rooms.Accept{OfferSeq: standing.Seq, TermsHash: standing.Hash})
		if err == nil {
			return s.workTime(), nil
		}
		if !refusedCommand(err) {
			return 0, err
		}
		// The campaign has nothing left, or has ended.
	}
	if err := s.do(ctx, t, who, rooms.Decline{OfferSeq: standing.Seq, Reason: "budget"}); err != nil {
		return 0, err
	}
	return s.workTime(), nil
}
