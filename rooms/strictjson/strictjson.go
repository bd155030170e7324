// Package strictjson decodes JSON that must match a Go type exactly. Where
// encoding/json says only that something is wrong, it names the field: its
// errors carry the path of the first unknown or ill-typed value, in the form
// terms.deliverables[1].quantity, so that an answer can point at it.
//
// The fast path is one encoding/json pass with unknown fields refused; only
// after a failure is the value walked again along the type to find the place.
// It is safe for concurrent use and keeps no state.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"
)

// FieldError names the value that did not match and what is wrong with it.
type FieldError struct {
	// Path is the place of the value, for example terms.fee.amount.
	Path string
	// Problem is a clause that follows the path, for example "must be a whole number".
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

// Unmarshal decodes raw, which must be one JSON value, into v, a non-nil
// pointer. Path is the place of raw in the whole input and begins the paths of
// the errors. It returns ErrMalformed or a *FieldError.
func Unmarshal(raw []byte, v any, path string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		// A second value behind the first is as malformed as half a value.
		if _, tail := dec.Token(); tail != io.EOF {
			return ErrMalformed
		}
		return nil
	}
	if !json.Valid(raw) {
		return ErrMalformed
	}
	if found := locate(raw, reflect.TypeOf(v).Elem(), path); found != nil {
		return found
	}
	var nested *FieldError
	if errors.As(err, &nested) {
		return nested
	}
	return &FieldError{Path: path, Problem: "has a value of the wrong form"}
}

// Object splits an object into its members without decoding them.
func Object(raw []byte, path string) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		if !json.Valid(raw) {
			return nil, ErrMalformed
		}
		return nil, &FieldError{Path: path, Problem: "must be an object"}
	}
	if members == nil {
		return nil, &FieldError{Path: path, Problem: "must be an object"}
	}
	return members, nil
}

// locate finds the first value of valid JSON that t cannot hold.
func locate(raw json.RawMessage, t reflect.Type, path string) *FieldError {
	if t.Kind() == reflect.Pointer {
		if string(bytes.TrimSpace(raw)) == "null" {
			return nil
		}
		return locate(raw, t.Elem(), path)
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return locateScalar(raw, t, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		members, err := Object(raw, path)
		if err != nil {
			return asField(err, path)
		}
		types := fieldTypes(t)
		keys := make([]string, 0, len(members))
		for key := range members {
			keys = append(keys, key)
		}
		sort.Strings(keys) // the same input always names the same field
		for _, key := range keys {
			ft, known := types[key]
			if !known {
				return &FieldError{Path: Join(path, key), Problem: "is not a known field"}
			}
			if found := locate(members[key], ft, Join(path, key)); found != nil {
				return found
			}
		}
		return nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return locateScalar(raw, t, path)
		}
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return &FieldError{Path: path, Problem: "must be a list"}
		}
		for i, item := range items {
			if found := locate(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); found != nil {
				return found
			}
		}
		return nil
	default:
		return locateScalar(raw, t, path)
	}
}

func locateScalar(raw json.RawMessage, t reflect.Type, path string) *FieldError {
	err := json.Unmarshal(raw, reflect.New(t).Interface())
	if err == nil {
		return nil
	}
	var nested *FieldError
	if errors.As(err, &nested) {
		return nested
	}
	problem := "has a value of the wrong form"
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		problem = "must be a whole number in range"
	case reflect.String:
		problem = "must be a text"
	case reflect.Bool:
		problem = "must be true or false"
	}
	return &FieldError{Path: path, Problem: problem}
}

// fieldTypes maps the JSON names of a struct to their types. encoding/json also
// takes other cases of a name; locate is only asked after it refused something,
// so the exact names are enough.
func fieldTypes(t reflect.Type) map[string]reflect.Type {
	types := make(map[string]reflect.Type, t.NumField())
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		types[name] = f.Type
	}
	return types
}

// Join appends a member's name to a path.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func asField(err error, path string) *FieldError {
	var found *FieldError
	if errors.As(err, &found) {
		return found
	}
	return &FieldError{Path: path, Problem: "must be an object"}
}
