package cluster

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between clients and an instance. It can swallow what the server
// says while it still passes on what clients say: the answer is lost, the
// command is not.
type proxy struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	mute   bool
	open   []net.Conn
	copies sync.WaitGroup
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target}
	p.copies.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close() // ends accept
		p.cut()
		p.copies.Wait()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close() // as a server that is down does
			continue
		}
		p.mu.Lock()
		p.open = append(p.open, client, server)
		p.mu.Unlock()
		p.copies.Go(func() { p.copy(server, client, false) })
		p.copies.Go(func() { p.copy(client, server, true) })
	}
}

func (p *proxy) copy(to, from net.Conn, answers bool) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		swallow := answers && p.mute
		p.mu.Unlock()
		if n > 0 && !swallow {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				_ = from.Close() // the other copy ends too
			}
			return
		}
	}
}

// setMute swallows what the server says from now on, or no more.
func (p *proxy) setMute(mute bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = mute
}

// cut breaks all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		_ = c.Close() // it may be closed
	}
	p.open = nil
}
