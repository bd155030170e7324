package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/redis/go-redis/v9"

	"parley/api"
	"parley/api/cache"
	"parley/digest/asynqrun"
	"parley/digest/termsheet"
	"parley/frontend"
	"parley/hub"
	"parley/hub/redisbus"
	"parley/rooms"
	"parley/store"
	"parley/store/deals"
	"parley/store/insight"
)

// expiryEvery is how often due offers are looked for. An offer is refused from
// its instant on whether or not that was announced.
const expiryEvery = time.Second

// instance is one running server: its parts and the order in which they start
// and stop.
type instance struct {
	log      *slog.Logger
	store    *store.Store
	hub      *hub.Hub
	server   *api.Server
	listener net.Listener
	// work is nil where jobs are left to workers.
	work *work
	// queue is what workers share, where this instance only looks at it; else nil.
	queue *asynqrun.Viewer

	activity *insight.Activity
	self     insight.Instance

	stopWork context.CancelFunc
	running  sync.WaitGroup
	failed   chan error
}

// newInstance makes all parts and starts those that others need. What was made
// is closed again when a later part fails.
func newInstance(ctx context.Context, cfg *serveCommand, log *slog.Logger) (_ *instance, err error) {
	proxies, err := parsePrefixes(splitList(cfg.TrustedProxies))
	if err != nil {
		return nil, err
	}
	metrics, relay := api.NewMetrics(), api.NewRelay()

	storeCfg := cfg.storeConfig(log)
	storeCfg.OnCommit, storeCfg.Observe, storeCfg.OnDeal = relay.OnCommit, metrics.ObserveBatch, deals.Tell
	if err := store.Migrate(ctx, storeCfg); err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, storeCfg)
	if err != nil {
		return nil, err
	}
	in := &instance{log: log, store: st, activity: insight.NewActivity(st, storeCfg.Clock), failed: make(chan error, 1)}
	relay.Bind(st)
	if in.self.ID, err = newInstanceID(); err != nil {
		return nil, errors.Join(err, in.closeStore(ctx))
	}
	in.self.StartedAt = rooms.At(storeCfg.Clock())

	hubCfg := hub.Config{Logger: log, MaxConns: cfg.MaxConns, MaxConnsEach: cfg.MaxEach, OnFanout: metrics.ObserveFanout}
	var bus hub.Bus
	if cfg.RedisURL != "" {
		redis.SetLogger(redisLog{log})
		bus, err = redisbus.New(redisbus.Config{
			URL: cfg.RedisURL, Namespace: st.Epoch(), Shared: api.SharesChannel, Logger: log,
		})
		if err != nil {
			return nil, errors.Join(err, in.closeStore(ctx))
		}
		hubCfg.Bus = bus
		hubCfg.Instance = in.self.ID
	}
	if in.hub, err = relay.NewHub(hubCfg); err != nil {
		return nil, errors.Join(err, in.closeStore(ctx))
	}

	if in.listener, err = net.Listen("tcp", cfg.Addr); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), in.closeStore(ctx))
	}
	apiCfg := api.Config{
		Store: st, Hub: in.hub, Relay: relay, Metrics: metrics, Logger: log,
		PublicURL: cfg.PublicURL, Origins: splitList(cfg.Origins), TrustedProxies: proxies,
		Limits: cfg.apiLimits(), OffersPerSide: cfg.OfferLimit, Assets: frontend.Dist(), Activity: in.activity,
		RequireApproval: cfg.RequireApproval, RequireVerified: cfg.RequireVerified,
		AdminSecondFactor: cfg.adminSecondFactor(cfg.Demo), Secret: cfg.Secret,
		SendsMail: cfg.SMTPURL != "",
		LinkURL:   cmp.Or(cfg.PublicURL, browsable(in.listener.Addr())),
	}
	apiCfg.TermSheet = (&termsheet.Maker{Store: st, URL: apiCfg.LinkURL}).PDF
	if bus != nil {
		apiCfg.BusUp = bus.Up
		apiCfg.Cache, err = cache.NewRedis(cache.RedisConfig{
			URL: cfg.RedisURL, Namespace: st.Epoch(), Token: newInstanceID, Now: time.Now,
		})
		if err != nil {
			return nil, errors.Join(err, in.closeStore(ctx))
		}
	}
	switch {
	case cfg.Worker == "on":
		if in.work, err = cfg.newWork(st, metrics, cfg.RedisURL, apiCfg.LinkURL, log); err != nil {
			return nil, errors.Join(err, in.listener.Close(), in.closeStore(ctx))
		}
		apiCfg.Jobs = in.work.state
	case cfg.RedisURL != "":
		if in.queue, err = asynqrun.NewViewer(asynqrun.Config{URL: cfg.RedisURL, Namespace: st.Epoch()}); err != nil {
			return nil, errors.Join(err, in.listener.Close(), in.closeStore(ctx))
		}
		apiCfg.Jobs = watchQueue(in.queue)
	}
	if in.server, err = api.New(apiCfg); err != nil {
		return nil, errors.Join(err, in.listener.Close(), in.closeStore(ctx))
	}
	return in, nil
}

// start begins to serve. The hub comes first: the store publishes to it, and the
// server takes clients that it must know what to do with.
func (in *instance) start() error {
	if err := in.hub.Start(); err != nil {
		return err
	}
	in.store.Start()
	if in.work != nil {
		if err := in.work.start(); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	in.stopWork = stop
	in.running.Go(func() { in.store.RunExpiry(ctx, expiryEvery) })
	in.running.Go(func() { insight.RunFold(ctx, in.store, in.log) })
	in.running.Go(func() { in.activity.Run(ctx, in.log) })
	connections := func() int64 { return int64(in.hub.Stats().Connections) }
	in.running.Go(func() { insight.RunBeat(ctx, in.store, in.self, connections, in.log) })
	in.running.Go(func() {
		if err := in.server.Listen(in.listener); err != nil {
			in.failed <- err
		}
	})
	return nil
}

// close stops everything in the reverse order: no new work, clients told when
// to come back, what was begun finished, then bus and store. ctx bounds it.
func (in *instance) close(ctx context.Context) error {
	err := in.server.Shutdown(ctx)
	if in.work != nil {
		err = errors.Join(err, in.work.close(ctx))
	}
	if in.queue != nil {
		err = errors.Join(err, in.queue.Close())
	}
	in.stopWork()
	in.running.Wait()
	return errors.Join(err, in.closeStore(ctx), in.hub.Close())
}

func (in *instance) closeStore(ctx context.Context) error { return in.store.Close(ctx) }

// redisLog takes what the Redis client says by itself; the bus logs what
// operators need to know.
type redisLog struct{ log *slog.Logger }

// Printf implements the client's logger.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, "redis client", "text", fmt.Sprintf(format, v...))
}

// newInstanceID names this process among all that share a database or a bus.
func newInstanceID() (string, error) {
	id, err := ulid.New(ulid.Now(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("name this instance: %w", err)
	}
	return id.String(), nil
}

func parsePrefixes(list []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, item := range list {
		p, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, fmt.Errorf("PARLEY_TRUSTED_PROXIES: %q is not a network such as 10.0.0.0/8: %w", item, err)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}
