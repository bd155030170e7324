package api

import (
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// newcomers are connections that have asked for nothing yet. The library lets
// them live for seconds when it shuts down; browsers open such connections ahead
// of need, so there are always some. While it runs, the library bounds only how long
// it waits for a connection's second request, not for its first.
type newcomers struct {
	// patience is how long one may take to ask for something; 0: for ever.
	patience time.Duration

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	shut  bool
}

// state is for fasthttp.Server.ConnState.
func (n *newcomers) state(c net.Conn, state fasthttp.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if state != fasthttp.StateNew {
		delete(n.conns, c)
		return
	}
	if n.shut {
		_ = c.Close() // nothing was promised on it
		return
	}
	if n.patience > 0 {
		// The kernel's clock counts, not ours. A connection that has no deadline is as
		// good as closed.
		if err := c.SetReadDeadline(time.Now().Add(n.patience)); err != nil {
			_ = c.Close()
			return
		}
	}
	if n.conns == nil {
		n.conns = make(map[net.Conn]struct{})
	}
	n.conns[c] = struct{}{}
}

// close ends all of them and those that still come.
func (n *newcomers) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shut = true
	for c := range n.conns {
		_ = c.Close()
	}
}
