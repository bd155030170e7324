package store

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"parley/rooms"
)

// engine is one database as the writer uses it: one exclusive transaction at a
// time, on a connection of its own, used by one goroutine.
type engine interface {
	// limit bounds the transactions on a database that can hang.
	limit(ctx context.Context) (context.Context, context.CancelFunc)
	// begin waits for the database's write lock and opens the transaction. It tells
	// what others have committed since this engine's last commit.
	begin(ctx context.Context) (since, error)
	// load reads what a batch needs.
	load(ctx context.Context, want *wanted) (*loaded, error)
	// after reads up to limit events of all rooms after pos, in order.
	after(ctx context.Context, pos int64, limit int) ([]eventRow, error)
	// event reads the canonical bytes of one event; nil where there is none.
	event(ctx context.Context, room string, seq int64) ([]byte, error)
	// flush writes what was decided.
	flush(ctx context.Context, p *pending) error
	// commit makes the transaction durable and gives the lock back; touched says
	// that rooms were changed other than by events. After an error the caller rolls
	// back.
	commit(ctx context.Context, touched bool) error
	rollback(ctx context.Context)
	// savepoint, release and rollbackTo guard one item of a batch.
	savepoint(ctx context.Context) error
	release(ctx context.Context) error
	rollbackTo(ctx context.Context) error
	// db runs other statements inside the transaction.
	db() bun.IDB
	// tidy is called between transactions, for work that must not delay them.
	tidy(ctx context.Context)
	close() error
}

// since is what others have done since the last commit of a writer.
type since int

const (
	// sinceUnknown is anything: nothing that is remembered can be trusted.
	sinceUnknown since = iota
	// sinceEvents is events with what follows from them, and rows other than those
	// of rooms and campaigns.
	sinceEvents
	// sinceNothing is nothing.
	sinceNothing
)

// wanted names the rows that a batch needs.
type wanted struct {
	rooms     []string
	campaigns []string
	commands  []commandKey
	opens     []openKey
	// pos asks for the last position.
	pos bool
}

// loaded are the rows that were found.
type loaded struct {
	rooms     []roomRow // with their offers
	campaigns []ledger  // of the rooms and of the opens
	commands  []commandRow
	users     []partyRow // of the opens, without those who have left
	taken     []takenRow // rooms that the opens would double
	pos       int64
}

type commandKey struct{ cmid, room string }

// openKey is what an Open command needs beyond its room.
type openKey struct{ campaign, influencer, actor string }

// commandRow is the answer to a command as it is kept.
type commandRow struct {
	key         commandKey
	fingerprint rooms.Hash
	seq         int64
	at          rooms.Time
	refusal     []byte // JSON, nil where the command was taken
}

// ledger is a campaign as decisions need it.
type ledger struct {
	rooms.Campaign
	n       int64      // of the ledger's row on SQLite; other databases have one row
	stored  rooms.Move // what the row says of committed and held
	flagged bool
	dirty   bool
}

// sums are the ledger's in the form of stored.
func (l *ledger) sums() rooms.Move { return rooms.Move{Held: l.Held, Committed: l.Committed} }

// partyRow is a user as an Open command needs it.
type partyRow struct {
	id      string
	role    rooms.Side
	flagged bool
}

type takenRow struct{ room, campaign, influencer string }

// eventRow is an event to be appended.
type eventRow struct {
	pos  int64
	prev int64 // pos of the room's event before
	room string
	seq  int64
	typ  rooms.EventType
	at   rooms.Time
	hash rooms.Hash
	body []byte

	// Of an event that was decided or followed, not of a row:
	by     rooms.Side
	amends bool
}

// tells notes what Recent says of the event beyond its row.
func (e *eventRow) tells(event *rooms.Event) {
	e.by = event.By.Side
	if accepted, ok := event.Data.(rooms.Accepted); ok {
		e.amends = accepted.Amends != 0
	}
}

// markEvery is how far apart the events of a room are that are marked.
const markEvery = 32

// marked reports whether the event is one that reads start from.
func (e *eventRow) marked() bool { return e.seq%markEvery == 0 }

// pending is what was decided and not yet written.
type pending struct {
	commands []commandRow
	events   []eventRow
	rooms    []*room
	ledgers  []*ledger
}

func (p *pending) empty() bool {
	return len(p.commands)+len(p.events)+len(p.rooms)+len(p.ledgers) == 0
}

func (p *pending) clear() {
	clear(p.commands)
	clear(p.events)
	clear(p.rooms)
	clear(p.ledgers)
	p.commands, p.events, p.rooms, p.ledgers = p.commands[:0], p.events[:0], p.rooms[:0], p.ledgers[:0]
}

// errRaced says that a row is not what it was when the room or ledger was read, though
// the writer holds the lock. It never happens; if it does, nothing is written.
var errRaced = errors.New("store: a row changed under the writer's lock")

// failure is what kind of thing went wrong in the database.
type failure int

const (
	// failNone is an error that is not the database's.
	failNone failure = iota
	// failConstraint is a row that the schema refuses, or a statement that the database
	// cannot carry out for what it says: the fault is its own.
	failConstraint
	// failBusy is a lock that somebody holds for a moment.
	failBusy
	// failUnavailable is everything else: a full disk, a lost connection.
	failUnavailable
)
