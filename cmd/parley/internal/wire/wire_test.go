package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

func TestFrameFindsItsParts(t *testing.T) {
	const canonical = `"room":"R","seq":7,"type":"message","at":"2026-11-22T08:00:01.5Z","by":{"id":"u","side":"sponsor"},"data":{"text":"a \" } , ] \\"}}`
	var f Frame
	if err := f.Parse([]byte(`{"topic":"room:R","epoch":"E",` + canonical)); err != nil {
		t.Fatal(err)
	}
	if string(f.Topic) != "room:R" || string(f.Epoch) != "E" || !f.HasSeq || f.Seq != 7 || string(f.Type) != "message" ||
		string(f.Data) != `{"text":"a \" } , ] \\"}` || f.IsAnswer() {
		t.Fatalf("the parts are %+v", f)
	}
	if got := string(f.AppendCanonical(nil)); got != "{"+canonical {
		t.Fatalf("the canonical bytes are %s", got)
	}
	if err := f.Parse([]byte(` { "id" : "a" , "ok" : true , "seq":3,"from":1,"more":true,"reset":true,"snapshot":[1] } `)); err != nil {
		t.Fatal(err)
	}
	if !f.IsAnswer() || string(f.ID) != "a" || !f.OK || f.Seq != 3 || f.From != 1 || !f.More || !f.Reset || string(f.Snapshot) != "[1]" {
		t.Fatalf("the parts are %+v", f)
	}
	if f.AppendCanonical(nil) != nil {
		t.Fatal("an answer has canonical bytes")
	}
}

// TestFrameAgreesWithTheLibrary compares the scanner with encoding/json on any
// object, written with and without spaces.
func TestFrameAgreesWithTheLibrary(t *testing.T) {
	value := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) any { return rapid.String().Draw(t, "text") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.Int64().Draw(t, "number") }),
		rapid.Custom(func(t *rapid.T) any {
			return map[string]any{rapid.String().Draw(t, "name"): []any{rapid.String().Draw(t, "inner"), nil, 1.5}}
		}),
		rapid.Just[any](nil), rapid.Just[any](true),
	)
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.SampledFrom([]string{"id", "topic", "data", "other", "seq", "by", "ok"}), value).Draw(t, "frame")
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "spaced") {
			var b bytes.Buffer
			if err := json.Indent(&b, raw, " ", "\t"); err != nil {
				t.Fatal(err)
			}
			raw = b.Bytes()
		}
		var f Frame
		if err := f.Parse(raw); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if id, ok := m["id"].(string); ok && string(f.ID) != id {
			t.Fatalf("id is %q, want %q", f.ID, id)
		}
		if n, ok := m["seq"].(int64); ok && (f.Seq != n || !f.HasSeq) {
			t.Fatalf("seq is %d, want %d", f.Seq, n)
		}
		if data, given := m["data"]; given {
			want, err := json.Marshal(data)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := json.Compact(&b, f.Data); err != nil || !bytes.Equal(b.Bytes(), want) {
				t.Fatalf("data is %s, want %s", f.Data, want)
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	for _, s := range []string{"", "{", `{"a"`, `{"a":`, `{"a":"\`, `{"a":1`, `{"a":[}`, `{"":}`, `{"id":"\u00e9"}`, `{"a":1}}`, `{1:2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var frame Frame
		if frame.Parse(raw) != nil && json.Valid(raw) && bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
			t.Fatalf("refuses the object %q", raw)
		}
	})
}

func TestAfterError(t *testing.T) {
	for _, test := range []struct {
		err  error
		want Next
	}{
		{&CloseError{Code: 4000}, Next{}},
		{&CloseError{Code: 4001}, Next{}},
		{&CloseError{Code: 4100, Reason: `{"after_ms":700}`}, Next{After: 700 * time.Millisecond}},
		{&CloseError{Code: 4100, Reason: `{"after_ms":-1}`}, Next{}},
		{&CloseError{Code: 4100, Reason: `{"after_ms":999999999}`}, Next{After: time.Minute}},
		{&CloseError{Code: 4100, Reason: "soon"}, Next{After: time.Second}},
		{&CloseError{Code: 4101}, Next{Backoff: true}},
		{&CloseError{Code: 4200}, Next{Stop: true}},
		{&CloseError{Code: 4201}, Next{Stop: true}},
		{&CloseError{Code: 1003}, Next{Stop: true}},
		{&CloseError{Code: 1007}, Next{Stop: true}},
		{&CloseError{Code: 1009}, Next{Stop: true}},
		{&CloseError{Code: 1000}, Next{Backoff: true}},
		{&CloseError{Code: 1006}, Next{Backoff: true}},
		{&RefusedError{Status: 401}, Next{Stop: true}},
		{&RefusedError{Status: 403}, Next{Stop: true}},
		{&RefusedError{Status: 429}, Next{Backoff: true}},
		{&RefusedError{Status: 503}, Next{Backoff: true}},
		{io.ErrUnexpectedEOF, Next{Backoff: true}},
	} {
		if got := AfterError(test.err); got != test.want {
			t.Errorf("after %v: %+v, want %+v", test.err, got, test.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	most := func(n int64) int64 { return n - 1 }
	for tries, want := range map[int]time.Duration{
		0: 500 * time.Millisecond, 1: time.Second, 5: 16 * time.Second,
		6: 30 * time.Second, 1000: 30 * time.Second, -1: 500 * time.Millisecond,
	} {
		if got := Backoff(tries, most); got != want {
			t.Errorf("after %d tries at most %v, want %v", tries, got, want)
		}
	}
	if got := Backoff(3, func(int64) int64 { return 0 }); got != 0 {
		t.Errorf("at least %v, want 0", got)
	}
}

// TestCursor checks the invariant against any order of frames and joins.
func TestCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Cursor
		next := int64(-1) // what must be applied next, -1 when nothing is known
		t.Repeat(map[string]func(*rapid.T){
			"frame": func(t *rapid.T) {
				seq := rapid.Int64Range(1, 12).Draw(t, "seq")
				switch c.Take(seq, []byte("E")) {
				case Apply:
					if seq != next {
						t.Fatalf("applies %d, want %d", seq, next)
					}
					next++
				case Gap:
					if next < 0 || seq <= next {
						t.Fatalf("a gap before %d at %d", seq, next)
					}
				case Drop:
					if next > 0 && seq >= next {
						t.Fatalf("drops %d at %d", seq, next)
					}
				}
			},
			"join": func(t *rapid.T) {
				reset := rapid.Bool().Draw(t, "reset")
				from := rapid.Int64Range(0, 12).Draw(t, "from")
				if !reset && next >= 0 {
					from = c.Last // what a server that resumes says
				}
				if fresh := c.Joined(from, []byte("E"), reset); fresh != (reset || next < 0) {
					t.Fatalf("fresh is %v", fresh)
				}
				next = from + 1
			},
		})
	})
}

func TestCursorStartsOverElsewhere(t *testing.T) {
	c := Cursor{Last: 5, Epoch: "E", Known: true}
	if c.Take(6, []byte("F")) != Gap {
		t.Error("a frame of another epoch is no gap")
	}
	if !c.Joined(5, []byte("F"), false) {
		t.Error("another epoch is no fresh start")
	}
	if !c.Joined(9, []byte("F"), false) || c.Last != 9 {
		t.Error("a skip ahead is no fresh start")
	}
}

func TestSocketURL(t *testing.T) {
	for base, want := range map[string]string{
		"http://127.0.0.1:8080":  "ws://127.0.0.1:8080/ws",
		"http://h/":              "ws://h/ws",
		"https://h/parley":       "wss://h/parley/ws",
		"ws://h:1/ws":            "ws://h:1/ws",
		"wss://h":                "wss://h/ws",
		"127.0.0.1:8080":         "",
		"ftp://h":                "",
		"http://%zz":             "",
		"http://127.0.0.1:80/ws": "ws://127.0.0.1:80/ws",
	} {
		got, err := SocketURL(base)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v; want %q", base, got, err, want)
		}
	}
}

// pipe is a Conn whose other end the test holds.
func pipe(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return &Conn{nc: ours, mask: func() uint32 { return 0x01020304 }, buf: make([]byte, 8)}, theirs
}

func TestConnReadsWhateverTheCut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, peer := pipe(t)
		var stream bytes.Buffer
		texts := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.Just(strings.Repeat("x", 70_000))), 1, 6).Draw(rt, "texts")
		for i, text := range texts {
			if half := len(text) / 2; i%2 == 1 {
				first := ws.NewFrame(ws.OpText, false, []byte(text[:half]))
				_ = ws.WriteFrame(&stream, first)
				_ = ws.WriteFrame(&stream, ws.NewPongFrame([]byte("between")))
				_ = ws.WriteFrame(&stream, ws.NewFrame(ws.OpContinuation, true, []byte(text[half:])))
				continue
			}
			_ = ws.WriteFrame(&stream, ws.NewTextFrame([]byte(text)))
		}
		step := max(rapid.IntRange(1, 5000).Draw(rt, "step"), stream.Len()/500)
		go func() {
			for raw := stream.Bytes(); len(raw) > 0; {
				n, err := peer.Write(raw[:min(step, len(raw))])
				if err != nil {
					return
				}
				raw = raw[n:]
			}
			_ = peer.Close()
		}()
		for _, want := range texts {
			got, err := c.Read()
			if err != nil || string(got) != want {
				rt.Fatalf("read %d bytes, %v; want %d", len(got), err, len(want))
			}
		}
		if _, err := c.Read(); !errors.Is(err, io.EOF) {
			rt.Fatalf("after the end: %v", err)
		}
	})
}

func TestConnAnswersPingAndClose(t *testing.T) {
	c, peer := pipe(t)
	ended := make(chan error, 1)
	go func() {
		_, err := c.Read()
		ended <- err
	}()
	expect := func(op ws.OpCode, payload string) {
		t.Helper()
		header, err := ws.ReadHeader(peer)
		if err != nil {
			t.Fatal(err)
		}
		got := ws.Frame{Header: header, Payload: make([]byte, header.Length)}
		if _, err := io.ReadFull(peer, got.Payload); err != nil {
			t.Fatal(err)
		}
		if !got.Header.Masked || !got.Header.Fin || got.Header.OpCode != op {
			t.Fatalf("the answer has the header %+v", got.Header)
		}
		ws.Cipher(got.Payload, got.Header.Mask, 0)
		if string(got.Payload) != payload {
			t.Fatalf("the answer says %q, want %q", got.Payload, payload)
		}
	}
	if err := ws.WriteFrame(peer, ws.NewPingFrame([]byte("are you there"))); err != nil {
		t.Fatal(err)
	}
	expect(ws.OpPong, "are you there")
	if err := ws.WriteFrame(peer, ws.NewCloseFrame(ws.NewCloseFrameBody(4100, "soon"))); err != nil {
		t.Fatal(err)
	}
	expect(ws.OpClose, string(binary.BigEndian.AppendUint16(nil, 4100)))
	var closed *CloseError
	if err := <-ended; !errors.As(err, &closed) || closed.Code != 4100 || closed.Reason != "soon" {
		t.Fatalf("the reading ended with %v", err)
	}
}

func TestConnRefusesWhatIsNoText(t *testing.T) {
	for name, raw := range map[string][]byte{
		"binary":   {0x82, 1, 'x'},
		"masked":   {0x81, 0x81, 0, 0, 0, 0, 'x'},
		"reserved": {0xc1, 1, 'x'},
		"too long": {0x81, 127, 0, 0, 0, 0, 0x7f, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := pipe(t)
			go func() { _, _ = peer.Write(raw) }()
			if text, err := c.Read(); err == nil {
				t.Fatalf("it read %q", text)
			}
		})
	}
}

func TestChain(t *testing.T) {
	var c Chain
	a := c.Next([]byte("a"))
	if a == c || a.Next([]byte("b")) == c.Next([]byte("b")) {
		t.Fatal("the chain does not depend on what came before")
	}
	// SHA-256 over 32 zero bytes and "a".
	if want := "41a0370c3d9f42773a59e8e01651911cf43b1e3f66944cbb690029debc4eb647"; a.String() != want {
		t.Fatalf("the first link is %s, want %s", a, want)
	}
}

func BenchmarkFrameParse(b *testing.B) {
	raw := []byte(`{"topic":"room:01J00000000000000000000000","epoch":"01JD0000000000000000000000","room":"01J00000000000000000000000","seq":3,"type":"offer","at":"2026-11-22T08:00:01.5Z","by":{"id":"01J0","side":"sponsor"},"data":{"seq":3,"author":"sponsor","number":1,"limit":10,"final":false,"terms":{"fee":{"amount":1,"currency":"EUR"},"deliverables":[{"platform":"instagram","format":"reel","quantity":1}],"note":"` +
		strings.Repeat("n", 150) + `","locked":[]},"terms_hash":"` + strings.Repeat("0", 64) + `"}}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	var f Frame
	for b.Loop() {
		if err := f.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
