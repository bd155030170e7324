package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"parley/cmd/parley/internal/wire"
)

// Command is `parley bench`.
type Command struct {
	Offers  Offers  `cmd:"" help:"Two parties a room answer each other's offers."`
	Fanout  Fanout  `cmd:"" help:"One room or the feed with many readers."`
	Idle    Idle    `cmd:"" help:"Connections that do nothing."`
	Storm   Storm   `cmd:"" help:"Many clients are cut and resume at once."`
	Prepare Prepare `cmd:"" help:"Write people, campaigns and ad requests into a store and print their accounts."`
}

// Help says what the servers need.
func (*Command) Help() string {
	return `A load meets limits that protect a normal server. Start the instances with

  ` + needed + `

and prepare rooms whose parties may put many offers (the default of bench prepare):

  parley bench prepare --rooms 500 > accounts.jsonl
  parley bench offers --accounts accounts.jsonl --instances http://127.0.0.1:8080`
}

// needed are the settings of servers under load.
const needed = "PARLEY_COMMAND_RATE=1000000 PARLEY_REQUEST_RATE=1000000 PARLEY_UPGRADE_RATE=1000000 " +
	"PARLEY_MAX_CONNECTIONS_EACH=1000000"

// Target are the flags that all workloads share.
type Target struct {
	Instances []string       `required:"" sep:"," help:"Base URLs of the running instances."`
	Accounts  string         `required:"" help:"File of bench prepare, - for standard input."`
	JSON      bool           `name:"json" help:"Print the result as JSON."`
	Redis     string         `help:"URL of the instances' Redis, to count its CPU."`
	PIDs      map[string]int `name:"pids" help:"Further local processes to count, name=pid, with their children."`
	Dialers   int            `default:"64" help:"Connections that are opened at a time."`
}

const (
	// dialTimeout bounds one connection's handshake, join included.
	dialTimeout = 30 * time.Second
	// portsPerAddress is how many connections one source address opens to an
	// instance; the system has some 28,000 ports for it.
	portsPerAddress = 20_000
	// spareFiles are the descriptors beside the connections.
	spareFiles = 256
)

// run is one workload under way.
type run struct {
	Target
	accounts []Account
	probes   probes
	http     *http.Client
	log      io.Writer // progress
	dialed   atomic.Int64
	failures failures
}

// begin checks the flags and reads the accounts. conns is how many connections
// the workload opens.
func (t *Target) begin(limit, conns int, stdin io.Reader, progress io.Writer) (*run, error) {
	r := &run{Target: *t, log: progress, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: time.Minute,
	}}
	for _, base := range t.Instances {
		if _, err := wire.SocketURL(base); err != nil {
			return nil, err
		}
		r.probes = append(r.probes, metricsProbe{base, r.http})
	}
	if t.Redis != "" {
		p, err := newRedisProbe(t.Redis)
		if err != nil {
			return nil, err
		}
		r.probes = append(r.probes, p)
	}
	for name, pid := range t.PIDs {
		r.probes = append(r.probes, processProbe{name, pid})
	}
	if err := raiseFiles(conns + spareFiles); err != nil {
		return nil, err
	}
	var err error
	if r.accounts, err = readAccounts(t.Accounts, stdin, limit); err != nil {
		return nil, err
	}
	r.say("The instances need: %s", needed)
	return r, nil
}

// end gives back what begin took.
func (r *run) end() error {
	r.http.CloseIdleConnections()
	var errs []error
	for _, p := range r.probes {
		if p, ok := p.(redisProbe); ok {
			errs = append(errs, p.client.Close())
		}
	}
	return errors.Join(errs...)
}

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.log, format+"\n", args...) }

// raiseFiles lets this process open so many files.
func raiseFiles(n int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	need := uint64(n)
	if limit.Cur >= need {
		return nil
	}
	limit.Cur = max(need, limit.Max)
	limit.Max = limit.Cur
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		return nil
	}
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	if limit.Cur = min(need, limit.Max); limit.Cur < need {
		return fmt.Errorf("%d open files are needed, the system allows %d (ulimit -n)", need, limit.Max)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	return nil
}

// connect opens a connection to an instance and reads its welcome. It waits and
// tries again while the server has too many at a time.
func (r *run) connect(ctx context.Context, instance int, token string, receiveBuffer int) (*wire.Conn, wire.Welcome, error) {
	var w wire.Welcome
	base := r.Instances[instance%len(r.Instances)]
	opt := wire.DialOptions{URL: base, Token: token, ReceiveBuffer: receiveBuffer, LocalIP: r.source(base)}
	for tries := 0; ; tries++ {
		dialing, cancel := context.WithTimeout(ctx, dialTimeout)
		c, err := wire.Dial(dialing, opt)
		cancel()
		var refused *wire.RefusedError
		if errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests {
			r.failures.add("upgrade: rate_limited")
			if err := (wire.SystemClock{}).Sleep(ctx, wire.Backoff(min(tries, 2), rand.Int64N)); err != nil {
				return nil, w, err
			}
			continue
		}
		if err != nil {
			return nil, w, err
		}
		raw, err := c.Read()
		if err == nil {
			err = json.Unmarshal(raw, &w)
		}
		if err != nil {
			return nil, w, errors.Join(fmt.Errorf("welcome: %w", err), c.Close())
		}
		return c, w, nil
	}
}

// source is the address to connect from: to a server on this machine there are
// as many as one likes, and each has its own ports.
func (r *run) source(base string) net.IP {
	u, err := url.Parse(base)
	if err != nil {
		return nil
	}
	n := r.dialed.Add(1) / portsPerAddress
	ip := net.ParseIP(u.Hostname()).To4()
	if u.Hostname() == "localhost" {
		ip = net.IPv4(127, 0, 0, 1).To4()
	}
	if ip == nil || !ip.IsLoopback() || n == 0 {
		return nil
	}
	return net.IPv4(127, 0, byte(n>>8), byte(n)+1)
}

// forEach calls f for 0 … n-1, so many at a time, until one fails.
func forEach(ctx context.Context, n, atATime int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, max(1, atATime)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// joinRequest is a join as a frame.
func joinRequest(topic string, after *int64, epoch string) []byte {
	frame := map[string]any{"id": "join", "type": "join", "topic": topic}
	if after != nil {
		frame["after"], frame["epoch"] = *after, epoch
	}
	raw, err := json.Marshal(frame)
	if err != nil {
		panic(fmt.Sprintf("bench: encode a join: %v", err)) // texts and numbers always encode
	}
	return raw
}

// join sends a join and reads up to its answer; other frames on the way go to
// other. The frame is valid until the next read.
func join(c *wire.Conn, topic string, after *int64, epoch string, other func(raw []byte)) (f wire.Frame, err error) {
	if err := c.Write(joinRequest(topic, after, epoch)); err != nil {
		return f, err
	}
	for {
		raw, err := c.Read()
		if err != nil {
			return f, err
		}
		if err := f.Parse(raw); err != nil {
			return f, err
		}
		if !f.IsAnswer() {
			if other != nil {
				other(raw)
			}
			continue
		}
		if f.Error == nil {
			return f, nil
		}
		refused, err := wire.ParseError(f.Error)
		if err != nil {
			return f, err
		}
		return f, fmt.Errorf("join %s: %w", topic, refused)
	}
}

// watch prints a line a second and keeps the highest memory of each process,
// until the time is over or ctx ends.
func (r *run) watch(ctx context.Context, d time.Duration, line func(elapsed time.Duration) string) (peak []float64, err error) {
	peak = make([]float64, len(r.probes))
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return peak, context.Cause(ctx)
		case <-tick.C:
		}
		elapsed := time.Since(began)
		usage, err := r.probes.take(ctx)
		if err != nil {
			return peak, err
		}
		for i := range usage {
			peak[i] = max(peak[i], usage[i].Resident)
		}
		r.say("%5.0f s  %s", elapsed.Seconds(), line(elapsed))
		if elapsed >= d {
			return peak, nil
		}
	}
}

// until waits for a condition, and says what did not come true in time.
func until(ctx context.Context, d time.Duration, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for !ok() {
		if (wire.SystemClock{}).Sleep(ctx, 5*time.Millisecond) != nil {
			return fmt.Errorf("after %v still not: %s", d, what)
		}
	}
	return nil
}
