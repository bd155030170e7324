package redisbus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"parley/hub"
)

// A message on a channel of its topic's own, numbers as unsigned varints:
//
//	version 1 (1 byte), kind (1 byte), length and bytes of From, content.
//
// The topic is the channel's. The content is
//
//	for frames: their count, then seq, length and bytes of each,
//	for other kinds: length and bytes of Data.
//
// On a channel that topics share, messages of one instance travel together:
//
//	version 2 (1 byte), length and bytes of From, then for each message
//	length and bytes of its topic, kind (1 byte), length and bytes of its content,
//
// so that one whose topic nobody wants is passed over unread.
const (
	version       = 1
	versionShared = 2
)

var errEnvelope = errors.New("redisbus: not a message of ours")

// appendMessage appends the form of a channel of the topic's own to dst.
func appendMessage(dst []byte, m *hub.Message) []byte {
	dst = append(dst, version, byte(m.Kind))
	dst = appendBytes(dst, m.From)
	return appendContent(dst, m)
}

// appendShared appends to dst the form of a shared channel with as many of the
// messages as go into one: those of the first one's sender, in their order, until
// they are limit bytes. It returns how many these are, at least one.
func appendShared(dst []byte, messages []*hub.Message, limit int) ([]byte, int) {
	from, begin := messages[0].From, len(dst)
	dst = append(dst, versionShared)
	dst = appendBytes(dst, from)
	for n, m := range messages {
		size := contentSize(m)
		if n > 0 && (m.From != from || len(dst)-begin+len(m.Topic)+size > limit) {
			return dst, n
		}
		dst = appendBytes(dst, m.Topic)
		dst = append(dst, byte(m.Kind))
		dst = binary.AppendUvarint(dst, uint64(size))
		dst = appendContent(dst, m)
	}
	return dst, len(messages)
}

func appendContent(dst []byte, m *hub.Message) []byte {
	if m.Kind != hub.KindFrames {
		return appendBytes(dst, m.Data)
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.Frames)))
	for _, f := range m.Frames {
		dst = binary.AppendUvarint(dst, uint64(f.Seq))
		dst = appendBytes(dst, f.Data)
	}
	return dst
}

// contentSize is how much appendContent appends.
func contentSize(m *hub.Message) int {
	if m.Kind != hub.KindFrames {
		return bytesSize(len(m.Data))
	}
	n := uvarintSize(uint64(len(m.Frames)))
	for _, f := range m.Frames {
		n += uvarintSize(uint64(f.Seq)) + bytesSize(len(f.Data))
	}
	return n
}

func bytesSize(n int) int { return uvarintSize(uint64(n)) + n }

// uvarintSize is the length of v as a varint, of seven bits a byte.
func uvarintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

func appendBytes[T string | []byte](dst []byte, b T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// parser reads the wire forms for one reader.
type parser struct {
	// skip tells whose messages are of no use: the bus echoes one's own.
	skip func(from []byte) bool
	// from is the last sender, whose name need not be copied for each message.
	from string
}

// message reads the form of a channel of the topic's own; ok is false for one to be
// skipped. The message shares memory with data.
func (p *parser) message(topic string, data []byte) (m hub.Message, ok bool, err error) {
	if len(data) < 2 || data[0] != version {
		return m, false, errEnvelope
	}
	r := reader{rest: data[2:]}
	from := r.bytes()
	if !r.bad && p.skip(from) {
		return m, false, nil
	}
	m = hub.Message{Topic: topic, Kind: hub.MessageKind(data[1]), From: p.sender(from)}
	if err := r.content(&m); err != nil {
		return hub.Message{}, false, err
	}
	return m, true, nil
}

// shared reads the form of a shared channel and calls receive with each message
// whose topic is wanted, under the name that wanted knows it by. They share memory with
// data. After an error the rest is lost.
func (p *parser) shared(data []byte, wanted func(topic []byte) (string, bool), receive func(hub.Message)) error {
	if len(data) < 1 || data[0] != versionShared {
		return errEnvelope
	}
	r := reader{rest: data[1:]}
	from := r.bytes()
	if !r.bad && p.skip(from) {
		return nil
	}
	for len(r.rest) > 0 {
		name, kind, content := r.bytes(), r.byte(), r.bytes()
		if r.bad {
			break
		}
		topic, ok := wanted(name)
		if !ok {
			continue
		}
		m := hub.Message{Topic: topic, Kind: hub.MessageKind(kind), From: p.sender(from)}
		inner := reader{rest: content}
		if err := inner.content(&m); err != nil {
			return err
		}
		receive(m)
	}
	if r.bad {
		return fmt.Errorf("%w: wrong length", errEnvelope)
	}
	return nil
}

func (p *parser) sender(from []byte) string {
	if p.from != string(from) {
		p.from = string(from)
	}
	return p.from
}

// content reads all that is left as the content of m, whose kind and topic are set.
func (r *reader) content(m *hub.Message) error {
	switch m.Kind {
	case hub.KindFrames:
		// A frame takes two bytes at least, which bounds the count.
		n := r.uvarint()
		if n > uint64(len(r.rest)) {
			return fmt.Errorf("%w: %d frames in %d bytes", errEnvelope, n, len(r.rest))
		}
		m.Frames = make([]hub.Frame, n)
		for i := range m.Frames {
			m.Frames[i] = hub.Frame{Topic: m.Topic, Seq: int64(r.uvarint()), Data: r.bytes()}
			if m.Frames[i].Seq < 0 {
				r.bad = true
			}
		}
	case hub.KindPresence, hub.KindDisconnect, hub.KindLost:
		m.Data = r.bytes()
	default:
		return fmt.Errorf("%w: kind %d", errEnvelope, m.Kind)
	}
	if r.bad || len(r.rest) > 0 {
		return fmt.Errorf("%w: wrong length", errEnvelope)
	}
	return nil
}

// reader takes values off the front; after the first bad one all are zero.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || r.bad {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) byte() byte {
	if r.bad || len(r.rest) == 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
