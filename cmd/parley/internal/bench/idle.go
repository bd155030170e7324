package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kong"

	"parley/cmd/parley/internal/wire"
)

// Idle is the workload of connections that do nothing. The figures of memory
// are those of instances that have just been started.
type Idle struct {
	Target
	Conns    int           `default:"10000" help:"Connections to open."`
	Topic    string        `enum:"none,inbox,room" default:"room" help:"What each joins: none, inbox or room."`
	Duration time.Duration `default:"10s" help:"How long they stay before the memory is read."`
}

// IdleResult is what a run of Idle found.
type IdleResult struct {
	Workload  string `json:"workload"`
	Conns     int    `json:"connections"`
	Topic     string `json:"topic"`
	Instances int    `json:"instances"`
	// OpenSeconds is how long it took to open them, Seconds how long they stayed.
	OpenSeconds float64 `json:"open_seconds"`
	Seconds     float64 `json:"seconds"`
	// PerConn is the growth of all instances' memory in KiB for each connection.
	PerConn   float64          `json:"memory_kib_per_connection"`
	Processes []Spent          `json:"processes"`
	Failures  map[string]int64 `json:"failures,omitempty"`
}

// Run runs the workload.
func (o *Idle) Run(ctx context.Context, k *kong.Context) (err error) {
	if o.Conns < 1 {
		return errors.New("--conns must be at least 1")
	}
	r, err := o.begin(0, o.Conns, os.Stdin, k.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	result, err := r.idle(ctx, o)
	if err != nil {
		return err
	}
	if err := printResult(k.Stdout, o.JSON, result); err != nil {
		return err
	}
	return judge(Verdict{}, result.Failures)
}

func (r *run) idle(ctx context.Context, o *Idle) (*IdleResult, error) {
	conns := make([]*wire.Conn, o.Conns)
	var readers sync.WaitGroup
	var closing atomic.Bool
	defer func() {
		closing.Store(true)
		for _, c := range conns {
			if c != nil {
				_ = c.Close() // its reader says what matters
			}
		}
		readers.Wait()
	}()
	before, err := r.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	err = forEach(ctx, o.Conns, r.Dialers, func(ctx context.Context, i int) (err error) {
		account := r.accounts[i/2%len(r.accounts)]
		token := account.SponsorToken
		if i%2 == 1 {
			token = account.InfluencerToken
		}
		if conns[i], _, err = r.connect(ctx, i, token, 0); err != nil {
			return err
		}
		switch o.Topic {
		case "inbox":
			_, err = join(conns[i], "inbox", nil, "", nil)
		case "room":
			_, err = join(conns[i], "room:"+account.Room, nil, "", nil)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	opened := time.Since(began)
	r.say("%d connections are open on %d instances", o.Conns, len(r.Instances))
	for _, c := range conns {
		readers.Go(func() { // for the pings
			for {
				if _, err := c.Read(); err != nil {
					if !closing.Load() {
						r.failures.add(endOf(err))
					}
					return
				}
			}
		})
	}
	peak, err := r.watch(ctx, o.Duration, func(time.Duration) string { return "idle" })
	if err != nil {
		return nil, err
	}
	after, err := r.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	grown := 0.0
	for i := range r.Instances {
		grown += after[i].Resident - before[i].Resident
	}
	return &IdleResult{
		Workload: "idle", Conns: o.Conns, Topic: o.Topic, Instances: len(r.Instances),
		OpenSeconds: opened.Seconds(), Seconds: o.Duration.Seconds(),
		PerConn:   grown / 1024 / float64(o.Conns),
		Processes: spent(before, after, peak, int64(o.Conns)), Failures: r.failures.all(),
	}, nil
}

// table shows the result to a person.
func (r *IdleResult) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "idle: %d connections, topic %s, %d instances\n", r.Conns, r.Topic, r.Instances)
	fmt.Fprintf(&b, "  opened in     %.1f s\n", r.OpenSeconds)
	fmt.Fprintf(&b, "  memory        %.1f KiB a connection\n", r.PerConn)
	b.WriteString(processLines(r.Processes, "a connection"))
	return b.String()
}
