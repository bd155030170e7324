package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strconv"
	"time"

	"parley/api"
	"parley/cmd/parley/internal/demo"
)

// serveCommand runs one instance until it is told to stop.
type serveCommand struct {
	database
	logging
	limits
	trust
	sending
	Addr           string        `env:"PARLEY_ADDR" default:":8080" help:"Address to listen on."`
	RedisURL       string        `name:"redis" env:"PARLEY_REDIS_URL" help:"Redis between several instances, such as redis://127.0.0.1:6379/0."`
	PublicURL      string        `env:"PARLEY_PUBLIC_URL" help:"The address that people type."`
	Origins        string        `env:"PARLEY_ORIGINS" help:"Further origins whose pages may open a socket, comma-separated."`
	TrustedProxies string        `env:"PARLEY_TRUSTED_PROXIES" help:"Networks whose X-Forwarded-For is believed, comma-separated."`
	DrainTimeout   time.Duration `env:"PARLEY_DRAIN_TIMEOUT" default:"20s" help:"How long a stop may take."`
	AddrFile       string        `env:"PARLEY_ADDR_FILE" help:"File that gets the address once the server listens."`
	PprofAddr      string        `env:"PARLEY_PPROF_ADDR" help:"Loopback address for Go's profiler."`
	Worker         string        `env:"PARLEY_WORKER" enum:"on,off" default:"on" help:"Carry out jobs here; off leaves them to parley worker."`
	Demo           bool          `help:"Fill an empty store with demo data and play its counterparties."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context) error {
	startGCFloor()
	log := c.logger()
	if err := c.check(); err != nil {
		return err
	}
	if c.Demo {
		if _, err := seedDemo(ctx, c.storeConfig(log), 1, demo.DefaultScale, nil); err != nil {
			return fmt.Errorf("tell the demo's story: %w", err)
		}
	}
	in, err := newInstance(ctx, c, log)
	if err != nil {
		return err
	}
	if err := in.start(); err != nil {
		return err
	}
	stopProfiler, err := c.startProfiler(log)
	if err == nil {
		err = c.announce(in.listener.Addr())
	}
	var stopCast func()
	if err == nil && c.Demo {
		stopCast, err = startCast(ctx, in, log)
	}
	if err == nil {
		select {
		case <-ctx.Done():
			log.Info("stopping")
		case err = <-in.failed:
		}
	}
	if stopCast != nil {
		stopCast()
	}
	stopProfiler()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
	defer cancel()
	return errors.Join(err, in.close(closing))
}

// announce tells people and programs where the server is.
func (c *serveCommand) announce(addr net.Addr) error {
	fmt.Printf("Parley listens on %s\n", browsable(addr))
	if c.Demo {
		fmt.Println("Log in as:")
		printLogins()
	}
	if c.AddrFile == "" {
		return nil
	}
	// A reader must never see half an address.
	draft := c.AddrFile + ".tmp"
	if err := os.WriteFile(draft, []byte(addr.String()), 0o644); err != nil {
		return fmt.Errorf("write the address file: %w", err)
	}
	if err := os.Rename(draft, c.AddrFile); err != nil {
		return fmt.Errorf("write the address file: %w", err)
	}
	return nil
}

// browsable is an address as one types it on this machine.
func browsable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.String()
	}
	host := "localhost"
	if !tcp.IP.IsUnspecified() {
		host = tcp.IP.String()
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

// apiLimits lets bursts follow from the averages.
func (l limits) apiLimits() api.Limits {
	rate := func(perSecond float64, burst float64) api.Rate {
		return api.Rate{PerSecond: perSecond, Burst: int(max(10, perSecond*burst))}
	}
	return api.Limits{
		Commands: rate(l.CommandRate, 3), Requests: rate(l.RequestRate, 4),
		// Who has more logins let in means the requests for them, too.
		Visits: rate(max(100, l.LoginRate), 10),
		Flood:  rate(max(5*l.CommandRate, 2*l.RequestRate), 4),
		Logins: rate(l.LoginRate, 10), LoginsPerAccount: rate(l.LoginRate/10, 10),
		Upgrades: rate(l.UpgradeRate, 10),
	}
}

// startProfiler serves Go's profiler on an address of its own, where asked for.
func (c *serveCommand) startProfiler(log *slog.Logger) (stop func(), err error) {
	if c.PprofAddr == "" {
		return func() {}, nil
	}
	ln, err := net.Listen("tcp", c.PprofAddr)
	if err != nil {
		return func() {}, fmt.Errorf("listen for the profiler: %w", err)
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return func() {}, errors.Join(errors.New("PARLEY_PPROF_ADDR must be a loopback address"), ln.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("profiler", "err", err)
		}
	}()
	return func() {
		_ = srv.Close() // nothing is lost with a profile
		<-done
	}, nil
}

// startCast plays the demo's counterparties against this instance.
func startCast(ctx context.Context, in *instance, log *slog.Logger) (stop func(), err error) {
	cast := &demo.Cast{Store: in.store, URL: browsable(in.listener.Addr()), Log: log}
	stop = func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := cast.Stop(closing); err != nil {
			log.Warn("end the demo's counterparties", "err", err)
		}
	}
	if err := cast.Start(ctx); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}
