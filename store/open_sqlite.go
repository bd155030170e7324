package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// sqliteFile is the path of a SQLite database.
type sqliteFile string

// openWait is how long a connection waits, in milliseconds, while another process
// opens, recovers or closes the file.
const openWait = 5000

// pool opens connections with the pragmas, which every connection must have.
func (f sqliteFile) pool(pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", openWait), "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)", "temp_store(memory)",
	}, pragmas...)}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: string(f)}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("store: open the SQLite database: %w", err)
	}
	return db, nil
}

func (f sqliteFile) open(ctx context.Context, cfg *Config) (db database, err error) {
	writes, err := f.pool("cache_size(-32768)", "wal_autocheckpoint(0)")
	if err != nil {
		return db, err
	}
	writes.SetMaxOpenConns(1)
	conn, err := bun.NewDB(writes, sqlitedialect.New()).Conn(ctx)
	if err != nil {
		return db, errors.Join(unavailable("open", err), writes.Close())
	}
	// From here on the turnstile decides who waits, not SQLite.
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout(0)"); err != nil {
		return db, errors.Join(unavailable("open", err), writes.Close())
	}
	turn, err := openTurnstile(string(f))
	if err != nil {
		return db, errors.Join(unavailable("open", err), writes.Close())
	}
	reads, err := f.pool("query_only(1)")
	if err != nil {
		return db, errors.Join(err, writes.Close(), turn.close())
	}
	reads.SetMaxOpenConns(cfg.Readers)
	reads.SetMaxIdleConns(cfg.Readers)
	copies, err := f.pool("wal_autocheckpoint(0)")
	if err != nil {
		return db, errors.Join(err, writes.Close(), turn.close(), reads.Close())
	}
	copies.SetMaxOpenConns(1)
	return database{
		reads: bun.NewDB(reads, sqlitedialect.New()),
		lists: listForm{
			in:    "IN (SELECT value FROM json_each(?))",
			value: func(list []string) any { return jsonList(list) },
		},
		engine: newSQLiteEngine(conn, writes, turn, &checkpointer{pool: copies, log: cfg.Logger, limit: checkpointFrames}),
	}, nil
}

func (f sqliteFile) exclusive(ctx context.Context, do func(db *bun.DB) error) (err error) {
	turn, err := openTurnstile(string(f))
	if err != nil {
		return unavailable("migrate", err)
	}
	defer func() { err = errors.Join(err, turn.close()) }()
	if err := turn.enter(); err != nil {
		return unavailable("migrate", err)
	}
	pool, err := f.pool()
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	db := bun.NewDB(pool, sqlitedialect.New())
	return errors.Join(do(db), db.Close(), turn.leave())
}

func (sqliteFile) folder() string { return "sqlite" }

func (sqliteFile) tableExists() string {
	return "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
}
