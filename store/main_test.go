package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/goleak"

	"parley/rooms"
	"parley/store/storetest"
)

// databases are those of this test binary.
var databases = storetest.Databases{Migrate: func(ctx context.Context, url string) error {
	return Migrate(ctx, Config{URL: url})
}}

func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		os.Exit(child(role))
	}
	fewerChecks()
	code := m.Run()
	if err := databases.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	if code == 0 {
		err := goleak.Find()
		for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); {
			err = goleak.Find()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// fewerChecks lowers rapid's default: a check here is some hundred durable
// transactions. What the command line says holds.
func fewerChecks() {
	flag.Parse()
	const name = "rapid.checks"
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if !given {
		if err := flag.Set(name, "25"); err != nil {
			panic(err)
		}
	}
}

// kind is a form of the store.
type kind struct {
	name string
	// url names a new database with the schema, empty one without.
	url, empty func(testing.TB) string
}

// kinds are the forms of the store; every contract holds on each.
var kinds = []kind{
	{"sqlite", databases.SQLite, databases.EmptySQLite},
	{"postgres", databases.Postgres, databases.EmptyPostgres},
}

// onEach runs a contract on every database.
func onEach(t *testing.T, contract func(t *testing.T, e *env)) {
	t.Helper()
	for _, db := range kinds {
		t.Run(db.name, func(t *testing.T) { contract(t, newEnv(t, Config{URL: db.url(t)})) })
	}
}

// clock is a clock that tests move.
type clock struct{ us atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.us.Store(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

// now also moves a little, as real clocks do.
func (c *clock) now() time.Time          { return time.UnixMicro(c.us.Add(1)).UTC() }
func (c *clock) advance(d time.Duration) { c.us.Add(d.Microseconds()) }

// env is a store with a clock and what it has told.
type env struct {
	*testing.T
	*Store
	clk *clock
	cfg Config

	mu      sync.Mutex
	batches []Batch
}

// newEnv opens a database that has the schema.
func newEnv(t *testing.T, cfg Config) *env {
	t.Helper()
	e := &env{T: t, clk: newClock()}
	if cfg.Clock == nil {
		cfg.Clock = e.clk.now
	}
	cfg.OnCommit = func(b Batch, answer func()) {
		defer answer()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.batches = append(e.batches, b)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	}
	e.cfg = cfg
	e.open()
	return e
}

// testWriter sends the log to the test, where it shows when the test fails.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Helper()
	w.t.Logf("%s", p)
	return len(p), nil
}

// open opens and starts the store; the test's end closes it.
func (e *env) open() {
	e.Helper()
	s, err := Open(context.Background(), e.cfg)
	must(e.T, err)
	s.Start()
	e.Store = s
	e.Cleanup(func() { e.shut(s) })
}

func (e *env) shut(s *Store) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		e.Errorf("close: %v", err)
	}
}

// patience bounds every wait of a test.
const patience = 60 * time.Second

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a sponsor, an influencer and a campaign.
type world struct {
	sponsor, influencer User
	campaign            Campaign
}

func (e *env) user(role rooms.Side) User {
	e.Helper()
	id := ulid.Make().String()
	u, err := e.CreateUser(e.Context(), User{Email: id + "@example.test", Name: "Name " + id, Role: role, Approved: true})
	must(e.T, err)
	return u
}

func (e *env) world(budget int64) world {
	e.Helper()
	w := world{sponsor: e.user(rooms.Sponsor), influencer: e.user(rooms.Influencer)}
	w.campaign = e.campaign(w.sponsor, budget)
	return w
}

func (e *env) campaign(sponsor User, budget int64) Campaign {
	e.Helper()
	e.clk.advance(time.Millisecond) // ids of another millisecond are in order
	now := rooms.At(e.clk.now())
	c, err := e.CreateCampaign(e.Context(), Campaign{
		Sponsor: sponsor.ID, Name: "Autumn", Category: "food", Niches: []string{"vegan", "bread"},
		Currency: "EUR", Budget: budget, Public: true, StartsAt: now, EndsAt: now.Add(60 * 24 * time.Hour),
	})
	must(e.T, err)
	return c
}

func terms(fee int64) rooms.Terms {
	return rooms.Terms{
		Fee:          rooms.Money{Amount: fee, Currency: "EUR"},
		Deliverables: []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 1}},
	}
}

func feePatch(fee int64) rooms.Patch {
	p := rooms.Patch{Terms: rooms.Terms{Fee: rooms.Money{Amount: fee, Currency: "EUR"}}}
	p.Set = p.Set.With(rooms.SectionFee)
	return p
}

func actor(u User) rooms.Actor { return rooms.Actor{ID: u.ID, Role: u.Role} }

// openCommand asks for a room with a first offer by the sponsor.
func openCommand(w world, fee int64) Command {
	id := ulid.Make().String()
	p := rooms.FullPatch(terms(fee))
	return Command{
		Room: id, CMID: ulid.Make().String(), Actor: actor(w.sponsor),
		Body: rooms.Open{ID: id, Campaign: w.campaign.ID, Influencer: w.influencer.ID, Terms: &p, Limit: 10},
	}
}

// opened opens a room with an offer by the sponsor, which has seq 2.
func (e *env) opened(w world, fee int64) string {
	e.Helper()
	c := openCommand(w, fee)
	e.ok(c)
	return c.Room
}

// ok gives a command that must be taken.
func (e *env) ok(c Command) Result {
	e.Helper()
	res := e.Do(e.Context(), c)
	if res.Err != nil {
		e.Fatalf("%s: %v", c.Body.Name(), res.Err)
	}
	return res
}

// refused gives a command that must be refused with the code.
func (e *env) refused(c Command, code rooms.Code) *rooms.Refusal {
	e.Helper()
	return refusalOf(e.T, e.Do(e.Context(), c).Err, code)
}

func refusalOf(t testing.TB, err error, code rooms.Code) *rooms.Refusal {
	t.Helper()
	var r *rooms.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("want %s, got %v", code, err)
	}
	return r
}

func (e *env) say(u User, room, text string) Command {
	return Command{Room: room, CMID: ulid.Make().String(), Actor: actor(u), Body: rooms.Say{Text: text}}
}

func (e *env) counter(u User, room string, seq, fee int64) Command {
	return Command{
		Room: room, CMID: ulid.Make().String(), Actor: actor(u),
		Body: rooms.Counter{OfferSeq: seq, Terms: feePatch(fee)},
	}
}

// accept accepts what stands in the room.
func (e *env) accept(u User, room string) Command {
	e.Helper()
	snap, err := e.Snapshot(e.Context(), room)
	must(e.T, err)
	o := snap.State.Standing()
	if o == nil {
		e.Fatal("no offer stands")
	}
	return Command{
		Room: room, CMID: ulid.Make().String(), Actor: actor(u),
		Body: rooms.Accept{OfferSeq: o.Seq, TermsHash: o.Hash},
	}
}

func (e *env) ledger(id string) (committed, held int64) {
	e.Helper()
	c, err := e.Campaign(e.Context(), id)
	must(e.T, err)
	return c.Committed, c.Held
}

// sound checks that nothing is wrong with the whole database.
func (e *env) sound() Report {
	e.Helper()
	report, err := e.Verify(e.Context(), "", func(p Problem) { e.Errorf("verify: %s", p) })
	must(e.T, err)
	return report
}

// told are the events that were handed out, checked for their order.
func (e *env) told() []Committed {
	e.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []Committed
	for _, b := range e.batches {
		all = append(all, b.Events...)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Pos <= all[i-1].Pos {
			e.Errorf("position %d was told after %d", all[i].Pos, all[i-1].Pos)
		}
	}
	return all
}
