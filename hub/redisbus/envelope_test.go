package redisbus

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"parley/hub"
)

func equal(a, b hub.Message) bool {
	return a.Topic == b.Topic && a.From == b.From && a.Kind == b.Kind && bytes.Equal(a.Data, b.Data) &&
		slices.EqualFunc(a.Frames, b.Frames, func(x, y hub.Frame) bool {
			return x.Topic == y.Topic && x.Seq == y.Seq && bytes.Equal(x.Data, y.Data)
		})
}

// What is written is read back, and no part of it is taken for the whole.
func TestEnvelope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := hub.Message{Topic: rapid.String().Draw(t, "topic"), From: rapid.String().Draw(t, "from"),
			Kind: rapid.SampledFrom([]hub.MessageKind{hub.KindFrames, hub.KindPresence, hub.KindDisconnect, hub.KindLost}).Draw(t, "kind")}
		data := rapid.SliceOfN(rapid.Byte(), 0, 300)
		if m.Kind == hub.KindFrames {
			for range rapid.IntRange(0, 5).Draw(t, "frames") {
				m.Frames = append(m.Frames, hub.Frame{Topic: m.Topic,
					Seq: rapid.Int64Min(0).Draw(t, "seq"), Data: data.Draw(t, "data")})
			}
		} else {
			m.Data = data.Draw(t, "data")
		}
		wire := appendMessage(make([]byte, 0, envelopeSize(&m)), &m)
		if cap(wire) > envelopeSize(&m)+64 {
			t.Fatalf("%d bytes, reckoned %d", len(wire), envelopeSize(&m))
		}
		got, err := parseMessage(m.Topic, wire)
		if err != nil || !equal(got, m) {
			t.Fatalf("read %+v, %v; wrote %+v", got, err, m)
		}
		cut := rapid.IntRange(0, len(wire)-1).Draw(t, "cut")
		if _, err := parseMessage(m.Topic, wire[:cut]); err == nil {
			t.Fatalf("%d of %d bytes were taken for a message", cut, len(wire))
		}
		if _, err := parseMessage(m.Topic, append(wire, 0)); err == nil {
			t.Fatal("a message with something behind it was taken")
		}
	})
}

// Anybody may publish on a channel: no bytes do harm.
func FuzzParseMessage(f *testing.F) {
	f.Add(appendMessage(nil, &hub.Message{From: "a", Kind: hub.KindFrames, Frames: []hub.Frame{{Seq: 7, Data: []byte("{}")}}}))
	f.Add([]byte{version, byte(hub.KindFrames), 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{version, byte(hub.KindPresence), 0xff, 0xff, 0x03})
	f.Add([]byte{2, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMessage("topic", data)
		if err != nil {
			return
		}
		again, err := parseMessage("topic", appendMessage(nil, &m))
		if err != nil || !equal(again, m) {
			t.Fatalf("read %+v, then %+v, %v", m, again, err)
		}
	})
}
