package bench

import (
	"context"
	"encoding/json"
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

// Offers is the workload of negotiating rooms.
type Offers struct {
	Target
	Rooms    int           `default:"500" help:"Rooms that negotiate at once."`
	Duration time.Duration `default:"20s" help:"How long is measured."`
	Warmup   time.Duration `default:"3s" help:"How long it runs before that."`
	Size     int           `default:"300" help:"Bytes of a counter's frame."`
}

const (
	// minFrame is what a counter needs without its note's padding, maxPadding what
	// the protocol's limit of a note leaves for it.
	minFrame   = 220
	maxPadding = 900
	// quietTimeout bounds the wait for what is under way when a run ends.
	quietTimeout = 30 * time.Second
	// auditors read the log at a time.
	auditors = 16
)

// OffersResult is what a run of Offers found.
type OffersResult struct {
	Workload  string  `json:"workload"`
	Rooms     int     `json:"rooms"`
	Instances int     `json:"instances"`
	Seconds   float64 `json:"seconds"`
	// Offers were acknowledged in the measured time, Total in the whole run.
	Offers    int64   `json:"offers"`
	Total     int64   `json:"offers_total"`
	PerSecond float64 `json:"offers_per_second"`
	// Ack is from sending an offer to its acknowledgement, Peer from sending it to
	// its arrival at the other party.
	Ack       Latency          `json:"ack"`
	Peer      Latency          `json:"peer"`
	Processes []Spent          `json:"processes"`
	Failures  map[string]int64 `json:"failures,omitempty"`
	Verdict   Verdict          `json:"verdict"`
}

// Run runs the workload.
func (o *Offers) Run(ctx context.Context, k *kong.Context) (err error) {
	if o.Size < minFrame || o.Size > minFrame+maxPadding {
		return fmt.Errorf("--size must be from %d to %d", minFrame, minFrame+maxPadding)
	}
	r, err := o.begin(o.Rooms, 2*o.Rooms, os.Stdin, k.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	b := &offersRun{run: r, size: o.Size}
	result, err := b.measure(ctx, o.Warmup, o.Duration)
	if err != nil {
		return err
	}
	if err := printResult(k.Stdout, o.JSON, result); err != nil {
		return err
	}
	return judge(result.Verdict, result.Failures)
}

// offersRun is a run under way.
type offersRun struct {
	*run
	size  int
	rooms []*offersRoom

	measuring, stopping, closing atomic.Bool
	offers, total                atomic.Int64
	ack, peer                    histogram
	readers                      sync.WaitGroup
}

// offersRoom is a room whose two parties take turns: at most one offer is on its
// way at a time, so that what they share needs no more than single values.
type offersRoom struct {
	account  Account
	currency string
	base     int64 // the head before the run
	sides    [2]*party
	k        atomic.Int64 // the last offer's number
	sentAt   atomic.Int64 // when it was sent, in nanoseconds since the Unix epoch
	ackedTo  atomic.Int64 // the highest acknowledged seq
}

// snapshotView is what the bench needs of a room's snapshot.
type snapshotView struct {
	Seq      int64  `json:"seq"`
	Status   string `json:"status"`
	Standing *struct {
		Seq    int64  `json:"seq"`
		Author string `json:"author"`
	} `json:"standing"`
	Campaign struct {
		Currency string `json:"currency"`
	} `json:"campaign"`
}

func (b *offersRun) measure(ctx context.Context, warmup, d time.Duration) (*OffersResult, error) {
	defer b.close()
	b.rooms = make([]*offersRoom, len(b.accounts))
	starters := make([]func() error, len(b.accounts))
	err := forEach(ctx, len(b.rooms), b.Dialers, func(ctx context.Context, i int) (err error) {
		b.rooms[i], starters[i], err = b.openRoom(ctx, i)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.say("%d rooms are open on %d instances", len(b.rooms), len(b.Instances))
	for _, start := range starters {
		if err := start(); err != nil {
			return nil, err
		}
	}
	for _, room := range b.rooms {
		for _, p := range room.sides {
			b.readers.Go(p.read)
		}
	}
	if err := (wire.SystemClock{}).Sleep(ctx, warmup); err != nil {
		return nil, err
	}
	before, err := b.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	b.measuring.Store(true)
	last, lastAt := int64(0), time.Duration(0)
	peak, err := b.watch(ctx, d, func(at time.Duration) string {
		n := b.offers.Load()
		rate := float64(n-last) / (at - lastAt).Seconds()
		last, lastAt = n, at
		return fmt.Sprintf("%8.0f offers/s  ack p99 %.1f ms", rate, b.ack.latency().P99)
	})
	if err != nil {
		return nil, err
	}
	b.measuring.Store(false)
	offers, took := b.offers.Load(), time.Since(began)
	after, err := b.probes.take(ctx)
	if err != nil {
		return nil, err
	}
	b.stopping.Store(true)
	if err := until(ctx, quietTimeout, "everything sent is acknowledged and has arrived", b.quiet); err != nil {
		b.say("%v", err) // the audit counts what is missing
	}
	b.close()
	verdict, err := b.audit(ctx)
	if err != nil {
		return nil, err
	}
	return &OffersResult{
		Workload: "offers", Rooms: len(b.rooms), Instances: len(b.Instances), Seconds: took.Seconds(),
		Offers: offers, Total: b.total.Load(), PerSecond: float64(offers) / took.Seconds(),
		Ack: b.ack.latency(), Peer: b.peer.latency(), Processes: spent(before, after, peak, offers),
		Failures: b.failures.all(), Verdict: verdict,
	}, nil
}

// openRoom connects both parties. start puts the first offer.
func (b *offersRun) openRoom(ctx context.Context, i int) (_ *offersRoom, start func() error, err error) {
	room := &offersRoom{account: b.accounts[i]}
	var view snapshotView
	for n, token := range []string{room.account.SponsorToken, room.account.InfluencerToken} {
		conn, _, err := b.connect(ctx, i+n, token, 0)
		if err != nil {
			return nil, nil, err
		}
		room.sides[n] = newParty(b, room, conn)
		answer, err := join(conn, "room:"+room.account.Room, nil, "", nil)
		if err != nil {
			return nil, nil, err
		}
		if err := json.Unmarshal(answer.Snapshot, &view); err != nil {
			return nil, nil, fmt.Errorf("snapshot of room %s: %w", room.account.Room, err)
		}
		room.sides[n].got.base = view.Seq
	}
	room.base, room.currency = view.Seq, view.Campaign.Currency
	sponsor, influencer := room.sides[0], room.sides[1]
	return room, func() error {
		switch {
		case view.Standing == nil:
			return sponsor.put("offer", 0)
		case view.Standing.Author == "sponsor":
			return influencer.put("counter", view.Standing.Seq)
		default:
			return sponsor.put("counter", view.Standing.Seq)
		}
	}, nil
}

// quiet tells whether everything that was sent has arrived everywhere.
func (b *offersRun) quiet() bool {
	for _, room := range b.rooms {
		for _, p := range room.sides {
			if p.waiting.Load() != 0 || p.head.Load() < room.ackedTo.Load() {
				return false
			}
		}
	}
	return true
}

// close ends all connections and waits for their readers.
func (b *offersRun) close() {
	b.closing.Store(true)
	for _, room := range b.rooms {
		if room == nil {
			continue
		}
		for _, p := range room.sides {
			if p != nil {
				_ = p.conn.Close() // its reader says what matters
			}
		}
	}
	b.readers.Wait()
}

// audit reads the log of every room and compares.
func (b *offersRun) audit(ctx context.Context) (v Verdict, err error) {
	var mu sync.Mutex
	err = forEach(ctx, len(b.rooms), auditors, func(ctx context.Context, i int) error {
		room := b.rooms[i]
		rest := wire.REST{
			Base: b.Instances[i%len(b.Instances)], Token: room.account.SponsorToken, HTTP: b.http,
		}
		var log []int64
		hole := errors.New("the log has a hole")
		err := rest.Log(ctx, room.account.Room, room.base, func(e wire.LogEvent) error {
			if e.Seq != room.base+int64(len(log))+1 {
				return fmt.Errorf("room %s at %d: %w", room.account.Room, e.Seq, hole)
			}
			log = append(log, offerNumber(e.Canonical))
			return nil
		})
		one := Verdict{}
		switch {
		case errors.Is(err, hole):
			b.failures.add(err.Error())
			one.Gapped++
		case err != nil:
			return err
		}
		s, t := room.sides[0], room.sides[1]
		one.add(audit(room.base, log, append(s.acks, t.acks...), &s.got, &t.got))
		mu.Lock()
		defer mu.Unlock()
		v.add(one)
		return nil
	})
	return v, err
}

// table shows the result to a person.
func (r *OffersResult) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "offers: %d rooms, %d instances, %.1f s\n", r.Rooms, r.Instances, r.Seconds)
	fmt.Fprintf(&b, "  acknowledged  %d, %.0f a second (%d in the whole run)\n", r.Offers, r.PerSecond, r.Total)
	b.WriteString(r.Ack.line("acknowledged"))
	b.WriteString(r.Peer.line("other party"))
	b.WriteString(processLines(r.Processes, "an offer"))
	fmt.Fprintf(&b, "  verdict       %v\n", r.Verdict)
	return b.String()
}
