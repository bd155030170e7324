package wire

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// fakeServer speaks docs/protocol.md with one room's log, and misbehaves on
// request. Each method of a client is one frame in, any number out, in order.
type fakeServer struct {
	t        *testing.T
	listener net.Listener
	page     int
	snapshot bool
	refuse   int // HTTP status of upgrades, 0 to accept

	mu    sync.Mutex
	epoch string
	log   []string          // event i+1 of the room
	cmids map[string]int64  // what was carried out, and as which seq
	tries map[string]int    // how often each command id came
	conns map[*fakeConn]int // and how many times it has joined
	// on, if set, may take over a frame; it runs with mu held.
	on      func(c *fakeConn, m map[string]any) (handled bool)
	accepts int
	wg      sync.WaitGroup
}

type fakeConn struct {
	s    *fakeServer
	nc   net.Conn
	live bool
}

const fakeRoom = "01J00000000000000000000000"

func newFake(t *testing.T) *fakeServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeServer{
		t: t, listener: l, page: 5, epoch: "E1",
		cmids: map[string]int64{}, tries: map[string]int{}, conns: map[*fakeConn]int{},
	}
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		_ = l.Close()
		s.cutAll()
		s.wg.Wait()
	})
	return s
}

func (s *fakeServer) url() string { return "http://" + s.listener.Addr().String() }

func (s *fakeServer) accept() {
	for {
		nc, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.wg.Go(func() { s.serve(nc) })
	}
}

func (s *fakeServer) serve(nc net.Conn) {
	defer nc.Close()
	s.mu.Lock()
	refuse := s.refuse
	s.accepts++
	s.mu.Unlock()
	var bearer string
	u := ws.Upgrader{
		OnHeader: func(key, value []byte) error {
			if strings.EqualFold(string(key), "Authorization") {
				bearer = string(value)
			}
			return nil
		},
		OnBeforeUpgrade: func() (ws.HandshakeHeader, error) {
			if refuse != 0 {
				return nil, ws.RejectConnectionError(ws.RejectionStatus(refuse))
			}
			if bearer != "Bearer secret" {
				return nil, ws.RejectConnectionError(ws.RejectionStatus(http.StatusUnauthorized))
			}
			return nil, nil
		},
	}
	if _, err := u.Upgrade(nc); err != nil {
		return
	}
	c := &fakeConn{s: s, nc: nc}
	s.mu.Lock()
	s.conns[c] = 0
	c.send(`{"type":"welcome","epoch":"` + s.epoch + `","now":"2026-11-22T08:00:00Z","user":"u","role":"sponsor","heartbeat_ms":20000}`)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	for {
		raw, err := wsutil.ReadClientText(nc)
		if err != nil {
			return
		}
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			s.t.Errorf("the client sent %q", raw)
			return
		}
		s.mu.Lock()
		if s.on == nil || !s.on(c, m) {
			c.handle(m)
		}
		s.mu.Unlock()
	}
}

// send and everything below is called with mu held.
func (c *fakeConn) send(text string) {
	_ = c.nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_ = ws.WriteFrame(c.nc, ws.NewTextFrame([]byte(text))) // a client that is gone
}

func (c *fakeConn) close(code int, reason string) {
	_ = ws.WriteFrame(c.nc, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), reason)))
}

func (c *fakeConn) handle(m map[string]any) {
	s := c.s
	switch m["type"] {
	case "join":
		s.conns[c]++
		c.join(m)
	case "leave":
		c.live = false
		c.send(fmt.Sprintf(`{"id":%q,"ok":true,"topic":%q}`, m["id"], m["topic"]))
	case "typing", "seen":
	default:
		id := m["id"].(string)
		s.tries[id]++
		seq, duplicate := s.cmids[id]
		if !duplicate {
			seq = s.appendLocked(fmt.Sprintf("by %s", id))
			s.cmids[id] = seq
		}
		c.send(fmt.Sprintf(`{"id":%q,"ok":true,"seq":%d,"at":"2026-11-22T08:00:01.5Z","duplicate":%v}`, id, seq, duplicate))
	}
}

func (c *fakeConn) join(m map[string]any) {
	s, head, from := c.s, int64(len(c.s.log)), int64(0)
	after, given := m["after"].(float64)
	epoch, _ := m["epoch"].(string)
	fresh := !given || epoch != "" && epoch != s.epoch
	answer := map[string]any{"id": m["id"], "ok": true, "topic": m["topic"], "seq": head, "epoch": s.epoch}
	if fresh {
		from = max(0, head-int64(s.page))
		if s.snapshot {
			answer["snapshot"] = map[string]any{"seq": head}
		}
		if given {
			answer["reset"] = true
		}
	} else {
		from = int64(after)
	}
	end := min(head, from+int64(s.page))
	answer["from"], answer["to"], answer["more"] = from, end, end < head
	raw, err := json.Marshal(answer)
	if err != nil {
		s.t.Error(err)
	}
	c.send(string(raw))
	for seq := from + 1; seq <= end; seq++ {
		c.event(seq)
	}
	c.live = end == head
}

func (c *fakeConn) event(seq int64) {
	c.send(fmt.Sprintf(`{"topic":"room:%s","epoch":%q,`, fakeRoom, c.s.epoch) + c.s.log[seq-1][1:])
}

func canonical(seq int64, text string) string {
	return fmt.Sprintf(`{"room":%q,"seq":%d,"type":"message","at":"2026-11-22T08:00:01.5Z","by":{"id":"u","side":"sponsor"},"data":{"text":%q}}`,
		fakeRoom, seq, text)
}

func (s *fakeServer) appendLocked(text string) int64 {
	seq := int64(len(s.log)) + 1
	s.log = append(s.log, canonical(seq, text))
	for c := range s.conns {
		if c.live {
			c.event(seq)
		}
	}
	return seq
}

func (s *fakeServer) append(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.appendLocked("hello")
	}
}

func (s *fakeServer) onFrame(f func(c *fakeConn, m map[string]any) (handled bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = f
}

func (s *fakeServer) refuseUpgrades(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = status
}

func (s *fakeServer) accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepts
}

func (s *fakeServer) each(f func(*fakeConn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

func (s *fakeServer) cutAll() { s.each(func(c *fakeConn) { _ = c.nc.Close() }) }
