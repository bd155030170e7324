package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Clock is the time as a client sees it; tests pass their own.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx ends and then returns its error.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Welcome is the first frame of a connection.
type Welcome struct {
	Type        string    `json:"type"`
	Epoch       string    `json:"epoch"`
	Now         time.Time `json:"now"`
	User        string    `json:"user"`
	Role        string    `json:"role"`
	HeartbeatMS int64     `json:"heartbeat_ms"`
}

// Command is a durable command. Build it with the function of its name; ID is
// made by the client where it is empty.
type Command struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Room      string `json:"room,omitempty"`
	OfferSeq  int64  `json:"offer_seq,omitempty"`
	TermsHash string `json:"terms_hash,omitempty"`
	// Terms is anything that encodes to the terms of docs/protocol.md: rooms.Terms,
	// a map, a json.RawMessage.
	Terms any `json:"terms,omitempty"`
	// ExpiresIn is in seconds; 0 leaves it to the server.
	ExpiresIn int64  `json:"expires_in,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Note      string `json:"note,omitempty"`
	Text      string `json:"text,omitempty"`

	DealSeq     int64    `json:"deal_seq,omitempty"`
	Deliverable *int     `json:"deliverable,omitempty"`
	DeliverySeq int64    `json:"delivery_seq,omitempty"`
	Links       []string `json:"links,omitempty"`
}

// Offer puts the first offer of a room, or a new one when none stands.
func Offer(room string, terms any) Command {
	return Command{Type: "offer", Room: room, Terms: terms}
}

// Counter answers the standing offer with a new one; sections that terms leave
// out are inherited.
func Counter(room string, offerSeq int64, terms any) Command {
	return Command{Type: "counter", Room: room, OfferSeq: offerSeq, Terms: terms}
}

// Accept makes the standing offer the deal.
func Accept(room string, offerSeq int64, termsHash string) Command {
	return Command{Type: "accept", Room: room, OfferSeq: offerSeq, TermsHash: termsHash}
}

// Decline ends the negotiation; offerSeq is 0 when no offer stands.
func Decline(room string, offerSeq int64, reason, note string) Command {
	return Command{Type: "decline", Room: room, OfferSeq: offerSeq, Reason: reason, Note: note}
}

// Withdraw takes back one's own standing offer.
func Withdraw(room string, offerSeq int64) Command {
	return Command{Type: "withdraw", Room: room, OfferSeq: offerSeq}
}

// Say sends a chat message.
func Say(room, text string) Command { return Command{Type: "message", Room: room, Text: text} }

// Deliver marks a deliverable of the deal done; it is named by its place from 0.
func Deliver(room string, dealSeq int64, deliverable int, links []string, note string) Command {
	return Command{Type: "deliver", Room: room, DealSeq: dealSeq, Deliverable: &deliverable, Links: links, Note: note}
}

// Confirm takes what the event deliverySeq delivered.
func Confirm(room string, deliverySeq int64) Command {
	return Command{Type: "confirm", Room: room, DeliverySeq: deliverySeq}
}

// Return sends it back.
func Return(room string, deliverySeq int64, reason string) Command {
	return Command{Type: "return", Room: room, DeliverySeq: deliverySeq, Reason: reason}
}

// Answer is the success of a command.
type Answer struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	Duplicate bool      `json:"duplicate"`
}

// Error is a refusal, over the socket or over REST.
type Error struct {
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Field     string          `json:"field"`
	Details   json.RawMessage `json:"details"`
	RequestID string          `json:"request_id"`
}

func (e *Error) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s (%s): %s", e.Code, e.Field, e.Message)
	}
	return e.Code + ": " + e.Message
}

// RetryAfter tells whether the same command may succeed later, and what the
// server said about when; 0 leaves it to the client.
func (e *Error) RetryAfter() (wait time.Duration, retry bool) {
	switch e.Code {
	case "unavailable":
		return 0, true
	case "rate_limited":
		var d struct {
			MS int64 `json:"retry_after_ms"`
		}
		if json.Unmarshal(e.Details, &d) != nil {
			d.MS = 0
		}
		return time.Duration(max(d.MS, 0)) * time.Millisecond, true
	default:
		return 0, false
	}
}

// ParseError reads the error of an answer.
func ParseError(raw []byte) (*Error, error) {
	e := new(Error)
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("wire: error of an answer: %w", err)
	}
	return e, nil
}

// Party is who an event is by.
type Party struct {
	ID   string `json:"id"`
	Side string `json:"side"`
}

// Event is a frame of a topic. An ephemeral one has no Seq.
type Event struct {
	Topic string
	Epoch string
	Seq   int64
	Type  string
	Room  string
	At    time.Time
	By    Party
	Data  json.RawMessage
	// Canonical is what the event's hash is made of; nil where it has none.
	Canonical []byte
	// Past says that a snapshot, which the reader was given before, has it already.
	Past bool
}

// OfferData is what an offer event says; Terms are left as they are.
type OfferData struct {
	Seq        int64           `json:"seq"`
	Author     string          `json:"author"`
	Number     int             `json:"number"`
	Limit      int             `json:"limit"`
	Final      bool            `json:"final"`
	Terms      json.RawMessage `json:"terms"`
	TermsHash  string          `json:"terms_hash"`
	ExpiresAt  time.Time       `json:"expires_at"`
	Supersedes int64           `json:"supersedes"`
}

// Offer decodes the data of an event of type offer.
func (e *Event) Offer() (OfferData, error) {
	var o OfferData
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return o, fmt.Errorf("wire: offer event %d: %w", e.Seq, err)
	}
	return o, nil
}

// event copies an event out of a frame.
func (f *Frame) event() (Event, error) {
	e := Event{
		Topic: string(f.Topic), Epoch: string(f.Epoch), Seq: f.Seq, Type: string(f.Type),
		Room: string(f.Room), Data: bytes.Clone(f.Data),
	}
	if f.At != nil {
		if err := e.At.UnmarshalText(f.At); err != nil {
			return e, fmt.Errorf("wire: event %d: at: %w", f.Seq, err)
		}
	}
	if f.By != nil {
		if err := json.Unmarshal(f.By, &e.By); err != nil {
			return e, fmt.Errorf("wire: event %d: by: %w", f.Seq, err)
		}
	}
	e.Canonical = f.AppendCanonical(nil)
	return e, nil
}

// Chain is the hash of a room's log so far; the zero Chain is that of none.
type Chain [sha256.Size]byte

// Next is the chain after one more event.
func (c Chain) Next(canonical []byte) Chain {
	h := sha256.New()
	h.Write(c[:])
	h.Write(canonical)
	var next Chain
	h.Sum(next[:0])
	return next
}

func (c Chain) String() string { return hex.EncodeToString(c[:]) }
