package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// ErrFrame says that a frame of the server is not a JSON object.
var ErrFrame = errors.New("wire: a frame is not a JSON object")

// Frame is a text frame of the server with its parts found but not decoded: all
// slices are views of the bytes given to Parse. Texts are without their quotes
// and are as they stand; the ids, topics and types that are kept in such fields
// have no escapes.
type Frame struct {
	// Of answers.
	ID, Error, Snapshot        []byte
	OK, Duplicate, More, Reset bool
	From, To                   int64

	// Of answers and events.
	Topic, Epoch []byte
	Seq          int64
	HasSeq       bool
	At           []byte

	// Of events and of the welcome.
	Type, Room, By, Data []byte

	raw    []byte
	roomAt int // where the member "room" begins, -1 without
}

// Parse finds the parts of a frame. It checks only what it needs to find them.
func (f *Frame) Parse(raw []byte) error {
	*f = Frame{raw: raw, roomAt: -1}
	i := space(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return ErrFrame
	}
	for i = space(raw, i+1); i < len(raw) && raw[i] != '}'; i = space(raw, i) {
		if raw[i] == ',' {
			i = space(raw, i+1)
		}
		at := i
		nameEnd := skip(raw, i)
		if nameEnd < i+2 || raw[i] != '"' {
			return ErrFrame
		}
		name := raw[i+1 : nameEnd-1]
		if i = space(raw, nameEnd); i >= len(raw) || raw[i] != ':' {
			return ErrFrame
		}
		i = space(raw, i+1)
		end := skip(raw, i)
		if end <= i {
			return ErrFrame
		}
		f.take(name, raw[i:end], at)
		i = end
	}
	if i >= len(raw) {
		return ErrFrame
	}
	return nil
}

func (f *Frame) take(name, value []byte, at int) {
	switch string(name) {
	case "id":
		f.ID = unquote(value)
	case "ok":
		f.OK = truth(value)
	case "error":
		f.Error = value
	case "seq":
		f.Seq, f.HasSeq = number(value)
	case "from":
		f.From, _ = number(value)
	case "to":
		f.To, _ = number(value)
	case "more":
		f.More = truth(value)
	case "reset":
		f.Reset = truth(value)
	case "duplicate":
		f.Duplicate = truth(value)
	case "snapshot":
		f.Snapshot = value
	case "topic":
		f.Topic = unquote(value)
	case "epoch":
		f.Epoch = unquote(value)
	case "type":
		f.Type = unquote(value)
	case "at":
		f.At = unquote(value)
	case "room":
		f.Room, f.roomAt = unquote(value), at
	case "by":
		f.By = value
	case "data":
		f.Data = value
	}
}

// IsAnswer tells an answer from what the server sends by itself.
func (f *Frame) IsAnswer() bool { return f.ID != nil }

// AppendCanonical appends the bytes by which a room's event is hashed.
func (f *Frame) AppendCanonical(dst []byte) []byte {
	if f.roomAt < 0 {
		return dst
	}
	return append(append(dst, '{'), f.raw[f.roomAt:]...)
}

func space(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r') {
		i++
	}
	return i
}

// skip returns the end of the value that begins at i, or -1 where it has none.
func skip(raw []byte, i int) int {
	if i >= len(raw) {
		return -1
	}
	switch raw[i] {
	case '"':
		return skipText(raw, i)
	case '{', '[':
		depth := 0
		for i < len(raw) {
			switch raw[i] {
			case '"':
				if i = skipText(raw, i); i < 0 {
					return -1
				}
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return -1
	}
	start := i
	for i < len(raw) {
		switch raw[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return i
		}
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// skipText returns the end of the text whose first quote is at i, or -1.
func skipText(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		n := bytes.IndexByte(raw[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		slashes := 0
		for raw[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
	return -1
}

func unquote(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return nil
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1]
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return nil
	}
	return []byte(s)
}

func truth(value []byte) bool { return string(value) == "true" }

func number(value []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(value), 10, 64)
	return n, err == nil
}
