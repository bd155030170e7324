package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/api"
	"parley/digest"
	"parley/digest/asynqrun"
	"parley/digest/desk"
	"parley/digest/export"
	"parley/digest/inprocess"
	"parley/digest/plan"
	"parley/digest/prune"
	"parley/digest/remind"
	"parley/digest/report"
	"parley/digest/send"
	"parley/digest/tell"
	"parley/digest/termsheet"
	"parley/store"
	"parley/store/outbox"
	"parley/store/seal"
)

// sending says how what is due leaves the house. All that carry out jobs for one store
// are given the same.
type sending struct {
	SMTPURL  string `name:"smtp" env:"PARLEY_SMTP_URL" help:"Server that mail is handed to, such as smtp://user:password@mail.example.com:587 or smtps://…; without it mail is kept in the outbox, where admins read it."`
	MailFrom string `env:"PARLEY_MAIL_FROM" default:"Parley <parley@localhost>" help:"The sender of mails."`
	Secret   string `env:"PARLEY_SECRET" help:"At least 32 characters, the same for all instances and workers: seals the secrets of second factors and webhooks."`

	KeepDays int `env:"PARLEY_KEEP_DAYS" default:"30" help:"How long records of mails and jobs are kept."`

	AllowPrivate bool `name:"webhook-allow-private" env:"PARLEY_WEBHOOK_ALLOW_PRIVATE" help:"Let webhooks have private and loopback addresses."`
}

// work is what carries out jobs: the engine on its runner, and those who find out what
// is due by the clock and by the log.
type work struct {
	engine   *digest.Engine
	planner  *plan.Planner
	follower *tell.Follower
	stop     context.CancelFunc
	running  sync.WaitGroup

	local   *inprocess.Runner
	shared  *asynqrun.Runner // nil without Redis
	started time.Time
	log     *slog.Logger
}

// newWork makes the engine with all kinds of jobs; by asynq where there is a Redis.
// Links in mails begin with linkURL.
func (c *sending) newWork(st *store.Store, metrics *api.Metrics, redisURL, linkURL string, log *slog.Logger) (*work, error) {
	kinds, err := c.kinds(st, metrics, linkURL)
	if err != nil {
		return nil, err
	}
	w := &work{planner: plan.New(st, time.Now), follower: &tell.Follower{Store: st, Clock: time.Now}, local: inprocess.New(digest.Workers(kinds)), started: time.Now(), log: log}
	var runner digest.Runner = w.local
	if redisURL != "" {
		redis.SetLogger(redisLog{log})
		w.shared, err = asynqrun.New(asynqrun.Config{
			URL: redisURL, Namespace: st.Epoch(), Workers: digest.Workers(kinds), Logger: log,
		})
		if err != nil {
			return nil, err
		}
		runner = &digest.Fallback{First: w.shared, Second: w.local, Logger: log}
	}
	w.engine, err = digest.New(digest.Config{
		Store: st, Runner: runner, Kinds: kinds, Clock: time.Now, Jitter: mathrand.Int64N, Logger: log,
		Observer: jobFigures{metrics},
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// state tells admins what carries out jobs.
func (w *work) state(context.Context) (api.JobRunner, error) {
	if w.shared == nil {
		at := w.local.State()
		host, err := os.Hostname()
		if err != nil {
			return api.JobRunner{}, fmt.Errorf("name this machine: %w", err)
		}
		return api.JobRunner{Here: true, Waiting: at.Waiting, Running: at.Busy, Servers: []api.JobServer{
			{Host: host, PID: os.Getpid(), Workers: at.Workers, Busy: at.Busy, StartedAt: w.started},
		}}, nil
	}
	at, err := w.shared.State()
	if err != nil {
		return api.JobRunner{Here: true}, err
	}
	runner := sharedState(at)
	runner.Here = true
	return runner, nil
}

// watchQueue tells admins what carries out jobs where this instance does not: the queue
// that workers share by way of Redis.
func watchQueue(v *asynqrun.Viewer) func(ctx context.Context) (api.JobRunner, error) {
	return func(ctx context.Context) (api.JobRunner, error) {
		at, err := v.State(ctx)
		if err != nil {
			return api.JobRunner{}, err
		}
		return sharedState(at), nil
	}
}

func sharedState(at asynqrun.State) api.JobRunner {
	runner := api.JobRunner{Shared: true, Waiting: at.Waiting, Running: at.Running}
	for _, s := range at.Servers {
		runner.Servers = append(runner.Servers, api.JobServer{
			Host: s.Host, PID: s.PID, Workers: s.Workers, Busy: s.Busy, StartedAt: s.Started,
		})
	}
	return runner
}

// kinds are all kinds of jobs that this binary does.
func (c *sending) kinds(st *store.Store, metrics *api.Metrics, linkURL string) ([]digest.Kind, error) {
	mails := &send.Mails{
		Store: st, Clock: time.Now, Jitter: mathrand.Int64N,
		Observe: func(state outbox.State) { metrics.ObserveMail(string(state)) },
	}
	if c.SMTPURL != "" {
		var err error
		if mails.Server, err = send.NewServer(send.ServerConfig{URL: c.SMTPURL, From: c.MailFrom}); err != nil {
			return nil, fmt.Errorf("PARLEY_SMTP_URL and PARLEY_MAIL_FROM: %w", err)
		}
	}
	sealer, err := seal.New(c.Secret, seal.Webhooks, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_SECRET: %w", err)
	}
	hooks := &send.Webhooks{
		Store: st, Sealer: sealer, Jitter: mathrand.Int64N, Settings: linkURL + "/account/notifications",
		Poster:  send.NewPoster(send.PosterConfig{Clock: time.Now, AllowPrivate: c.AllowPrivate}),
		Observe: func(came send.Delivery) { metrics.ObserveWebhook(string(came)) },
	}
	old, err := prune.Kind(prune.Config{
		Store: st, Clock: time.Now, Keep: time.Duration(c.KeepDays) * 24 * time.Hour, Observe: metrics.ObservePruned,
	})
	if err != nil {
		return nil, fmt.Errorf("PARLEY_KEEP_DAYS: %w", err)
	}
	d := &desk.Desk{Store: st, Clock: time.Now, URL: linkURL}
	sheets := &termsheet.Maker{Store: st, URL: linkURL}
	return slices.Concat(
		[]digest.Kind{
			mails.Kind(), hooks.Kind(), old, remind.Daily(d), remind.Weekly(d),
			(&tell.Teller{Desk: d, TermSheet: sheets.Attachment}).Kind(),
		},
		report.Kinds(d), export.Kinds(st, time.Now),
	), nil
}

func (w *work) start() error {
	if err := w.engine.Start(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.running.Go(func() { w.planner.Run(ctx, w.log) })
	w.running.Go(func() { w.follower.Run(ctx, w.log) })
	return nil
}

// close waits for what runs, and leaves some of the time to those who close after it.
// What it has to end is due again for others, so that being out of time is no failure.
func (w *work) close(ctx context.Context) error {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)*3/4)
		defer cancel()
	}
	if w.stop != nil {
		w.stop()
	}
	w.running.Wait()
	err := w.engine.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		w.log.Warn("jobs took too long to stop; they are done again by others")
		return nil
	}
	return err
}

// jobFigures shows an engine's figures to Prometheus.
type jobFigures struct{ metrics *api.Metrics }

// ObserveJobs implements digest.Observer.
func (f jobFigures) ObserveJobs(kind string, r digest.Result, n int) {
	f.metrics.ObserveJobs(kind, string(r), n)
}

// ObserveBatch implements digest.Observer.
func (f jobFigures) ObserveBatch(kind string, took time.Duration) {
	f.metrics.ObserveJobBatch(kind, took)
}

// ObserveDue implements digest.Observer.
func (f jobFigures) ObserveDue(kind string, n int) { f.metrics.ObserveDue(kind, n) }
