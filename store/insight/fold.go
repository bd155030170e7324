package insight

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Kinds of rows of insight_days, with what their keys are.
const (
	kindOpened  = "opened"  // invited or applied
	kindOffer   = "offer"   // none
	kindMessage = "message" // none
	kindDeal    = "deal"    // none
	kindEnded   = "ended"   // the state in which the ad request ended
	kindRounds  = "rounds"  // offers up to the deal
	kindTime    = "time"    // a step of the time up to the deal
	kindFee     = "fee"     // a currency: the deals' amounts in minor units
	kindActive  = "active"  // a role: users seen on that day; not of the log
	kindLast    = "last"    // a role and an hour: users last seen in it; not of the log
)

const (
	hourMicros = 60 * 60 * 1_000_000
	dayMicros  = 24 * hourMicros
	// foldChunk is how many events of the log one transaction counts.
	foldChunk = 5000
	// foldEvery is how often new events are folded: while the store remembers them. Readers
	// do not wait for it.
	foldEvery = 2 * time.Second
	// roomPage bounds the events of a room that a deal is traced back through.
	roomPage = 1000
)

// cell is a row of insight_days without its number.
type cell struct {
	kind string
	day  int64
	key  string
}

type dayModel struct {
	bun.BaseModel `bun:"table:insight_days,alias:d"`

	Kind string `bun:",pk"`
	Day  int64  `bun:",pk"`
	Key  string `bun:",pk"`
	N    int64
}

// tally is what a stretch of the log adds.
type tally map[cell]int64

// dayOf is the day of a stored time.
func dayOf(us int64) int64 { return us / dayMicros }

// The steps of the time to a deal: step n begins at timeUnit·timeStep^n.
const (
	timeUnit = 60.0 // seconds
	timeStep = 1.05
)

func stepOf(d time.Duration) int {
	seconds := max(d.Seconds(), timeUnit)
	return int(math.Log(seconds/timeUnit) / math.Log(timeStep))
}

// stepTime is the middle of a step.
func stepTime(step int) time.Duration {
	return time.Duration(timeUnit * math.Pow(timeStep, float64(step)+0.5) * float64(time.Second))
}

// stretch is what a stretch of the log holds of one type and day.
type stretch struct {
	Type string
	Day  int64
	N    int64
	Last int64 // the greatest pos
}

// foldRow is an event of which more is counted than its type.
type foldRow struct {
	Pos  int64
	Room string
	Seq  int64
	Type string
	At   int64
	Body []byte
}

// count adds the events after pos and returns how many they are and the last one's
// position: what the store remembers, and at most limit of the log where that is not as
// many. Of the log most are counted by the database. Only of events of which more than
// the type counts are the bytes read.
func (t tally) count(ctx context.Context, s *store.Store, pos int64, limit int) (n int, last int64, err error) {
	recent := s.Recent(pos)
	if len(recent) > 0 {
		if err := t.recent(ctx, s, recent); err != nil {
			return 0, 0, err
		}
		n, pos = len(recent), recent[len(recent)-1].Pos
	}
	if n >= limit {
		return n, pos, nil
	}
	logged, last, err := t.log(ctx, s, pos, limit)
	return n + logged, last, err
}

// of counts n events of a type on a day, as far as the type tells.
func (t tally) of(kind rooms.EventType, day, n int64) {
	switch kind {
	case rooms.TypeOffer:
		t[cell{kindOffer, day, ""}] += n
	case rooms.TypeMessage:
		t[cell{kindMessage, day, ""}] += n
	case rooms.TypeDeclined:
		t[cell{kindEnded, day, string(rooms.StatusDeclined)}] += n
	case rooms.TypeCancelled:
		t[cell{kindEnded, day, string(rooms.StatusWithdrawn)}] += n
	case rooms.TypeClosed:
		t[cell{kindEnded, day, string(rooms.StatusClosed)}] += n
	}
}

// tellsMore are the types of events whose bytes count.
var tellsMore = []rooms.EventType{rooms.TypeOpened, rooms.TypeExpired, rooms.TypeAccepted}

// recent counts events that the store remembers.
func (t tally) recent(ctx context.Context, s *store.Store, recent []store.Recent) error {
	var more []int64
	for i := range recent {
		e := &recent[i]
		t.of(e.Type, dayOf(store.Micros(e.At)), 1)
		if slices.Contains(tellsMore, e.Type) {
			more = append(more, e.Pos)
		}
	}
	for part := range slices.Chunk(more, roomPage) {
		if err := t.bytes(ctx, s, "pos IN (?)", bun.List(part)); err != nil {
			return err
		}
	}
	return nil
}

// log counts the events after pos in the database, at most limit.
func (t tally) log(ctx context.Context, s *store.Store, pos int64, limit int) (n int, last int64, err error) {
	var parts []stretch
	err = s.Reads().NewRaw("SELECT type, at / ? AS day, count(*) AS n, max(pos) AS last FROM events"+
		" WHERE pos > ? AND pos <= ? GROUP BY 1, 2", dayMicros, pos, pos+int64(limit)).Scan(ctx, &parts)
	if err != nil {
		return 0, 0, store.ReadError("fold: count events", err)
	}
	for i := range parts {
		p := &parts[i]
		n += int(p.N)
		last = max(last, p.Last)
		t.of(rooms.EventType(p.Type), p.Day, p.N)
	}
	if n == 0 {
		return 0, pos, nil
	}
	return n, last, t.bytes(ctx, s, "pos > ? AND pos <= ? AND type IN (?)", pos, last, bun.List(tellsMore))
}

// bytes counts what the bytes of some events tell.
func (t tally) bytes(ctx context.Context, s *store.Store, where string, args ...any) error {
	var events []foldRow
	err := s.Reads().NewRaw("SELECT pos, room_id AS room, seq, type, at, body FROM events WHERE "+where+" ORDER BY pos", args...).
		Scan(ctx, &events)
	if err != nil {
		return store.ReadError("fold: read events", err)
	}
	return t.read(ctx, s, events)
}

// read adds what the bytes of events tell.
func (t tally) read(ctx context.Context, s *store.Store, events []foldRow) error {
	for i := range events {
		e := &events[i]
		day := dayOf(e.At)
		switch rooms.EventType(e.Type) {
		case rooms.TypeOpened, rooms.TypeExpired:
			event, err := rooms.ParseEvent(e.Body)
			if err != nil {
				return fmt.Errorf("fold: event %d: %w", e.Pos, err)
			}
			switch data := event.Data.(type) {
			case rooms.Opened:
				t[cell{kindOpened, day, string(data.Status)}]++
			case rooms.Expired:
				if data.Status == rooms.StatusExpired { // else only the offer ended
					t[cell{kindEnded, day, string(data.Status)}]++
				}
			}
		case rooms.TypeAccepted:
			if err := t.deal(ctx, s, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// deal counts a room's first deal, with what led to it; an amendment is none.
func (t tally) deal(ctx context.Context, s *store.Store, accepted *foldRow) error {
	events, err := s.Events(ctx, accepted.Room, 0, accepted.Seq, roomPage)
	if err != nil {
		return fmt.Errorf("fold: %w", err)
	}
	offers := 0
	for i := range events {
		switch events[i].Type {
		case rooms.TypeAccepted:
			return nil
		case rooms.TypeOffer:
			offers++
		}
	}
	day := dayOf(accepted.At)
	t[cell{kindDeal, day, ""}]++
	event, err := rooms.ParseEvent(accepted.Body)
	if err != nil {
		return fmt.Errorf("fold: event %d: %w", accepted.Pos, err)
	}
	if data, ok := event.Data.(rooms.Accepted); ok {
		t[cell{kindFee, day, string(data.Fee.Currency)}] += data.Fee.Amount
	}
	t[cell{kindRounds, day, strconv.Itoa(offers)}]++
	if len(events) == 0 || events[0].Seq != 1 {
		return nil // longer than anybody talks; when it began is not looked for
	}
	first, err := rooms.ParseEvent(events[0].Body)
	if err != nil {
		return fmt.Errorf("fold: first event of room %s: %w", accepted.Room, err)
	}
	took := time.Duration(accepted.At-store.Micros(first.At)) * time.Microsecond
	t[cell{kindTime, day, strconv.Itoa(stepOf(took))}]++
	return nil
}

// errOvertaken says that another instance has folded the same events.
var errOvertaken = errors.New("insight: another instance was faster")

// Fold counts the events that are not counted yet and returns how many there were.
func Fold(ctx context.Context, s *store.Store) (int, error) {
	total := 0
	for {
		pos, err := folded(ctx, s)
		if err != nil {
			return total, err
		}
		counted := make(tally)
		n, last, err := counted.count(ctx, s, pos, foldChunk)
		if err != nil || n == 0 {
			return total, err
		}
		switch err := save(ctx, s, counted, pos, last); {
		case errors.Is(err, errOvertaken):
			return total, nil
		case err != nil:
			return total, err
		}
		total += n
		if n < foldChunk {
			return total, nil
		}
	}
}

// folded is the position up to which the log is counted.
func folded(ctx context.Context, s *store.Store) (pos int64, err error) {
	if err := s.Reads().NewRaw("SELECT pos FROM insight_fold").Scan(ctx, &pos); err != nil {
		return 0, store.ReadError("fold: read the position", err)
	}
	return pos, nil
}

// save adds a tally and moves the position from one event to another.
func save(ctx context.Context, s *store.Store, counted tally, from, to int64) error {
	overtaken, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (bool, error) {
		res, err := t.DB.NewRaw("UPDATE insight_fold SET pos = ? WHERE pos = ?", to, from).Exec(ctx)
		if err != nil {
			return false, fmt.Errorf("fold: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			return true, err
		}
		return false, counted.add(ctx, t)
	})
	if err == nil && overtaken {
		err = errOvertaken
	}
	return err
}

func (t tally) add(ctx context.Context, tx *store.Tx) error {
	if len(t) == 0 {
		return nil
	}
	models := make([]dayModel, 0, len(t))
	for c, n := range t {
		models = append(models, dayModel{Kind: c.kind, Day: c.day, Key: c.key, N: n})
	}
	_, err := tx.DB.NewInsert().Model(&models).On("CONFLICT (kind, day, key) DO UPDATE").Set("n = d.n + EXCLUDED.n").Exec(ctx)
	if err != nil {
		return fmt.Errorf("fold: %w", err)
	}
	return nil
}

// Rebuild forgets what was folded and counts the whole log anew. What is not of the
// log, who was here on each day and last, stays.
func Rebuild(ctx context.Context, s *store.Store) (int, error) {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		if _, err := t.DB.NewRaw("DELETE FROM insight_days WHERE kind NOT IN (?, ?)", kindActive, kindLast).Exec(ctx); err != nil {
			return struct{}{}, fmt.Errorf("rebuild: %w", err)
		}
		if _, err := t.DB.NewRaw("UPDATE insight_fold SET pos = 0").Exec(ctx); err != nil {
			return struct{}{}, fmt.Errorf("rebuild: %w", err)
		}
		return struct{}{}, nil
	})
	if err != nil {
		return 0, err
	}
	return Fold(ctx, s)
}

// RunFold folds now and then until ctx ends. Every instance may run it.
func RunFold(ctx context.Context, s *store.Store, log *slog.Logger) {
	every(ctx, foldEvery, func() {
		if _, err := Fold(ctx, s); err != nil && ctx.Err() == nil {
			log.Error("folding the log into statistics failed", "error", err)
		}
	})
}

// every calls do at once and then every so often, until ctx ends.
func every(ctx context.Context, wait time.Duration, do func()) {
	ticker := time.NewTicker(wait)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
