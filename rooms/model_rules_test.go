package rooms_test

import (
	"time"

	"pgregory.net/rapid"

	"parley/rooms"
)

// model is the negotiation told a second time, without events, hashes or
// ledgers by difference: a handful of variables and the rules in the order in
// which a person would say them. It keeps two rooms of one campaign, because
// the budget is what rooms share.
type model struct {
	budget int64
	end    time.Time
	rooms  [2]modelRoom
}

type modelRoom struct {
	exists   bool
	opener   rooms.Side
	phase    string // open, deal, done, declined, withdrawn, expired, closed
	answered bool   // the side that did not open has put an offer
	endedBy  rooms.Side
	offer    *modelOffer
	deal     int64 // its fee, 0 for none
	dealSeq  int64
	parts    []modelPart
	put      map[rooms.Side]int
	frozen   bool
	frozenAt time.Time
}

type modelOffer struct {
	seq    int64
	by     rooms.Side
	fee    int64
	parts  []int // the quantities of its deliverables, which are otherwise alike
	expiry time.Time
}

// modelPart is a deliverable of the deal.
type modelPart struct {
	quantity int
	seq      int64  // of what was delivered
	how      string // "", delivered, returned, confirmed
}

// taken is what a room takes of the budget: the deal, or what the sponsor offers
// where that is more.
func (r *modelRoom) taken() int64 {
	if r.offer != nil && r.offer.by == rooms.Sponsor {
		return max(r.deal, r.offer.fee)
	}
	return r.deal
}

func (m *model) free() int64 {
	free := m.budget
	for i := range m.rooms {
		free -= m.rooms[i].taken()
	}
	return free
}

// covers: can the campaign pay fee for the room in place of what it takes now?
func (m *model) covers(r *modelRoom, fee int64) bool { return fee-r.taken() <= m.free() }

// spoils: would the parts change one that is confirmed?
func (r *modelRoom) spoils(parts []int) bool {
	for i, p := range r.parts {
		if p.how == "confirmed" && (i >= len(parts) || parts[i] != p.quantity) {
			return true
		}
	}
	return false
}

// same: is this what the deal says already?
func (r *modelRoom) same(fee int64, parts []int) bool {
	if r.deal != fee || len(parts) != len(r.parts) {
		return false
	}
	for i, p := range r.parts {
		if parts[i] != p.quantity {
			return false
		}
	}
	return true
}

// make makes the offer the deal.
func (r *modelRoom) make() {
	old := r.parts
	r.parts = nil
	for i, quantity := range r.offer.parts {
		p := modelPart{quantity: quantity}
		if i < len(old) && old[i].quantity == quantity {
			p = old[i]
		}
		r.parts = append(r.parts, p)
	}
	r.deal, r.dealSeq, r.offer, r.phase, r.put = r.offer.fee, r.offer.seq, nil, "deal", map[rooms.Side]int{}
	r.finish()
}

// finish ends a deal that is done.
func (r *modelRoom) finish() {
	for _, p := range r.parts {
		if p.how != "confirmed" {
			return
		}
	}
	r.phase, r.offer = "done", nil
}

// sideToAct is who everybody waits for.
func (r *modelRoom) sideToAct() rooms.Side {
	switch {
	case r.frozen:
		return ""
	case r.offer != nil && r.offer.by == rooms.Sponsor:
		return rooms.Influencer
	case r.offer != nil:
		return rooms.Sponsor
	case r.phase != "deal":
		return ""
	}
	for _, p := range r.parts {
		if p.how == "delivered" {
			return rooms.Sponsor
		}
	}
	return rooms.Influencer
}

const modelLimit = 4

// partSeq draws the number of something delivered, mostly of what waits.
func partSeq(t *rapid.T, r *modelRoom) int64 {
	for _, p := range r.parts {
		if p.how == "delivered" && rapid.IntRange(0, 4).Draw(t, "this one") > 0 {
			return p.seq
		}
	}
	if len(r.parts) > 0 && rapid.Bool().Draw(t, "named") {
		if seq := rapid.SampledFrom(r.parts).Draw(t, "part").seq; seq > 0 {
			return seq
		}
	}
	return rapid.Int64Range(1, 30).Draw(t, "delivery")
}

// answer is what accept, counter and decline have in common.
func (r *modelRoom) answer(side rooms.Side, seq int64, now time.Time) rooms.Code {
	switch {
	case r.offer == nil || r.offer.seq != seq:
		return rooms.CodeStaleOffer
	case r.offer.by == side:
		return rooms.CodeOwnOffer
	case !now.Before(r.offer.expiry):
		return rooms.CodeOfferExpired
	}
	return ""
}

// gate is what every command of a party passes first.
func (r *modelRoom) gate() rooms.Code {
	switch {
	case !r.exists:
		return rooms.CodeNotFound
	case r.frozen:
		return rooms.CodeFrozen
	case r.phase != "open" && r.phase != "deal" && r.phase != "done":
		return rooms.CodeRoomClosed
	case r.phase == "done":
		return rooms.CodeNotAllowed
	}
	return ""
}

// delivery is what confirming and sending back have in common: the part that is
// meant, or why not.
func (r *modelRoom) delivery(side rooms.Side, seq int64) (*modelPart, rooms.Code) {
	if want := r.gate(); want != "" {
		return nil, want
	}
	if r.phase != "deal" || side != rooms.Sponsor {
		return nil, rooms.CodeNotAllowed
	}
	for i := range r.parts {
		switch p := &r.parts[i]; {
		case p.seq != seq:
		case p.how == "confirmed":
			return nil, rooms.CodeDeliverableConfirmed
		case p.how == "delivered":
			return p, ""
		}
	}
	return nil, rooms.CodeStaleDelivery
}
