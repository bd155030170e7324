package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// postgresDB is a PostgreSQL database.
type postgresDB struct{ config *pgx.ConnConfig }

// migrationLock is the key of the advisory lock that migrations take.
const migrationLock = 7_275_539_001

func parsePostgres(raw string) (location, error) {
	config, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, fmt.Errorf("store: the database URL: %w", err) // pgx leaves the password out
	}
	return &postgresDB{config: config}, nil
}

// pool opens connections with the settings that every connection must have.
func (p *postgresDB) pool(settings map[string]string, mode pgx.QueryExecMode) *sql.DB {
	config := p.config.Copy()
	config.DefaultQueryExecMode = mode
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	// Whatever the URL or the server say: a commit is on disk before its answer.
	config.RuntimeParams["synchronous_commit"] = "on"
	config.RuntimeParams["timezone"] = "UTC"
	return sql.OpenDB(stdlib.GetConnector(*config))
}

func (p *postgresDB) open(ctx context.Context, cfg *Config) (db database, err error) {
	// A writer that hangs inside a transaction holds everybody up: the server ends it.
	writes := p.pool(map[string]string{"idle_in_transaction_session_timeout": "30s"}, pgx.QueryExecModeCacheStatement)
	writes.SetMaxOpenConns(1)
	engine := newPostgresEngine(bun.NewDB(writes, pgdialect.New()))
	if err := engine.connect(ctx); err != nil {
		return db, errors.Join(unavailable("open", err), writes.Close())
	}
	// Most reads carry their arguments in their text, which no cache finds again;
	// those that are frequent are prepared by name.
	reads := p.pool(map[string]string{"default_transaction_read_only": "on"}, pgx.QueryExecModeExec)
	reads.SetMaxOpenConns(cfg.Readers)
	reads.SetMaxIdleConns(cfg.Readers)
	return database{
		reads:  bun.NewDB(reads, pgdialect.New()),
		lists:  listForm{in: "= ANY(?)", value: func(list []string) any { return list }, numbered: true},
		engine: engine,
	}, nil
}

func (p *postgresDB) exclusive(ctx context.Context, do func(db *bun.DB) error) (err error) {
	db := bun.NewDB(p.pool(nil, pgx.QueryExecModeExec), pgdialect.New())
	defer func() { err = errors.Join(err, db.Close()) }()
	// The lock ends with its connection, whatever happens to this process.
	conn, err := db.DB.Conn(ctx)
	if err != nil {
		return unavailable("migrate", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return unavailable("migrate", err)
	}
	err = do(db)
	if _, uerr := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", migrationLock); uerr != nil {
		err = errors.Join(err, unavailable("migrate", uerr))
	}
	return err
}

func (*postgresDB) folder() string { return "postgres" }

func (*postgresDB) tableExists() string {
	return "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = ?"
}
