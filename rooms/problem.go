package rooms

import (
	"fmt"
	"strings"
	"unicode"
)

// ProblemCode is the stable name of a problem; which there are, the API's description
// says.
type ProblemCode string

// Problem is what is wrong with one input: a code and what it speaks of, from which a
// client makes the sentence in its reader's language.
type Problem struct {
	Code ProblemCode `json:"code"`
	// Min and Max bound a number, a length in characters, a list's length or a time in
	// seconds, as the code says.
	Min *int64 `json:"min,omitempty"`
	Max *int64 `json:"max,omitempty"`
	// Allowed are the values that can be taken.
	Allowed []string `json:"allowed,omitempty"`

	// clause says it in English, after the field's name: "must be at least 1".
	clause string
}

type integer interface{ ~int | ~int64 }

func bound[N integer](n N) *int64 { b := int64(n); return &b }

// Because is a problem of one place's own; clause follows the field's name in the
// English message.
func Because(code ProblemCode, clause string) Problem { return Problem{Code: code, clause: clause} }

// WithMin is the problem with what the least is.
func (p Problem) WithMin(low int64) Problem { p.Min = &low; return p }

// WithMax is the problem with what the most is.
func (p Problem) WithMax(high int64) Problem { p.Max = &high; return p }

// Required is said of an input that is missing or empty.
func Required() Problem { return Because("required", "is required") }

// Form is said of an input whose form only a faulty client gets wrong.
func Form(clause string) Problem { return Because("form", clause) }

// UnknownField is said of a field that the input does not have.
func UnknownField() Problem { return Form("is not a known field") }

// NoDate is said of a text that is not a day.
func NoDate() Problem { return Because("date", "must be a date such as 2027-01-15") }

// ControlCharacters is said of a text that holds what no reader could show.
func ControlCharacters() Problem {
	return Because("control_characters", "must not hold control characters")
}

// HasControls tells whether a text holds control characters other than those of but.
func HasControls(text, but string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(but, r) })
}

// Twice is said of an item that stands in its list already.
func Twice(clause string) Problem { return Because("twice", clause) }

// OneOf is said of a value that is not among the ones allowed.
func OneOf(allowed ...string) Problem {
	return Problem{Code: "one_of", Allowed: allowed, clause: "must be one of " + strings.Join(allowed, ", ")}
}

// Between bounds a number.
func Between[N, M integer](low N, high M) Problem {
	return Problem{Code: "between", Min: bound(low), Max: bound(high), clause: fmt.Sprintf("must be from %d to %d", low, high)}
}

// SecondsBetween bounds a time in seconds.
func SecondsBetween[N integer](low, high N) Problem {
	return Problem{Code: "seconds_between", Min: bound(low), Max: bound(high),
		clause: fmt.Sprintf("must be from %d to %d seconds", low, high)}
}

// AtLeast bounds a number from below.
func AtLeast[N integer](low N) Problem {
	return Problem{Code: "at_least", Min: bound(low), clause: fmt.Sprintf("must be at least %d", low)}
}

// AtMost bounds a number from above.
func AtMost[N integer](high N) Problem {
	return Problem{Code: "at_most", Max: bound(high), clause: fmt.Sprintf("must be at most %d", high)}
}

// CharsAtLeast bounds a text's length in characters from below.
func CharsAtLeast[N integer](low N) Problem {
	return Problem{Code: "chars_at_least", Min: bound(low), clause: fmt.Sprintf("must have at least %d characters", low)}
}

// CharsAtMost bounds a text's length in characters.
func CharsAtMost[N integer](high N) Problem {
	return Problem{Code: "chars_at_most", Max: bound(high), clause: fmt.Sprintf("may have %d characters at most", high)}
}

// CharsBetween bounds a text's length in characters.
func CharsBetween[N integer](low, high N) Problem {
	return Problem{Code: "chars_between", Min: bound(low), Max: bound(high),
		clause: fmt.Sprintf("must have from %d to %d characters", low, high)}
}

// ItemsBetween bounds a list.
func ItemsBetween[N integer](low, high N) Problem {
	return Problem{Code: "items_between", Min: bound(low), Max: bound(high),
		clause: fmt.Sprintf("must have from %d to %d items", low, high)}
}

// ItemsAtMost bounds a list.
func ItemsAtMost[N integer](high N) Problem {
	return Problem{Code: "items_at_most", Max: bound(high), clause: fmt.Sprintf("may have %d items at most", high)}
}
