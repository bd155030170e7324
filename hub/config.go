package hub

import (
	"cmp"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Close codes that the hub itself uses; docs/protocol.md says what a client
// does next.
const (
	// CloseNormal ends a connection whose handler is done.
	CloseNormal = 1000
	// CloseBroken stands for a failed write; it is never sent.
	CloseBroken = 1006
	// CloseSlow: the queue is full; reconnect at once and resume.
	CloseSlow = 4000
	// CloseGoingDown: reconnect after about the reason's after_ms.
	CloseGoingDown = 4100
)

// Errors of Connect and Join.
var (
	ErrDraining           = errors.New("hub: going down")
	ErrTooManyConnections = errors.New("hub: too many connections")
	ErrTooManyTopics      = errors.New("hub: too many topics on one connection")
	ErrClosed             = errors.New("hub: connection closed")
	ErrAfter              = errors.New("hub: after is negative")
	// ErrLogHole means that the Log does not hold what its head promised.
	ErrLogHole = errors.New("hub: frames are missing in the log")
)

// Config says what a hub works with. Log is required; zero values choose the
// defaults named.
type Config struct {
	Log Log
	// Bus reaches the other instances; nil means that there are none.
	Bus Bus
	// Instance names this instance among all that run; required with a Bus.
	Instance string
	// Epoch names the Log's history; a join that names another one is reset.
	Epoch string

	Clock  Clock
	Logger *slog.Logger
	// Rand returns a random number in [0, n). It is called from many goroutines.
	Rand func(n int64) int64
	// Encode puts a payload into the form that Transport.Write sends. It is
	// applied once for each frame however many readers it has. Default: as it is.
	Encode func(payload []byte) []byte

	// Sparse tells the topics whose seqs have holes; a seq still names one frame
	// of its topic. Default: none.
	Sparse func(topic string) bool
	// Pulled tells the topics that other instances are only told the head of, and read
	// from the Log where somebody listens: topics of many bytes and few readers. They
	// are not sparse. Default: none.
	Pulled func(topic string) bool
	// Presence tells the topics whose members are shown. Default: those that are
	// not sparse.
	Presence func(topic string) bool
	// MaxGap is the longest gap that a join of the topic may fill; over it the
	// reader is reset. 0 means any. Default: any.
	MaxGap func(topic string) int64

	// MaxQueue bounds what waits for one connection, in bytes. Default 1 MiB.
	MaxQueue int
	// PageSize bounds one read of the Log, and the tail that a join sends before
	// it says "more". Default 500 frames.
	PageSize int
	// Recent is how much history a reader gets that knows nothing. Default 100.
	Recent int
	// CacheBytes bounds the recent frames kept for each topic with readers.
	// Default 32 KiB.
	CacheBytes int
	// MaxConns bounds the connections of this instance, and MaxConnsEach those
	// of one identity. 0 means no bound.
	MaxConns, MaxConnsEach int
	// MaxTopics bounds the topics of one connection. Default 256.
	MaxTopics int

	// SweepEvery and SweepDown are the intervals in which heads are compared,
	// with the bus up and down. Default 1 s and 250 ms.
	SweepEvery, SweepDown time.Duration
	// DoubtEvery is how often a sparse topic in which something happens is compared with
	// the Log whole, below its head too. Default 10 s.
	DoubtEvery time.Duration
	// GapWait is how long a gap may close itself before the Log is read, as
	// frames of other instances are often only late. Default 25 ms.
	GapWait time.Duration
	// FillWorkers bounds the Log reads that fill gaps at a time. Default 4.
	FillWorkers int
	// QueryTimeout bounds one call of the Log that no caller waits for with a
	// context of its own. Default 5 s.
	QueryTimeout time.Duration

	// PresenceEvery is how often an instance repeats who is there, PresenceTTL
	// how long it is believed without that, PresenceWait how long changes are
	// gathered. Default 5 s, 12 s, 50 ms.
	PresenceEvery, PresenceTTL, PresenceWait time.Duration

	// OutboxBytes bounds what waits for the bus; over it frames are dropped and
	// found by the others in the Log. Default 8 MiB.
	OutboxBytes int
	// DrainSpread is the time over which Drain spreads the clients' return.
	// Default 5 s.
	DrainSpread time.Duration

	// OnFanout, if set, hears how long it took to put the frames of one Publish
	// into the queues of so many local readers. It must be quick.
	OnFanout func(deliveries int, took time.Duration)
}

func (c *Config) setDefaults() {
	if c.Bus == nil {
		c.Bus = alone{}
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = rand.Int64N
	}
	if c.Encode == nil {
		c.Encode = func(p []byte) []byte { return p }
	}
	if c.Sparse == nil {
		c.Sparse = func(string) bool { return false }
	}
	if c.Pulled == nil {
		c.Pulled = func(string) bool { return false }
	}
	if c.Presence == nil {
		sparse := c.Sparse
		c.Presence = func(topic string) bool { return !sparse(topic) }
	}
	if c.MaxGap == nil {
		c.MaxGap = func(string) int64 { return 0 }
	}
	c.MaxQueue = cmp.Or(c.MaxQueue, 1<<20)
	c.PageSize = cmp.Or(c.PageSize, 500)
	c.Recent = cmp.Or(c.Recent, 100)
	c.CacheBytes = cmp.Or(c.CacheBytes, 32<<10)
	c.MaxTopics = cmp.Or(c.MaxTopics, 256)
	c.SweepEvery = cmp.Or(c.SweepEvery, time.Second)
	c.SweepDown = cmp.Or(c.SweepDown, 250*time.Millisecond)
	c.DoubtEvery = cmp.Or(c.DoubtEvery, 10*time.Second)
	c.GapWait = cmp.Or(c.GapWait, 25*time.Millisecond)
	c.FillWorkers = cmp.Or(c.FillWorkers, 4)
	c.QueryTimeout = cmp.Or(c.QueryTimeout, 5*time.Second)
	c.PresenceEvery = cmp.Or(c.PresenceEvery, 5*time.Second)
	c.PresenceTTL = cmp.Or(c.PresenceTTL, 12*time.Second)
	c.PresenceWait = cmp.Or(c.PresenceWait, 50*time.Millisecond)
	c.OutboxBytes = cmp.Or(c.OutboxBytes, 8<<20)
	c.DrainSpread = cmp.Or(c.DrainSpread, 5*time.Second)
}
