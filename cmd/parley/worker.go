package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"parley/api"
	"parley/store"
)

// workerCommand carries out jobs without serving anybody.
type workerCommand struct {
	database
	logging
	sending
	RedisURL     string        `name:"redis" env:"PARLEY_REDIS_URL" help:"Redis of the instances, such as redis://127.0.0.1:6379/0."`
	PublicURL    string        `env:"PARLEY_PUBLIC_URL" default:"http://localhost:8080" help:"The address that people type: links in mails begin with it."`
	MetricsAddr  string        `env:"PARLEY_METRICS_ADDR" help:"Address that shows /healthz and /metrics; without it nothing listens."`
	DrainTimeout time.Duration `env:"PARLEY_DRAIN_TIMEOUT" default:"20s" help:"How long a stop may take."`
}

// Run works until ctx ends.
func (c *workerCommand) Run(ctx context.Context) (err error) {
	startGCFloor()
	log := c.logger()
	metrics := api.NewMetrics()
	cfg := c.storeConfig(log)
	cfg.Observe = metrics.ObserveBatch
	return store.With(ctx, cfg, func(st *store.Store) error {
		w, err := c.newWork(st, metrics, c.RedisURL, c.PublicURL, log)
		if err != nil {
			return err
		}
		stopMetrics, err := c.showMetrics(metrics)
		if err != nil {
			return err
		}
		defer stopMetrics()
		err = w.start()
		if err == nil {
			fmt.Println("Parley works")
			<-ctx.Done()
			log.Info("stopping")
		}
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
		defer cancel()
		return errors.Join(err, w.close(closing))
	})
}

// showMetrics listens where it was told to.
func (c *workerCommand) showMetrics(metrics *api.Metrics) (stop func(), err error) {
	if c.MetricsAddr == "" {
		return func() {}, nil
	}
	ln, err := net.Listen("tcp", c.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_METRICS_ADDR: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // ends with Close
	}()
	return func() {
		_ = srv.Close() // nothing is lost with an answer
		<-done
	}, nil
}
