package forms

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/storetest"
)

// patience bounds every wait.
const patience = 60 * time.Second

// databases are those of this test binary.
var databases = storetest.Databases{Migrate: func(ctx context.Context, url string) error {
	return store.Migrate(ctx, store.Config{URL: url, Clock: time.Now})
}}

// Main runs a package's tests and stops the PostgreSQL that they used. TestMain
// calls it.
func Main(m *testing.M) {
	code := m.Run()
	if err := databases.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// File is the URL of a new SQLite file with the schema, for tests that open the
// store themselves.
func File(t testing.TB) string {
	t.Helper()
	return databases.SQLite(t)
}

// Env is a started store on one database, with a clock that the test moves.
type Env struct {
	*store.Store
	Clock  *Clock
	Config store.Config
	reads  recorder
}

// Clock is a clock that tests move.
type Clock struct{ us atomic.Int64 }

// Now also moves a little, as real clocks do.
func (c *Clock) Now() time.Time { return time.UnixMicro(c.us.Add(1)).UTC() }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.us.Add(d.Microseconds()) }

// Each runs a contract on every database, as subtests that are named after them.
// What is to differ from an ordinary store, the options set.
func Each(t *testing.T, contract func(t *testing.T, e *Env), options ...func(*store.Config)) {
	t.Helper()
	for _, db := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", databases.SQLite}, {"postgres", databases.Postgres}} {
		t.Run(db.name, func(t *testing.T) { contract(t, open(t, db.url(t), options)) })
	}
}

// SQLite is a store on a new file, for what needs but one database.
func SQLite(t testing.TB, options ...func(*store.Config)) *Env {
	t.Helper()
	return open(t, File(t), options)
}

// New migrates and opens a database; the test's end closes it.
func New(t testing.TB, url string, options ...func(*store.Config)) *Env {
	t.Helper()
	if err := databases.Migrate(context.Background(), url); err != nil {
		t.Fatal(err)
	}
	return open(t, url, options)
}

func open(t testing.TB, url string, options []func(*store.Config)) *Env {
	t.Helper()
	e := &Env{Clock: &Clock{}}
	e.Clock.us.Store(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).UnixMicro())
	e.Config = store.Config{URL: url, Clock: e.Clock.Now, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), OnRead: e.reads.note}
	for _, set := range options {
		set(&e.Config)
	}
	e.start(t)
	return e
}

// Beside is another store on the same database, as of a second process: it remembers
// nothing of what the first has done.
func (e *Env) Beside(t testing.TB) *Env {
	t.Helper()
	b := &Env{Clock: e.Clock, Config: e.Config}
	b.Config.OnRead = b.reads.note
	b.start(t)
	return b
}

func (e *Env) start(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, e.Config)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	e.Store = s
}

// Confirmed is now, as the time at which a user's address was confirmed.
func Confirmed(e *Env) *rooms.Time {
	now := rooms.At(e.Clock.Now())
	return &now
}

// User adds an approved user whose address is confirmed.
func (e *Env) User(t testing.TB, role rooms.Side) store.User {
	t.Helper()
	id := ulid.Make().String()
	u, err := e.CreateUser(context.Background(), store.User{
		Email: id + "@example.test", Name: "Name " + id, Role: role, Approved: true, VerifiedAt: Confirmed(e),
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}
