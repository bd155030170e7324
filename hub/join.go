package hub

import (
	"context"
	"fmt"
)

// JoinOptions say what a reader knows and what it wants.
type JoinOptions struct {
	// After is the last seq the reader has; nil: it knows nothing. A sparse topic
	// has no history and ignores it.
	After *int64
	// Epoch is the one that After belongs to. Empty: the current one.
	Epoch string
	// Member is how others see the reader, as JSON. Nil: they do not.
	Member []byte
	// Snapshot, if set, is called for a reader that starts afresh, after it was
	// subscribed: it returns a state and the seq up to which it reaches. What
	// follows seq comes as frames, whatever happens meanwhile.
	Snapshot func(ctx context.Context) (seq int64, raw []byte, err error)
	// Answer, if set, makes the answer that is sent before everything else.
	Answer func(JoinResult) []byte
}

// JoinResult is what a reader is told.
type JoinResult struct {
	Topic string
	Epoch string
	// Seq is the head; with a Snapshot it is that one's.
	Seq int64
	// From is where the frames that follow begin: the first is From+1.
	From int64
	// To is the last frame that follows before the live ones: Seq, or with More
	// the end of the page.
	To int64
	// More: only one page follows and the reader is not live; it joins again with
	// the last seq it got.
	More bool
	// Reset: forget what is known and go on from From.
	Reset bool
	// Snapshot is what JoinOptions.Snapshot returned.
	Snapshot []byte
}

// Join makes the client a reader of a topic, which gets the answer first, then
// the frames after JoinResult.From, each once and in order, then live ones.
// Joining again starts over from what is said then. Join returns when the reader
// is live or, with JoinResult.More, when its page is queued; it waits for the Log
// and for room in the queue, so it runs in the connection's own reading
// goroutine. After an error the client is not in the topic, and whether the
// answer was sent shows in whether Answer was called.
func (c *Client) Join(ctx context.Context, topic string, opt JoinOptions) error {
	if opt.After != nil && *opt.After < 0 {
		return ErrAfter
	}
	c.joining.Lock()
	defer c.joining.Unlock()
	s, err := c.subscription(topic)
	if err != nil {
		return err
	}
	j := joining{hub: c.hub, client: c, sub: s, opt: opt}
	live, err := j.run(ctx)
	if !live {
		c.drop(s)
	}
	if err == nil {
		c.hub.stats.joins.Add(1)
	}
	return err
}

// Leave ends the reading of a topic; frames already queued still arrive.
func (c *Client) Leave(topic string) {
	c.joining.Lock()
	defer c.joining.Unlock()
	c.mu.Lock()
	s := c.findLocked(topic)
	c.mu.Unlock()
	if s != nil {
		c.drop(s)
	}
}

func (c *Client) findLocked(topic string) *subscription {
	for _, s := range c.subs {
		if s.topic.name == topic {
			return s
		}
	}
	return nil
}

func (c *Client) drop(s *subscription) {
	c.mu.Lock()
	for i, other := range c.subs {
		if other == s {
			last := len(c.subs) - 1
			c.subs[i], c.subs[last] = c.subs[last], nil
			c.subs = c.subs[:last]
			break
		}
	}
	c.mu.Unlock()
	c.hub.unsubscribe(s)
}

// subscription returns the client's place in a topic, not live.
func (c *Client) subscription(topic string) (*subscription, error) {
	c.mu.Lock()
	s, closing, full := c.findLocked(topic), c.closing, len(c.subs) >= c.hub.cfg.MaxTopics
	c.mu.Unlock()
	switch {
	case closing:
		return nil, ErrClosed
	case s != nil:
		s.topic.mu.Lock()
		s.live, s.sent, s.waiting = false, 0, nil
		s.topic.mu.Unlock()
		return s, nil
	case full:
		return nil, ErrTooManyTopics
	}
	s = &subscription{client: c}
	c.hub.attach(topic, s)
	c.mu.Lock()
	if closing = c.closing; !closing {
		c.subs = append(c.subs, s)
	}
	c.mu.Unlock()
	if closing { // finish has not seen it
		c.hub.unsubscribe(s)
		return nil, ErrClosed
	}
	return s, nil
}

// joining is one Join under way.
type joining struct {
	hub    *Hub
	client *Client
	sub    *subscription
	opt    JoinOptions
	result JoinResult
	// sent is the highest seq queued for the reader.
	sent int64
	// page are the frames read last, in wire form; they end with sent.
	page [][]byte
}

func (j *joining) run(ctx context.Context) (live bool, err error) {
	if err := j.begin(ctx); err != nil {
		return false, err
	}
	if j.opt.Answer != nil {
		if answer := j.opt.Answer(j.result); answer != nil {
			j.client.Send(answer)
		}
	}
	if j.result.Reset {
		j.hub.stats.resets.Add(1)
	}
	if j.sub.topic.sparse {
		return j.goLiveSparse()
	}
	if j.result.More {
		j.hub.stats.pages.Add(1)
		return false, j.sendPage(ctx)
	}
	for {
		live, cached, err := j.goLive()
		if live || err != nil {
			return live, err
		}
		if cached != nil {
			j.page, j.sent = cached, j.sent+int64(len(cached))
			err = j.client.sendHistory(ctx, cached)
		} else {
			err = j.sendPage(ctx)
		}
		if err != nil {
			return false, err
		}
	}
}

// begin finds out what the reader is to be told. It is subscribed already, so
// the head it reads is at least as new as that.
func (j *joining) begin(ctx context.Context) error {
	cfg, topic := &j.hub.cfg, j.sub.topic
	j.result = JoinResult{Topic: topic.name, Epoch: cfg.Epoch}
	sameEpoch := j.opt.Epoch == "" || j.opt.Epoch == cfg.Epoch
	fresh := j.opt.After == nil || !sameEpoch
	var head int64
	if !fresh || topic.sparse || j.opt.Snapshot == nil {
		var err error
		if head, err = j.hub.heads.get(ctx, topic.name); err != nil {
			return err
		}
	}
	if topic.sparse {
		j.result.Seq, j.result.From, j.result.To = head, head, head
		j.result.Reset = j.opt.After != nil && !sameEpoch
		return nil
	}
	if !fresh {
		after, maxGap := *j.opt.After, cfg.MaxGap(topic.name)
		gap := head - after
		if gap >= 0 && (maxGap <= 0 || gap <= maxGap) {
			j.result.Seq, j.result.From, j.sent = head, after, after
			j.result.To = head
			if j.result.More = gap > int64(cfg.PageSize); j.result.More {
				j.result.To = after + int64(cfg.PageSize)
			}
			return nil
		}
	}
	j.result.Reset = j.opt.After != nil
	if j.opt.Snapshot != nil {
		seq, raw, err := j.opt.Snapshot(ctx)
		if err != nil {
			return fmt.Errorf("hub: snapshot: %w", err)
		}
		head, j.result.Snapshot = seq, raw
	}
	j.result.Seq, j.result.To = head, head
	j.result.From = max(0, head-int64(max(cfg.Recent, 0)))
	j.sent = j.result.From
	return nil
}

// goLive makes the reader live if it has all that the topic has delivered and
// all it was promised. If not, it returns what the cache has for it.
func (j *joining) goLive() (live bool, cached [][]byte, err error) {
	t, s, h := j.sub.topic, j.sub, j.hub
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.gone {
		return false, nil, ErrClosed
	}
	if j.sent < j.result.Seq || t.ready && j.sent < t.last {
		cached, _ = t.cached(j.sent)
		if len(cached) == 0 {
			cached = nil
		}
		return false, cached, nil
	}
	n := 0
	s.live, s.sent = true, j.sent
	if !t.ready {
		n = t.setReady(h, j.sent)
		n += t.learn(h, j.sent-int64(len(j.page))+1, j.page)
	}
	h.stats.delivered.Add(uint64(n))
	h.presence.joined(t, s, j.opt.Member)
	h.fillLater(t)
	return true, nil, nil
}

// goLiveSparse makes the reader live with what came since it was subscribed.
func (j *joining) goLiveSparse() (bool, error) {
	t, s, h := j.sub.topic, j.sub, j.hub
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.gone {
		return false, ErrClosed
	}
	for _, wire := range s.waiting {
		s.client.enqueue(wire)
	}
	s.waiting, s.live = nil, true
	if !t.ready {
		t.ready = true
		t.rising.filled(j.result.Seq)
		t.rising.doubted = h.clock.Now()
	}
	h.presence.joined(t, s, j.opt.Member)
	h.fillLater(t)
	return true, nil
}

// sendPage reads one page after what was sent, and queues it.
func (j *joining) sendPage(ctx context.Context) error {
	t, h := j.sub.topic, j.hub
	frames, err := h.cfg.Log.Read(ctx, t.name, j.sent, h.cfg.PageSize)
	if err != nil {
		return fmt.Errorf("hub: reading the log: %w", err)
	}
	if len(frames) == 0 {
		return fmt.Errorf("%w: topic %q after %d", ErrLogHole, t.name, j.sent)
	}
	first := j.sent + 1
	j.page = make([][]byte, len(frames))
	for i, f := range frames {
		if f.Seq != first+int64(i) {
			return fmt.Errorf("%w: topic %q goes on with %d after %d", ErrLogHole, t.name, f.Seq, first+int64(i)-1)
		}
		j.page[i] = h.cfg.Encode(f.Data)
	}
	j.sent += int64(len(frames))
	t.mu.Lock()
	n := t.learn(h, first, j.page)
	t.mu.Unlock()
	h.stats.delivered.Add(uint64(n))
	return j.client.sendHistory(ctx, j.page)
}
