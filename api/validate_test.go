package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// description is the API's, read from the file that clients are made from.
var description = sync.OnceValues(func() (routers.Router, error) {
	raw, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// validate checks that an answer is what the description says, whatever it is, and that
// a request that was taken is one that the description allows: what reads bodies by
// itself and the rules that clients are made from must not drift apart.
func validate(t *testing.T, req *http.Request, resp *http.Response, raw []byte) {
	t.Helper()
	if !strings.HasPrefix(req.URL.Path, "/api/") || strings.HasPrefix(req.URL.Path, "/api/openapi") {
		return
	}
	router, err := description()
	if err != nil {
		t.Fatalf("the description: %v", err)
	}
	route, params, err := router.FindRoute(req)
	if err != nil {
		if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is answered with %d and not described: %v", req.Method, req.URL.Path, resp.StatusCode, err)
		}
		return
	}
	asked := &openapi3filter.RequestValidationInput{
		Request: req.Clone(context.Background()), PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			// Files are checked by what reads them.
			ExcludeRequestBody: req.Body == nil || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json"),
		},
	}
	if req.GetBody != nil {
		if asked.Request.Body, err = req.GetBody(); err != nil {
			t.Fatal(err)
		}
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		if err := openapi3filter.ValidateRequest(context.Background(), asked); err != nil {
			t.Errorf("%s %s was taken, which the description does not allow: %v", req.Method, req.URL, err)
		}
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked,
		Status:                 resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(raw)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		t.Errorf("%s %s answers other than described: %v\n%s", req.Method, req.URL.Path, err, raw)
	}
}

func TestDescriptionIsValidOpenAPI(t *testing.T) {
	if _, err := description(); err != nil {
		t.Fatal(err)
	}
}
