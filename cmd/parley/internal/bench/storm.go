package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Storm is the workload of many clients that lose their connections and resume
// at once, while events go on.
type Storm struct {
	Target
	Clients int `default:"2000" help:"Clients that are cut."`
	Rooms   int `default:"500" help:"Rooms that they read."`
	Missed  int `default:"5" help:"Events of each room while they are away."`
	Live    int `default:"3" help:"Events of each room while they come back."`
	Size    int `default:"300" help:"Bytes of a message's frame."`
}

// StormResult is what a run of Storm found.
type StormResult struct {
	Workload  string `json:"workload"`
	Clients   int    `json:"clients"`
	Rooms     int    `json:"rooms"`
	Missed    int    `json:"missed_each"`
	Live      int    `json:"live_each"`
	Instances int    `json:"instances"`
	// Level is how long after the storm began a client had all that it had missed.
	Level     Latency          `json:"level"`
	Processes []Spent          `json:"processes"`
	Failures  map[string]int64 `json:"failures,omitempty"`
	Verdict   Verdict          `json:"verdict"`
}

// Run runs the workload.
func (o *Storm) Run(ctx context.Context, k *kong.Context) (err error) {
	if o.Clients < 1 || o.Rooms < 1 || o.Missed < 0 || o.Live < 0 || o.Missed+o.Live == 0 {
		return errors.New("--clients and --rooms must be at least 1, and there must be events")
	}
	r, err := o.begin(o.Rooms, o.Clients+o.Rooms, os.Stdin, k.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	s := &stormRun{run: r, options: *o}
	result, err := s.measure(ctx)
	if err != nil {
		return err
	}
	if err := printResult(k.Stdout, o.JSON, result); err != nil {
		return err
	}
	return judge(result.Verdict, result.Failures)
}

type stormRun struct {
	*run
	options    Storm
	clients    []*reader
	publishers []*publisher
	level      histogram
}

func (s *stormRun) measure(ctx context.Context) (*StormResult, error) {
	defer s.close()
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	s.say("%d clients read %d rooms on %d instances", len(s.clients), len(s.publishers), len(s.Instances))
	for _, c := range s.clients {
		if err := c.conn.Cut(); err != nil {
			return nil, fmt.Errorf("cut a connection: %w", err)
		}
	}
	s.say("all are cut; every room gets %d events", s.options.Missed)
	if err := s.publish(ctx, s.options.Missed, true); err != nil {
		return nil, err
	}
	before, err := s.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	s.say("all come back, while every room gets %d events more", s.options.Live)
	// The live events are sent from beside, and whatever ends the one ends the other.
	began := time.Now()
	all := int64(s.options.Missed + s.options.Live)
	ctx, cancel := context.WithTimeout(ctx, quietTimeout)
	defer cancel()
	err = forEach(ctx, len(s.clients)+1, len(s.clients)+1, func(ctx context.Context, i int) error {
		if i == len(s.clients) {
			return s.publish(ctx, s.options.Live, false)
		}
		return s.resume(ctx, s.clients[i], began, all)
	})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	after, err := s.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	s.close()
	verdict, err := s.audit(ctx)
	if err != nil {
		return nil, err
	}
	return &StormResult{
		Workload: "storm", Clients: len(s.clients), Rooms: len(s.publishers), Missed: s.options.Missed,
		Live: s.options.Live, Instances: len(s.Instances), Level: s.level.latency(),
		Processes: spent(before, after, make([]float64, len(after)), int64(len(s.clients))),
		Failures:  s.failures.all(), Verdict: verdict,
	}, nil
}

func (s *stormRun) open(ctx context.Context) error {
	s.publishers = make([]*publisher, len(s.accounts))
	s.clients = make([]*reader, s.options.Clients)
	err := forEach(ctx, len(s.publishers), s.Dialers, func(ctx context.Context, i int) (err error) {
		s.publishers[i], err = s.openPublisher(ctx, i, s.accounts[i], s.options.Size)
		return err
	})
	if err != nil {
		return err
	}
	return forEach(ctx, len(s.clients), s.Dialers, func(ctx context.Context, i int) error {
		account := s.accounts[i%len(s.accounts)]
		c := &reader{run: s.run, instance: i / len(s.accounts), topic: "room:" + account.Room, token: account.SponsorToken}
		if i/len(s.accounts)%2 == 1 {
			c.token = account.InfluencerToken
		}
		s.clients[i] = c
		return c.open(ctx, -1)
	})
}

// publish sends so many messages to every room, in turns. With wait it returns
// when they are acknowledged.
func (s *stormRun) publish(ctx context.Context, n int, wait bool) error {
	for range n {
		for _, p := range s.publishers {
			if err := p.send(); err != nil {
				return err
			}
		}
		if !wait {
			continue
		}
		for _, p := range s.publishers {
			if err := p.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume brings a client back and reads until it has everything.
func (s *stormRun) resume(ctx context.Context, c *reader, began time.Time, all int64) error {
	if err := c.open(ctx, -1); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Cut() }) // ends the read
	defer stop()
	level := s.options.Missed == 0
	for c.k.Load() < all {
		_, k, err := c.next()
		if err != nil {
			s.failures.add("client: " + endOf(err))
			return nil // the audit counts what it lacks
		}
		if !level && k >= int64(s.options.Missed) {
			level = true
			s.level.record(time.Since(began))
		}
	}
	return nil
}

func (s *stormRun) close() {
	for _, c := range s.clients {
		if c != nil && c.conn != nil {
			_ = c.conn.Close() // its work is done
		}
	}
	for _, p := range s.publishers {
		if p != nil {
			p.close()
		}
	}
}

func (s *stormRun) audit(ctx context.Context) (v Verdict, err error) {
	for i, p := range s.publishers {
		var readers []*received
		for n := i; n < len(s.clients); n += len(s.publishers) {
			readers = append(readers, &s.clients[n].got)
		}
		if len(readers) == 0 {
			continue
		}
		base := readers[0].base
		log, err := s.messageLog(ctx, s.accounts[i], base)
		if err != nil {
			return v, err
		}
		v.add(audit(base, log, p.acks, readers...))
	}
	return v, nil
}

// table shows the result to a person.
func (r *StormResult) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "storm: %d clients of %d rooms on %d instances, %d events missed each and %d live\n",
		r.Clients, r.Rooms, r.Instances, r.Missed, r.Live)
	b.WriteString(r.Level.line("level"))
	b.WriteString(processLines(r.Processes, "a client"))
	fmt.Fprintf(&b, "  verdict       %v\n", r.Verdict)
	return b.String()
}
