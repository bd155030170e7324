package cache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/api/cache"
	"parley/hub/redisbus/redistest"
)

const patience = 20 * time.Second

var pages = cache.Space{Name: "pages", TTL: time.Minute}

// clock is a clock that tests move.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.at.Load()) }

// env is a cache on one form of backend; another opens a second one on the same
// memory, as another instance would.
type env struct {
	*cache.Cache
	backend cache.Backend
	counts  *counts
	// later lets a time pass for the backend.
	later func(time.Duration)
}

type counts struct {
	mu sync.Mutex
	of map[cache.Outcome]int
}

func (c *counts) observe(_ string, o cache.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[o]++
}

func (c *counts) get(o cache.Outcome) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[o]
}

var tokens atomic.Int64

func token() (string, error) { return fmt.Sprint("t", tokens.Add(1)), nil }

func newRedis(t testing.TB, url string) *cache.Redis {
	t.Helper()
	r, err := cache.NewRedis(cache.RedisConfig{URL: url, Namespace: "test", Token: token, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newEnv(t testing.TB, b cache.Backend) *env {
	e := &env{backend: b, counts: &counts{of: make(map[cache.Outcome]int)}}
	e.Cache = cache.New(cache.Config{Backend: b, Observe: e.counts.observe})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// each runs the contract on every form.
func each(t *testing.T, contract func(t *testing.T, e *env)) {
	t.Run("memory", func(t *testing.T) {
		c := &clock{}
		e := newEnv(t, cache.NewMemory(1<<20, c.now))
		e.later = func(d time.Duration) { c.at.Add(int64(d)) }
		contract(t, e)
	})
	t.Run("redis", func(t *testing.T) { contract(t, newEnv(t, newRedis(t, redistest.Start(t).URL()))) })
}

func get(t *testing.T, e *env, key cache.Key, load func(context.Context) (string, error)) string {
	t.Helper()
	v, err := cache.Get(t.Context(), e.Cache, key, load)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func always(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

func TestKeepsAndForgets(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		key := cache.KeyOf(pages, cache.Everybody(), "a")
		if got := get(t, e, key, always("one")); got != "one" {
			t.Errorf("got %q", got)
		}
		if got := get(t, e, key, always("two")); got != "one" {
			t.Errorf("it was not kept: %q", got)
		}
		if err := e.Invalidate(t.Context(), cache.Space{Name: "others"}); err != nil {
			t.Fatal(err)
		}
		if got := get(t, e, key, always("two")); got != "one" {
			t.Errorf("another space's change took it away: %q", got)
		}
		if err := e.Invalidate(t.Context(), pages); err != nil {
			t.Fatal(err)
		}
		if got := get(t, e, key, always("three")); got != "three" {
			t.Errorf("after the change the answer is %q", got)
		}
		if h, m, l := e.counts.get(cache.Hit), e.counts.get(cache.Miss), e.counts.get(cache.Load); h != 2 || m != 2 || l != 2 {
			t.Errorf("%d hits, %d misses, %d loads", h, m, l)
		}
	})
}

// TestOneUsersPageIsNobodyElses: keys differ by audience however the parts are cut,
// and what has no audience is never kept.
func TestOneUsersPageIsNobodyElses(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		keys := map[string]cache.Key{
			"ana":                cache.KeyOf(pages, cache.Only("ana"), "list"),
			"bea":                cache.KeyOf(pages, cache.Only("bea"), "list"),
			"everybody":          cache.KeyOf(pages, cache.Everybody(), "list"),
			"a user called star": cache.KeyOf(pages, cache.Only("*"), "list"),
			"parts cut anew":     cache.KeyOf(pages, cache.Only("ana"), "li", "st"),
			"parts that look so": cache.KeyOf(pages, cache.Everybody(), "5:u:ana4:list"),
			"another space":      cache.KeyOf(cache.Space{Name: "pages2", TTL: time.Minute}, cache.Only("ana"), "list"),
		}
		for range 2 {
			for who, key := range keys {
				if got := get(t, e, key, always("of "+who)); got != "of "+who {
					t.Errorf("%s sees the page %q", who, got)
				}
			}
		}
		if hits := e.counts.get(cache.Hit); hits != len(keys) {
			t.Errorf("%d hits of %d keys", hits, len(keys))
		}
		for _, nobody := range []cache.Key{cache.KeyOf(pages, cache.Only(""), "list"), cache.KeyOf(pages, cache.Audience{}, "list"), {}} {
			get(t, e, nobody, always("one"))
			if got := get(t, e, nobody, always("two")); got != "two" {
				t.Error("what is for nobody was kept")
			}
		}
	})
}

func TestErrorsAreNotKept(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		key, broken := cache.KeyOf(pages, cache.Everybody(), "a"), errors.New("broken")
		_, err := cache.Get(t.Context(), e.Cache, key, func(context.Context) (string, error) { return "", broken })
		if !errors.Is(err, broken) {
			t.Errorf("error is %v", err)
		}
		if got := get(t, e, key, always("whole")); got != "whole" {
			t.Errorf("got %q", got)
		}
	})
}

// TestMissesAtOnceLoadOnce, and who goes away does not take the answer from the rest.
func TestMissesAtOnceLoadOnce(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		key := cache.KeyOf(pages, cache.Everybody(), "a")
		began, finish := make(chan struct{}), make(chan struct{})
		var loads atomic.Int64
		load := func(ctx context.Context) (string, error) {
			if loads.Add(1) == 1 {
				close(began)
			}
			select {
			case <-finish:
				return "loaded", ctx.Err()
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		// The first, whose load it is, goes away.
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := cache.Get(ctx, e.Cache, key, load)
			first <- err
		}()
		<-began
		const others = 20
		answers := make(chan string, others)
		for range others {
			go func() {
				v, err := cache.Get(t.Context(), e.Cache, key, load)
				answers <- fmt.Sprint(v, err)
			}()
		}
		deadline := time.Now().Add(patience)
		for e.counts.get(cache.Miss) < others+1 {
			if time.Now().After(deadline) {
				t.Fatal("the others do not ask")
			}
			time.Sleep(time.Millisecond)
		}
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who went away is told %v", err)
		}
		close(finish)
		for range others {
			if got := <-answers; got != "loaded<nil>" {
				t.Errorf("another is told %s", got)
			}
		}
		if n := loads.Load(); n > 2 { // one may come between the miss and the flight's end
			t.Errorf("%d loads", n)
		}
	})
}

// TestALoadThatAChangeOvertakesIsNotKept: it read what was before the change.
func TestALoadThatAChangeOvertakesIsNotKept(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		key := cache.KeyOf(pages, cache.Everybody(), "a")
		got := get(t, e, key, func(ctx context.Context) (string, error) {
			if err := e.Invalidate(ctx, pages); err != nil {
				t.Error(err)
			}
			return "before", nil
		})
		if got != "before" {
			t.Errorf("got %q", got)
		}
		if got := get(t, e, key, always("after")); got != "after" {
			t.Errorf("after the change the answer is %q", got)
		}
	})
}

func TestExpiry(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		c := &clock{}
		e := newEnv(t, cache.NewMemory(1<<20, c.now))
		key := cache.KeyOf(pages, cache.Everybody(), "a")
		get(t, e, key, always("one"))
		c.at.Add(int64(pages.TTL) - 1)
		if got := get(t, e, key, always("two")); got != "one" {
			t.Errorf("just before the end: %q", got)
		}
		c.at.Add(1)
		if got := get(t, e, key, always("two")); got != "two" {
			t.Errorf("at the end: %q", got)
		}
	})
	t.Run("redis", func(t *testing.T) {
		e := newEnv(t, newRedis(t, redistest.Start(t).URL()))
		key := cache.KeyOf(cache.Space{Name: "short", TTL: 50 * time.Millisecond}, cache.Everybody(), "a")
		get(t, e, key, always("one"))
		for deadline := time.Now().Add(patience); get(t, e, key, always("two")) != "two"; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it is kept for ever")
			}
		}
	})
	t.Run("jitter", func(t *testing.T) {
		c := &clock{}
		e := newEnv(t, cache.NewMemory(1<<20, c.now))
		e.Cache = cache.New(cache.Config{Backend: e.backend, Jitter: func(n int64) int64 { return n - 1 }})
		key := cache.KeyOf(pages, cache.Everybody(), "a")
		get(t, e, key, always("one"))
		c.at.Add(int64(pages.TTL) * 9 / 10)
		if got := get(t, e, key, always("one")); got != "one" {
			t.Errorf("less than nine tenths: %q", got)
		}
		c.at.Add(1)
		if got := get(t, e, key, always("two")); got != "two" {
			t.Errorf("the lifetime was not shortened: %q", got)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	c := &clock{}
	e := newEnv(t, cache.NewMemory(10_000, c.now))
	key := func(i int) cache.Key { return cache.KeyOf(pages, cache.Everybody(), fmt.Sprint(i)) }
	text := strings.Repeat("x", 1000)
	for i := range 50 {
		get(t, e, key(i), always(text))
		get(t, e, key(0), always(text)) // it is read all the time
	}
	before := e.counts.get(cache.Load)
	get(t, e, key(0), always(text))
	get(t, e, key(49), always(text))
	if n := e.counts.get(cache.Load); n != before {
		t.Errorf("what was read just now is gone: %d loads more", n-before)
	}
	get(t, e, key(1), always(text))
	if n := e.counts.get(cache.Load); n != before+1 {
		t.Error("what was not read for longest is still there")
	}
	get(t, e, key(100), always(strings.Repeat("x", 20_000))) // larger than everything
}

// TestInstancesShareRedis: what one changes, no other answers with any more.
func TestInstancesShareRedis(t *testing.T) {
	url := redistest.Start(t).URL()
	a, b := newEnv(t, newRedis(t, url)), newEnv(t, newRedis(t, url))
	key := cache.KeyOf(pages, cache.Everybody(), "a")
	get(t, a, key, always("one"))
	if got := get(t, b, key, always("two")); got != "one" {
		t.Errorf("the other instance has %q", got)
	}
	if err := a.Invalidate(t.Context(), pages); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b, key, always("two")); got != "two" {
		t.Errorf("after the change the other instance has %q", got)
	}
}

// TestADeadRedisOnlyCostsTime, and a change that it missed is made up for.
func TestADeadRedisOnlyCostsTime(t *testing.T) {
	server := redistest.Start(t)
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	backend, err := cache.NewRedis(cache.RedisConfig{
		URL: server.URL(), Namespace: "test", Token: token, Now: func() time.Time { return time.Unix(0, now.Load()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	e := newEnv(t, backend)
	key := cache.KeyOf(pages, cache.Everybody(), "a")
	get(t, e, key, always("one"))
	server.Freeze()
	began := time.Now()
	for i := range 50 {
		if got := get(t, e, key, always(fmt.Sprint(i))); got != fmt.Sprint(i) {
			t.Errorf("got %q", got)
		}
	}
	if took := time.Since(began); took > patience {
		t.Errorf("50 reads without Redis took %v", took)
	}
	if err := e.Invalidate(t.Context(), pages); err == nil {
		t.Error("a change that nobody was told of is no error")
	}
	server.Thaw()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		now.Add(int64(2 * time.Second))
		before := e.counts.get(cache.Failed)
		got := get(t, e, key, always("new"))
		if got == "one" {
			t.Fatal("what was changed while Redis was away came back with it")
		}
		if e.counts.get(cache.Failed) == before {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it never comes back")
		}
	}
}

func BenchmarkHit(b *testing.B) {
	for name, backend := range map[string]cache.Backend{
		"memory": cache.NewMemory(1<<20, time.Now), "redis": newRedis(b, redistest.Start(b).URL()),
	} {
		b.Run(name, func(b *testing.B) {
			c := cache.New(cache.Config{Backend: backend})
			key := cache.KeyOf(pages, cache.Everybody(), "a")
			for b.Loop() {
				if _, err := cache.Get(b.Context(), c, key, always("a page")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
