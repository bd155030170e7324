// Package strictjson reads JSON from outside field by field. Where
// encoding/json says only that something is wrong, it names the place: its errors
// carry the path of the value, in the form terms.deliverables[1].quantity, so
// that an answer can point at it. It is also several times faster, because it
// reads each byte once and needs neither reflection nor a second pass for
// syntax; it stands on the way of every command.
//
// A Reader goes through the text once. Callbacks of Object and Array must
// consume exactly the value they are called for, by one call of the Reader.
// Names that are given twice are the callback's to refuse: it knows what it has.
//
// What it accepts is what encoding/json accepts (a fuzz test compares them),
// except that texts must be UTF-8 and values may be nested MaxDepth deep.
package strictjson

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// MaxDepth bounds how deep values may be nested. Nothing here goes deeper than 5.
const MaxDepth = 64

// FieldError names the value that did not match and what is wrong with it.
type FieldError struct {
	// Path is the place of the value, for example terms.fee.amount.
	Path string
	// Problem is a clause that follows the path, for example "must be a text".
	Problem string
}

func (e *FieldError) Error() string {
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + " " + e.Problem
}

// ErrMalformed says that the text is not one JSON value.
var ErrMalformed = errors.New("strictjson: malformed JSON")

// Wrong is the error for a value that is not what it should be; the callers on
// the way out prepend its path.
func Wrong(problem string) error { return &FieldError{Problem: problem} }

// Unknown is the error for a member that nobody knows.
func Unknown() error { return Wrong("is not a known field") }

// Twice is the error for a member that was given before.
func Twice() error { return Wrong("is given twice") }

// At prepends a place to the path of a FieldError; other errors stay as they are.
func At(place string, err error) error {
	var field *FieldError
	if !errors.As(err, &field) {
		return err
	}
	return &FieldError{Path: Join(place, field.Path), Problem: field.Problem}
}

// Join puts a place before a path.
func Join(place, path string) string {
	if place == "" || path == "" || path[0] == '[' {
		return place + path
	}
	return place + "." + path
}

// Reader is a position in a JSON text.
type Reader struct {
	data  []byte
	pos   int
	depth int
}

// NewReader reads data, which must not change meanwhile.
func NewReader(data []byte) *Reader { return &Reader{data: data} }

// End checks that nothing but space is left.
func (r *Reader) End() error {
	if r.peek(); r.pos != len(r.data) {
		return ErrMalformed
	}
	return nil
}

// peek skips space and returns the next byte, 0 at the end.
func (r *Reader) peek() byte {
	for r.pos < len(r.data) {
		switch b := r.data[r.pos]; b {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return b
		}
	}
	return 0
}

// wrong is the error for a value of another kind: a problem if it is a value at
// all.
func (r *Reader) wrong(problem string) error {
	if err := r.Skip(); err != nil {
		return err
	}
	return Wrong(problem)
}

// Object reads an object and calls f with each member's name, which is valid
// only during the call.
func (r *Reader) Object(f func(name []byte) error) error {
	if r.peek() != '{' {
		return r.wrong("must be an object")
	}
	if err := r.enter(); err != nil {
		return err
	}
	if r.peek() == '}' {
		return r.leave()
	}
	for {
		if r.peek() != '"' {
			return ErrMalformed
		}
		name, err := r.text()
		if err != nil {
			return err
		}
		if r.peek() != ':' {
			return ErrMalformed
		}
		r.pos++
		if err := f(name); err != nil {
			return At(string(name), err)
		}
		switch r.peek() {
		case ',':
			r.pos++
		case '}':
			return r.leave()
		default:
			return ErrMalformed
		}
	}
}

// Array reads a list and calls f for each item.
func (r *Reader) Array(f func(i int) error) error {
	if r.peek() != '[' {
		return r.wrong("must be a list")
	}
	if err := r.enter(); err != nil {
		return err
	}
	if r.peek() == ']' {
		return r.leave()
	}
	for i := 0; ; i++ {
		if err := f(i); err != nil {
			return At("["+strconv.Itoa(i)+"]", err)
		}
		switch r.peek() {
		case ',':
			r.pos++
		case ']':
			return r.leave()
		default:
			return ErrMalformed
		}
	}
}

func (r *Reader) enter() error {
	if r.depth == MaxDepth {
		return ErrMalformed
	}
	r.depth++
	r.pos++
	return nil
}

func (r *Reader) leave() error {
	r.depth--
	r.pos++
	return nil
}

// Text reads a text.
func (r *Reader) Text() (string, error) {
	if r.peek() != '"' {
		return "", r.wrong("must be a text")
	}
	s, err := r.text()
	return string(s), err
}

// text reads a text whose quote is next. Without escapes the result is a view of
// the input.
func (r *Reader) text() ([]byte, error) {
	start := r.pos
	escaped, ascii := false, true
	for i := plain(r.data, start+1); i < len(r.data); i++ {
		switch b := r.data[i]; {
		case b == '"':
			r.pos = i + 1
			inner := r.data[start+1 : i]
			if !ascii && !utf8.Valid(inner) {
				return nil, Wrong("must be UTF-8")
			}
			if !escaped {
				return inner, nil
			}
			var s string
			if json.Unmarshal(r.data[start:r.pos], &s) != nil {
				return nil, ErrMalformed
			}
			return []byte(s), nil
		case b == '\\':
			escaped = true
			i++
		case b < ' ':
			return nil, ErrMalformed
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, ErrMalformed
}

// plain skips, eight at a time, bytes from i that end no text and need no look: ASCII
// without quotes, backslashes and control characters. A byte of a word is zero, below
// a limit or above ASCII by the usual tricks on all eight at once (Warren, Hacker's
// Delight, 6-1); where one borrows from the next, the byte before it has matched.
func plain(data []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(data); i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		if ((quote-ones)|(slash-ones)|(w-ones*' ')|w)&highs != 0 {
			return i
		}
	}
	return i
}

// Int reads a whole number from low to high; 1.0 and 1e3 are none.
func (r *Reader) Int(low, high int64) (int64, error) {
	if b := r.peek(); b != '-' && (b < '0' || b > '9') {
		return 0, r.wrong("must be a whole number")
	}
	literal, err := r.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(literal), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, Wrong("must be a whole number")
	case err != nil || n < low || n > high:
		return 0, Wrong(fmt.Sprintf("must be from %d to %d", low, high))
	}
	return n, nil
}

// number reads the literal of a number by JSON's grammar.
func (r *Reader) number() ([]byte, error) {
	start := r.pos
	at := func() byte {
		if r.pos < len(r.data) {
			return r.data[r.pos]
		}
		return 0
	}
	digits := func() bool {
		from := r.pos
		for b := at(); b >= '0' && b <= '9'; b = at() {
			r.pos++
		}
		return r.pos > from
	}
	if at() == '-' {
		r.pos++
	}
	if at() == '0' {
		r.pos++
	} else if !digits() {
		return nil, ErrMalformed
	}
	if at() == '.' {
		if r.pos++; !digits() {
			return nil, ErrMalformed
		}
	}
	if b := at(); b == 'e' || b == 'E' {
		r.pos++
		if b := at(); b == '+' || b == '-' {
			r.pos++
		}
		if !digits() {
			return nil, ErrMalformed
		}
	}
	return r.data[start:r.pos], nil
}

// Bool reads true or false.
func (r *Reader) Bool() (bool, error) {
	switch r.peek() {
	case 't':
		return true, r.literal("true")
	case 'f':
		return false, r.literal("false")
	default:
		return false, r.wrong("must be true or false")
	}
}

// Null reports whether the next value is null, and then consumes it.
func (r *Reader) Null() bool { return r.peek() == 'n' && r.literal("null") == nil }

func (r *Reader) literal(word string) error {
	if len(r.data)-r.pos < len(word) || string(r.data[r.pos:r.pos+len(word)]) != word {
		return ErrMalformed
	}
	r.pos += len(word)
	return nil
}

// Raw reads any value and returns its bytes, a view of the input.
func (r *Reader) Raw() ([]byte, error) { return r.Span(r.Skip) }

// Span returns the bytes of the value that read reads, a view of the input.
func (r *Reader) Span(read func() error) ([]byte, error) {
	r.peek()
	start := r.pos
	if err := read(); err != nil {
		return nil, err
	}
	return r.data[start:r.pos], nil
}

// Skip reads any value.
func (r *Reader) Skip() error {
	switch b := r.peek(); {
	case b == '{':
		return r.Object(func([]byte) error { return r.Skip() })
	case b == '[':
		return r.Array(func(int) error { return r.Skip() })
	case b == '"':
		_, err := r.text()
		return err
	case b == 't':
		return r.literal("true")
	case b == 'f':
		return r.literal("false")
	case b == 'n':
		return r.literal("null")
	case b == '-' || b >= '0' && b <= '9':
		_, err := r.number()
		return err
	default:
		return ErrMalformed
	}
}
