package redisbus

import (
	"bytes"
	"fmt"
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

func anyMessage(t *rapid.T, topic, from string) hub.Message {
	m := hub.Message{Topic: topic, From: from,
		Kind: rapid.SampledFrom([]hub.MessageKind{hub.KindFrames, hub.KindPresence, hub.KindDisconnect, hub.KindLost}).Draw(t, "kind")}
	data := rapid.SliceOfN(rapid.Byte(), 0, 300)
	if m.Kind != hub.KindFrames {
		m.Data = data.Draw(t, "data")
		return m
	}
	for range rapid.IntRange(0, 5).Draw(t, "frames") {
		m.Frames = append(m.Frames, hub.Frame{Topic: m.Topic,
			Seq: rapid.Int64Min(0).Draw(t, "seq"), Data: data.Draw(t, "data")})
	}
	return m
}

// newParser skips what is from the one named.
func newParser(skipped string) *parser {
	return &parser{skip: func(from []byte) bool { return string(from) == skipped }}
}

func anyTopic(topic []byte) (string, bool) { return string(topic), true }

// readShared returns all that one message on a shared channel carries.
func readShared(data []byte) (all []hub.Message, err error) {
	err = newParser("nobody").shared(data, anyTopic, func(m hub.Message) { all = append(all, m) })
	return all, err
}

// What is written is read back, and no part of it is taken for the whole.
func TestEnvelope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage(t, rapid.String().Draw(t, "topic"), rapid.String().Draw(t, "from"))
		if n := len(appendContent(nil, &m)); n != contentSize(&m) {
			t.Fatalf("a content of %d bytes was reckoned %d", n, contentSize(&m))
		}
		wire := appendMessage(nil, &m)
		p := newParser(m.From + "'")
		got, ok, err := p.message(m.Topic, wire)
		if err != nil || !ok || !equal(got, m) {
			t.Fatalf("read %+v, %v, %v; wrote %+v", got, ok, err, m)
		}
		cut := rapid.IntRange(0, len(wire)-1).Draw(t, "cut")
		if _, ok, err := p.message(m.Topic, wire[:cut]); err == nil || ok {
			t.Fatalf("%d of %d bytes were taken for a message", cut, len(wire))
		}
		if _, ok, err := p.message(m.Topic, append(wire, 0)); err == nil || ok {
			t.Fatal("a message with something behind it was taken")
		}
		if _, ok, err := newParser(m.From).message(m.Topic, wire); ok || err != nil {
			t.Fatalf("of oneself: %v, %v", ok, err)
		}
	})
}

// Messages of all topics and senders arrive in the order they were in, however many
// messages carry them, none of which is longer than it may be.
func TestSharedEnvelope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 2000).Draw(t, "limit")
		var sent []*hub.Message
		for range rapid.IntRange(1, 20).Draw(t, "messages") {
			m := anyMessage(t, rapid.SampledFrom([]string{"", "a", "b", "inbox:ü"}).Draw(t, "topic"),
				rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "from"))
			sent = append(sent, &m)
		}
		var arrived []hub.Message
		for rest := sent; len(rest) > 0; {
			before := []byte("before")
			wire, n := appendShared(before, rest, limit)
			wire = wire[len(before):]
			rest = rest[n:]
			// Beside the contents: numbers, a kind each, the sender.
			if n > 1 && len(wire) > limit+8*n {
				t.Fatalf("%d messages in %d bytes, limit %d", n, len(wire), limit)
			}
			got, err := readShared(wire)
			if err != nil || len(got) != n {
				t.Fatalf("%d of %d were read, %v", len(got), n, err)
			}
			arrived = append(arrived, got...)

			cut := rapid.IntRange(0, len(wire)-1).Draw(t, "cut")
			part, _ := readShared(wire[:cut])
			if len(part) >= n || !slices.EqualFunc(part, got[:len(part)], equal) {
				t.Fatalf("%d bytes of %d were read as %+v", cut, len(wire), part)
			}
			if _, err := readShared(append(wire, 1)); err == nil {
				t.Fatal("a message with something behind it was taken")
			}
		}
		if !slices.EqualFunc(arrived, sent, func(a hub.Message, b *hub.Message) bool { return equal(a, *b) }) {
			t.Fatalf("read %+v", arrived)
		}
	})
}

// Only what is wanted of others is read, and what is not costs no memory.
func TestSharedEnvelopeSkips(t *testing.T) {
	var sent []*hub.Message
	for i := range 100 {
		topic := fmt.Sprint("inbox:", i)
		sent = append(sent, &hub.Message{Topic: topic, From: "a", Kind: hub.KindFrames,
			Frames: []hub.Frame{{Topic: topic, Seq: 1, Data: []byte("{}")}}})
	}
	wire, n := appendShared(nil, sent, slotBytes)
	if n != len(sent) {
		t.Fatalf("%d go into one message", n)
	}
	wanted := map[string]string{"inbox:7": "inbox:7", "inbox:70": "inbox:70"}
	want := func(topic []byte) (string, bool) { name, ok := wanted[string(topic)]; return name, ok }
	var heard []string
	if err := newParser("b").shared(wire, want, func(m hub.Message) { heard = append(heard, m.Topic) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(heard, []string{"inbox:7", "inbox:70"}) {
		t.Errorf("heard %v", heard)
	}
	clear(wanted)
	unwanted := func(hub.Message) { t.Error("heard what is not wanted") }
	for _, p := range []*parser{newParser("b"), newParser("a")} {
		if n := testing.AllocsPerRun(100, func() {
			if err := p.shared(wire, want, unwanted); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v allocations for what is not wanted", n)
		}
	}
	if err := newParser("a").shared(wire, anyTopic, unwanted); err != nil {
		t.Errorf("one's own: %v", err)
	}
}

// A topic's place is the same in every instance, of whatever build.
func TestSlots(t *testing.T) {
	b, err := New(Config{URL: "redis://127.0.0.1:1", Shared: func(topic string) bool { return topic != "feed" }})
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]string{
		"feed": "parley:main:t:feed", "": "parley:main:s:1", "a": "parley:main:s:0", "foobar": "parley:main:s:0",
		"inbox:01JQ0000000000000000000001": "parley:main:s:2",
	} {
		if got := b.channelOf(topic); got != want {
			t.Errorf("%q is on %s, want %s", topic, got, want)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// Anybody may publish on a channel: no bytes do harm.
func FuzzParseMessage(f *testing.F) {
	f.Add(appendMessage(nil, &hub.Message{From: "a", Kind: hub.KindFrames, Frames: []hub.Frame{{Seq: 7, Data: []byte("{}")}}}))
	f.Add([]byte{version, byte(hub.KindFrames), 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{version, byte(hub.KindPresence), 0xff, 0xff, 0x03})
	f.Add([]byte{versionShared, 1})
	p := newParser("me")
	f.Fuzz(func(t *testing.T, data []byte) {
		m, ok, err := p.message("topic", data)
		if err != nil || !ok {
			return
		}
		again, ok, err := p.message("topic", appendMessage(nil, &m))
		if err != nil || !ok || !equal(again, m) {
			t.Fatalf("read %+v, then %+v, %v", m, again, err)
		}
	})
}

func FuzzParseShared(f *testing.F) {
	frames := &hub.Message{Topic: "a", From: "x", Kind: hub.KindFrames, Frames: []hub.Frame{{Seq: 7, Data: []byte("{}")}}}
	note := &hub.Message{Topic: "b", From: "x", Kind: hub.KindPresence, Data: []byte("{}")}
	wire, _ := appendShared(nil, []*hub.Message{frames, note, frames}, slotBytes)
	f.Add(wire)
	f.Add(wire[:len(wire)-1])
	f.Add([]byte{versionShared, 0})
	f.Add([]byte{versionShared, 0, 1, 'a', byte(hub.KindFrames), 0xff, 0xff, 0x03})
	f.Add([]byte{version, byte(hub.KindLost), 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := readShared(data)
		if err != nil || len(all) == 0 {
			return
		}
		var sent []*hub.Message
		for i := range all {
			sent = append(sent, &all[i])
		}
		wire, n := appendShared(nil, sent, len(data)+8*len(all))
		again, err := readShared(wire)
		if err != nil || n != len(all) || !slices.EqualFunc(again, all, equal) {
			t.Fatalf("read %+v, then %+v, %v", all, again, err)
		}
	})
}
