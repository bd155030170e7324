package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/rooms"
)

// row is the one row of a query, as text.
func (e *env) row(query string) string {
	e.Helper()
	rows, err := e.reads.db.QueryContext(e.Context(), query)
	must(e.T, err)
	var list []map[string]any
	must(e.T, e.reads.db.ScanRows(e.Context(), rows, &list))
	if len(list) != 1 {
		e.Fatalf("%s: %d rows", query, len(list))
	}
	return fmt.Sprint(list[0])
}

// schema changes the database behind the store's back.
func (e *env) schema(query string) {
	e.Helper()
	where, err := parseURL(e.cfg.URL)
	must(e.T, err)
	var pool interface {
		ExecContext(context.Context, string, ...any) (sqlResult, error)
		Close() error
	}
	switch where := where.(type) {
	case sqliteFile:
		pool, err = where.pool()
	case *postgresDB:
		pool = where.pool(nil, 0)
	}
	must(e.T, err)
	_, err = pool.ExecContext(context.Background(), query)
	must(e.T, err)
	must(e.T, pool.Close())
}

// poison makes the database refuse messages that hold the word poison.
func (e *env) poison() {
	e.Helper()
	if strings.HasPrefix(e.cfg.URL, "sqlite") {
		e.schema(`CREATE TRIGGER poison BEFORE INSERT ON events WHEN CAST(NEW.body AS TEXT) LIKE '%poison%'
			BEGIN SELECT RAISE(ABORT, 'poison'); END`)
		return
	}
	e.schema(`ALTER TABLE events ADD CONSTRAINT poison CHECK (position('poison'::bytea in body) = 0)`)
}

// hold makes the writer stand still until release.
func (e *env) hold() (release func()) {
	e.Helper()
	hold, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	e.submit(&item{
		write: func(context.Context, *Tx) error {
			once.Do(func() { close(held) })
			<-hold
			return nil
		},
		done: func(error) {},
	})
	<-held
	return func() { close(hold) }
}

// waiting waits until so many items are queued.
func (e *env) waiting(n int) {
	e.Helper()
	eventually(e.T, "the items are queued", func() bool {
		e.queue.mu.Lock()
		defer e.queue.mu.Unlock()
		return len(e.queue.items) >= n
	})
}

// together submits commands while the writer stands still, so that they make one
// batch, and gives their results.
func (e *env) together(commands []Command) []Result {
	e.Helper()
	release := e.hold()
	results := make([]Result, len(commands))
	var wg sync.WaitGroup
	for i, c := range commands {
		wg.Add(1)
		c.Done = func(r Result) { results[i] = r; wg.Done() }
		e.Submit(c)
	}
	release()
	wg.Wait()
	return results
}

func TestOnlyTheCulpritOfABatchFails(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		w2 := world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}
		e.poison()
		open := openCommand(w2, 200)
		bad := openCommand(world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}, 100)
		o, _ := bad.Body.(rooms.Open)
		o.Message = "poison"
		bad.Body = o
		commands := []Command{
			e.say(w.sponsor, room, "one"),
			e.say(w.sponsor, room, "poison"),
			open,
			e.say(w.influencer, room, "two"),
			bad, // leaves neither its room nor its hold
			e.counter(w.influencer, room, 2, 400),
			e.say(w.sponsor, room, "poison again"),
			e.say(w.sponsor, open.Room, "three"),
		}
		results := e.together(commands)
		for i, r := range results {
			if i == 1 || i == 4 || i == 6 {
				unavailableErr(t, r.Err)
			} else if r.Err != nil {
				t.Errorf("command %d: %v", i, r.Err)
			}
		}
		if results[5].Seq != 5 || results[7].Seq != 3 {
			t.Errorf("seqs %d and %d", results[5].Seq, results[7].Seq)
		}
		if c, h := e.ledger(w.campaign.ID); c != 0 || h != 200 {
			t.Errorf("committed %d, held %d", c, h)
		}
		if _, err := e.Snapshot(t.Context(), bad.Room); !errors.Is(err, ErrNotFound) {
			t.Errorf("the refused room: %v", err)
		}
		e.sound()
		for _, told := range e.told() {
			if strings.Contains(string(told.Body), "poison") {
				t.Error("an event was told that is not stored")
			}
		}
		// The same ids were not kept and may be used again.
		again := commands[1]
		again.Body = rooms.Say{Text: "harmless"}
		e.ok(again)
		e.sound()
	})
}

func TestAFailedWriteLeavesItsNeighboursAlone(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		e.poison()
		before := e.say(w.sponsor, room, "before")
		after := e.say(w.sponsor, room, "after")
		var errs []error
		var mu sync.Mutex
		done := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		}
		hold, held := make(chan struct{}), make(chan struct{})
		var once sync.Once
		e.submit(&item{done: done, write: func(context.Context, *Tx) error {
			once.Do(func() { close(held) })
			<-hold
			return nil
		}})
		<-held
		var wg sync.WaitGroup
		wg.Add(2)
		before.Done = func(Result) { wg.Done() }
		after.Done = before.Done
		e.Submit(before)
		e.submit(&item{ledgers: true, done: done, write: func(ctx context.Context, tx *Tx) error {
			_, _, err := tx.set.decide(ctx, room, actor(w.sponsor), rooms.Say{Text: "taken back"})
			if err != nil {
				return err
			}
			return ErrNotFound // refuses itself after it decided
		}})
		e.submit(&item{ledgers: true, done: done, write: func(ctx context.Context, tx *Tx) error {
			_, _, err := tx.set.decide(ctx, room, actor(w.sponsor), rooms.Say{Text: "poison"})
			return err // the database refuses it at the flush
		}})
		e.Submit(after)
		close(hold)
		wg.Wait()
		notFoundErr(t, errs[1])
		unavailableErr(t, errs[2])
		events, err := e.Events(t.Context(), room, 2, 0, 100)
		must(t, err)
		if len(events) != 2 || !strings.Contains(string(events[0].Body), "before") || !strings.Contains(string(events[1].Body), "after") {
			t.Errorf("the log holds %+v", events)
		}
		e.sound()
	})
}

// What a database cannot carry out for what it says is the fault of who wrote it, and of
// nobody else.
func TestAStatementThatTheDatabaseRefusesFailsAlone(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		e.cfg.Logger = quiet()
		e.shut(e.Store)
		e.open()
		w := e.world(1000)
		room := e.opened(w, 300)
		release := e.hold()
		answered := make(chan error, 4)
		say := func(text string) {
			c := e.say(w.sponsor, room, text)
			c.Done = func(r Result) { answered <- r.Err }
			e.Submit(c)
		}
		say("before")
		refused := make(chan error, 2)
		for _, query := range []string{
			"SELECT 1 / (SELECT count(*) FROM events WHERE pos < 0)", // SQLite makes it NULL
			"SELECT nothing FROM events",
		} {
			e.submit(&item{done: func(err error) { refused <- err }, write: func(ctx context.Context, tx *Tx) error {
				_, err := tx.DB.ExecContext(ctx, query)
				return err
			}})
		}
		say("after")
		release()
		for range 2 {
			must(t, <-answered)
		}
		if err := <-refused; strings.HasPrefix(e.cfg.URL, "postgres") {
			unavailableErr(t, err)
		}
		unavailableErr(t, <-refused)
		e.sound()
	})
}

func TestAFullDiskLosesNothing(t *testing.T) {
	e := newEnv(t, Config{URL: databases.SQLite(t), Logger: quiet()})
	w := e.world(1_000_000)
	room := e.opened(w, 300)
	engine, ok := e.engine.(*sqliteEngine)
	if !ok {
		t.Fatal("no SQLite engine")
	}
	// The pragma belongs to the writer's connection, so the writer sets it.
	pages := func(set string) {
		_, err := write(t.Context(), e.Store, false, func(ctx context.Context, _ *Tx) (struct{}, error) {
			_, err := engine.conn.ExecContext(ctx, "PRAGMA max_page_count = "+set)
			return struct{}{}, err
		})
		must(t, err)
	}
	var now int
	must(t, e.reads.db.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&now))
	pages(strconv.Itoa(now + 40))
	text := strings.Repeat("word ", 700)
	var failed Command
	taken := 0
	for failed.CMID == "" && taken < 10_000 {
		c := e.say(w.sponsor, room, text)
		switch res := e.Do(t.Context(), c); {
		case res.Err == nil:
			taken++
		default:
			unavailableErr(t, res.Err)
			failed = c
		}
	}
	if failed.CMID == "" {
		t.Fatal("the disk never filled")
	}
	if taken == 0 {
		t.Fatal("nothing was stored")
	}
	// It stays as it was, and reads go on.
	unavailableErr(t, e.Do(t.Context(), failed).Err)
	if rep := e.sound(); rep.Events != 2+taken {
		t.Errorf("%d events after %d messages", rep.Events, taken)
	}
	// Read markers wait for better times.
	e.MarkSeen(room, rooms.Influencer, 3)
	for _, u := range []User{w.sponsor, w.influencer} {
		unavailableErr(t, e.Do(t.Context(), e.say(u, room, text)).Err)
	}
	pages("1000000")
	eventually(t, "the marker is written", func() bool {
		snap, err := e.Snapshot(t.Context(), room)
		must(t, err)
		return snap.SeenInfluencer == 3
	})
	if res := e.ok(failed); res.Duplicate {
		t.Error("a command that was not stored was kept")
	}
	e.ok(e.counter(w.influencer, room, 2, 400))
	e.sound()
}

func TestAStoreClosesOnAFullDisk(t *testing.T) {
	e := newEnv(t, Config{URL: databases.SQLite(t), Logger: quiet()})
	room := e.opened(e.world(1000), 300)
	// From here on no statement of the writer is taken.
	_, err := write(t.Context(), e.Store, false, func(ctx context.Context, tx *Tx) (struct{}, error) {
		_, err := tx.DB.ExecContext(ctx, "PRAGMA query_only(1)")
		return struct{}{}, err
	})
	must(t, err)
	e.MarkSeen(room, rooms.Influencer, 1)
	must(t, e.Close(t.Context()))
}

// Other processes forget what they know of all rooms whenever touches grows, so a
// transaction of events alone must not count, whatever the ones before it did.
func TestEventsAloneAreNoTouch(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1_000_000) // made by a write that touches
		room := e.opened(w, 300)
		touches := func() (n int64) {
			must(t, e.reads.db.NewRaw("SELECT touches FROM meta").Scan(t.Context(), &n))
			return n
		}
		before := touches()
		for range 3 {
			must(t, e.Do(t.Context(), e.say(w.sponsor, room, "hello")).Err)
		}
		if after := touches(); after != before {
			t.Errorf("touches went from %d to %d", before, after)
		}
	})
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestALostConnectionIsReplaced(t *testing.T) {
	e := newEnv(t, Config{URL: databases.Postgres(t), Logger: quiet()})
	w := e.world(1_000_000)
	room := e.opened(w, 300)
	const n = 400
	var wg sync.WaitGroup
	kill := `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
	for range 8 {
		wg.Go(func() {
			for range n / 8 {
				c := e.say(w.sponsor, room, "hello")
				// Whatever became of it, the same id finds out.
				for {
					res := e.Do(t.Context(), c)
					if res.Err == nil {
						break
					}
					unavailableErr(t, res.Err)
				}
			}
		})
	}
	for range 3 {
		e.schema(kill)
	}
	wg.Wait()
	e.schema(kill)
	c := e.say(w.sponsor, room, "last")
	eventually(t, "the store comes back", func() bool { return e.Do(t.Context(), c).Err == nil })
	eventually(t, "the readers come back", func() bool { return e.Ping(t.Context()) == nil })
	if rep := e.sound(); rep.Events != 2+n+1 {
		t.Errorf("%d events", rep.Events)
	}
}

func TestACorruptRoomFailsAlone(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		e.cfg.Logger = quiet()
		e.shut(e.Store)
		e.open()
		w := e.world(1000)
		room := e.opened(w, 300)
		w2 := world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}
		broken := e.opened(w2, 200)
		e.damage("= '" + broken + "'")
		e.shut(e.Store)
		e.open()
		results := e.together([]Command{
			e.say(w.sponsor, room, "one"), e.say(w.sponsor, broken, "two"), e.say(w.sponsor, room, "three"),
		})
		if results[0].Err != nil || results[2].Err != nil {
			t.Errorf("neighbours: %v, %v", results[0].Err, results[2].Err)
		}
		unavailableErr(t, results[1].Err)
		report, err := e.Verify(t.Context(), "", nil)
		must(t, err)
		if report.Problems == 0 {
			t.Error("verify sees nothing")
		}
		// What is left of its row stays: a read marker has no room to write it from.
		row := func() string { return e.row("SELECT * FROM ad_requests WHERE id = '" + broken + "'") }
		before := row()
		e.MarkSeen(broken, rooms.Influencer, 1)
		e.MarkSeen(room, rooms.Influencer, 3)
		eventually(t, "the neighbour's marker is written", func() bool {
			snap, err := e.Snapshot(t.Context(), room)
			must(t, err)
			return snap.SeenInfluencer == 3
		})
		if after := row(); after != before {
			t.Errorf("the broken room's row was\n%s\nand is\n%s", before, after)
		}
		// A flag of the sponsor still freezes every other room.
		must(t, e.Flag(t.Context(), Flag{Kind: FlagUser, ID: w.sponsor.ID, Reason: "look", Admin: "admin"}))
		e.refused(e.say(w.sponsor, room, "four"), rooms.CodeFrozen)
	})
}

// damage puts other events in the place of the first offers of rooms.
func (e *env) damage(rooms string) {
	e.Helper()
	e.schema("UPDATE events SET type = 'message', body = (SELECT o.body FROM events o WHERE o.room_id = events.room_id" +
		" AND o.seq = 1) WHERE seq = 2 AND room_id " + rooms)
}

// Rooms that are broken stay due, as their rows are not written: they keep nobody else
// from expiring, are told once and cost no transaction.
func TestBrokenRoomsHoldUpNoExpiry(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		var log bytes.Buffer
		e.cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		w := e.world(10_000_000)
		influencers := make([]User, expiryChunk+1)
		for i := range influencers {
			influencers[i] = e.user(rooms.Influencer)
		}
		commands := make([]Command, len(influencers))
		for i, u := range influencers {
			commands[i] = openCommand(world{w.sponsor, u, w.campaign}, 300)
		}
		for _, res := range e.together(commands) {
			must(t, res.Err)
		}
		e.clk.advance(time.Hour)
		sound := e.opened(w, 300) // and so the last one that is due
		e.schema("CREATE TABLE undamaged AS SELECT room_id, body FROM events WHERE seq = 2")
		e.damage("<> '" + sound + "'")
		e.shut(e.Store)
		e.open()
		e.clk.advance(50 * time.Hour)
		_, err := e.Expire(t.Context())
		must(t, err)
		snap, err := e.Snapshot(t.Context(), sound)
		must(t, err)
		if snap.State.Status != rooms.StatusExpired {
			t.Errorf("the sound room is %s", snap.State.Status)
		}
		before, told := e.row("SELECT touches FROM meta"), log.String()
		if n := strings.Count(told, "do not make one"); n != len(influencers) || e.BrokenRooms() != n {
			t.Errorf("%d of %d rooms are told, %d counted", n, len(influencers), e.BrokenRooms())
		}
		if n, err := e.Expire(t.Context()); err != nil || n != 0 {
			t.Errorf("looked at again: %d, %v", n, err)
		}
		if after := e.row("SELECT touches FROM meta"); after != before || log.String() != told {
			t.Errorf("what is remembered was made void (%s, %s), or it was told again: %s", before, after, log.String()[len(told):])
		}
		report, err := e.Verify(t.Context(), "", nil)
		must(t, err)
		if report.Problems < len(influencers) {
			t.Errorf("verify finds %d problems", report.Problems)
		}

		// Repaired, while somebody else makes void what is remembered: whoever comes into
		// the room finds it whole, and it expires.
		e.schema("UPDATE events SET type = 'offer', body = (SELECT u.body FROM undamaged u WHERE u.room_id = events.room_id)" +
			" WHERE seq = 2")
		other, err := Open(t.Context(), e.cfg)
		must(t, err)
		other.Start()
		defer e.shut(other)
		must(t, other.Flag(t.Context(), Flag{Kind: FlagRoom, ID: sound, Reason: "look", Admin: "admin"}))
		for i := range commands {
			e.ok(e.say(influencers[i], commands[i].Room, "hello?"))
		}
		if n := e.BrokenRooms(); n != 0 {
			t.Errorf("%d rooms are taken for broken", n)
		}
		if n, err := e.Expire(t.Context()); err != nil || n != len(influencers) {
			t.Errorf("expired %d, %v", n, err)
		}
		e.sound()
	})
}
