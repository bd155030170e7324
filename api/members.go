package api

import (
	"errors"
	"math"
	"unicode/utf8"

	"parley/rooms"
	"parley/rooms/strictjson"
)

// maxMembers bounds the members of a frame; the largest command has six.
const maxMembers = 16

// member is one name and value of a JSON object. Value are bytes of the input.
type member struct {
	name  string
	value []byte
}

// splitObject finds the members of a JSON object without decoding their values
// and without a map: it is on the way of every command. A name that is given
// twice is refused, as readers would differ about which one counts.
func splitObject(raw []byte, into []member) ([]member, *Error) {
	if !utf8.Valid(raw) {
		return nil, malformed("The text is not JSON.")
	}
	r := strictjson.NewReader(raw)
	err := r.Object(func(name []byte) error {
		for _, m := range into {
			if m.name == string(name) {
				return strictjson.Twice()
			}
		}
		if len(into) == maxMembers {
			return strictjson.Wrong("is one field too many")
		}
		value, err := r.Raw()
		into = append(into, member{name: string(name), value: value})
		return err
	})
	if err == nil {
		err = r.End()
	}
	var field *strictjson.FieldError
	switch {
	case err == nil:
		return into, nil
	case !errors.As(err, &field):
		return nil, malformed("The text is not JSON.")
	case field.Path == "":
		return nil, malformed("A frame is a JSON object.")
	default:
		return nil, invalid(field.Path, rooms.Form(field.Problem))
	}
}

func malformed(message string) *Error { return fail(codeMalformed, message) }

// textOf decodes a JSON text; ok is false for any other value.
func textOf(value []byte) (s string, ok bool) {
	s, err := strictjson.NewReader(value).Text()
	return s, err == nil
}

// wholeOf decodes a whole number that fits 64 bits; 1.0 and 1e3 are none.
func wholeOf(value []byte) (n int64, ok bool) {
	n, err := strictjson.NewReader(value).Int(math.MinInt64, math.MaxInt64)
	return n, err == nil
}
