package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/rooms"
	"parley/store"
)

// thread is a meeting on its way.
type thread struct {
	*meeting
	room   string
	put    int
	first  [2]int64 // the first fee of each side; 0: none
	last   [2]int64 // and the last
	opened bool
	// amended tells whether an amendment of the deal was put.
	amended bool
}

func (t *thread) opener() rooms.Side {
	if t.applied {
		return rooms.Influencer
	}
	return rooms.Sponsor
}

// Lifetimes of the story's offers, in seconds. A slow one's outlast its people.
const (
	firstLifetime = 72 * 3600
	usualLifetime = 96 * 3600
	slowLifetime  = 10 * 24 * 3600
	// spoken is how long somebody takes between a message and a move.
	spoken = 40 * time.Second
)

// step makes the thread's next move and returns the time until the one after it, 0
// when there is none.
func (s *Seeder) step(ctx context.Context, t *thread) (time.Duration, error) {
	if !t.opened {
		return s.open(ctx, t)
	}
	state, err := s.story.State(ctx, t.room)
	if err != nil {
		return 0, err
	}
	if t.stopAfter > 0 && t.put >= t.stopAfter && state.Deal == nil {
		return 0, nil
	}
	standing := state.Standing()
	switch {
	case standing == nil:
		return s.resume(ctx, t, state)
	case !s.Clock.Now().Before(standing.ExpiresAt.Time):
		if err := s.do(ctx, t, rooms.Actor{Role: rooms.System}, rooms.Expire{OfferSeq: standing.Seq}); err != nil {
			return 0, err
		}
		return s.pause(t), nil
	case state.Status == rooms.Agreed:
		return s.answerAmendment(ctx, t, state)
	case t.fate == ignored, t.fate == lapses && t.put > 1+t.temper%3:
		t.fate = ignored
		return standing.ExpiresAt.Sub(s.Clock.Now()) + time.Second, nil
	case t.fate == recalled && t.put > t.temper%3:
		return 0, s.do(ctx, t, s.actor(t, t.opener()), rooms.Cancel{Note: "Our plans have changed, sorry."})
	case t.fate == refused:
		return 0, s.decline(ctx, t, standing)
	}
	return s.answer(ctx, t, state)
}

// resume goes on where no offer stands: a deal is kept; after an offer that expired,
// somebody may ask again.
func (s *Seeder) resume(ctx context.Context, t *thread, state *rooms.State) (time.Duration, error) {
	if state.Status == rooms.Agreed {
		return s.fulfil(ctx, t, state)
	}
	if !state.Status.Open() || state.Last == nil || t.temper%3 > 0 {
		return 0, nil
	}
	t.fate = bargains
	side := state.Last.Author
	offer := rooms.PutOffer{Terms: feeOf(state.Last.Terms.Fee), ExpiresIn: usualLifetime}
	return s.put(ctx, t, side, offer, state.Last.Terms.Fee.Amount)
}

// answer lets the side whose turn it is answer the standing offer.
func (s *Seeder) answer(ctx context.Context, t *thread, state *rooms.State) (time.Duration, error) {
	standing := state.Standing()
	side := standing.Author.Other()
	who := s.actor(t, side)
	move := personaOf(side, t.temper).Answer(standing, Course{
		TheirFirst: t.first[sideIndex(standing.Author)], Mine: state.Offers.Of(side), MyLast: t.last[sideIndex(side)],
	})
	if move.Say != "" && s.Rand.IntN(3) > 0 {
		if err := s.say(ctx, t, who, move.Say); err != nil {
			return 0, err
		}
	}
	switch {
	case move.Accept:
		accept := rooms.Accept{OfferSeq: standing.Seq, TermsHash: standing.Hash}
		if err := s.do(ctx, t, who, accept); refusedCommand(err) {
			// The campaign has nothing left, or has ended.
			return 0, s.decline(ctx, t, standing)
		} else if err != nil {
			return 0, err
		}
		return s.workTime(), nil
	case move.Decline:
		return 0, s.do(ctx, t, who, rooms.Decline{OfferSeq: standing.Seq, Reason: "budget"})
	}
	lifetime := int64(usualLifetime)
	if t.slow {
		lifetime = slowLifetime
	}
	counter := rooms.Counter{
		OfferSeq: standing.Seq, ExpiresIn: lifetime,
		Terms: feeOf(rooms.Money{Amount: move.Fee, Currency: state.Currency}),
	}
	s.enrich(&counter.Terms, side, t.put)
	return s.put(ctx, t, side, counter, move.Fee)
}

// put offers or counters; where the campaign cannot take it, the talk ends.
func (s *Seeder) put(ctx context.Context, t *thread, side rooms.Side, body rooms.Command, fee int64) (time.Duration, error) {
	var refusal *rooms.Refusal
	if err := s.do(ctx, t, s.actor(t, side), body); errors.As(err, &refusal) {
		if counter, ok := body.(rooms.Counter); ok && refusal.Code == rooms.CodeBudgetExceeded {
			return 0, s.do(ctx, t, s.actor(t, side), rooms.Decline{
				OfferSeq: counter.OfferSeq, Reason: "budget", Note: "The campaign's budget is used up.",
			})
		}
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	s.noteOffer(t, side, fee)
	if s.Rand.IntN(4) == 0 {
		if err := s.say(ctx, t, s.actor(t, side), pick(s.Rand, chatter)); err != nil {
			return 0, err
		}
	}
	return s.pause(t), nil
}

func (s *Seeder) decline(ctx context.Context, t *thread, standing *rooms.Offer) error {
	d := declines[t.temper%len(declines)]
	who := s.actor(t, standing.Author.Other())
	return s.do(ctx, t, who, rooms.Decline{OfferSeq: standing.Seq, Reason: d.reason, Note: d.note})
}

func (s *Seeder) open(ctx context.Context, t *thread) (time.Duration, error) {
	t.opened = true
	if s.opened < len(s.market.meetings) {
		s.opened++
	}
	r := &s.market.runs[t.run]
	side := t.opener()
	fee := round(max(1, r.budget/10*t.percent/100))
	cmd := rooms.Open{
		ID: t.room, Campaign: r.id, Influencer: s.market.creators[t.creator].id,
		Terms: s.firstTerms(t, fee), ExpiresIn: firstLifetime, Limit: s.OfferLimit, Message: pick(s.Rand, invitations),
	}
	if t.applied {
		cmd.Message = pick(s.Rand, applications)
	}
	if t.slow {
		cmd.ExpiresIn = slowLifetime
	}
	if err := s.do(ctx, t, s.actor(t, side), cmd); refusedCommand(err) {
		return 0, nil // nothing is left of the budget
	} else if err != nil {
		return 0, err
	}
	s.noteOffer(t, side, fee)
	return s.pause(t), nil
}

// mustShow is for what has a length, and for what has none.
func mustShow(seconds int) string {
	if seconds > 0 {
		return "The product in the first five seconds."
	}
	return "The product in the first picture."
}

func (s *Seeder) firstTerms(t *thread, fee int64) *rooms.Patch {
	r := &s.market.runs[t.run]
	rounds := 1 + t.temper%3
	due := t.start.Add(r.ended.Sub(t.start) * 2 / 3)
	terms := rooms.Terms{
		Fee: rooms.Money{Amount: fee, Currency: r.currency},
		Deliverables: []rooms.Deliverable{{
			Platform: r.platform, Format: r.format, Quantity: 1 + t.creator%3, LengthSeconds: r.length,
			Due: rooms.Date(due.UTC().Format(time.DateOnly)), MustShow: mustShow(r.length),
		}},
		UsageRights:    &rooms.UsageRights{Scope: "organic", Months: 3 * (1 + t.temper%4), Channels: []string{r.platform}},
		RevisionRounds: &rounds,
		Payment: []rooms.Milestone{
			{Milestone: "On signing", Percent: 40, NetDays: 7}, {Milestone: "On publication", Percent: 60, NetDays: 14},
		},
		Requirements: "Marked as advertising, as the law asks for.",
	}
	if t.temper%5 == 0 && r.platform != "instagram" {
		terms.Deliverables = append(terms.Deliverables, rooms.Deliverable{
			Platform: "instagram", Format: "story set", Quantity: 3, LengthSeconds: 15, Due: terms.Deliverables[0].Due,
		})
	}
	patch := rooms.FullPatch(terms)
	return &patch
}

// enrich lets some counters change more than the fee.
func (s *Seeder) enrich(p *rooms.Patch, side rooms.Side, put int) {
	switch {
	case side == rooms.Influencer && put == 1:
		rounds := 2
		p.Terms.RevisionRounds, p.Set = &rounds, p.Set.With(rooms.SectionRevisionRounds)
	case side == rooms.Sponsor && put == 2:
		p.Terms.Exclusivity = &rooms.Exclusivity{Category: "direct competitors", Days: 30}
		p.Set = p.Set.With(rooms.SectionExclusivity)
	}
}

func feeOf(fee rooms.Money) rooms.Patch {
	var p rooms.Patch
	p.Set = p.Set.With(rooms.SectionFee)
	p.Terms.Fee = fee
	return p
}

func sideIndex(side rooms.Side) int {
	if side == rooms.Sponsor {
		return 0
	}
	return 1
}

func (s *Seeder) noteOffer(t *thread, side rooms.Side, fee int64) {
	t.put++
	t.last[sideIndex(side)] = fee
	if first := &t.first[sideIndex(side)]; *first == 0 {
		*first = fee
	}
}

// pause is how long people take, well within an offer's lifetime.
func (s *Seeder) pause(t *thread) time.Duration {
	wait := time.Duration(30+s.Rand.IntN(20*60)) * time.Minute
	if t.slow {
		wait *= 4
	}
	// Nobody answers at night.
	if at := s.Clock.Now().Add(wait).UTC(); at.Hour() < 7 && !t.slow {
		wait += time.Duration(7-at.Hour()) * time.Hour
	}
	return wait
}

func (s *Seeder) actor(t *thread, side rooms.Side) rooms.Actor {
	if side == rooms.Sponsor {
		return rooms.Actor{ID: s.market.brands[s.market.runs[t.run].brand].id, Role: side}
	}
	return rooms.Actor{ID: s.market.creators[t.creator].id, Role: side}
}

// say sends a message and lets a moment pass.
func (s *Seeder) say(ctx context.Context, t *thread, who rooms.Actor, text string) error {
	if err := s.do(ctx, t, who, rooms.Say{Text: text}); err != nil {
		return err
	}
	if later := s.Clock.Now().Add(spoken); len(s.queue) == 0 || s.queue[0].at.After(later) {
		s.Clock.set(later)
	}
	return nil
}

// refusedCommand tells whether the rules said no, as opposed to the database.
func refusedCommand(err error) bool {
	var refusal *rooms.Refusal
	return errors.As(err, &refusal)
}

// do gives a command. A refusal is an error here, as anywhere.
func (s *Seeder) do(ctx context.Context, t *thread, who rooms.Actor, body rooms.Command) error {
	cmd := store.Command{Room: t.room, Actor: who, Body: body}
	if who.Role != rooms.System {
		cmd.CMID = s.newID(s.Clock.Now())
		s.here[who.Role][who.ID] = true
	}
	s.commands++
	res, err := s.story.Do(ctx, cmd)
	if err == nil {
		err = res.Err
	}
	if err != nil {
		return fmt.Errorf("%s of %s in %q: %w", body.Name(), who.Role, s.market.runs[t.run].name, err)
	}
	return nil
}
