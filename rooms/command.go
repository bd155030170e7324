package rooms

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

// Lifetimes of an offer.
const (
	DefaultLifetime = 48 * time.Hour
	MinLifetime     = time.Hour
	MaxLifetime     = 14 * 24 * time.Hour
	// ThawLifetime is what an offer has left at least when a freeze ends.
	ThawLifetime = 24 * time.Hour
)

// MaxReason bounds notes and reasons, in characters.
const MaxReason = 500

const maxMessageChars = 4000

// DeclineReasons are the codes that a decline carries.
var DeclineReasons = []string{"budget", "timing", "fit", "terms", "other"}

// Actor is who gives a command. Role is Sponsor or Influencer for users, Admin,
// or System, which has no ID. What a user is in a room follows from the room.
type Actor struct {
	ID   string
	Role Side
}

// Command is what an actor asks a room for.
type Command interface{ Name() string }

// The commands, as docs/protocol.md describes them. ExpiresIn is a lifetime in
// seconds, 0 for the default.
type (
	// Open makes the room of an ad request: an invitation by the campaign's
	// sponsor or an application by the influencer, with first terms if Terms is
	// not nil. ID is the new room's.
	Open struct {
		ID         string `json:"id"`
		Campaign   string `json:"campaign"`
		Influencer string `json:"influencer"`
		Terms      *Patch `json:"terms"`
		ExpiresIn  int64  `json:"expires_in"`
		Message    string `json:"message"`
		// Limit is how many offers each side may put.
		Limit int `json:"limit"`
	}
	PutOffer struct {
		Terms     Patch `json:"terms"`
		ExpiresIn int64 `json:"expires_in"`
	}
	Counter struct {
		OfferSeq  int64 `json:"offer_seq"`
		Terms     Patch `json:"terms"`
		ExpiresIn int64 `json:"expires_in"`
	}
	Accept struct {
		OfferSeq  int64 `json:"offer_seq"`
		TermsHash Hash  `json:"terms_hash"`
	}
	// Decline says no to the standing offer, or, with OfferSeq 0, ends a
	// negotiation in which none stands.
	Decline struct {
		OfferSeq int64  `json:"offer_seq"`
		Reason   string `json:"reason"`
		Note     string `json:"note"`
	}
	Withdraw struct {
		OfferSeq int64 `json:"offer_seq"`
	}
	// Cancel takes the whole ad request back.
	Cancel struct {
		Note string `json:"note"`
	}
	Reopen struct{}
	Say    struct {
		Text string `json:"text"`
	}
	// Deliver marks a deliverable of the deal done; Deliverable is its place in the
	// deal's terms, from 0. Until it is confirmed it may be marked done again.
	Deliver struct {
		DealSeq     int64    `json:"deal_seq"`
		Deliverable int      `json:"deliverable"`
		Links       []string `json:"links"`
		Note        string   `json:"note"`
	}
	// Confirm takes what the event DeliverySeq delivered.
	Confirm struct {
		DeliverySeq int64 `json:"delivery_seq"`
	}
	// Return sends it back.
	Return struct {
		DeliverySeq int64  `json:"delivery_seq"`
		Reason      string `json:"reason"`
	}
	Freeze struct {
		Source FreezeSource `json:"source"`
		Reason string       `json:"reason"`
	}
	Unfreeze struct {
		Source FreezeSource `json:"source"`
		Reason string       `json:"reason"`
	}
	Close struct {
		Reason string `json:"reason"`
	}
	// Expire announces that an offer's time has passed.
	Expire struct {
		OfferSeq int64 `json:"offer_seq"`
	}
)

func (Open) Name() string     { return "open" }
func (PutOffer) Name() string { return "offer" }
func (Counter) Name() string  { return "counter" }
func (Accept) Name() string   { return "accept" }
func (Decline) Name() string  { return "decline" }
func (Withdraw) Name() string { return "withdraw" }
func (Cancel) Name() string   { return "cancel" }
func (Reopen) Name() string   { return "reopen" }
func (Say) Name() string      { return "message" }
func (Deliver) Name() string  { return "deliver" }
func (Confirm) Name() string  { return "confirm" }
func (Return) Name() string   { return "return" }
func (Freeze) Name() string   { return "freeze" }
func (Unfreeze) Name() string { return "unfreeze" }
func (Close) Name() string    { return "close" }
func (Expire) Name() string   { return "expire" }

// Fingerprint names the content of a command by an actor, so that a repeated
// command id can be told from one that is used again for something else. It
// does not depend on how the command was written down.
func Fingerprint(actor Actor, c Command) Hash {
	raw := make([]byte, 0, 512)
	raw = append(append(raw, c.Name()...), 0)
	raw = append(append(raw, actor.ID...), 0)
	switch c := c.(type) { // the frequent ones without reflection
	case PutOffer:
		raw = binary.BigEndian.AppendUint64(raw, uint64(c.ExpiresIn))
		raw = c.Terms.appendContent(raw)
	case Counter:
		raw = binary.BigEndian.AppendUint64(raw, uint64(c.OfferSeq))
		raw = binary.BigEndian.AppendUint64(raw, uint64(c.ExpiresIn))
		raw = c.Terms.appendContent(raw)
	default:
		content, err := json.Marshal(c)
		if err != nil {
			// Commands hold only texts and numbers; these always encode.
			panic(fmt.Sprintf("rooms: encode %s command: %v", c.Name(), err))
		}
		raw = append(raw, content...)
	}
	return sha256.Sum256(raw)
}
