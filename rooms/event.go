package rooms

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"parley/rooms/strictjson"
)

// Side is who speaks in a room.
type Side string

// The sides. Admin and System never put offers.
const (
	Sponsor    Side = "sponsor"
	Influencer Side = "influencer"
	Admin      Side = "admin"
	System     Side = "system"
)

// Other is the counterparty of a party, and empty for everyone else.
func (s Side) Other() Side {
	switch s {
	case Sponsor:
		return Influencer
	case Influencer:
		return Sponsor
	default:
		return ""
	}
}

// EventType is the name of a kind of fact.
type EventType string

// The kinds of facts.
const (
	TypeOpened    EventType = "opened"
	TypeOffer     EventType = "offer"
	TypeAccepted  EventType = "accepted"
	TypeDeclined  EventType = "declined"
	TypeWithdrawn EventType = "withdrawn"
	TypeCancelled EventType = "cancelled"
	TypeReopened  EventType = "reopened"
	TypeExpired   EventType = "expired"
	TypeMessage   EventType = "message"
	TypeFrozen    EventType = "frozen"
	TypeUnfrozen  EventType = "unfrozen"
	TypeClosed    EventType = "closed"
	TypeDelivered EventType = "delivered"
	TypeConfirmed EventType = "confirmed"
	TypeReturned  EventType = "returned"
	TypeCompleted EventType = "completed"
)

// By is who caused an event. The system has no ID.
type By struct {
	ID   string `json:"id,omitempty"`
	Side Side   `json:"side"`
}

// Event is one numbered fact in a room's log. Seq counts from 1 without gaps.
type Event struct {
	Room string
	Seq  int64
	At   Time
	By   By
	Data Payload
}

// Payload is the content of an event; its type is the event's type.
type Payload interface{ Type() EventType }

// The payloads, as docs/protocol.md describes them.
type (
	Opened struct {
		Status     Status   `json:"status"`
		Campaign   string   `json:"campaign"`
		Sponsor    string   `json:"sponsor"`
		Influencer string   `json:"influencer"`
		Currency   Currency `json:"currency"`
		Limit      int      `json:"limit"`
	}
	// OfferPut is a new standing offer; Supersedes is the offer it counters, or 0.
	OfferPut struct {
		Offer      *Offer
		Supersedes int64
	}
	// Accepted makes the deal. Amends is the deal that it replaces, or 0, and Kept
	// the deliverables of that one for which what was done stays.
	Accepted struct {
		OfferSeq  int64 `json:"offer_seq"`
		TermsHash Hash  `json:"terms_hash"`
		Fee       Money `json:"fee"`
		Amends    int64 `json:"amends,omitempty"`
		Kept      []int `json:"kept,omitempty"`
	}
	Declined struct {
		OfferSeq int64  `json:"offer_seq,omitempty"`
		Reason   string `json:"reason"`
		Note     string `json:"note,omitempty"`
	}
	Withdrawn struct {
		OfferSeq int64 `json:"offer_seq"`
	}
	Cancelled struct {
		OfferSeq int64  `json:"offer_seq,omitempty"`
		Note     string `json:"note,omitempty"`
	}
	Reopened struct {
		Status Status `json:"status"`
	}
	Expired struct {
		OfferSeq int64  `json:"offer_seq"`
		Status   Status `json:"status"`
	}
	Message struct {
		Text string `json:"text"`
	}
	Frozen struct {
		Source FreezeSource `json:"source"`
		Reason string       `json:"reason"`
	}
	// Unfrozen ends one source's freeze; Still tells whether another holds the
	// room. When none does, the standing offer's clock goes on until ExpiresAt.
	Unfrozen struct {
		Source    FreezeSource `json:"source"`
		Still     bool         `json:"frozen"`
		ExpiresAt *Time        `json:"expires_at,omitempty"`
	}
	Closed struct {
		Reason   string `json:"reason"`
		OfferSeq int64  `json:"offer_seq,omitempty"`
	}
	Delivered struct {
		DealSeq     int64    `json:"deal_seq"`
		Deliverable int      `json:"deliverable"`
		Links       []string `json:"links"`
		Note        string   `json:"note,omitempty"`
	}
	Confirmed struct {
		Deliverable int   `json:"deliverable"`
		DeliverySeq int64 `json:"delivery_seq"`
	}
	Returned struct {
		Deliverable int    `json:"deliverable"`
		DeliverySeq int64  `json:"delivery_seq"`
		Reason      string `json:"reason"`
	}
	// Completion ends the deal well; OfferSeq is the amendment that falls with it,
	// or 0.
	Completion struct {
		DealSeq  int64 `json:"deal_seq"`
		Fee      Money `json:"fee"`
		OfferSeq int64 `json:"offer_seq,omitempty"`
	}
)

func (Opened) Type() EventType    { return TypeOpened }
func (OfferPut) Type() EventType  { return TypeOffer }
func (Accepted) Type() EventType  { return TypeAccepted }
func (Declined) Type() EventType  { return TypeDeclined }
func (Withdrawn) Type() EventType { return TypeWithdrawn }
func (Cancelled) Type() EventType { return TypeCancelled }
func (Reopened) Type() EventType  { return TypeReopened }
func (Expired) Type() EventType   { return TypeExpired }
func (Message) Type() EventType   { return TypeMessage }
func (Frozen) Type() EventType    { return TypeFrozen }
func (Unfrozen) Type() EventType  { return TypeUnfrozen }
func (Closed) Type() EventType    { return TypeClosed }

func (Delivered) Type() EventType  { return TypeDelivered }
func (Confirmed) Type() EventType  { return TypeConfirmed }
func (Returned) Type() EventType   { return TypeReturned }
func (Completion) Type() EventType { return TypeCompleted }

// AppendCanonical appends the event's canonical bytes: the JSON object that is
// stored, hashed and sent, encoded once. Offers, the frequent kind, are
// appended by hand around the terms that were encoded for their hash.
func (e *Event) AppendCanonical(dst []byte) []byte {
	dst = append(dst, `{"room":"`...)
	dst = append(dst, e.Room...) // an id of ours: no character of it needs an escape
	dst = append(dst, `","seq":`...)
	dst = strconv.AppendInt(dst, e.Seq, 10)
	dst = append(dst, `,"type":"`...)
	dst = append(dst, e.Data.Type()...)
	dst = append(dst, `","at":"`...)
	dst = e.At.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","by":{`...)
	if e.By.ID != "" {
		dst = append(dst, `"id":"`...)
		dst = append(dst, e.By.ID...)
		dst = append(dst, `",`...)
	}
	dst = append(dst, `"side":"`...)
	dst = append(dst, e.By.Side...)
	dst = append(dst, `"},"data":`...)
	if put, ok := e.Data.(OfferPut); ok {
		dst = put.Offer.appendJSON(dst, put.Supersedes)
	} else {
		raw, err := json.Marshal(e.Data)
		if err != nil {
			// Payloads hold only texts and numbers; these always encode.
			panic(fmt.Sprintf("rooms: encode %s event: %v", e.Data.Type(), err))
		}
		dst = append(dst, raw...)
	}
	return append(dst, '}')
}

// ParseEvent reads canonical bytes back.
func ParseEvent(raw []byte) (Event, error) {
	var e Event
	var kind EventType
	var data []byte
	r := strictjson.NewReader(raw)
	err := r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "room":
			e.Room, err = r.Text()
		case "seq":
			e.Seq, err = r.Int(1, math.MaxInt64)
		case "type":
			var s string
			s, err = r.Text()
			kind = EventType(s)
		case "at":
			e.At, err = readTime(r)
		case "by":
			err = e.By.read(r)
		case "data":
			if kind == TypeOffer { // the canonical order has the type before it
				e.Data, err = readOfferPut(r)
			} else {
				data, err = r.Raw()
			}
		default:
			err = strictjson.Unknown()
		}
		return err
	})
	if err == nil {
		err = r.End()
	}
	if err != nil {
		return Event{}, fmt.Errorf("parse event: %w", err)
	}
	if e.Data != nil {
		return e, nil
	}
	if e.Data, err = parsePayload(kind, data); err != nil {
		return Event{}, fmt.Errorf("parse %s event %d of room %s: %w", kind, e.Seq, e.Room, err)
	}
	return e, nil
}

func (b *By) read(r *strictjson.Reader) error {
	return r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "id":
			b.ID, err = r.Text()
		case "side":
			var s string
			s, err = r.Text()
			b.Side = Side(s)
		default:
			err = strictjson.Unknown()
		}
		return err
	})
}

func parsePayload(t EventType, raw []byte) (Payload, error) {
	switch t {
	case TypeOpened:
		return into[Opened](raw)
	case TypeOffer:
		return readOfferPut(strictjson.NewReader(raw))
	case TypeAccepted:
		return into[Accepted](raw)
	case TypeDeclined:
		return into[Declined](raw)
	case TypeWithdrawn:
		return into[Withdrawn](raw)
	case TypeCancelled:
		return into[Cancelled](raw)
	case TypeReopened:
		return into[Reopened](raw)
	case TypeExpired:
		return into[Expired](raw)
	case TypeMessage:
		return into[Message](raw)
	case TypeFrozen:
		return into[Frozen](raw)
	case TypeUnfrozen:
		return into[Unfrozen](raw)
	case TypeClosed:
		return into[Closed](raw)
	case TypeDelivered:
		return into[Delivered](raw)
	case TypeConfirmed:
		return into[Confirmed](raw)
	case TypeReturned:
		return into[Returned](raw)
	case TypeCompleted:
		return into[Completion](raw)
	default:
		return nil, fmt.Errorf("unknown event type %q", t)
	}
}

func into[P Payload](raw []byte) (Payload, error) {
	var p P
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	return p, nil
}

// Chain is the hash of an event: SHA-256 over the hash of the event before it in
// its room (zero for the first) and its canonical bytes.
func Chain(previous Hash, canonical []byte) Hash {
	h := sha256.New()
	h.Write(previous[:])
	h.Write(canonical)
	var out Hash
	h.Sum(out[:0])
	return out
}
