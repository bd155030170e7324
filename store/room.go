package store

import (
	"fmt"

	"parley/rooms"
)

// room is a room in the writer's memory: its state and what the row says beyond.
type room struct {
	state rooms.State
	head  rooms.Hash // of the event state.Seq
	// read is the last seq that each side has read.
	readSponsor, readInfluencer int64
	pos                         int64 // of the last event
	offerPos, dealPos           int64 // of the events of state.Last and state.Deal
	updated                     rooms.Time
	// checkAt is when the row is looked at for expiry, 0 for never. It may be
	// earlier than the standing offer's end, never later.
	checkAt int64

	n          int64 // of the row and its head on SQLite; other databases have one row
	stored     bool  // the row exists
	storedSeq  int64 // what it says of seq
	storedSlow slowState
	dirty      bool  // the row is to be written
	checkMoved bool  // with checkAt
	inBatch    bool  // it has events in the transaction
	broken     error // the row or its offers do not make a room
}

// roomColumns are the columns of ad_requests: those that never change, those that
// few events change, those that any event may change, and check_at, which has an
// index.
var roomColumns = [...]string{
	"id", "campaign_id", "sponsor_id", "influencer_id", "currency", "opened_by", "offer_limit",

	"status", "ended_by", "close_reason", "frozen", "frozen_at", "authors",
	"deal_seq", "deal_pos", "deal_author", "deal_fee", "deal_expires_at", "progress", "active_day",

	"seq", "head", "stands",
	"last_offer_seq", "last_offer_pos", "last_author", "last_fee", "last_expires_at",
	"offers_sponsor", "offers_influencer", "read_sponsor", "read_influencer", "last_pos", "updated_at",

	"check_at",
}

const (
	staticColumns = 7
	slowColumns   = 13
	hotColumns    = len(roomColumns) - staticColumns - slowColumns - 1
)

// slowState is what the slow columns follow from, to tell whether they changed.
type slowState struct {
	status      rooms.Status
	endedBy     rooms.Side
	closeReason string
	frozen      rooms.FreezeSet
	frozenAt    int64
	authors     rooms.SectionAuthors
	dealPos     int64
	deliveries  *rooms.Delivery // see firstDelivery
	day         int64           // of the last event
}

func (r *room) slow() slowState {
	s := &r.state
	return slowState{s.Status, s.EndedBy, s.CloseReason, s.Frozen, micros(s.FrozenAt), s.Authors, r.dealPos, firstDelivery(s), ActiveDay(r.updated)}
}

// values are those of all columns but check_at.
func (r *room) values(v []any) []any { return r.appendHot(r.appendSlow(r.appendStatic(v))) }

func (r *room) appendStatic(v []any) []any {
	s := &r.state
	return append(v, s.Room, s.Campaign, s.Sponsor, s.Influencer,
		string(s.Currency), string(s.OpenedBy), int64(s.Limit))
}

func (r *room) appendSlow(v []any) []any {
	s := &r.state
	deal := briefOf(s.Deal)
	return append(v, string(s.Status), string(s.EndedBy), s.CloseReason,
		int64(s.Frozen), micros(s.FrozenAt), packAuthors(s.Authors),
		deal.Seq, r.dealPos, string(deal.Author), deal.Fee.Amount, micros(deal.ExpiresAt), packDeliveries(s.Deliveries), ActiveDay(r.updated))
}

func (r *room) appendHot(v []any) []any {
	s := &r.state
	last := briefOf(s.Last)
	return append(v, s.Seq, r.head[:], boolInt(s.Stands),
		last.Seq, r.offerPos, string(last.Author), last.Fee.Amount, micros(last.ExpiresAt),
		int64(s.Offers.Sponsor), int64(s.Offers.Influencer),
		r.readSponsor, r.readInfluencer, r.pos, micros(r.updated))
}

// checkValue is the value of check_at.
func (r *room) checkValue() any {
	if r.checkAt == 0 {
		return nil
	}
	return r.checkAt
}

// roomRow is a row of ad_requests as it was read. The offers are known by number,
// fee and end only, the deliverables by letters.
type roomRow struct {
	room
	last, deal OfferBrief
	progress   string
}

// parseRoom reads the columns of roomColumns. Both drivers give integers as
// int64, texts as string and bytes as []byte.
func parseRoom[V any](v []V) (roomRow, error) {
	p := columns[V]{v: v}
	var r roomRow
	s := &r.state
	s.Room, s.Campaign, s.Sponsor, s.Influencer = p.text(), p.text(), p.text(), p.text()
	s.Currency, s.OpenedBy, s.Limit = rooms.Currency(p.text()), rooms.Side(p.text()), int(p.int())
	s.Status, s.EndedBy, s.CloseReason = rooms.Status(p.text()), rooms.Side(p.text()), p.text()
	s.Frozen, s.FrozenAt, s.Authors = rooms.FreezeSet(p.int()), timeOf(p.int()), unpackAuthors(p.text())
	r.deal, r.dealPos = p.offer(s.Currency)
	r.progress = p.text()
	p.int() // active_day follows from updated_at
	s.Seq = p.int()
	copy(r.head[:], p.bytes())
	s.Stands = p.int() != 0
	r.last, r.offerPos = p.offer(s.Currency)
	s.Offers.Sponsor, s.Offers.Influencer = int(p.int()), int(p.int())
	r.readSponsor, r.readInfluencer, r.pos, r.updated = p.int(), p.int(), p.int(), timeOf(p.int())
	r.checkAt = p.intOrNull()
	r.stored, r.storedSeq, r.storedSlow = true, s.Seq, r.slow()
	if p.bad != "" {
		return roomRow{}, fmt.Errorf("%w: room %s: column %s", errCorrupt, s.Room, p.bad)
	}
	return r, nil
}

// offer reads what a row says of an offer and where its event is.
func (p *columns[V]) offer(currency rooms.Currency) (o OfferBrief, pos int64) {
	o.Seq, pos, o.Author = p.int(), p.int(), rooms.Side(p.text())
	o.Fee = rooms.Money{Amount: p.int(), Currency: currency}
	o.ExpiresAt = timeOf(p.int())
	return o, pos
}

// complete puts the offers, as the log has them, and the deliverables into the
// state; where they do not fit it marks the room as broken. A thaw has moved
// the end of an offer in the row, not in the log's event.
func (r *roomRow) complete(deliveries []byte, offers func(seq int64) (*rooms.Offer, error)) {
	var err error
	if r.state.Deliveries, err = deliveriesOf(r.progress, deliveries); err != nil {
		r.broken = err
		return
	}
	r.storedSlow = r.slow()
	if r.state.Last, err = offerOf(r.last, offers); err != nil {
		r.broken = err
		return
	}
	if r.deal.Seq == r.last.Seq {
		if r.deal.Seq != 0 {
			r.state.Deal = r.state.Last
		}
		return
	}
	if r.state.Deal, err = offerOf(r.deal, offers); err != nil {
		r.broken = err
	}
}

func offerOf(b OfferBrief, offers func(seq int64) (*rooms.Offer, error)) (*rooms.Offer, error) {
	if b.Seq == 0 {
		return nil, nil
	}
	o, err := offers(b.Seq)
	if err != nil {
		return nil, err
	}
	if !o.ExpiresAt.Equal(b.ExpiresAt.Time) {
		moved := *o
		moved.ExpiresAt = b.ExpiresAt
		o = &moved
	}
	return o, nil
}

// offerFrom reads an offer from its event's canonical bytes.
func offerFrom(body []byte) (*rooms.Offer, error) {
	e, err := rooms.ParseEvent(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	put, ok := e.Data.(rooms.OfferPut)
	if !ok {
		return nil, fmt.Errorf("%w: event %d of room %s is no offer", errCorrupt, e.Seq, e.Room)
	}
	return put.Offer, nil
}

func briefOf(o *rooms.Offer) OfferBrief {
	if o == nil {
		return OfferBrief{}
	}
	return OfferBrief{Seq: o.Seq, Author: o.Author, Fee: o.Terms.Fee, ExpiresAt: o.ExpiresAt}
}

// change is what the room tells its readers.
func (r *room) change() RoomChange {
	s := &r.state
	c := r.changeWithout()
	if s.Stands {
		b := briefOf(s.Last)
		c.Standing = &b
	}
	if s.Deal != nil {
		b := briefOf(s.Deal)
		c.Deal = &b
	}
	c.Progress, c.Turn = s.Progress(), s.Turn()
	return c
}

// changeWithout is the change without what follows from the offers.
func (r *room) changeWithout() RoomChange {
	s := &r.state
	return RoomChange{
		Room: s.Room, Campaign: s.Campaign, Sponsor: s.Sponsor, Influencer: s.Influencer,
		Pos: r.pos, Seq: s.Seq, Status: s.Status, Frozen: s.Frozen != 0, UpdatedAt: r.updated,
		Unread: rooms.Parties{Sponsor: int(s.Seq - r.readSponsor), Influencer: int(s.Seq - r.readInfluencer)},
	}
}

// change is the same from a row whose offers were not read.
func (r *roomRow) change() RoomChange {
	c := r.changeWithout()
	var author rooms.Side
	if r.state.Stands {
		b := r.last
		c.Standing, author = &b, b.Author
	}
	c.Progress = progressOf(r.progress)
	c.Turn = rooms.TurnOf(c.Status, c.Frozen, author, c.Progress)
	if r.deal.Seq != 0 {
		b := r.deal
		c.Deal = &b
	}
	return c
}

// follow takes in an event that another process has committed, as take does with
// one of this process; false when it does not follow.
func (r *room) follow(e *eventRow) bool {
	if r.broken != nil || e.prev != r.pos {
		return false
	}
	event, err := rooms.ParseEvent(e.body)
	if err != nil || r.state.Apply(event) != nil {
		return false
	}
	e.tells(&event)
	r.head, r.pos, r.updated = e.hash, e.pos, e.at
	r.locate(event.Data, e.pos)
	r.readBy(event.By.Side)
	// Between two events of one command the row was never written as it is here; only
	// the state after the last one is compared or saved.
	r.watch()
	r.checkMoved = false
	r.storedSeq, r.storedSlow = r.state.Seq, r.slow()
	return true
}

// readBy moves the marker of the side that caused the last event to it.
func (r *room) readBy(side rooms.Side) {
	switch side {
	case rooms.Sponsor:
		r.readSponsor = r.state.Seq
	case rooms.Influencer:
		r.readInfluencer = r.state.Seq
	}
}

// locate keeps where the events of the offers are, after an event at pos.
func (r *room) locate(data rooms.Payload, pos int64) {
	switch data.(type) {
	case rooms.OfferPut:
		r.offerPos = pos
	case rooms.Accepted:
		r.dealPos = r.offerPos
	}
}

// seen moves a side's read marker forward, not past the log's end, and reports
// whether it moved.
func (r *room) seen(side rooms.Side, seq int64) bool {
	seq = min(seq, r.state.Seq)
	switch {
	case side == rooms.Sponsor && seq > r.readSponsor:
		r.readSponsor = seq
	case side == rooms.Influencer && seq > r.readInfluencer:
		r.readInfluencer = seq
	default:
		return false
	}
	return true
}

// watch keeps checkAt no later than the end of the standing offer.
func (r *room) watch() {
	s := &r.state
	if !s.Stands || s.Frozen != 0 {
		return
	}
	if due := micros(s.Last.ExpiresAt); r.checkAt == 0 || due < r.checkAt {
		r.checkAt, r.checkMoved = due, true
	}
}

func packAuthors(a rooms.SectionAuthors) string {
	out := make([]byte, len(a))
	for i, side := range a {
		switch side {
		case rooms.Sponsor:
			out[i] = 's'
		case rooms.Influencer:
			out[i] = 'i'
		default:
			out[i] = '-'
		}
	}
	return string(out)
}

func unpackAuthors(packed string) rooms.SectionAuthors {
	var a rooms.SectionAuthors
	for i := range min(len(packed), len(a)) {
		switch packed[i] {
		case 's':
			a[i] = rooms.Sponsor
		case 'i':
			a[i] = rooms.Influencer
		}
	}
	return a
}

// micros is a time as it is stored; the zero time is 0.
func micros(t rooms.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeOf reads a stored time.
func timeOf(us int64) rooms.Time {
	if us == 0 {
		return rooms.Time{}
	}
	return rooms.FromMicros(us)
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
