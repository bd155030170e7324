package api_test

import (
	"context"
	"net"
	"testing"
	"time"
)

// A stop may come before the goroutine that listens has begun.
func TestShutdownBeforeListen(t *testing.T) {
	w := start(t, options{})
	w.stop()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- w.server.Listen(ln) }()
	select {
	case err := <-served:
		must(t, err)
	case <-time.After(patience):
		t.Fatal("it serves although it was shut down")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var d net.Dialer
	if c, err := d.DialContext(ctx, "tcp", ln.Addr().String()); err == nil {
		_ = c.Close()
		t.Error("the listener is open")
	}
}
