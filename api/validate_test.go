package api_test

import (
	"net/http"
	"testing"
)

func validate(t *testing.T, req *http.Request, resp *http.Response, raw []byte) {}
