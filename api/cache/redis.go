package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/hub/redisconn"
)

// Redis is a Backend that all instances share.
type Redis struct {
	client *redis.Client
	prefix string
	token  func() (string, error)
	now    func() time.Time

	mu sync.Mutex
	// restUntil is until when a server that has failed is left alone.
	restUntil time.Time
	// missed are the spaces whose version could not be changed.
	missed map[string]bool
}

// RedisConfig says where Redis is. Everything is required.
type RedisConfig struct {
	URL string
	// Namespace separates installations, and histories of a store, on one Redis.
	Namespace string
	// Token makes texts that never repeat: the versions.
	Token func() (string, error)
	Now   func() time.Time
}

const (
	// redisPatience bounds one exchange: a load from the database is faster than that.
	redisPatience = 150 * time.Millisecond
	// redisRest is how long a server that has failed is not asked again.
	redisRest = time.Second
)

var errResting = errors.New("redis has failed a moment ago")

// NewRedis reads the configuration. It does not connect.
func NewRedis(cfg RedisConfig) (*Redis, error) {
	opt, err := redisconn.Options(cfg.URL, redisPatience)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	return &Redis{
		client: redis.NewClient(opt), prefix: "parley:" + cfg.Namespace + ":cache:", token: cfg.Token, now: cfg.Now,
		missed: make(map[string]bool),
	}, nil
}

func (r *Redis) versionKey(space string) string    { return r.prefix + "v:" + space }
func (r *Redis) valueKey(space, key string) string { return r.prefix + "e:" + space + ":" + key }

// ask runs one exchange, unless the server rests.
func (r *Redis) ask(ctx context.Context, what string, do func(context.Context) error) error {
	r.mu.Lock()
	resting := r.now().Before(r.restUntil)
	r.mu.Unlock()
	if resting {
		return errResting
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	err := do(ctx)
	if err == nil {
		return nil
	}
	if !errors.Is(err, context.Canceled) { // who went away says nothing of the server
		r.mu.Lock()
		r.restUntil = r.now().Add(redisRest)
		r.mu.Unlock()
	}
	return fmt.Errorf("cache: %s: %w", what, err)
}

// Get implements Backend. Version and value come in one exchange.
func (r *Redis) Get(ctx context.Context, space, key string) (version string, value []byte, err error) {
	r.mu.Lock()
	missed := r.missed[space]
	r.mu.Unlock()
	if missed {
		if err := r.Bump(ctx, space); err != nil {
			return "", nil, err
		}
	}
	var found []any
	err = r.ask(ctx, "get", func(ctx context.Context) (err error) {
		found, err = r.client.MGet(ctx, r.versionKey(space), r.valueKey(space, key)).Result()
		return err
	})
	if err != nil {
		return "", nil, err
	}
	version, _ = found[0].(string)
	kept, _ := found[1].(string)
	of, raw, ok := bytes.Cut([]byte(kept), []byte{'\n'})
	if !ok || string(of) != version {
		return version, nil, nil
	}
	return version, raw, nil
}

// Set implements Backend.
func (r *Redis) Set(ctx context.Context, space, key, version string, value []byte, ttl time.Duration) error {
	kept := append(append([]byte(version), '\n'), value...)
	return r.ask(ctx, "set", func(ctx context.Context) error {
		return r.client.Set(ctx, r.valueKey(space, key), kept, ttl).Err()
	})
}

// Bump implements Backend.
func (r *Redis) Bump(ctx context.Context, space string) error {
	version, err := r.token()
	if err != nil {
		return err
	}
	err = r.ask(ctx, "bump", func(ctx context.Context) error {
		return r.client.Set(ctx, r.versionKey(space), version, 0).Err()
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.missed[space] = true
		return err
	}
	delete(r.missed, space)
	return nil
}

// Close implements Backend.
func (r *Redis) Close() error {
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("cache: close redis: %w", err)
	}
	return nil
}
