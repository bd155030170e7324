package store

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

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

	// OnCommit is called after each commit, in commit order, by one goroutine,
	// before the commands of the batch are answered. It must not block and may
	// keep the batch.
	OnCommit func(Batch)
	// Observe is called after each transaction with its figures.
	Observe func(BatchStats)
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
	Campaign string
}

// Batch is what one transaction has changed.
type Batch struct {
	Events []Committed
	// Rooms holds the newest state of each room that has events in the batch.
	Rooms []RoomChange
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
	Pos       int64
	Seq       int64
	Status    rooms.Status
	Frozen    bool
	Turn      rooms.Side
	Standing  *OfferBrief
	Deal      *OfferBrief
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

// RoomFilter selects rooms of a user's list, newest change first.
type RoomFilter struct {
	// Status selects one status; empty for all.
	Status rooms.Status
	// Mine selects rooms in which it is the user's turn.
	Mine bool
	// Campaign selects the rooms of one campaign; empty for all.
	Campaign string
	Cursor   string
	Limit    int
}

// Store is the database and its writer.
type Store struct{ cfg Config }

// Open opens the database, which must have been migrated.
func Open(ctx context.Context, cfg Config) (*Store, error) { return nil, ErrUnavailable }

// Migrate brings the database's schema up to that of this binary. Several
// processes may call it at once.
func Migrate(ctx context.Context, cfg Config) error { return ErrUnavailable }

// Start starts the store's goroutines.
func (s *Store) Start() {}

// Close answers what is queued, stops the goroutines, waits for them and closes
// the database. ctx bounds the wait.
func (s *Store) Close(ctx context.Context) error { return nil }

// Epoch names the store's history; a restore changes it.
func (s *Store) Epoch() string { return "" }

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error { return ErrUnavailable }

// Submit queues a command. It never blocks; see Command.Done.
func (s *Store) Submit(c Command) {}

// Do submits a command and waits for its result. When ctx ends first the
// command may still happen; the result then wraps ErrUnavailable.
func (s *Store) Do(ctx context.Context, c Command) Result { return Result{Err: ErrUnavailable} }

// MarkSeen notes that a side of a room has read up to seq. It never blocks and
// is written with a later batch.
func (s *Store) MarkSeen(room string, side rooms.Side, seq int64) {}

// Snapshot is the newest state of a room.
func (s *Store) Snapshot(ctx context.Context, room string) (RoomSnapshot, error) {
	return RoomSnapshot{}, ErrUnavailable
}

// Events reads a room's events with after < seq < before (0: no bound), oldest
// first; with before set and after 0, the newest ones below it.
func (s *Store) Events(ctx context.Context, room string, after, before int64, limit int) ([]Committed, error) {
	return nil, ErrUnavailable
}

// ListRooms lists a user's rooms, with the cursor of the next page (empty at the
// end) and the number of unread events in all of the user's rooms.
func (s *Store) ListRooms(ctx context.Context, user string, f RoomFilter) (list []RoomSummary, next string, unread int64, err error) {
	return nil, "", 0, ErrUnavailable
}

// RoomHeads are the last seq of each of the rooms that exist.
func (s *Store) RoomHeads(ctx context.Context, ids []string) (map[string]int64, error) {
	return nil, ErrUnavailable
}

// InboxHeads are the highest pos among the rooms of each of the users.
func (s *Store) InboxHeads(ctx context.Context, users []string) (map[string]int64, error) {
	return nil, ErrUnavailable
}

// FeedHead is the last pos.
func (s *Store) FeedHead(ctx context.Context) (int64, error) { return 0, ErrUnavailable }

// FeedEvents reads the events of all rooms with after < pos < before (0: no
// bound), oldest first.
func (s *Store) FeedEvents(ctx context.Context, after, before int64, limit int) ([]FeedEvent, error) {
	return nil, ErrUnavailable
}

// RoomsChangedSince lists the user's rooms that changed after pos, oldest change
// first.
func (s *Store) RoomsChangedSince(ctx context.Context, user string, pos int64, limit int) ([]RoomChange, error) {
	return nil, ErrUnavailable
}
