package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/uptrace/bun"

	"parley/rooms"
)

// Errors that callers act on. Refusals by the rules are *rooms.Refusal.
var (
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("store: not found")
	// ErrUnavailable says that the database could not take the write now: nothing
	// is known to have changed, and the same command may be sent again.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrSchema says that the database's schema is not the one of this binary.
	ErrSchema = errors.New("store: schema is not current, run migrate")
)

// Config says where the database is and how the store runs on it.
type Config struct {
	// URL is sqlite://path (relative, or absolute with three slashes) or
	// postgres://…
	URL    string
	Clock  func() time.Time
	Rand   io.Reader
	Logger *slog.Logger

	// MaxBatch bounds the commands of one transaction, QueueLimit those that
	// wait, Readers the connections that read. 0 takes the package's defaults.
	MaxBatch, QueueLimit, Readers int

	// OnCommit is called after each commit that has
	// something to tell, in commit order, by one goroutine. It
	// calls answer exactly once before it returns; that answers the commands of the
	// batch. It must not block and may keep the batch.
	OnCommit func(b Batch, answer func())
	// OnDeal is called in the transaction of each command that does something in a
	// room whose deal is in force, after the command is decided; what it writes is
	// committed with it. An error takes back the command, which is then not stored.
	// It may be called again for the same command when the transaction is.
	OnDeal func(ctx context.Context, t *Tx, m *DealMove) error
	// Observe is called after each transaction with its figures.
	Observe func(BatchStats)
	// OnRead sees each query of the connections that only read, before it runs;
	// where the arguments are written into the query, args is empty. Tests of query
	// plans set it. It may be called by several goroutines at once.
	OnRead func(query string, args []any)
}

// BatchStats are the figures of one transaction of the writer.
type BatchStats struct {
	Commands int
	Events   int
	Failed   bool
	// Wait is how long the batch's first command stood in the queue, Duration
	// how long the transaction took with its commit.
	Wait, Duration time.Duration
}

// Command asks a room for something.
type Command struct {
	// Room is the room's id; of an Open command that of the new room.
	Room string
	// CMID is the client's id of the command, by which it happens only once. It is
	// empty for commands of the system, which are not recorded.
	CMID  string
	Actor rooms.Actor
	Body  rooms.Command
	// Also happens in the same transaction once the command is taken; not when it is
	// refused or was answered before. An error takes back the command and is its answer.
	Also []Also
	// Done is called exactly once, by the delivery goroutine; it must not block.
	Done func(Result)
}

// Result is the answer to a command.
type Result struct {
	// Seq is the number of the command's last event in its room, At its time.
	Seq int64
	At  rooms.Time
	// Duplicate says that the command had been answered before and this is that
	// answer.
	Duplicate bool
	// Err is a *rooms.Refusal or wraps ErrUnavailable.
	Err error
}

// Committed is one event of the log.
type Committed struct {
	// Pos counts the events of all rooms in commit order, without gaps.
	Pos  int64
	Room string
	Seq  int64
	Type rooms.EventType
	// Body is the event's canonical bytes, not to be changed.
	Body []byte
}

// FeedEvent is an event with what the feed shows beside it.
type FeedEvent struct {
	Committed
	Campaign            string
	Sponsor, Influencer string // user ids
}

// Batch is what one transaction has changed.
type Batch struct {
	Events []Committed
	// Rooms holds the newest state of each room that has events in the batch.
	Rooms []RoomChange
	// Pings are what users are told beside the log, in the order of the writes.
	Pings []Ping
}

// Ping tells a user's open connections that something of theirs has changed. It is
// not kept: who misses it reads the rows.
type Ping struct {
	User string
	// Kind says what has changed; letters and underscores only.
	Kind string
}

// DealMove is what one command has done in a room whose deal was in force before.
type DealMove struct {
	// State is the room's after the events; it is not to be changed or kept.
	State *rooms.State
	// Events are the command's, one at least.
	Events []rooms.Event
}

// OfferBrief is what a list shows of an offer.
type OfferBrief struct {
	Seq       int64
	Author    rooms.Side
	Fee       rooms.Money
	ExpiresAt rooms.Time
}

// RoomChange is the part of a room's state that changes with its events.
type RoomChange struct {
	Room       string
	Campaign   string
	Sponsor    string // user id
	Influencer string // user id
	// Pos is the position of the room's last event among those of all rooms.
	Pos      int64
	Seq      int64
	Status   rooms.Status
	Frozen   bool
	Turn     rooms.Side
	Standing *OfferBrief
	Deal     *OfferBrief
	// Progress counts the deliverables of the deal.
	Progress  rooms.Progress
	Unread    rooms.Parties
	UpdatedAt rooms.Time
}

// RoomSummary is one room of a user's list.
type RoomSummary struct {
	RoomChange
	OpenedBy       rooms.Side
	EndedBy        rooms.Side
	CloseReason    string
	CampaignName   string
	CampaignEndsAt rooms.Time
	Currency       rooms.Currency
	SponsorName    string
	InfluencerName string
}

// RoomSnapshot is everything that is shown of one room.
type RoomSnapshot struct {
	State          rooms.State
	CampaignName   string
	CampaignEndsAt rooms.Time
	SponsorName    string
	InfluencerName string
	// SeenSponsor and SeenInfluencer are the last seq that each side has read.
	SeenSponsor, SeenInfluencer int64
	UpdatedAt                   rooms.Time
}

// RoomTotals count over all of a user's rooms, whatever a list is filtered by.
type RoomTotals struct {
	// Unread are the events that the user has not seen, Turns the rooms in which it is
	// the user's turn.
	Unread, Turns int64
}

// Work is what became of a deliverable, as lists count it.
type Work string

// WorkToDo is also what was sent back; WorkToConfirm waits for the sponsor's word.
const (
	WorkToDo      Work = "to_do"
	WorkToConfirm Work = "to_confirm"
	WorkConfirmed Work = "confirmed"
)

// RoomFilter selects rooms of a user's list, newest change first.
type RoomFilter struct {
	// Statuses selects rooms that are in one of them; empty for all.
	Statuses []rooms.Status
	// Mine selects rooms in which it is the user's turn, Theirs those in which it is
	// the other side's.
	Mine, Theirs bool
	// Unread selects rooms with events that the user has not seen.
	Unread bool
	// Work selects deals with deliverables of which that became; empty for all rooms.
	Work Work
	// Query is part of the campaign's name or of the other side's.
	Query string
	// Campaign selects the rooms of one campaign; empty for all.
	Campaign string
	// Currency selects the rooms of campaigns in it; empty for all.
	Currency rooms.Currency
	Cursor   string
	Limit    int
}

// Store is the database and its writer.
type Store struct {
	cfg     Config
	epoch   string
	reads   *reader
	queue   *queue
	writer  *writer
	deliver *delivery
	engine  engine
	broken  *brokenRooms

	started  bool
	stopping sync.Once
	stopped  chan struct{}
	closeErr error
}

// database is an opened database: its readers and the writer's engine.
type database struct {
	reads  *bun.DB
	lists  listForm
	engine engine
}

func (c *Config) setDefaults() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxBatch <= 0 {
		c.MaxBatch = defaultMaxBatch
	}
	if c.QueueLimit <= 0 {
		c.QueueLimit = defaultQueueLimit
	}
	if c.Readers <= 0 {
		c.Readers = max(4, runtime.GOMAXPROCS(0))
	}
}

// Open opens the database, which must have been migrated.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg.setDefaults()
	where, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	db, err := where.open(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	epoch, err := checkSchema(ctx, db.reads, where)
	if err != nil {
		return nil, errors.Join(err, db.engine.close(), db.reads.Close())
	}
	if cfg.OnRead != nil {
		db.reads = db.reads.WithQueryHook(readHook(cfg.OnRead))
	}
	reads, err := newReader(ctx, db.reads, db.lists, cfg.OnRead)
	if err != nil {
		return nil, errors.Join(err, db.engine.close(), db.reads.Close())
	}
	s := &Store{
		cfg: cfg, epoch: epoch, reads: reads, engine: db.engine,
		queue: newQueue(cfg.QueueLimit), deliver: newDelivery(cfg.OnCommit), stopped: make(chan struct{}),
		broken: newBrokenRooms(cfg.Logger),
	}
	s.writer = &writer{
		queue: s.queue, engine: db.engine, set: newWorkingSet(db.engine, cfg.Clock, s.broken), deliver: s.deliver,
		clock: cfg.Clock, ids: newIDs(cfg.Clock, cfg.Rand), log: cfg.Logger, maxBatch: cfg.MaxBatch, observe: cfg.Observe, onDeal: cfg.OnDeal,
	}
	return s, nil
}

// Start starts the store's goroutines. It is called once.
func (s *Store) Start() {
	s.started = true
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.writer.run()
		close(s.deliver.batches)
	}()
	go func() {
		defer close(s.stopped)
		s.deliver.run()
		<-written
	}()
}

// Close answers what is queued, stops the goroutines, waits for them and closes
// the database. ctx bounds the wait; when it ends first the goroutines go on
// until the queue is empty and the database stays open.
func (s *Store) Close(ctx context.Context) error {
	s.queue.close()
	if s.started {
		select {
		case <-s.stopped:
		case <-ctx.Done():
			return fmt.Errorf("store: close: %w", context.Cause(ctx))
		}
	}
	s.stopping.Do(func() { s.closeErr = errors.Join(s.engine.close(), s.reads.close()) })
	return s.closeErr
}

// Epoch names the store's history; a restore changes it.
func (s *Store) Epoch() string { return s.epoch }

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.reads.db.PingContext(ctx); err != nil {
		return unavailable("ping", err)
	}
	return nil
}

// Submit queues a command. It never blocks; see Command.Done. Once the store is
// closed the command is answered at once, by the caller's goroutine.
func (s *Store) Submit(c Command) {
	it := &item{cmd: c}
	if c.CMID != "" {
		it.fingerprint = rooms.Fingerprint(c.Actor, c.Body)
	}
	s.submit(it)
}

func (s *Store) submit(it *item) {
	it.queued = time.Now()
	switch ok, closed := s.queue.put(it); {
	case ok:
	case closed:
		it.fail(unavailable("submit", errClosed))
		it.answer()
	default:
		it.fail(unavailable("submit", errQueueFull))
		s.deliver.refuse(it)
	}
}

// Do submits a command and waits for its result. When ctx ends first the
// command may still happen; the result then wraps ErrUnavailable.
func (s *Store) Do(ctx context.Context, c Command) Result {
	result := make(chan Result, 1)
	c.Done = func(r Result) { result <- r }
	s.Submit(c)
	select {
	case r := <-result:
		return r
	case <-ctx.Done():
		return Result{Err: unavailable("wait", context.Cause(ctx))}
	}
}

// MarkSeen notes that a side of a room has read up to seq, which is in the log already:
// the mark is written with a later batch, and by then the log may be longer. It never
// blocks.
func (s *Store) MarkSeen(room string, side rooms.Side, seq int64) {
	if s.queue.mark(seenKey{room, side}, seq) {
		time.AfterFunc(seenDelay, s.queue.ripen)
	}
}

// newID makes an id from the store's clock and randomness.
func (s *Store) newID() (string, error) {
	id, err := ulid.New(ulid.Timestamp(s.cfg.Clock()), s.cfg.Rand)
	if err != nil {
		return "", fmt.Errorf("store: make an id: %w", err)
	}
	return id.String(), nil
}
