package api

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
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
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, malformed("The text is not JSON.")
	}
	// From here on the syntax is known to be right.
	i := skipSpace(raw, 0)
	if raw[i] != '{' {
		return nil, malformed("A frame is a JSON object.")
	}
	for i = skipSpace(raw, i+1); raw[i] != '}'; i = skipSpace(raw, i) {
		if raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
		end := skipValue(raw, i)
		name, _ := textOf(raw[i:end])
		for _, m := range into {
			if m.name == name {
				return nil, invalid(name, "is given twice")
			}
		}
		if len(into) == maxMembers {
			return nil, invalid(name, "is one field too many")
		}
		i = skipSpace(raw, skipSpace(raw, end)+1) // the colon
		end = skipValue(raw, i)
		into = append(into, member{name: name, value: raw[i:end]})
		i = end
	}
	return into, nil
}

func malformed(message string) *Error { return fail(codeMalformed, message) }

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the end of the value that begins at i, in valid JSON.
func skipValue(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return skipText(raw, i)
	case '{', '[':
		depth := 0
		for {
			switch raw[i] {
			case '"':
				i = skipText(raw, i)
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
	default:
		for i < len(raw) {
			switch raw[i] {
			case ',', '}', ']', ' ', '\t', '\n', '\r':
				return i
			}
			i++
		}
		return i
	}
}

func skipText(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// textOf decodes a JSON text; ok is false for any other value.
func textOf(value []byte) (s string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	inner := value[1 : len(value)-1]
	for _, b := range inner {
		if b == '\\' {
			if json.Unmarshal(value, &s) != nil {
				return "", false
			}
			return s, true
		}
	}
	return string(inner), true
}

// wholeOf decodes a whole number that fits 64 bits; 1.0 and 1e3 are none.
func wholeOf(value []byte) (n int64, ok bool) {
	n, err := strconv.ParseInt(string(value), 10, 64)
	return n, err == nil
}
