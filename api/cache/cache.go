package cache

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Backend keeps values by key, each with the version of its space.
type Backend interface {
	// Get returns the space's version and the value of key, nil where there is none
	// of that version.
	Get(ctx context.Context, space, key string) (version string, value []byte, err error)
	// Set keeps a value that was loaded while version was the space's.
	Set(ctx context.Context, space, key, version string, value []byte, ttl time.Duration) error
	// Bump gives the space another version.
	Bump(ctx context.Context, space string) error
	// Close frees what the backend holds.
	Close() error
}

// Space is a kind of answer: what is invalidated together.
type Space struct {
	Name string
	// TTL is how long an answer is kept at most.
	TTL time.Duration
}

// Audience is who may see an answer. The zero value is nobody: what is for nobody is
// not kept.
type Audience struct{ name string }

// Everybody is the audience of what a stranger may see too.
func Everybody() Audience { return Audience{"*"} }

// Only is the audience of what one user may see.
func Only(user string) Audience {
	if user == "" {
		return Audience{}
	}
	return Audience{"u:" + user}
}

// Key names an answer. The zero Key is not kept.
type Key struct {
	space Space
	name  string // with the audience in it
}

// KeyOf names the answer of a space for an audience. The parts say which one; where one
// ends and the next begins is part of the key.
func KeyOf(space Space, audience Audience, parts ...string) Key {
	if audience.name == "" {
		return Key{space: space}
	}
	var b strings.Builder
	for _, part := range append([]string{audience.name}, parts...) {
		b.WriteString(strconv.Itoa(len(part)))
		b.WriteByte(':')
		b.WriteString(part)
	}
	return Key{space: space, name: b.String()}
}

// Outcome is what became of a read.
type Outcome string

// The outcomes. Of several reads that miss at once each is a Miss and one is a Load.
const (
	Hit    Outcome = "hit"
	Miss   Outcome = "miss"
	Load   Outcome = "load"
	Failed Outcome = "error" // of the backend; the answer was loaded
)

// Config says what a cache works with. Backend is required.
type Config struct {
	Backend Backend
	// Jitter returns a random number in [0, n): values that were loaded together do
	// not expire together.
	Jitter func(n int64) int64
	// Observe is told of every read. It may be nil.
	Observe func(space string, o Outcome)
	// LoadTimeout bounds a load, which nobody can cancel. Default 10 s.
	LoadTimeout time.Duration
}

// Cache answers from its backend, or loads.
type Cache struct {
	cfg    Config
	flight singleflight.Group
	loads  sync.WaitGroup
}

// New makes a cache.
func New(cfg Config) *Cache {
	if cfg.LoadTimeout == 0 {
		cfg.LoadTimeout = 10 * time.Second
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, Outcome) {}
	}
	return &Cache{cfg: cfg}
}

// Close waits for the loads under way and closes the backend. No read begins after it.
func (c *Cache) Close() error {
	c.loads.Wait()
	if err := c.cfg.Backend.Close(); err != nil {
		return fmt.Errorf("close the cache: %w", err)
	}
	return nil
}

// Invalidate forgets all answers of the spaces, on every instance. It is called after
// the commit of what changes them.
func (c *Cache) Invalidate(ctx context.Context, spaces ...Space) error {
	for _, space := range spaces {
		if err := c.cfg.Backend.Bump(ctx, space.Name); err != nil {
			c.cfg.Observe(space.Name, Failed)
			return fmt.Errorf("invalidate %s: %w", space.Name, err)
		}
	}
	return nil
}

// Get answers from the cache, or loads and keeps the answer. Errors are not kept.
// What load returns is encoded as JSON; what comes back is a copy of one's own.
func Get[T any](ctx context.Context, c *Cache, key Key, load func(context.Context) (T, error)) (T, error) {
	var value T
	if key.name == "" {
		return load(ctx)
	}
	raw, err := c.get(ctx, key, func(ctx context.Context) ([]byte, error) {
		value, err := load(ctx)
		if err != nil {
			return nil, err
		}
		return json.Marshal(value)
	})
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, fmt.Errorf("cache %s: %w", key.space.Name, err)
	}
	return value, nil
}

func (c *Cache) get(ctx context.Context, key Key, load func(context.Context) ([]byte, error)) ([]byte, error) {
	space := key.space.Name
	version, value, err := c.cfg.Backend.Get(ctx, space, key.name)
	switch {
	case err != nil:
		c.cfg.Observe(space, Failed)
	case value != nil:
		c.cfg.Observe(space, Hit)
		return value, nil
	default:
		c.cfg.Observe(space, Miss)
	}
	usable := err == nil
	// The version is part of the flight: who asks after a change must not be given
	// what was begun before it.
	flight := space + " " + version + " " + key.name
	result := c.flight.DoChan(flight, func() (any, error) {
		c.loads.Add(1)
		defer c.loads.Done()
		c.cfg.Observe(space, Load)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.LoadTimeout)
		defer cancel()
		value, err := load(ctx)
		if err != nil || !usable {
			return value, err
		}
		if err := c.cfg.Backend.Set(ctx, space, key.name, version, value, c.lifetime(key.space.TTL)); err != nil {
			c.cfg.Observe(space, Failed)
		}
		return value, nil
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.([]byte), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lifetime is up to a tenth shorter than ttl.
func (c *Cache) lifetime(ttl time.Duration) time.Duration {
	if c.cfg.Jitter == nil || ttl < 10 {
		return ttl
	}
	return ttl - time.Duration(c.cfg.Jitter(int64(ttl/10)))
}
