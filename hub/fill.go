package hub

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// filler closes gaps from the log: topics wait in it, a bounded number of
// workers reads. A topic is in it once, as long as topic.filling.
type filler struct {
	hub  *Hub
	wake chan struct{}

	mu sync.Mutex
	// urgent are to be read at once; late may still close by themselves and are
	// in the order in which they fall due.
	urgent []*topic
	late   []lateTopic
}

type lateTopic struct {
	topic *topic
	due   time.Time
}

func newFiller(h *Hub) *filler {
	return &filler{hub: h, wake: make(chan struct{}, 1)}
}

// fillLater has a topic that is behind filled. The caller holds its lock. With
// the bus up the gap gets Config.GapWait to close by itself; that of a topic whose
// frames the bus does not carry would not.
func (h *Hub) fillLater(t *topic) {
	if t.filling || t.dead || !t.ready || !t.behind() {
		return
	}
	t.filling = true
	f := h.filler
	f.mu.Lock()
	if h.bus.Up() && !t.pulled {
		f.late = append(f.late, lateTopic{t, h.clock.Now().Add(h.cfg.GapWait)})
	} else {
		f.urgent = append(f.urgent, t)
	}
	f.mu.Unlock()
	signal(f.wake)
}

// next takes a topic that is due, or tells how long until one is; wait is
// negative when none waits.
func (f *filler) next() (t *topic, wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.urgent) > 0 {
		t, f.urgent = f.urgent[0], f.urgent[1:]
		return t, 0
	}
	if len(f.late) == 0 {
		return nil, -1
	}
	if wait = f.late[0].due.Sub(f.hub.clock.Now()); wait > 0 {
		return nil, wait
	}
	t = f.late[0].topic
	f.late = f.late[1:]
	return t, 0
}

func (f *filler) run() {
	var readers sync.WaitGroup
	defer readers.Wait()
	places := make(chan struct{}, f.hub.cfg.FillWorkers)
	for {
		t, wait := f.next()
		switch {
		case t != nil:
			select {
			case places <- struct{}{}:
			case <-f.hub.ctx.Done():
				return
			}
			readers.Go(func() {
				f.hub.fill(t)
				<-places
			})
		case wait > 0:
			if !f.hub.sleep(wait, f.wake) {
				return
			}
		default:
			select {
			case <-f.wake:
			case <-f.hub.ctx.Done():
				return
			}
		}
	}
}

// fill reads a topic's gap until it is closed. After an error the next sweep
// tries again.
func (h *Hub) fill(t *topic) {
	filled := 0
	for {
		after, ok := t.gap()
		if !ok {
			break
		}
		frames, err := h.read(t.name, after)
		if err == nil {
			err = h.apply(t, after, frames)
		}
		if err != nil {
			t.mu.Lock()
			t.filling, t.rising.doubt = false, true
			t.mu.Unlock()
			if h.ctx.Err() == nil {
				h.log.Warn("a gap is still open", "topic", t.name, "after", after, "err", err)
			}
			break
		}
		filled += len(frames)
	}
	if filled > 0 {
		h.stats.gapsFilled.Add(1)
		h.stats.framesFilled.Add(uint64(filled))
	}
}

func (h *Hub) read(topic string, after int64) ([]Frame, error) {
	ctx, cancel := h.query()
	defer cancel()
	frames, err := h.cfg.Log.Read(ctx, topic, after, h.cfg.PageSize)
	if err != nil {
		return nil, fmt.Errorf("hub: reading the log: %w", err)
	}
	return frames, nil
}

// gap returns the seq after which frames are missing, or ends the filling.
func (t *topic) gap() (after int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead || !t.behind() {
		t.filling = false
		return 0, false
	}
	if t.sparse {
		// From here on a new doubt is one that this reading does not settle.
		t.rising.doubt = false
		return t.rising.base, true
	}
	return t.last, true
}

var errNothingThere = errors.New("hub: the log does not have it yet")

// apply delivers what was read for a gap.
func (h *Hub) apply(t *topic, after int64, frames []Frame) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, f := range frames {
		n += t.accept(h, f.Seq, f.Data, nil)
	}
	h.stats.delivered.Add(uint64(n))
	switch {
	case t.sparse:
		if len(frames) > 0 {
			t.rising.filled(frames[len(frames)-1].Seq)
		}
		if len(frames) >= h.cfg.PageSize {
			t.rising.doubt = true // there may be more
		} else {
			t.head = t.rising.top // the log has no more
		}
	case t.last == after:
		// Read again when a sweep says that it is there. What is held stays.
		t.head = after
		if len(frames) > 0 {
			return fmt.Errorf("%w: topic %q goes from %d to %d", ErrLogHole, t.name, after, frames[0].Seq)
		}
		return errNothingThere
	}
	return nil
}
