package rooms

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"strconv"
	"time"

	"parley/rooms/strictjson"
)

// Offer is an immutable set of terms put by one party. It binds its author
// until it is superseded, withdrawn, declined or expired.
type Offer struct {
	// Seq is the number of its event in the room.
	Seq    int64
	Author Side
	// Number counts the author's offers since the room began or its last deal was
	// made, from 1 to Limit.
	Number int
	Limit  int
	// Amends is the number of the deal in force that it would replace, or 0.
	Amends int64
	Terms  Terms
	// Hash is SHA-256 over the canonical bytes of the terms.
	Hash Hash
	// ExpiresAt is the first instant at which it can no longer be accepted. A
	// freeze moves it, see Unfrozen; nothing else does.
	ExpiresAt Time

	raw []byte // the canonical bytes of Terms
}

// seal fixes the offer's terms.
func (o *Offer) seal(terms Terms) {
	o.raw = terms.canonical()
	o.Terms, o.Hash = terms, sha256.Sum256(o.raw)
}

// Final reports whether it is the last offer that its author may put.
func (o *Offer) Final() bool { return o.Number >= o.Limit }

// appendJSON writes the offer; supersedes is left out when 0.
func (o *Offer) appendJSON(dst []byte, supersedes int64) []byte {
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendInt(dst, o.Seq, 10)
	dst = append(dst, `,"author":"`...)
	dst = append(dst, o.Author...)
	dst = append(dst, `","number":`...)
	dst = strconv.AppendInt(dst, int64(o.Number), 10)
	dst = append(dst, `,"limit":`...)
	dst = strconv.AppendInt(dst, int64(o.Limit), 10)
	dst = append(dst, `,"final":`...)
	dst = strconv.AppendBool(dst, o.Final())
	dst = append(dst, `,"terms":`...)
	dst = append(dst, o.raw...)
	dst = append(dst, `,"terms_hash":"`...)
	dst = append(dst, o.Hash.String()...)
	dst = append(dst, `","expires_at":"`...)
	dst = o.ExpiresAt.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	if o.Amends != 0 {
		dst = append(dst, `,"amends":`...)
		dst = strconv.AppendInt(dst, o.Amends, 10)
	}
	if supersedes != 0 {
		dst = append(dst, `,"supersedes":`...)
		dst = strconv.AppendInt(dst, supersedes, 10)
	}
	return append(dst, '}')
}

// MarshalJSON writes the offer as the wire shows it.
func (o *Offer) MarshalJSON() ([]byte, error) { return o.appendJSON(nil, 0), nil }

// readOfferPut reads an offer event's data. The hash is computed anew from the
// stored bytes: one that does not match is an altered log.
func readOfferPut(r *strictjson.Reader) (Payload, error) {
	var o Offer
	var supersedes int64
	var claimed string
	err := r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "seq":
			o.Seq, err = r.Int(1, math.MaxInt64)
		case "author":
			var s string
			s, err = r.Text()
			o.Author = Side(s)
		case "number":
			var n int64
			n, err = r.Int(1, math.MaxInt64)
			o.Number = int(n)
		case "limit":
			var n int64
			n, err = r.Int(1, math.MaxInt64)
			o.Limit = int(n)
		case "final":
			_, err = r.Bool()
		case "terms":
			o.raw, err = r.Span(func() error { return o.Terms.read(r) })
		case "terms_hash":
			claimed, err = r.Text()
		case "expires_at":
			o.ExpiresAt, err = readTime(r)
		case "amends":
			o.Amends, err = r.Int(1, math.MaxInt64)
		case "supersedes":
			supersedes, err = r.Int(1, math.MaxInt64)
		default:
			err = strictjson.Unknown()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	o.raw = bytes.Clone(o.raw)
	o.Hash = sha256.Sum256(o.raw)
	if o.Hash.String() != claimed {
		return nil, fmt.Errorf("offer %d: its terms do not match their hash", o.Seq)
	}
	return OfferPut{Offer: &o, Supersedes: supersedes}, nil
}
