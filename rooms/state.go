package rooms

import "fmt"

// Status is where an ad request stands.
type Status string

// The states of an ad request. A freeze lies over any of them.
const (
	Invited     Status = "invited"
	Applied     Status = "applied"
	Negotiating Status = "negotiating"
	Agreed      Status = "agreed"
	Completed   Status = "completed"
	// The rest are ends.
	StatusDeclined  Status = "declined"
	StatusWithdrawn Status = "withdrawn"
	StatusExpired   Status = "expired"
	StatusClosed    Status = "closed"
)

// Open reports whether there is no deal yet and can be one.
func (s Status) Open() bool { return s == Invited || s == Applied || s == Negotiating }

// Bargains reports whether offers can be put: for a deal, or to amend the one that
// is in force.
func (s Status) Bargains() bool { return s.Open() || s == Agreed }

// Ended reports whether the negotiation ended without a deal.
func (s Status) Ended() bool { return !s.Open() && s != Agreed && s != Completed }

// FreezeSource is what was flagged; a room can be frozen by several at once.
type FreezeSource string

// The sources of a freeze.
const (
	SourceRoom       FreezeSource = "room"
	SourceCampaign   FreezeSource = "campaign"
	SourceSponsor    FreezeSource = "sponsor"
	SourceInfluencer FreezeSource = "influencer"
)

// FreezeSet is a set of sources, as a bit each.
type FreezeSet uint8

func (s FreezeSource) bit() FreezeSet {
	switch s {
	case SourceRoom:
		return 1
	case SourceCampaign:
		return 2
	case SourceSponsor:
		return 4
	case SourceInfluencer:
		return 8
	default:
		return 0
	}
}

// Has reports whether the source froze the room.
func (f FreezeSet) Has(s FreezeSource) bool { return f&s.bit() != 0 }

// Parties holds one number for each party of a room.
type Parties struct {
	Sponsor    int `json:"sponsor"`
	Influencer int `json:"influencer"`
}

// Of is the party's number.
func (p Parties) Of(s Side) int {
	if s == Sponsor {
		return p.Sponsor
	}
	return p.Influencer
}

func (p Parties) plusOne(s Side) Parties {
	if s == Sponsor {
		p.Sponsor++
	} else {
		p.Influencer++
	}
	return p
}

// State is a room as the fold of its events. The zero State is a room of which
// nothing is known yet. Offers are shared between copies and never change.
type State struct {
	Room       string
	Campaign   string
	Sponsor    string // user id
	Influencer string // user id
	Currency   Currency
	Status     Status
	OpenedBy   Side
	// EndedBy is who ended the negotiation: only they may take it up again.
	EndedBy     Side
	CloseReason string

	Frozen   FreezeSet
	FrozenAt Time // when the first source froze it

	// Last is the last offer that was put; Stands tells whether it can still be
	// answered. No other offer can.
	Last   *Offer
	Stands bool
	// Deal is the accepted offer in force or completed, or nil.
	Deal *Offer
	// Deliveries tell for each deliverable of the deal how far it is. The list is
	// shared between copies and never changes in place.
	Deliveries []Delivery

	Offers  Parties // how many offers each side has put since the last deal
	Limit   int     // how many it may put
	Authors SectionAuthors

	Seq int64 // the last event's number
}

// Standing is the one offer that can be accepted, or nil. It may have expired
// without an event that says so yet.
func (s *State) Standing() *Offer {
	if s.Stands {
		return s.Last
	}
	return nil
}

// SideOf is the part a user has in the room, or empty.
func (s *State) SideOf(user string) Side {
	switch user {
	case "":
		return ""
	case s.Sponsor:
		return Sponsor
	case s.Influencer:
		return Influencer
	default:
		return ""
	}
}

// Turn is the side that is to act, or empty: it answers the standing offer or,
// where a deal is in force and no amendment stands, delivers or confirms.
func (s *State) Turn() Side {
	var author Side
	if s.Stands {
		author = s.Last.Author
	}
	return TurnOf(s.Status, s.Frozen != 0, author, s.Progress())
}

// Held is what the room holds of its campaign's budget: the amount of a
// sponsor's standing offer, beyond what a deal in force has committed already.
// Held and Committed together are the greater of the two, so that the sponsor's
// amendment can always be accepted: it never takes more than the room has.
func (s *State) Held() int64 {
	if o := s.Standing(); o != nil && o.Author == Sponsor {
		return max(0, o.Terms.Fee.Amount-s.Committed())
	}
	return 0
}

// Committed is what the room's deal takes of its campaign's budget.
func (s *State) Committed() int64 {
	if s.Deal != nil {
		return s.Deal.Terms.Fee.Amount
	}
	return 0
}

// Apply folds the next event into the state. It trusts that the event was
// decided on this state; a wrong number is an error in the log.
func (s *State) Apply(e Event) error {
	if e.Seq != s.Seq+1 {
		return fmt.Errorf("room %s: event %d follows event %d", e.Room, e.Seq, s.Seq)
	}
	s.Seq = e.Seq
	switch d := e.Data.(type) {
	case Opened:
		s.Room, s.Campaign, s.Sponsor, s.Influencer = e.Room, d.Campaign, d.Sponsor, d.Influencer
		s.Currency, s.Status, s.OpenedBy, s.Limit = d.Currency, d.Status, e.By.Side, d.Limit
	case OfferPut:
		s.applyOffer(d.Offer)
	case Accepted:
		if err := s.deal(s.Last, d.Kept); err != nil {
			return fmt.Errorf("room %s: event %d: %w", e.Room, e.Seq, err)
		}
	case Declined:
		s.Stands = false
		if s.Deal == nil { // without its amendment a deal stays what it was
			s.Status, s.EndedBy = StatusDeclined, e.By.Side
		}
	case Withdrawn:
		s.Stands = false
	case Cancelled:
		s.Stands, s.Status, s.EndedBy = false, StatusWithdrawn, e.By.Side
	case Reopened:
		s.Status, s.EndedBy = d.Status, ""
	case Expired:
		s.Stands, s.Status = false, d.Status
		if d.Status == StatusExpired {
			s.EndedBy = s.OpenedBy
		}
	case Message:
	case Frozen:
		if s.Frozen == 0 {
			s.FrozenAt = e.At
		}
		s.Frozen |= d.Source.bit()
	case Unfrozen:
		s.Frozen &^= d.Source.bit()
		if s.Frozen == 0 {
			s.FrozenAt = Time{}
		}
		if d.ExpiresAt != nil && s.Stands {
			// Other copies of the state share the offer: extend a copy of it.
			o := *s.Last
			o.ExpiresAt = *d.ExpiresAt
			s.Last = &o
		}
	case Delivered, Confirmed, Returned:
		if err := s.applyDelivery(e); err != nil {
			return fmt.Errorf("room %s: event %d: %w", e.Room, e.Seq, err)
		}
	case Completion:
		s.Stands, s.Status = false, Completed
	case Closed:
		s.Stands, s.Status, s.CloseReason, s.EndedBy = false, StatusClosed, d.Reason, e.By.Side
	default:
		return fmt.Errorf("room %s: event %d has an unknown payload %T", e.Room, e.Seq, e.Data)
	}
	return nil
}

func (s *State) applyDelivery(e Event) error {
	switch d := e.Data.(type) {
	case Delivered:
		return s.changeDelivery(d.Deliverable, func(x *Delivery) {
			x.State, x.Seq, x.At, x.Links, x.Note = DeliveryDelivered, e.Seq, e.At, d.Links, d.Note
		})
	case Confirmed:
		return s.changeDelivery(d.Deliverable, func(x *Delivery) { x.State, x.At = DeliveryConfirmed, e.At })
	case Returned:
		return s.changeDelivery(d.Deliverable, func(x *Delivery) {
			x.State, x.At, x.Reason = DeliveryReturned, e.At, d.Reason
			x.Returns++
		})
	default:
		return fmt.Errorf("%T is no delivery", d)
	}
}

func (s *State) applyOffer(o *Offer) {
	s.Last, s.Stands = o, true
	s.Offers = s.Offers.plusOne(o.Author)
	for section := range sectionCount {
		if s.Authors[section] == "" && o.Terms.section(section) != nil {
			s.Authors[section] = o.Author
		}
	}
	// The opener's own offers leave an ad request unanswered; the first offer of
	// the other side makes it a negotiation.
	if (s.Status == Invited || s.Status == Applied) && o.Author != s.OpenedBy {
		s.Status = Negotiating
	}
}
