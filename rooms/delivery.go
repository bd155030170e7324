package rooms

import (
	"fmt"
	"net/url"
	"slices"
)

// Limits of what a delivery says; docs/protocol.md shows them to clients.
const (
	maxDeliveryLinks     = 20
	maxReturnReasonChars = 1000
)

// DeliveryState is how far one deliverable of the deal in force is.
type DeliveryState string

// The states of a deliverable. Only the last is final.
const (
	DeliveryOpen      DeliveryState = "open"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryReturned  DeliveryState = "returned"
	DeliveryConfirmed DeliveryState = "confirmed"
)

// Delivery is what was done for one deliverable of the deal in force.
type Delivery struct {
	State DeliveryState `json:"state" enum:"open,delivered,returned,confirmed"`
	// Seq is the number of the event that marked it done last; it names the
	// delivery to who confirms it or sends it back. 0 while it is open.
	Seq int64 `json:"seq,omitempty"`
	// At is when its state was reached, zero while it is open.
	At    Time     `json:"at,omitzero"`
	Links []string `json:"links,omitempty"`
	Note  string   `json:"note,omitempty"`
	// Returns counts how often it was sent back, Reason is why the last time.
	Returns int    `json:"returns,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Progress counts the deliverables of a deal.
type Progress struct {
	Total int `json:"total"`
	// Delivered wait for the sponsor's word.
	Delivered int `json:"delivered"`
	Confirmed int `json:"confirmed"`
}

// Add counts one more deliverable.
func (p *Progress) Add(s DeliveryState) {
	p.Total++
	switch s {
	case DeliveryDelivered:
		p.Delivered++
	case DeliveryConfirmed:
		p.Confirmed++
	case DeliveryOpen, DeliveryReturned:
	}
}

// turn is the side that the deliverables of an agreed deal wait for.
func (p Progress) turn() Side {
	if p.Delivered > 0 {
		return Sponsor
	}
	return Influencer
}

// TurnOf is the side that is to act in a room of which no more is known than
// this: author is the standing offer's, or empty.
func TurnOf(status Status, frozen bool, author Side, p Progress) Side {
	switch {
	case frozen:
		return ""
	case author != "":
		return author.Other()
	case status == Agreed:
		return p.turn()
	default:
		return ""
	}
}

// Progress counts the deliverables of the deal; all is 0 without one.
func (s *State) Progress() (p Progress) {
	for i := range s.Deliveries {
		p.Add(s.Deliveries[i].State)
	}
	return p
}

// deal replaces the deal in force. What was done for the deliverables in kept
// stays, the others begin anew.
func (s *State) deal(o *Offer, kept []int) error {
	list := make([]Delivery, len(o.Terms.Deliverables))
	for i := range list {
		list[i].State = DeliveryOpen
	}
	for _, i := range kept {
		if i < 0 || i >= len(list) || i >= len(s.Deliveries) {
			return fmt.Errorf("there is no deliverable %d to keep", i)
		}
		list[i] = s.Deliveries[i]
	}
	s.Stands, s.Deal, s.Status, s.Deliveries = false, o, Agreed, list
	// The allowance of offers is for what lies between two deals.
	s.Offers = Parties{}
	return nil
}

// changeDelivery replaces one deliverable's delivery. Other copies of the state
// share the list: a copy of it is changed.
func (s *State) changeDelivery(i int, f func(*Delivery)) error {
	if i < 0 || i >= len(s.Deliveries) {
		return fmt.Errorf("there is no deliverable %d", i)
	}
	s.Deliveries = slices.Clone(s.Deliveries)
	f(&s.Deliveries[i])
	return nil
}

// The decisions. While the deal is in force the influencer marks deliverables
// done and the sponsor confirms each or sends it back; neither the campaign's end
// nor a standing amendment keeps them from it.

func (d *decider) deliver(cmd Deliver) *Refusal {
	if r := d.inForce(); r != nil {
		return r
	}
	if d.side != Influencer {
		return d.notAllowed("Only the influencer marks a deliverable done.")
	}
	deal := d.before.Deal
	if cmd.DealSeq == 0 {
		return Invalid("deal_seq", Required())
	}
	if cmd.DealSeq != deal.Seq {
		return &Refusal{
			Code: CodeStaleDeal, Field: "deal_seq", Message: "The deal was amended meanwhile.",
			Details: DealDetails{Deal: deal, Deliveries: d.before.Deliveries},
		}
	}
	if r := numberLimit("deliverable", cmd.Deliverable, 0, len(deal.Terms.Deliverables)-1); r != nil {
		return r
	}
	if len(cmd.Links) == 0 || len(cmd.Links) > maxDeliveryLinks {
		return Invalid("links", ItemsBetween(1, maxDeliveryLinks))
	}
	for i, link := range cmd.Links {
		if r := linkLimit(fmt.Sprintf("links[%d]", i), link); r != nil {
			return r
		}
	}
	if r := textLimit("note", cmd.Note, 0, MaxReason); r != nil {
		return r
	}
	if d.before.Deliveries[cmd.Deliverable].State == DeliveryConfirmed {
		return d.confirmed("deliverable")
	}
	d.emit(Delivered(cmd))
	return nil
}

func (d *decider) confirm(cmd Confirm) *Refusal {
	i, r := d.delivered(cmd.DeliverySeq, "Only the sponsor confirms a deliverable.")
	if r != nil {
		return r
	}
	d.emit(Confirmed{Deliverable: i, DeliverySeq: cmd.DeliverySeq})
	d.completeIfDone()
	return nil
}

func (d *decider) sendBack(cmd Return) *Refusal {
	if r := textLimit("reason", cmd.Reason, 1, maxReturnReasonChars); r != nil {
		return r
	}
	i, r := d.delivered(cmd.DeliverySeq, "Only the sponsor sends a deliverable back.")
	if r != nil {
		return r
	}
	d.emit(Returned{Deliverable: i, DeliverySeq: cmd.DeliverySeq, Reason: cmd.Reason})
	return nil
}

// delivered finds the deliverable whose delivery of that number waits for the
// sponsor's word. One that was marked done again since has another number, so
// that nobody confirms what they have not seen.
func (d *decider) delivered(seq int64, onlySponsor string) (int, *Refusal) {
	if r := d.inForce(); r != nil {
		return 0, r
	}
	if d.side != Sponsor {
		return 0, d.notAllowed(onlySponsor)
	}
	if seq == 0 {
		return 0, Invalid("delivery_seq", Required())
	}
	i := slices.IndexFunc(d.before.Deliveries, func(x Delivery) bool { return x.Seq == seq })
	switch {
	case i >= 0 && d.before.Deliveries[i].State == DeliveryConfirmed:
		return 0, d.confirmed("delivery_seq")
	case i < 0 || d.before.Deliveries[i].State != DeliveryDelivered:
		return 0, &Refusal{
			Code: CodeStaleDelivery, Field: "delivery_seq", Message: "This is not what waits for your word any more.",
			Details: DealDetails{Deal: d.before.Deal, Deliveries: d.before.Deliveries},
		}
	}
	return i, nil
}

// completeIfDone ends the deal when nothing is left to be confirmed. An amendment
// that stands falls with it.
func (d *decider) completeIfDone() {
	if p := d.after.Progress(); p.Confirmed < p.Total {
		return
	}
	d.emit(Completion{DealSeq: d.after.Deal.Seq, Fee: d.after.Deal.Terms.Fee, OfferSeq: d.standingSeq()})
}

// inForce refuses what only a deal in force allows.
func (d *decider) inForce() *Refusal {
	switch d.before.Status {
	case Agreed:
		return nil
	case Completed:
		return d.notAllowed("The deal is completed.")
	default:
		return d.notAllowed("There is no deal yet.")
	}
}

func (d *decider) confirmed(field string) *Refusal {
	return &Refusal{
		Code: CodeDeliverableConfirmed, Field: field, Message: "This deliverable is confirmed; it stays as it is.",
	}
}

// keeps tells which deliverables an amendment leaves as they are, so that what was
// done for them stays. It refuses one that would alter, move or drop a deliverable
// that is confirmed.
func (d *decider) keeps(amended *Terms) (kept []int, r *Refusal) {
	for i := range d.before.Deliveries {
		before := &d.before.Deal.Terms.Deliverables[i]
		if i < len(amended.Deliverables) && before.equal(&amended.Deliverables[i]) {
			kept = append(kept, i)
		} else if d.before.Deliveries[i].State == DeliveryConfirmed {
			return nil, d.confirmed(fmt.Sprintf("terms.deliverables[%d]", i))
		}
	}
	return kept, nil
}

// linkLimit refuses what is no address of the web.
func linkLimit(field, link string) *Refusal {
	if r := textLimit(field, link, 1, maxLinkChars); r != nil {
		return r
	}
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return Invalid(field, Because("link", "must be an http or https address"))
	}
	return nil
}
