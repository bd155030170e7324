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

// Fanout is the workload of one topic with many readers.
type Fanout struct {
	Target
	Topic    string        `enum:"room,feed" default:"room" help:"What is read: room or feed."`
	Readers  int           `default:"1000" help:"Connections that read the topic."`
	Stalled  int           `default:"0" help:"How many of them stop reading after they joined."`
	Duration time.Duration `default:"15s" help:"How long is measured."`
	Warmup   time.Duration `default:"2s" help:"How long it runs before that."`
	Size     int           `default:"300" help:"Bytes of a message's frame."`
	Window   int           `default:"32" help:"Messages that may be on their way at a time."`
}

// stalledBuffer is the receive buffer of a reader that will stop: small, so that
// the server notices early.
const stalledBuffer = 4 << 10

// FanoutResult is what a run of Fanout found.
type FanoutResult struct {
	Workload  string  `json:"workload"`
	Topic     string  `json:"topic"`
	Readers   int     `json:"readers"`
	Stalled   int     `json:"stalled"`
	Instances int     `json:"instances"`
	Seconds   float64 `json:"seconds"`
	Messages  int64   `json:"messages"`
	// Deliveries are those of readers that read, in the measured time.
	Deliveries int64   `json:"deliveries"`
	PerSecond  float64 `json:"deliveries_per_second"`
	// Latency is from sending a message to its arrival at a reader.
	Latency Latency `json:"latency"`
	// Cut are the readers whose connection the servers ended in the measured time,
	// Level the stalled ones that had everything after they resumed.
	Cut       int64            `json:"stalled_cut"`
	Level     int64            `json:"stalled_level"`
	Processes []Spent          `json:"processes"`
	Failures  map[string]int64 `json:"failures,omitempty"`
	Verdict   Verdict          `json:"verdict"`
}

// Run runs the workload.
func (o *Fanout) Run(ctx context.Context, k *kong.Context) (err error) {
	if o.Readers < 1 || o.Stalled < 0 || o.Stalled >= o.Readers || o.Window < 1 {
		return errors.New("--readers and --window must be at least 1, and some readers must not be --stalled")
	}
	r, err := o.begin(1, o.Readers+1, os.Stdin, k.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	f := &fanoutRun{run: r, options: *o, account: r.accounts[0], wake: make(chan struct{}, 1)}
	result, err := f.measure(ctx)
	if err != nil {
		return err
	}
	if err := printResult(k.Stdout, o.JSON, result); err != nil {
		return err
	}
	return judge(result.Verdict, result.Failures)
}

type fanoutRun struct {
	*run
	options Fanout
	account Account
	base    int64     // the room's head before the run
	readers []*reader // the stalled ones come first
	active  int64

	measuring, closing atomic.Bool
	total              atomic.Int64 // deliveries of the whole run
	deliveries         atomic.Int64 // of the measured time
	latency            histogram
	wake               chan struct{}
}

func (f *fanoutRun) measure(ctx context.Context) (_ *FanoutResult, err error) {
	defer f.closeReaders()
	if err := f.openReaders(ctx); err != nil {
		return nil, err
	}
	f.say("%d readers are open on %d instances", len(f.readers), len(f.Instances))
	p, err := f.openPublisher(ctx, 0, f.account, f.options.Size)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var following sync.WaitGroup
	for _, r := range f.readers[f.options.Stalled:] {
		following.Go(func() { f.follow(r) })
	}
	publishing, stop := context.WithCancel(ctx)
	var publisher sync.WaitGroup
	publisher.Go(func() { f.publish(publishing, p) })
	defer publisher.Wait()
	defer stop()

	if err := (wire.SystemClock{}).Sleep(ctx, f.options.Warmup); err != nil {
		return nil, err
	}
	before, err := f.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	f.measuring.Store(true)
	last, lastAt := int64(0), time.Duration(0)
	peak, err := f.watch(ctx, f.options.Duration, func(at time.Duration) string {
		n := f.deliveries.Load()
		rate := float64(n-last) / (at - lastAt).Seconds()
		last, lastAt = n, at
		return fmt.Sprintf("%8.0f deliveries/s  p99 %.1f ms", rate, f.latency.latency().P99)
	})
	if err != nil {
		return nil, err
	}
	f.measuring.Store(false)
	deliveries, took := f.deliveries.Load(), time.Since(began)
	after, err := f.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	stop()
	publisher.Wait()
	if err := p.flush(ctx); err != nil {
		return nil, err
	}
	sent := p.k
	err = until(ctx, quietTimeout, "every reader has every message", func() bool {
		for _, r := range f.readers[f.options.Stalled:] {
			if r.k.Load() < sent {
				return false
			}
		}
		return true
	})
	if err != nil {
		f.say("%v", err) // the audit counts what is missing
	}
	level := f.wakeStalled(ctx, sent)
	f.closeReaders()
	following.Wait()
	used := spent(before, after, peak, deliveries)
	cut := 0.0
	for _, one := range used {
		cut += one.Slow
	}
	verdict, err := f.audit(ctx, p)
	if err != nil {
		return nil, err
	}
	return &FanoutResult{
		Workload: "fanout", Topic: f.options.Topic, Readers: len(f.readers), Stalled: f.options.Stalled,
		Instances: len(f.Instances), Seconds: took.Seconds(), Messages: sent, Deliveries: deliveries,
		PerSecond: float64(deliveries) / took.Seconds(), Latency: f.latency.latency(), Cut: int64(cut), Level: level,
		Processes: used, Failures: f.failures.all(), Verdict: verdict,
	}, nil
}

// openReaders opens the first one at the head and the others where it stands.
func (f *fanoutRun) openReaders(ctx context.Context) error {
	var err error
	if f.base, err = f.head(ctx, f.account); err != nil {
		return err
	}
	f.active = int64(f.options.Readers - f.options.Stalled)
	f.readers = make([]*reader, f.options.Readers)
	for i := range f.readers {
		r := &reader{run: f.run, instance: i, topic: "room:" + f.account.Room, token: f.account.SponsorToken}
		if i%2 == 1 {
			r.token = f.account.InfluencerToken
		}
		if f.options.Topic == "feed" {
			r.topic, r.token = "feed", f.account.AdminToken
		}
		if i < f.options.Stalled {
			r.buffer = stalledBuffer
		}
		f.readers[i] = r
	}
	if err := f.readers[0].open(ctx, -1); err != nil {
		return err
	}
	base := f.readers[0].got.base
	return forEach(ctx, len(f.readers)-1, f.Dialers, func(ctx context.Context, i int) error {
		return f.readers[i+1].open(ctx, base)
	})
}

func (f *fanoutRun) closeReaders() {
	f.closing.Store(true)
	for _, r := range f.readers {
		if r != nil && r.conn != nil {
			_ = r.conn.Close() // its goroutine says what matters
		}
	}
}

// follow reads until the connection ends.
func (f *fanoutRun) follow(r *reader) {
	for {
		raw, k, err := r.next()
		if err != nil {
			if !f.closing.Load() {
				f.failures.add("reader: " + endOf(err))
			}
			return
		}
		if k == other {
			continue
		}
		if f.measuring.Load() {
			f.deliveries.Add(1)
			f.latency.record(age(raw))
		}
		if f.total.Add(1)%f.active == 0 {
			select {
			case f.wake <- struct{}{}:
			default:
			}
		}
	}
}

// publish sends as fast as the readers take it, at most a window ahead of them.
func (f *fanoutRun) publish(ctx context.Context, p *publisher) {
	for {
		for p.k-p.acked.Load() >= int64(f.options.Window) || (p.k-int64(f.options.Window)+1)*f.active > f.total.Load() {
			// Acknowledgements and deliveries wake it; the time is for what is lost.
			wait, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			select {
			case <-f.wake:
			case <-wait.Done():
			}
			cancel()
			if ctx.Err() != nil || p.failed() != nil {
				return
			}
		}
		if ctx.Err() != nil || p.send() != nil {
			return // its reader notes why
		}
	}
}

// wakeStalled lets the stalled readers resume, and counts those that end with
// everything. What their connections still hold is of no use: with so small a
// buffer it would take long to arrive.
func (f *fanoutRun) wakeStalled(ctx context.Context, sent int64) (level int64) {
	var levels atomic.Int64
	ctx, cancel := context.WithTimeout(ctx, quietTimeout)
	defer cancel()
	err := forEach(ctx, f.options.Stalled, f.Dialers, func(ctx context.Context, i int) error {
		r := f.readers[i]
		_ = r.conn.Cut() // the server may have ended it already
		r.buffer = 0
		err := r.open(ctx, -1)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { _ = r.conn.Cut() }) // ends the read
			defer stop()
			for r.k.Load() < sent && err == nil {
				_, _, err = r.next()
			}
		}
		if err != nil {
			f.failures.add("stalled reader: " + endOf(err))
			return nil // the audit counts what it lacks
		}
		levels.Add(1)
		return nil
	})
	if err != nil {
		f.say("%v", err) // the audit counts what is missing
	}
	return levels.Load()
}

// audit compares what came with the log. The feed's log is what this run alone
// has put into it.
func (f *fanoutRun) audit(ctx context.Context, p *publisher) (Verdict, error) {
	readers := make([]*received, len(f.readers))
	for i, r := range f.readers {
		readers[i] = &r.got
	}
	log, err := f.messageLog(ctx, f.account, f.base)
	if err != nil {
		return Verdict{}, err
	}
	// The feed counts otherwise than the room, so the two are asked apart.
	v := audit(f.base, log, p.acks)
	v.add(audit(readers[0].base, log, nil, readers...))
	return v, nil
}

// table shows the result to a person.
func (r *FanoutResult) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "fanout: %s, %d readers, %d of them stalled, %d instances, %.1f s\n",
		r.Topic, r.Readers, r.Stalled, r.Instances, r.Seconds)
	fmt.Fprintf(&b, "  delivered     %d, %.0f a second (%d messages in the whole run)\n", r.Deliveries, r.PerSecond, r.Messages)
	b.WriteString(r.Latency.line("to a reader"))
	if r.Stalled > 0 {
		fmt.Fprintf(&b, "  stalled       %d slow readers were cut, %d of %d had everything in the end\n", r.Cut, r.Level, r.Stalled)
	}
	b.WriteString(processLines(r.Processes, "a delivery"))
	fmt.Fprintf(&b, "  verdict       %v\n", r.Verdict)
	return b.String()
}
