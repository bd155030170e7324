package api

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"parley/rooms"
	"parley/rooms/strictjson"
)

// Limits of what a client may send.
const (
	maxFrameBytes = 16 << 10
	maxIDChars    = 64
)

// A frame's kinds that are no durable command.
const (
	kindJoin   = "join"
	kindLeave  = "leave"
	kindTyping = "typing"
	kindSeen   = "seen"
)

// frame is what a client asks for, over WebSocket or in a REST body.
type frame struct {
	// id is echoed in the answer; of a durable command it is the cmid.
	id   string
	kind string
	room string
	// command is set for durable commands.
	command rooms.Command

	topic string
	after *int64
	epoch string
	seq   int64
}

// fields is a set of a frame's fields.
type fields uint32

const (
	fieldRoom fields = 1 << iota
	fieldTopic
	fieldAfter
	fieldEpoch
	fieldTerms
	fieldExpiresIn
	fieldOfferSeq
	fieldTermsHash
	fieldReason
	fieldNote
	fieldText
	fieldSeq
	fieldID
	fieldDealSeq
	fieldDeliverable
	fieldDeliverySeq
	fieldLinks
)

// fieldByName knows every field that any frame has.
func fieldByName(name string) fields {
	switch name {
	case "id":
		return fieldID
	case "room":
		return fieldRoom
	case "topic":
		return fieldTopic
	case "after":
		return fieldAfter
	case "epoch":
		return fieldEpoch
	case "terms":
		return fieldTerms
	case "expires_in":
		return fieldExpiresIn
	case "offer_seq":
		return fieldOfferSeq
	case "terms_hash":
		return fieldTermsHash
	case "reason":
		return fieldReason
	case "note":
		return fieldNote
	case "text":
		return fieldText
	case "seq":
		return fieldSeq
	case "deal_seq":
		return fieldDealSeq
	case "deliverable":
		return fieldDeliverable
	case "delivery_seq":
		return fieldDeliverySeq
	case "links":
		return fieldLinks
	default:
		return 0
	}
}

// shape is what a kind of frame must and may have.
type shape struct{ must, may fields }

// commandFields is what every durable command has.
const commandFields = fieldID | fieldRoom

// shapes describes the kinds of docs/protocol.md. The rules check later what only
// they know; here it is only which fields there are.
var shapes = [...]struct {
	kind string
	shape
}{
	{kindJoin, shape{must: fieldID | fieldTopic, may: fieldAfter | fieldEpoch}},
	{kindLeave, shape{must: fieldID | fieldTopic}},
	{kindTyping, shape{must: fieldRoom}},
	{kindSeen, shape{must: fieldRoom | fieldSeq}},
	{"offer", shape{must: commandFields | fieldTerms, may: fieldExpiresIn}},
	{"counter", shape{must: commandFields | fieldOfferSeq | fieldTerms, may: fieldExpiresIn}},
	{"accept", shape{must: commandFields | fieldOfferSeq | fieldTermsHash}},
	{"decline", shape{must: commandFields | fieldReason, may: fieldOfferSeq | fieldNote}},
	{"withdraw", shape{must: commandFields | fieldOfferSeq}},
	{"cancel", shape{must: commandFields, may: fieldNote}},
	{"reopen", shape{must: commandFields}},
	{"message", shape{must: commandFields | fieldText}},
	{"deliver", shape{must: commandFields | fieldDealSeq | fieldDeliverable | fieldLinks, may: fieldNote}},
	{"confirm", shape{must: commandFields | fieldDeliverySeq}},
	{"return", shape{must: commandFields | fieldDeliverySeq | fieldReason}},
	{"freeze", shape{must: commandFields | fieldReason}},
	{"unfreeze", shape{must: commandFields | fieldReason}},
	{"close", shape{must: commandFields | fieldReason}},
}

// shapeOf finds a kind's shape. There are few, so that looking at all of them
// costs no more than a map would.
func shapeOf(kind string) (s shape, known bool) {
	for i := range shapes {
		if shapes[i].kind == kind {
			return shapes[i].shape, true
		}
	}
	return shape{}, false
}

// durable tells whether frames of the kind become events.
func (f *frame) durable() bool { return f.command != nil }

// decodeFrame reads a frame of the socket. Even with an error the frame has the
// id, if one could be read, so that the answer can name it.
func decodeFrame(raw []byte) (frame, *Error) { return decode(raw, "") }

// decodeCommand reads a REST body: a durable command's frame without its room,
// which the path names.
func decodeCommand(room string, raw []byte) (frame, *Error) {
	f, err := decode(raw, room)
	if err == nil && !f.durable() {
		return f, invalid("type", rooms.Form("is not a command that is stored"))
	}
	return f, err
}

func decode(raw []byte, room string) (frame, *Error) {
	var space [maxMembers]member
	var f frame
	members, err := splitObject(raw, space[:0])
	if err != nil {
		return f, err
	}
	for _, m := range members {
		switch m.name {
		case "id":
			if f.id, err = text(m, maxIDChars); err != nil {
				return f, err
			}
		case "type":
			if f.kind, err = text(m, maxIDChars); err != nil {
				return f, err
			}
		}
	}
	if f.kind == "" {
		return f, invalid("type", rooms.Required())
	}
	shape, known := shapeOf(f.kind)
	if !known {
		return f, invalid("type", rooms.Form("is not a known type: "+f.kind))
	}
	if room != "" {
		f.room = room
		shape.must &^= fieldRoom
	}
	var p parts
	var given fields
	for _, m := range members {
		if m.name == "type" {
			continue
		}
		field := fieldByName(m.name)
		if field == 0 || field&(shape.must|shape.may) == 0 {
			return f, invalid(m.name, rooms.UnknownField())
		}
		given |= field
		if err := p.take(&f, field, m); err != nil {
			return f, err
		}
	}
	if missing := shape.must &^ given; missing != 0 {
		return f, invalid(firstName(missing), rooms.Required())
	}
	if f.command, err = p.command(f.kind); err != nil {
		return f, err
	}
	if f.durable() && !isULID(f.id) {
		return f, invalid("id", rooms.Form("must be a ULID"))
	}
	if f.room != "" && !isULID(f.room) {
		return f, notFound("room")
	}
	return f, nil
}

// parts are a frame's fields before the command is made of them.
type parts struct {
	terms     []byte
	expiresIn int64
	offerSeq  int64
	termsHash rooms.Hash
	reason    string
	note      string
	text      string

	dealSeq, deliverySeq int64
	deliverable          int
	links                []string
}

func (p *parts) take(f *frame, field fields, m member) (err *Error) {
	switch field {
	case fieldRoom:
		f.room, err = text(m, maxIDChars)
	case fieldTopic:
		f.topic, err = text(m, maxIDChars+len("room:"))
	case fieldEpoch:
		f.epoch, err = text(m, maxIDChars)
	case fieldAfter:
		var n int64
		n, err = whole(m)
		f.after = &n
	case fieldSeq:
		f.seq, err = whole(m)
	case fieldTerms:
		p.terms = m.value
	case fieldExpiresIn:
		p.expiresIn, err = lifetime(m)
	case fieldOfferSeq:
		p.offerSeq, err = number(m)
	case fieldTermsHash:
		var s string
		if s, err = text(m, 0); err == nil && p.termsHash.UnmarshalText([]byte(s)) != nil {
			err = invalid(m.name, rooms.Form("must be 64 hexadecimal digits"))
		}
	case fieldReason:
		p.reason, err = text(m, 0)
	case fieldNote:
		p.note, err = text(m, 0)
	case fieldText:
		p.text, err = text(m, 0)
	case fieldDealSeq:
		p.dealSeq, err = number(m)
	case fieldDeliverySeq:
		p.deliverySeq, err = number(m)
	case fieldDeliverable:
		var n int64
		if n, err = whole(m); err == nil && n > math.MaxInt32 {
			err = invalid(m.name, rooms.Form("must be a place in the deal's deliverables"))
		}
		p.deliverable = int(n)
	case fieldLinks:
		p.links, err = texts(m)
	}
	return err
}

// command makes the command of a kind, nil for kinds that are none.
func (p *parts) command(kind string) (rooms.Command, *Error) {
	switch kind {
	case "offer", "counter":
		terms, refusal := rooms.ParsePatch(p.terms)
		if refusal != nil {
			return nil, refused(refusal)
		}
		if kind == "offer" {
			return rooms.PutOffer{Terms: terms, ExpiresIn: p.expiresIn}, nil
		}
		return rooms.Counter{OfferSeq: p.offerSeq, Terms: terms, ExpiresIn: p.expiresIn}, nil
	case "accept":
		return rooms.Accept{OfferSeq: p.offerSeq, TermsHash: p.termsHash}, nil
	case "decline":
		return rooms.Decline{OfferSeq: p.offerSeq, Reason: p.reason, Note: p.note}, nil
	case "withdraw":
		return rooms.Withdraw{OfferSeq: p.offerSeq}, nil
	case "cancel":
		return rooms.Cancel{Note: p.note}, nil
	case "reopen":
		return rooms.Reopen{}, nil
	case "message":
		return rooms.Say{Text: p.text}, nil
	case "deliver":
		return rooms.Deliver{DealSeq: p.dealSeq, Deliverable: p.deliverable, Links: p.links, Note: p.note}, nil
	case "confirm":
		return rooms.Confirm{DeliverySeq: p.deliverySeq}, nil
	case "return":
		return rooms.Return{DeliverySeq: p.deliverySeq, Reason: p.reason}, nil
	case "freeze":
		return rooms.Freeze{Source: rooms.SourceRoom, Reason: p.reason}, nil
	case "unfreeze":
		if strings.TrimSpace(p.reason) == "" { // a flag that is lifted brings none to the rules
			return nil, invalid("reason", rooms.Required())
		}
		return rooms.Unfreeze{Source: rooms.SourceRoom, Reason: p.reason}, nil
	case "close":
		return rooms.Close{Reason: p.reason}, nil
	default:
		return nil, nil
	}
}

// text decodes a text of at most limit characters; 0 leaves the limit to the rules.
func text(m member, limit int) (string, *Error) {
	s, ok := textOf(m.value)
	if !ok {
		return "", invalid(m.name, rooms.Form("must be a text"))
	}
	if limit > 0 && utf8.RuneCountInString(s) > limit {
		return "", invalid(m.name, rooms.Because("too_long", "is too long"))
	}
	return s, nil
}

// texts decodes a list of texts; how many and how long the rules tell.
func texts(m member) ([]string, *Error) {
	list := []string{}
	r := strictjson.NewReader(m.value)
	err := r.Array(func(int) error {
		s, err := r.Text()
		list = append(list, s)
		return err
	})
	if err != nil {
		return nil, invalid(m.name, rooms.Form("must be a list of texts"))
	}
	return list, nil
}

// number decodes an event's number.
func number(m member) (int64, *Error) {
	n, err := whole(m)
	if err == nil && n == 0 {
		err = invalid(m.name, rooms.AtLeast(1))
	}
	return n, err
}

// whole decodes a whole number that is not negative.
func whole(m member) (int64, *Error) {
	n, ok := wholeOf(m.value)
	if !ok {
		return 0, invalid(m.name, rooms.Because("whole", "must be a whole number in range"))
	}
	if n < 0 {
		return 0, invalid(m.name, rooms.AtLeast(0))
	}
	return n, nil
}

// lifetime decodes an offer's lifetime in seconds. For the rules 0 is the
// default; a client leaves the field out for that.
func lifetime(m member) (int64, *Error) {
	n, err := whole(m)
	if err == nil && n == 0 {
		err = invalid(m.name, rooms.SecondsBetween(rooms.MinLifetime/time.Second, rooms.MaxLifetime/time.Second))
	}
	return n, err
}

// firstName names the first field of a set, in the order of the table.
func firstName(set fields) string {
	for _, name := range []string{
		"id", "room", "topic", "terms", "offer_seq", "terms_hash", "reason", "text", "seq", "deal_seq", "deliverable", "delivery_seq", "links",
	} {
		if set&fieldByName(name) != 0 {
			return name
		}
	}
	return ""
}

// isULID reports whether s is a ULID in its canonical form.
func isULID(s string) bool {
	if len(s) != 26 || s[0] > '7' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		digit := c >= '0' && c <= '9'
		letter := c >= 'A' && c <= 'Z' && c != 'I' && c != 'L' && c != 'O' && c != 'U'
		if !digit && !letter {
			return false
		}
	}
	return true
}
