package redisbus

import (
	"encoding/binary"
	"errors"
	"fmt"

	"parley/hub"
)

// A message on the wire, numbers as unsigned varints:
//
//	version (1 byte), kind (1 byte), length and bytes of From,
//	for frames: their count, then seq, length and bytes of each,
//	for other kinds: length and bytes of Data.
//
// The topic is the channel's.
const version = 1

var errEnvelope = errors.New("redisbus: not a message of ours")

// appendMessage appends the wire form of m to dst.
func appendMessage(dst []byte, m *hub.Message) []byte {
	dst = append(dst, version, byte(m.Kind))
	dst = appendBytes(dst, []byte(m.From))
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

func appendBytes(dst, b []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// parseMessage reads the wire form. The result shares memory with data.
func parseMessage(topic string, data []byte) (hub.Message, error) {
	if len(data) < 2 || data[0] != version {
		return hub.Message{}, errEnvelope
	}
	r := reader{rest: data[2:]}
	m := hub.Message{Topic: topic, Kind: hub.MessageKind(data[1]), From: string(r.bytes())}
	switch m.Kind {
	case hub.KindFrames:
		// A frame takes two bytes at least, which bounds the count.
		n := r.uvarint()
		if n > uint64(len(r.rest)) {
			return hub.Message{}, fmt.Errorf("%w: %d frames in %d bytes", errEnvelope, n, len(r.rest))
		}
		m.Frames = make([]hub.Frame, n)
		for i := range m.Frames {
			m.Frames[i] = hub.Frame{Topic: topic, Seq: int64(r.uvarint()), Data: r.bytes()}
			if m.Frames[i].Seq < 0 {
				r.bad = true
			}
		}
	case hub.KindPresence, hub.KindDisconnect, hub.KindLost:
		m.Data = r.bytes()
	default:
		return hub.Message{}, fmt.Errorf("%w: kind %d", errEnvelope, m.Kind)
	}
	if r.bad || len(r.rest) > 0 {
		return hub.Message{}, fmt.Errorf("%w: wrong length", errEnvelope)
	}
	return m, nil
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
