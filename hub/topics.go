package hub

import (
	"hash/maphash"
	"sync"
)

const shardCount = 64

// topics are those with readers on this instance, by name, in shards so that
// joins of many topics and publishing do not meet at one lock.
type topics struct {
	seed   maphash.Seed
	shards [shardCount]shard
}

type shard struct {
	mu     sync.RWMutex
	byName map[string]*topic
}

func (ts *topics) init() {
	ts.seed = maphash.MakeSeed()
	for i := range ts.shards {
		ts.shards[i].byName = make(map[string]*topic)
	}
}

func (ts *topics) shard(name string) *shard {
	return &ts.shards[maphash.String(ts.seed, name)%shardCount]
}

func (ts *topics) find(name string) *topic {
	sh := ts.shard(name)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.byName[name]
}

// in lists the topics of one shard.
func (ts *topics) in(i int) []*topic {
	sh := &ts.shards[i]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	all := make([]*topic, 0, len(sh.byName))
	for _, t := range sh.byName {
		all = append(all, t)
	}
	return all
}

func (ts *topics) count() int {
	n := 0
	for i := range ts.shards {
		sh := &ts.shards[i]
		sh.mu.RLock()
		n += len(sh.byName)
		sh.mu.RUnlock()
	}
	return n
}

// attach adds a reader to its topic, which is made if there is none. The bus
// hears of the first one, under the topic's lock: with detach doing the same it
// sees Subscribe and Unsubscribe of a topic in the order they happened.
func (h *Hub) attach(name string, s *subscription) {
	sh := h.topics.shard(name)
	for {
		sh.mu.Lock()
		t := sh.byName[name]
		if t == nil {
			t = &topic{name: name, sparse: h.cfg.Sparse(name), pulled: h.cfg.Pulled(name)}
			sh.byName[name] = t
		}
		sh.mu.Unlock()

		t.mu.Lock()
		if t.dead {
			t.mu.Unlock()
			h.forget(t)
			continue
		}
		s.topic, s.index = t, len(t.subs)
		t.subs = append(t.subs, s)
		if len(t.subs) == 1 {
			h.bus.Subscribe(name)
		}
		t.mu.Unlock()
		return
	}
}

// unsubscribe takes a reader out of its topic; only the first call counts.
func (h *Hub) unsubscribe(s *subscription) {
	t := s.topic
	t.mu.Lock()
	if s.gone {
		t.mu.Unlock()
		return
	}
	s.gone, s.live, s.waiting = true, false, nil
	last := len(t.subs) - 1
	moved := t.subs[last]
	t.subs[s.index], moved.index = moved, s.index
	t.subs[last] = nil
	t.subs = t.subs[:last]
	h.presence.left(t, s)
	if last == 0 {
		t.dead = true
		h.bus.Unsubscribe(t.name)
	}
	t.mu.Unlock()
	if last == 0 {
		h.forget(t)
	}
}

// forget takes a dead topic out of the map.
func (h *Hub) forget(t *topic) {
	sh := h.topics.shard(t.name)
	sh.mu.Lock()
	if sh.byName[t.name] == t {
		delete(sh.byName, t.name)
	}
	sh.mu.Unlock()
}
