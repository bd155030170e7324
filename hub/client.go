package hub

import (
	"context"
	"sync"
)

// ConnInfo says whose connection it is.
type ConnInfo struct {
	// Identity is the person; Disconnect and presence go by it.
	Identity string
	// Session is one login of that person.
	Session string
}

// Client is one connection. Its methods may be called from any goroutine.
//
// It is open, then closing, then finished. While it closes gracefully what waits
// is still written; finish runs once, leaves all topics and closes the
// transport.
type Client struct {
	hub       *Hub
	transport Transport
	info      ConnInfo
	// joining admits one Join or Leave at a time.
	joining sync.Mutex
	// running counts the goroutines that may touch the transport. It is only
	// raised under mu and before finished, so that Wait cannot miss one.
	running sync.WaitGroup

	mu sync.Mutex
	// queue is what waits, nil when nothing does.
	queue *batch
	// bytes are those that wait and those being written.
	bytes    int
	flushing bool
	closing  bool
	finished bool
	code     int
	reason   string
	subs     []*subscription
	// room and done exist only while somebody waits for them.
	room, done chan struct{}
}

// batch is what leaves in one write.
type batch struct {
	frames [][]byte
	bytes  int
}

// keptFrames bounds the slots that an emptied batch keeps for the next user.
const keptFrames = 1024

func (h *Hub) getBatch() *batch { return h.batches.Get().(*batch) }

func (h *Hub) putBatch(b *batch) {
	if cap(b.frames) > keptFrames {
		return
	}
	clear(b.frames)
	b.frames, b.bytes = b.frames[:0], 0
	h.batches.Put(b)
}

// Info returns whose connection it is.
func (c *Client) Info() ConnInfo { return c.info }

// Send queues an answer. It never blocks: over the bound of the queue the
// connection is closed with CloseSlow, and after the close it does nothing.
func (c *Client) Send(data []byte) { c.enqueue(c.hub.cfg.Encode(data)) }

// enqueue takes a frame in its wire form. A topic's lock may be held.
func (c *Client) enqueue(wire []byte) {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	if c.bytes > 0 && c.bytes+len(wire) > c.hub.cfg.MaxQueue {
		c.hub.stats.slowClosed.Add(1)
		c.cutLocked(CloseSlow, "resume")
		c.mu.Unlock()
		return
	}
	start := c.pushLocked(wire)
	c.mu.Unlock()
	if start {
		c.hub.flushes.add(c)
	}
}

// pushLocked adds to the queue and tells whether the connection is to be flushed.
func (c *Client) pushLocked(wire []byte) (start bool) {
	if c.queue == nil {
		c.queue = c.hub.getBatch()
	}
	c.queue.frames = append(c.queue.frames, wire)
	c.queue.bytes += len(wire)
	c.bytes += len(wire)
	if c.flushing {
		return false
	}
	c.flushing = true
	c.running.Add(1)
	return true
}

// flush writes what waits, all of it in one write, as far as the network takes it
// now. From its start until nothing waits any more it has one owner: the queue of
// flushes, a worker, or the goroutine that finishes a write.
func (c *Client) flush() {
	c.mu.Lock()
	b := c.queue
	c.queue = nil
	c.mu.Unlock()
	if b == nil { // it was dropped
		c.flushed(nil, nil)
		return
	}
	rest, err := c.transport.Write(b.frames)
	if err == nil && len(rest) > 0 {
		go func() { c.flushed(b, c.transport.Finish(rest)) }()
		return
	}
	c.flushed(b, err)
}

// flushed ends the write of a batch and goes on with what has come since.
func (c *Client) flushed(b *batch, err error) {
	c.mu.Lock()
	if b != nil {
		c.bytes -= b.bytes
		c.hub.putBatch(b)
	}
	if err != nil {
		c.closeLocked(CloseBroken, "")
		c.dropQueueLocked()
	}
	if c.room != nil && c.bytes <= c.hub.cfg.MaxQueue/2 {
		close(c.room)
		c.room = nil
	}
	if c.queue != nil {
		c.mu.Unlock()
		c.hub.flushes.add(c)
		return
	}
	c.flushing = false
	if c.closing {
		c.finishLocked()
	}
	c.mu.Unlock()
	c.running.Done()
}

// sendHistory queues frames that were read for this reader alone. Unlike live
// ones they wait for room in the queue, so that a long history never closes a
// reader that keeps reading.
func (c *Client) sendHistory(ctx context.Context, wires [][]byte) error {
	for len(wires) > 0 {
		c.mu.Lock()
		n, start := 0, false
		for n < len(wires) && !c.closing &&
			(c.bytes == 0 || c.bytes+len(wires[n]) <= c.hub.cfg.MaxQueue/2) {
			start = c.pushLocked(wires[n]) || start
			n++
		}
		if c.closing {
			c.mu.Unlock()
			return ErrClosed
		}
		wires = wires[n:]
		var room chan struct{}
		if len(wires) > 0 {
			if c.room == nil {
				c.room = make(chan struct{})
			}
			room = c.room
		}
		c.mu.Unlock()
		if start {
			c.hub.flushes.add(c)
		}
		if room == nil {
			return nil
		}
		select {
		case <-room:
		case <-c.Done():
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close writes what waits, then closes the transport. Only the first code
// counts. It does not wait.
func (c *Client) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(code, reason)
	if !c.flushing {
		c.finishLocked()
	}
}

// Cut closes the transport at once, even in the middle of a write, and drops
// what waits. It does not wait.
func (c *Client) Cut(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutLocked(code, reason)
}

// Wait returns when no goroutine of the hub touches the transport any more. A
// connection that is still open is cut; one that is closing is waited for, at
// most as long as one Write may take. A handler calls it before it lets the
// transport go.
func (c *Client) Wait() {
	c.mu.Lock()
	if !c.closing {
		c.cutLocked(CloseNormal, "")
	}
	c.mu.Unlock()
	c.running.Wait()
}

// Done is closed as soon as the connection begins to close.
func (c *Client) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.closing {
			close(c.done)
		}
	}
	return c.done
}

func (c *Client) closeLocked(code int, reason string) {
	if c.closing {
		return
	}
	c.closing, c.code, c.reason = true, code, reason
	if c.done != nil {
		close(c.done)
	}
}

func (c *Client) cutLocked(code int, reason string) {
	c.closeLocked(code, reason)
	c.dropQueueLocked()
	c.finishLocked()
}

func (c *Client) dropQueueLocked() {
	if c.queue != nil {
		c.bytes -= c.queue.bytes
		c.hub.putBatch(c.queue)
		c.queue = nil
	}
}

func (c *Client) finishLocked() {
	if c.finished {
		return
	}
	c.finished = true
	c.running.Add(1)
	go func() {
		defer c.running.Done()
		c.finish()
	}()
}

// finish runs once, on a goroutine of its own, with no lock held: closing may have
// begun under a topic's lock, and the farewell may take a moment.
func (c *Client) finish() {
	c.mu.Lock()
	subs, code, reason := c.subs, c.code, c.reason
	c.subs = nil
	c.mu.Unlock()
	for _, s := range subs {
		c.hub.unsubscribe(s)
	}
	if err := c.transport.Close(code, reason); err != nil {
		c.hub.log.Debug("closing a connection", "err", err)
	}
	c.hub.unregister(c)
}

func (c *Client) queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}
