package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/rooms"
	"parley/rooms/strictjson"
	"parley/store"
)

// Codes of this edge, beside those of the rules.
const (
	codeMalformed       rooms.Code = "malformed"
	codeUnauthenticated rooms.Code = "unauthenticated"
	codeRateLimited     rooms.Code = "rate_limited"
	codeUnavailable     rooms.Code = "unavailable"
	codeInternal        rooms.Code = "internal"
	codeRestored        rooms.Code = "restored"
)

// ErrorInfo says what went wrong in the words of docs/protocol.md.
type ErrorInfo struct {
	Code      rooms.Code     `json:"code" doc:"Stable name of the error; clients act on it"`
	Message   string         `json:"message" doc:"A sentence for a person"`
	Field     string         `json:"field,omitempty" doc:"The input that is wrong, for example terms.fee.amount"`
	Problem   *rooms.Problem `json:"problem,omitempty" doc:"What is wrong with the input"`
	Details   any            `json:"details,omitempty" doc:"What the client needs to go on, by code"`
	RequestID string         `json:"request_id,omitempty" doc:"Names the request in the server's log"`
}

// Error is the body of every answer that is not a success. It is also the error
// that handlers return.
type Error struct {
	Info   ErrorInfo `json:"error"`
	status int
	// cause is what is logged of an internal error; it is never sent.
	cause error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Info.Field != "" {
		return string(e.Info.Code) + " (" + e.Info.Field + "): " + e.Info.Message
	}
	return string(e.Info.Code) + ": " + e.Info.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// GetStatus is the HTTP status; it implements huma.StatusError.
func (e *Error) GetStatus() int { return e.status }

// GetHeaders implements huma.HeadersError: when to come back.
func (e *Error) GetHeaders() http.Header {
	details, ok := e.Info.Details.(retryDetails)
	if !ok {
		return nil
	}
	return http.Header{"Retry-After": {strconv.FormatInt((details.RetryAfterMS+999)/1000, 10)}}
}

// statusOf maps a code to its HTTP status, as docs/protocol.md lists them.
func statusOf(code rooms.Code) int {
	switch code {
	case codeMalformed:
		return http.StatusBadRequest
	case rooms.CodeInvalid:
		return http.StatusUnprocessableEntity
	case codeUnauthenticated:
		return http.StatusUnauthorized
	case rooms.CodeForbidden:
		return http.StatusForbidden
	case rooms.CodeNotFound:
		return http.StatusNotFound
	case codeRateLimited:
		return http.StatusTooManyRequests
	case codeUnavailable:
		return http.StatusServiceUnavailable
	case codeInternal:
		return http.StatusInternalServerError
	default:
		return http.StatusConflict
	}
}

// codeOf maps an HTTP status that a library chose to a code.
func codeOf(status int) rooms.Code {
	switch status {
	case http.StatusUnauthorized:
		return codeUnauthenticated
	case http.StatusForbidden:
		return rooms.CodeForbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return rooms.CodeNotFound
	case http.StatusUnprocessableEntity:
		return rooms.CodeInvalid
	case http.StatusTooManyRequests:
		return codeRateLimited
	case http.StatusServiceUnavailable:
		return codeUnavailable
	}
	if status >= http.StatusInternalServerError {
		return codeInternal
	}
	return codeMalformed
}

func fail(code rooms.Code, message string) *Error {
	return &Error{Info: ErrorInfo{Code: code, Message: message}, status: statusOf(code)}
}

func invalid(field string, problem rooms.Problem) *Error {
	return refused(rooms.Invalid(field, problem))
}

func notFound(what string) *Error {
	return fail(rooms.CodeNotFound, "There is no such "+what+".")
}

func unauthenticated() *Error {
	return fail(codeUnauthenticated, "Log in first.")
}

// reasonDetails tell why something is forbidden.
type reasonDetails struct {
	Reason string `json:"reason"`
}

func forbidden(message, reason string) *Error {
	e := fail(rooms.CodeForbidden, message)
	if reason != "" {
		e.Info.Details = reasonDetails{Reason: reason}
	}
	return e
}

// retryDetails tell when a limit lets the next one through.
type retryDetails struct {
	RetryAfterMS int64 `json:"retry_after_ms"`
}

func rateLimited(retry time.Duration) *Error {
	e := fail(codeRateLimited, "Too many requests; wait a moment.")
	e.Info.Details = retryDetails{RetryAfterMS: max(1, retry.Milliseconds())}
	return e
}

func unavailable() *Error {
	return fail(codeUnavailable, "This cannot be stored now. Nothing has changed; try again with the same id.")
}

func goingDown() *Error { return fail(codeUnavailable, "The server is going down; try again.") }

func refused(r *rooms.Refusal) *Error {
	return &Error{
		Info:   ErrorInfo{Code: r.Code, Message: r.Message, Field: r.Field, Problem: r.Problem, Details: r.Details},
		status: statusOf(r.Code),
	}
}

// asError maps what the layers below return, once, to what a client is told.
func asError(err error) *Error {
	var known *Error
	var refusal *rooms.Refusal
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refusal):
		return refused(refusal)
	case errors.Is(err, store.ErrNotFound):
		return notFound("thing")
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e := unavailable()
		e.cause = err
		return e
	default:
		e := fail(codeInternal, "Something went wrong on our side.")
		e.cause = err
		return e
	}
}

// found gives a missing row the name of what is missing.
func found(err error, what string) error {
	if errors.Is(err, store.ErrNotFound) {
		return notFound(what)
	}
	return err
}

// Huma has one hook for its own errors, for the whole program. It is pure, so
// that it is set once, before anything runs.
func init() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaError(status, message, errs...)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		e := humaError(status, message, errs...)
		e.Info.RequestID, _ = ctx.Context().Value(localRequestID).(string)
		return e
	}
}

// humaError puts the library's own errors, mostly those of validation, into our
// form: the first one names the field.
func humaError(status int, message string, errs ...error) *Error {
	e := &Error{Info: ErrorInfo{Code: codeOf(status), Message: "The request is not valid."}, status: status}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		e.Info.Message = "The request body is too large."
	case status >= http.StatusInternalServerError:
		e.Info.Message = "Something went wrong on our side."
		e.cause = errors.Join(append(errs, errors.New(message))...)
		return e
	}
	for _, err := range errs {
		var detail huma.ErrorDetailer
		if !errors.As(err, &detail) {
			continue
		}
		d := detail.ErrorDetail()
		e.Info.Problem = schemaProblem(d.Message)
		if d.Location == "body" && !strings.HasPrefix(d.Message, "expected") {
			// Validation says what it expected; only the JSON decoder does not.
			return malformed("The body is not JSON.")
		}
		e.Info.Field = fieldOf(d.Location)
		if name, ok := missingProperty(d.Message); ok {
			required := rooms.Required()
			e.Info.Problem = &required
			e.Info.Field = strictjson.Join(e.Info.Field, name)
			e.Info.Message = e.Info.Field + " is required."
			break
		}
		e.Info.Message = e.Info.Field + ": " + d.Message + "."
		if e.Info.Field == "" {
			e.Info.Message = "The body is not valid: " + d.Message + "."
		}
		break
	}
	return e
}

// missingProperty finds the name in huma's word for a property that is not
// there, whose location is that of the object around it.
func missingProperty(message string) (string, bool) {
	name, ok := strings.CutPrefix(message, "expected required property ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, " to be present")
}

// fieldOf drops where huma found an input: body.terms.fee is terms.fee.
func fieldOf(location string) string {
	for _, where := range []string{"body.", "query.", "path.", "header."} {
		if rest, ok := strings.CutPrefix(location, where); ok {
			return rest
		}
	}
	if location == "body" {
		return ""
	}
	return location
}
