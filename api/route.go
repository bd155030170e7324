package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"parley/rooms"
)

// mediaJSON is the one content type of the API.
const mediaJSON = "application/json"

// request is what every handler may know of its request.
type request struct {
	id   string
	addr string
	// who is nil on routes that are open to everybody; see forGuests.
	who *caller
	// http is the request itself. It is only valid while the handler runs, and its
	// texts are copied where they are kept.
	http *fiber.Ctx
}

func (r *request) origin() origin { return origin{addr: r.addr, requestID: r.id} }

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// signedIn is the security of a route that needs a session.
var signedIn = []map[string][]string{{"cookie": {}}, {"bearer": {}}}

// handle registers a route. Handlers return errors of the layers below; here
// they become answers.
func handle[I, O any](s *Server, op huma.Operation, handler func(context.Context, *request, *I) (*O, error)) {
	if op.DefaultStatus == 0 {
		op.DefaultStatus = http.StatusOK
	}
	if op.Responses == nil {
		op.Responses = make(map[string]*huma.Response)
	}
	// The connection's own deadlines bound the reading of a body.
	op.BodyReadTimeout = -1
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBodyBytes
	}
	op.Responses["default"] = &huma.Response{
		Description: "An error",
		Content:     map[string]*huma.MediaType{mediaJSON: {Schema: schemaRef("Error")}},
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		r := requestOf(ctx)
		out, err := handler(ctx, r, in)
		if err == nil {
			s.changed(ctx, &op)
			return out, nil
		}
		e := *asError(err)
		e.Info.RequestID = r.id
		if e.status >= http.StatusInternalServerError && e.cause != nil {
			s.log.Error("request failed", "request_id", r.id, "operation", op.OperationID, "err", e.cause)
		}
		return nil, &e
	})
}

// admit runs before every route of the API: it finds out who asks and whether
// they may ask now.
func (s *Server) admit(ctx huma.Context, next func(huma.Context)) {
	c := humafiber.Unwrap(ctx)
	r := &request{id: requestIDOf(c), addr: clientAddr(c, s.cfg.TrustedProxies), http: c}
	cred := credentialOf(ctx.Header(fiber.HeaderAuthorization), c.Cookies(s.cookieName()))
	cred.token = strings.Clone(cred.token)
	if !safeMethod(ctx.Method()) && !cred.bearer && s.crossSite(c) {
		s.deny(ctx, r, forbidden("Requests from this origin are not allowed.", "origin"))
		return
	}
	if len(ctx.Operation().Security) == 0 {
		if err := s.limits.visits.check(addrKey(r.addr)); err != nil {
			s.deny(ctx, r, err)
			return
		}
	}
	if len(ctx.Operation().Security) > 0 {
		who, err := s.authenticate(ctx.Context(), cred)
		if err == nil && who.flagged && !whileFlagged(ctx.Operation()) {
			err = flagged()
		}
		if err == nil && who.mustEnroll && !whileEnrolling(ctx.Operation()) {
			err = forbidden("Set up two-factor authentication first.", "second_factor_setup")
		}
		if err == nil {
			err = s.limits.requests.check(who.id)
		}
		if err != nil {
			s.deny(ctx, r, err)
			return
		}
		s.touch(&who)
		r.who = &who
		s.here(&who)
	} else if guestsToo(ctx.Operation()) {
		who, err := s.authenticate(ctx.Context(), cred)
		var refusal *Error
		if err == nil {
			r.who = &who
		} else if !errors.As(err, &refusal) {
			s.deny(ctx, r, err)
			return
		}
	}
	if err := readableQuery(c); err != nil {
		s.deny(ctx, r, err)
		return
	}
	next(huma.WithValue(ctx, requestKey{}, r))
}

// readableQuery refuses what is no text: no database compares it, and each says so in
// another way.
func readableQuery(c *fiber.Ctx) error {
	for key, value := range c.Context().QueryArgs().All() {
		if !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0 {
			return invalid(strings.ToValidUTF8(string(key), "?"), rooms.Form("must be text in UTF-8 without NUL"))
		}
	}
	return nil
}

// forFlagged marks an operation as one that users may use while they are flagged. It
// is the value of huma.Operation.Metadata.
var forFlagged = map[string]any{"flagged": true}

// whileBlocked is forFlagged and also for admins who have yet to set up a second factor.
var whileBlocked = map[string]any{"flagged": true, "enrolling": true}

// toEnroll marks an operation by which a second factor is set up.
var toEnroll = map[string]any{"enrolling": true}

// forGuests marks an operation that is open to everybody and finds out who asks, if
// somebody is logged in.
var forGuests = map[string]any{"guests": true}

func whileEnrolling(op *huma.Operation) bool {
	open, _ := op.Metadata["enrolling"].(bool)
	return open
}

func guestsToo(op *huma.Operation) bool {
	open, _ := op.Metadata["guests"].(bool)
	return open
}

func whileFlagged(op *huma.Operation) bool {
	open, _ := op.Metadata["flagged"].(bool)
	return open
}

// here notes that somebody is active.
func (s *Server) here(who *caller) {
	if s.cfg.Activity != nil {
		s.cfg.Activity.Note(who.id, who.role)
	}
}

func safeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// deny answers in admit's place.
func (s *Server) deny(ctx huma.Context, r *request, err error) {
	c := humafiber.Unwrap(ctx)
	if e := s.sendError(c, asError(err)); e != nil {
		s.log.Error("request failed", "request_id", r.id, "err", e)
	}
}

// raw is an answer that was built as bytes.
type raw struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

func rawJSON(body []byte) *raw { return &raw{ContentType: mediaJSON, Body: body} }

// answers describes the success of a route whose answer is raw.
func answers(status int, description, schema string) map[string]*huma.Response {
	return map[string]*huma.Response{strconv.Itoa(status): {
		Description: description,
		Content:     map[string]*huma.MediaType{mediaJSON: {Schema: schemaRef(schema)}},
	}}
}

func schemaRef(name string) *huma.Schema { return &huma.Schema{Ref: "#/components/schemas/" + name} }

// rawBody takes a body as it is; it is decoded by the handler.
type rawBody []byte

// UnmarshalJSON implements json.Unmarshaler.
func (b *rawBody) UnmarshalJSON(raw []byte) error {
	*b = append((*b)[:0], raw...)
	return nil
}

var _ json.Unmarshaler = (*rawBody)(nil)
