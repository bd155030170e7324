package cache

import (
	"container/list"
	"context"
	"strconv"
	"sync"
	"time"
)

// Memory is a Backend in the process. It holds a bounded number of bytes and forgets
// first what was not read for longest.
type Memory struct {
	now      func() time.Time
	maxBytes int

	mu       sync.Mutex
	bytes    int
	entries  map[string]*list.Element // of *entry
	recent   *list.List               // newest first
	versions map[string]int64
}

type entry struct {
	key, version string
	value        []byte
	expires      time.Time
}

// overhead is what an entry takes beside its key and value, roughly.
const overhead = 200

func (e *entry) size() int { return len(e.key) + len(e.value) + overhead }

// NewMemory makes a Memory of so many bytes.
func NewMemory(maxBytes int, now func() time.Time) *Memory {
	return &Memory{
		now: now, maxBytes: maxBytes,
		entries: make(map[string]*list.Element), recent: list.New(), versions: make(map[string]int64),
	}
}

// Get implements Backend.
func (m *Memory) Get(_ context.Context, space, key string) (version string, value []byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	version = strconv.FormatInt(m.versions[space], 10)
	at := m.entries[space+" "+key]
	if at == nil {
		return version, nil, nil
	}
	e := at.Value.(*entry)
	if e.version != version || !m.now().Before(e.expires) {
		m.drop(at)
		return version, nil, nil
	}
	m.recent.MoveToFront(at)
	return version, e.value, nil
}

// Set implements Backend.
func (m *Memory) Set(_ context.Context, space, key, version string, value []byte, ttl time.Duration) error {
	e := &entry{key: space + " " + key, version: version, value: value, expires: m.now().Add(ttl)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.version != strconv.FormatInt(m.versions[space], 10) || e.size() > m.maxBytes {
		return nil
	}
	if at := m.entries[e.key]; at != nil {
		m.drop(at)
	}
	m.entries[e.key] = m.recent.PushFront(e)
	m.bytes += e.size()
	for m.bytes > m.maxBytes {
		m.drop(m.recent.Back())
	}
	return nil
}

// Bump implements Backend.
func (m *Memory) Bump(_ context.Context, space string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.versions[space]++
	return nil
}

// Close implements Backend.
func (m *Memory) Close() error { return nil }

func (m *Memory) drop(at *list.Element) {
	e := at.Value.(*entry)
	m.recent.Remove(at)
	delete(m.entries, e.key)
	m.bytes -= e.size()
}
