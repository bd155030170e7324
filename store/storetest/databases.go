package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Databases are those of one test binary. A schema is made once for each form of
// the store; every test gets a copy of it, a new SQLite file or a new database on a
// PostgreSQL server that the first test to need one starts. To make the schema anew
// for each test takes longer than most tests do.
type Databases struct {
	// Migrate makes the schema in the empty database that the URL names.
	Migrate func(ctx context.Context, url string) error

	mu       sync.Mutex
	file     []byte // a SQLite file with the schema, once one was asked for
	server   *Postgres
	template string // names the server's database with the schema
}

// Close stops the server, if there is one. TestMain calls it after all tests.
func (d *Databases) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server == nil {
		return nil
	}
	return d.server.stop()
}

// EmptySQLite is the URL of a file that does not exist yet.
func (d *Databases) EmptySQLite(t testing.TB) string {
	t.Helper()
	return sqliteURL(filepath.Join(t.TempDir(), "parley.db"))
}

// SQLite is the URL of a new file with the schema.
func (d *Databases) SQLite(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.db")
	if err := os.WriteFile(path, d.schemaFile(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return sqliteURL(path)
}

// EmptyPostgres is the URL of a new database with nothing in it.
func (d *Databases) EmptyPostgres(t testing.TB) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running(t).URL(t)
}

// Postgres is the URL of a new database with the schema.
func (d *Databases) Postgres(t testing.TB) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.running(t)
	if d.template == "" {
		name := p.create(t, "")
		if err := d.Migrate(context.Background(), p.url(name)); err != nil {
			t.Fatalf("make the schema: %v", err)
		}
		d.template = name
	}
	return p.url(p.create(t, d.template))
}

// running is the server; the caller holds the lock.
func (d *Databases) running(t testing.TB) *Postgres {
	t.Helper()
	if d.server == nil {
		p, err := start(fsyncOff)
		if err != nil {
			t.Fatalf("start PostgreSQL: %v", err)
		}
		d.server = p
	}
	return d.server
}

// schemaFile is what a SQLite file with the schema holds.
func (d *Databases) schemaFile(t testing.TB) []byte {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file == nil {
		file, err := d.makeFile()
		if err != nil {
			t.Fatalf("make the schema: %v", err)
		}
		d.file = file
	}
	return d.file
}

func (d *Databases) makeFile() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "parley-schema-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if rerr := os.RemoveAll(dir); err == nil {
			err = rerr
		}
	}()
	path := filepath.Join(dir, "parley.db")
	if err := d.Migrate(context.Background(), sqliteURL(path)); err != nil {
		return nil, err
	}
	// The last connection to close has moved the log into the file.
	if _, err := os.Stat(path + "-wal"); err == nil {
		return nil, fmt.Errorf("%s is still open", path)
	}
	return os.ReadFile(path) //nolint:gosec // made above
}

func sqliteURL(path string) string { return "sqlite://" + path }
