package rooms

import (
	"fmt"
	"slices"
	"time"
)

// Decision is what a command leads to: the events to append, the room after
// them, and what they move on the campaign's ledger.
type Decision struct {
	Events []Event
	After  State
	Move   Move
}

// Decide answers a command on a room in its present state. It changes neither
// the state nor the campaign; on a refusal there are no events. now is the
// server's clock inside the transaction.
func Decide(s *State, c *Campaign, cmd Command, actor Actor, now time.Time) (Decision, *Refusal) {
	d := decider{before: s, campaign: c, actor: actor, now: At(now), after: *s}
	if refusal := d.run(cmd); refusal != nil {
		return Decision{}, refusal
	}
	move := MoveBetween(s, &d.after)
	if move.Held+move.Committed > 0 && !c.Covers(move) {
		return Decision{}, d.overBudget(move)
	}
	return Decision{Events: d.events, After: d.after, Move: move}, nil
}

// decider carries one decision through its checks.
type decider struct {
	before   *State
	campaign *Campaign
	actor    Actor
	side     Side
	now      Time
	after    State
	events   []Event
}

func (d *decider) run(cmd Command) *Refusal {
	if open, ok := cmd.(Open); ok {
		return d.open(open)
	}
	if d.before.Seq == 0 {
		return Refuse(CodeNotFound, "There is no such room.")
	}
	switch d.actor.Role {
	case Admin, System:
		d.side = d.actor.Role
		return d.overseen(cmd)
	default:
		d.side = d.before.SideOf(d.actor.ID)
		if d.side == "" {
			return Refuse(CodeNotFound, "There is no such room.")
		}
		return d.negotiated(cmd)
	}
}

// overseen are the commands of admins and of the system.
func (d *decider) overseen(cmd Command) *Refusal {
	switch cmd := cmd.(type) {
	case Freeze:
		return d.freeze(cmd)
	case Unfreeze:
		return d.unfreeze(cmd)
	case Close:
		return d.close(cmd)
	case Expire:
		if d.side == System {
			return d.expire(cmd)
		}
	}
	return Refuse(CodeForbidden, "Only the two parties negotiate in a room.")
}

// negotiated are the commands of the two parties.
func (d *decider) negotiated(cmd Command) *Refusal {
	switch cmd.(type) {
	case PutOffer, Counter, Accept, Decline, Withdraw, Cancel, Reopen, Say, Deliver, Confirm, Return:
	default:
		return Refuse(CodeForbidden, "Only an admin may do this.")
	}
	if d.before.Frozen != 0 {
		return Refuse(CodeFrozen, "This room is frozen while an admin reviews it.")
	}
	if d.before.Status.Ended() {
		if _, ok := cmd.(Reopen); !ok {
			return d.closed()
		}
	}
	switch cmd := cmd.(type) {
	case PutOffer:
		return d.offer(cmd)
	case Counter:
		return d.counter(cmd)
	case Accept:
		return d.accept(cmd)
	case Decline:
		return d.decline(cmd)
	case Withdraw:
		return d.withdraw(cmd)
	case Cancel:
		return d.cancel(cmd)
	case Reopen:
		return d.reopen()
	case Deliver:
		return d.deliver(cmd)
	case Confirm:
		return d.confirm(cmd)
	case Return:
		return d.sendBack(cmd)
	case Say:
		if r := textLimit("text", cmd.Text, 1, maxMessageChars); r != nil {
			return r
		}
		d.emit(Message(cmd))
	}
	return nil
}

func (d *decider) open(cmd Open) *Refusal {
	if d.before.Seq != 0 {
		return Refuse(CodeAlreadyExists, "This campaign and influencer have a room already.")
	}
	status := Invited
	switch d.actor.Role {
	case Sponsor:
		if d.actor.ID != d.campaign.Sponsor {
			return Refuse(CodeNotFound, "There is no such campaign.")
		}
	case Influencer:
		if !d.campaign.Public || d.actor.ID != cmd.Influencer {
			return Refuse(CodeNotFound, "There is no such campaign.")
		}
		status = Applied
	default:
		return Refuse(CodeForbidden, "Only the two parties negotiate in a room.")
	}
	d.side = d.actor.Role
	if r := d.campaignRuns(); r != nil {
		return r
	}
	if r := textLimit("message", cmd.Message, 0, maxMessageChars); r != nil {
		return r
	}
	d.after.Room = cmd.ID
	d.emit(Opened{
		Status: status, Campaign: d.campaign.ID, Sponsor: d.campaign.Sponsor,
		Influencer: cmd.Influencer, Currency: d.campaign.Currency, Limit: cmd.Limit,
	})
	if cmd.Message != "" {
		d.emit(Message{Text: cmd.Message})
	}
	if cmd.Terms != nil {
		return d.put(cmd.Terms, cmd.ExpiresIn, 0)
	}
	return nil
}

func (d *decider) offer(cmd PutOffer) *Refusal {
	if !d.before.Status.Bargains() {
		return d.notAllowed("The deal is completed; there is nothing to offer.")
	}
	if standing := d.before.Standing(); standing != nil {
		if d.now.Before(standing.ExpiresAt) {
			return &Refusal{
				Code: CodeOfferStands, Message: "An offer stands already: counter it, or withdraw your own.",
				Details: StandsDetails{Standing: standing},
			}
		}
		after := d.before.Status.withoutOffer()
		if after == StatusExpired {
			return d.expired(standing)
		}
		// Its time has passed and nobody has said so yet: say it first.
		d.emitBy(By{Side: System}, Expired{OfferSeq: standing.Seq, Status: after})
	}
	return d.put(&cmd.Terms, cmd.ExpiresIn, 0)
}

func (d *decider) counter(cmd Counter) *Refusal {
	if !d.before.Status.Bargains() {
		return d.notAllowed("The deal is completed; there is nothing to counter.")
	}
	if r := d.answers(cmd.OfferSeq, nil); r != nil {
		return r
	}
	return d.put(&cmd.Terms, cmd.ExpiresIn, cmd.OfferSeq)
}

// put makes the new standing offer. While a deal is in force it is an amendment,
// which begins with the deal's terms.
func (d *decider) put(p *Patch, expiresIn, supersedes int64) *Refusal {
	if r := d.campaignRuns(); r != nil {
		return r
	}
	if d.after.Offers.Of(d.side) >= d.after.Limit {
		return &Refusal{
			Code: CodeOfferLimit, Message: "You have put all the offers that one side may put in a room.",
			Details: LimitDetails{Limit: d.after.Limit},
		}
	}
	var base, dealt *Terms
	if d.after.Last != nil {
		base = &d.after.Last.Terms
	}
	o := &Offer{
		Seq: d.after.Seq + 1, Author: d.side, Number: d.after.Offers.Of(d.side) + 1, Limit: d.after.Limit,
	}
	if deal := d.after.Deal; deal != nil {
		o.Amends, dealt = deal.Seq, &deal.Terms
		if supersedes == 0 {
			base = dealt
		}
	}
	terms, r := p.merge(base, d.after.Authors, d.side)
	if r != nil {
		return r
	}
	if r := terms.validate(d.campaign, dealt); r != nil {
		return r
	}
	if dealt != nil {
		if _, r := d.keeps(&terms); r != nil {
			return r
		}
	}
	lifetime := DefaultLifetime
	if expiresIn != 0 {
		if expiresIn < int64(MinLifetime/time.Second) || expiresIn > int64(MaxLifetime/time.Second) {
			return Invalid("expires_in", SecondsBetween(MinLifetime/time.Second, MaxLifetime/time.Second))
		}
		lifetime = time.Duration(expiresIn) * time.Second
	}
	o.seal(terms)
	if dealt != nil && o.Hash == d.after.Deal.Hash {
		return Invalid("terms", Because("no_change", "must change something of the deal in force"))
	}
	o.ExpiresAt = minTime(d.now.Add(lifetime), d.campaign.EndsAt)
	// A hold of the superseded offer is released because it no longer stands.
	d.emit(OfferPut{Offer: o, Supersedes: supersedes})
	return nil
}

func (d *decider) accept(cmd Accept) *Refusal {
	if cmd.TermsHash == (Hash{}) {
		return Invalid("terms_hash", Required())
	}
	if !d.before.Status.Bargains() {
		return d.notAllowed("The deal is completed.")
	}
	if r := d.answers(cmd.OfferSeq, &cmd.TermsHash); r != nil {
		return r
	}
	if r := d.campaignRuns(); r != nil {
		return r
	}
	o := d.before.Last
	accepted := Accepted{OfferSeq: o.Seq, TermsHash: o.Hash, Fee: o.Terms.Fee}
	if d.before.Deal == nil {
		d.emit(accepted)
		return nil
	}
	// A deliverable may have been confirmed since the amendment was put.
	kept, r := d.keeps(&o.Terms)
	if r != nil {
		return r
	}
	accepted.Amends, accepted.Kept = d.before.Deal.Seq, kept
	d.emit(accepted)
	d.completeIfDone() // what was left to do may be what it drops
	return nil
}

func (d *decider) decline(cmd Decline) *Refusal {
	if !slices.Contains(DeclineReasons, cmd.Reason) {
		return Invalid("reason", OneOf(DeclineReasons...))
	}
	if r := textLimit("note", cmd.Note, 0, MaxReason); r != nil {
		return r
	}
	if !d.before.Status.Open() && !d.before.Stands {
		return d.notAllowed("The deal is made; it cannot be declined.")
	}
	if d.before.Stands || cmd.OfferSeq != 0 {
		if r := d.answers(cmd.OfferSeq, nil); r != nil {
			return r
		}
	}
	d.emit(Declined(cmd))
	return nil
}

func (d *decider) withdraw(cmd Withdraw) *Refusal {
	if cmd.OfferSeq == 0 {
		return Invalid("offer_seq", Required())
	}
	standing := d.before.Standing()
	if standing == nil || standing.Seq != cmd.OfferSeq {
		return d.stale(cmd.OfferSeq)
	}
	if standing.Author != d.side {
		return d.notAllowed("Only its author withdraws an offer; you can decline it.")
	}
	if !d.now.Before(standing.ExpiresAt) {
		return d.expired(standing)
	}
	d.emit(Withdrawn{OfferSeq: standing.Seq})
	return nil
}

func (d *decider) cancel(cmd Cancel) *Refusal {
	if r := textLimit("note", cmd.Note, 0, MaxReason); r != nil {
		return r
	}
	if !d.before.Status.Open() {
		return d.notAllowed("The deal is made; the ad request cannot be taken back.")
	}
	if d.before.OpenedBy != d.side {
		return d.notAllowed("Only who opened the ad request takes it back; you can decline.")
	}
	d.emit(Cancelled{OfferSeq: d.standingSeq(), Note: cmd.Note})
	return nil
}

func (d *decider) reopen() *Refusal {
	switch d.before.Status {
	case StatusDeclined, StatusWithdrawn, StatusExpired:
	default:
		return d.notAllowed("There is nothing to re-open.")
	}
	if d.before.EndedBy != d.side {
		return d.notAllowed("Only the side that ended the negotiation re-opens it.")
	}
	if r := d.campaignRuns(); r != nil {
		return r
	}
	status := Negotiating
	if d.before.Offers.Of(d.before.OpenedBy.Other()) == 0 {
		// The other side never answered with an offer: back to the beginning.
		status = Invited
		if d.before.OpenedBy == Influencer {
			status = Applied
		}
	}
	d.emit(Reopened{Status: status})
	return nil
}

func (d *decider) freeze(cmd Freeze) *Refusal {
	if cmd.Source.bit() == 0 {
		return Invalid("source", OneOf("room", "campaign", "sponsor", "influencer"))
	}
	if r := textLimit("reason", cmd.Reason, 1, MaxReason); r != nil {
		return r
	}
	if d.before.Frozen.Has(cmd.Source) {
		return d.notAllowed("The room is frozen for this already.")
	}
	d.emit(Frozen(cmd))
	return nil
}

func (d *decider) unfreeze(cmd Unfreeze) *Refusal {
	if cmd.Source.bit() == 0 {
		return Invalid("source", OneOf("room", "campaign", "sponsor", "influencer"))
	}
	if r := textLimit("reason", cmd.Reason, 0, MaxReason); r != nil {
		return r
	}
	if !d.before.Frozen.Has(cmd.Source) {
		return d.notAllowed("The room is not frozen for this.")
	}
	e := Unfrozen{Source: cmd.Source, Still: d.before.Frozen&^cmd.Source.bit() != 0}
	o := d.before.Standing()
	// The clock stood still while the room was frozen. An offer whose time had
	// passed before that stays expired.
	if !e.Still && o != nil && d.before.FrozenAt.Before(o.ExpiresAt) {
		left := o.ExpiresAt.Sub(d.before.FrozenAt.Time)
		expires := minTime(maxTime(d.now.Add(left), d.now.Add(ThawLifetime)), d.campaign.EndsAt)
		e.ExpiresAt = &expires
	}
	d.emit(e)
	return nil
}

func (d *decider) close(cmd Close) *Refusal {
	if r := textLimit("reason", cmd.Reason, 1, MaxReason); r != nil {
		return r
	}
	if !d.before.Status.Open() {
		return d.notAllowed("Only an open negotiation can be closed; a deal stays in force.")
	}
	d.emit(Closed{Reason: cmd.Reason, OfferSeq: d.standingSeq()})
	return nil
}

func (d *decider) expire(cmd Expire) *Refusal {
	o := d.before.Standing()
	// An edit may have moved the campaign's end before that of the offer.
	if o == nil || o.Seq != cmd.OfferSeq || d.before.Frozen != 0 ||
		d.now.Before(minTime(o.ExpiresAt, d.campaign.EndsAt)) {
		return d.notAllowed("No such offer has expired.")
	}
	d.emit(Expired{OfferSeq: o.Seq, Status: d.before.Status.withoutOffer()})
	return nil
}

// withoutOffer is what a room becomes whose standing offer expires: an ad request
// that nobody answered ends.
func (s Status) withoutOffer() Status {
	if s == Negotiating || s == Agreed {
		return s
	}
	return StatusExpired
}

// standingSeq names the offer that falls with the negotiation, 0 for none.
func (d *decider) standingSeq() int64 {
	if o := d.after.Standing(); o != nil {
		return o.Seq
	}
	return 0
}

// answers checks that seq (and hash, where given) name the standing offer, that
// it is the other party's, and that it is still valid.
func (d *decider) answers(seq int64, hash *Hash) *Refusal {
	if seq == 0 {
		return Invalid("offer_seq", Required())
	}
	standing := d.before.Standing()
	if standing == nil || standing.Seq != seq || (hash != nil && standing.Hash != *hash) {
		return d.stale(seq)
	}
	if standing.Author == d.side {
		return Refuse(CodeOwnOffer, "This is your own offer; the other party answers it.")
	}
	if !d.now.Before(standing.ExpiresAt) {
		return d.expired(standing)
	}
	return nil
}

// stale tells what stands instead. The offer that the client named is in the
// log, not in the state: who has the log adds the diff, see CompleteStale.
func (d *decider) stale(seq int64) *Refusal {
	details := StaleDetails{Standing: d.before.Standing(), Diff: []Change{}}
	message := "No offer stands any more."
	if details.Standing != nil {
		message = "A newer offer stands."
		if details.Standing.Seq == seq {
			message = "The terms of this offer are not those that you saw."
		}
	}
	return &Refusal{Code: CodeStaleOffer, Field: "offer_seq", Message: message, Details: details}
}

func (d *decider) expired(o *Offer) *Refusal {
	return &Refusal{
		Code: CodeOfferExpired, Message: "This offer has expired.",
		Details: ExpiredDetails{ExpiredAt: o.ExpiresAt},
	}
}

func (d *decider) closed() *Refusal {
	return &Refusal{
		Code: CodeRoomClosed, Message: "This negotiation has ended.",
		Details: StatusDetails{Status: d.before.Status},
	}
}

func (d *decider) notAllowed(message string) *Refusal {
	return &Refusal{Code: CodeNotAllowed, Message: message, Details: StatusDetails{Status: d.before.Status}}
}

func (d *decider) campaignRuns() *Refusal {
	message := ""
	switch {
	case d.campaign.Archived:
		message = "The campaign is archived."
	case !d.now.Before(d.campaign.EndsAt):
		message = "The campaign has ended."
	}
	if message != "" {
		return &Refusal{
			Code: CodeRoomClosed, Message: message,
			Details: StatusDetails{Status: d.before.Status},
		}
	}
	return nil
}

// overBudget shows the figures to the sponsor alone.
func (d *decider) overBudget(m Move) *Refusal {
	r := Refuse(CodeBudgetExceeded, "The campaign's budget does not cover this.")
	if d.side == Sponsor {
		r.Details = BudgetDetails{
			Available: d.campaign.Available(), Needed: m.Held + m.Committed, Currency: d.campaign.Currency,
		}
	}
	return r
}

func (d *decider) emit(data Payload) { d.emitBy(By{ID: d.actor.ID, Side: d.side}, data) }

func (d *decider) emitBy(by By, data Payload) {
	e := Event{Room: d.after.Room, Seq: d.after.Seq + 1, At: d.now, By: by, Data: data}
	if err := d.after.Apply(e); err != nil {
		// The number was just taken from the same state.
		panic(fmt.Sprintf("rooms: apply a decided event: %v", err))
	}
	d.events = append(d.events, e)
}
