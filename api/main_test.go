package api_test

import (
	"testing"

	"go.uber.org/goleak"

	"parley/hub/hubtest"
)

// Every goroutine that a server starts has ended with it.
func TestMain(m *testing.M) {
	hubtest.Main(m,
		// fasthttp keeps a clock and compressors for the whole program, and its pools
		// sleep before they see that they have been stopped.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp/stackless.funcWorker"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1.1"),
		// The tests' own client keeps connections to servers that are gone.
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
	)
}
