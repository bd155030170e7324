package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"parley/store/migrations"
)

// location is a database that was named but not opened.
type location interface {
	// open opens the readers and the writer's engine.
	open(ctx context.Context, cfg *Config) (database, error)
	// exclusive runs f while no other process migrates; db takes the schema.
	exclusive(ctx context.Context, f func(db *bun.DB) error) error
	// folder is where the migrations are.
	folder() string
	// tableExists asks for a table.
	tableExists() string
}

// parseURL reads Config.URL. Its password never shows up in an error.
func parseURL(raw string) (location, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, fmt.Errorf("store: the database URL must begin with sqlite:// or postgres://")
	}
	switch scheme {
	case "sqlite":
		path, err := url.PathUnescape(rest)
		if err != nil || path == "" || strings.Contains(path, "\x00") || strings.HasPrefix(path, ":") {
			return nil, fmt.Errorf("store: the database URL must name a file, such as sqlite://parley.db")
		}
		return sqliteFile(path), nil
	case "postgres", "postgresql":
		return parsePostgres(raw)
	default:
		return nil, fmt.Errorf("store: the database URL must begin with sqlite:// or postgres://, not %q", scheme)
	}
}

// With migrates, opens and starts a store for f, and closes it afterwards.
func With(ctx context.Context, cfg Config, f func(*Store) error) (err error) {
	if err := Migrate(ctx, cfg); err != nil {
		return err
	}
	s, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	s.Start()
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closePatience)
		defer cancel()
		err = errors.Join(err, s.Close(closing))
	}()
	return f(s)
}

// closePatience is how long With waits for what is queued.
const closePatience = 30 * time.Second

// Migrate brings the database's schema up to that of this binary. Several
// processes may call it at once.
func Migrate(ctx context.Context, cfg Config) error {
	return alone(ctx, cfg, "migrate", func(db *bun.DB, where location, epoch string) error {
		m, err := migrator(db, where)
		if err != nil {
			return err
		}
		if err := m.Init(ctx); err != nil {
			return err
		}
		// The lock of the migrator is a row that a crash leaves behind; the lock that
		// is held here ends with its process.
		if _, err := m.Migrate(ctx); err != nil {
			return err
		}
		_, err = db.NewRaw("INSERT INTO meta (id, epoch) SELECT 1, ? WHERE NOT EXISTS (SELECT 1 FROM meta)", epoch).Exec(ctx)
		return err
	})
}

// NewEpoch gives the database a new history, as it must have after a restore.
func NewEpoch(ctx context.Context, cfg Config) error {
	return alone(ctx, cfg, "new epoch", func(db *bun.DB, _ location, epoch string) error {
		_, err := db.NewRaw("UPDATE meta SET epoch = ?", epoch).Exec(ctx)
		return err
	})
}

// alone runs f while no other process migrates, with an epoch that is new.
func alone(ctx context.Context, cfg Config, what string, f func(db *bun.DB, where location, epoch string) error) error {
	cfg.setDefaults()
	where, err := parseURL(cfg.URL)
	if err != nil {
		return err
	}
	epoch, err := ulid.New(ulid.Timestamp(cfg.Clock()), cfg.Rand)
	if err != nil {
		return fmt.Errorf("store: make an epoch: %w", err)
	}
	return where.exclusive(ctx, func(db *bun.DB) error {
		if err := f(db, where, epoch.String()); err != nil {
			return fmt.Errorf("store: %s: %w", what, err)
		}
		return nil
	})
}

func migrator(db *bun.DB, where location) (*migrate.Migrator, error) {
	files, err := fs.Sub(migrations.FS, where.folder())
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	all := migrate.NewMigrations()
	if err := all.Discover(files); err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return migrate.NewMigrator(db, all, migrate.WithMarkAppliedOnSuccess(true)), nil
}

// checkSchema refuses a schema that is older or newer than this binary's and
// reads the epoch.
func checkSchema(ctx context.Context, db *bun.DB, where location) (epoch string, err error) {
	var n int
	if err := db.NewRaw(where.tableExists(), "bun_migrations").Scan(ctx, &n); err != nil {
		return "", unavailable("open", err)
	}
	if n == 0 {
		return "", fmt.Errorf("%w: the database is empty", ErrSchema)
	}
	m, err := migrator(db, where)
	if err != nil {
		return "", fmt.Errorf("store: open: %w", err)
	}
	all, err := m.MigrationsWithStatus(ctx)
	if err != nil {
		return "", unavailable("open", err)
	}
	if missing := all.Unapplied(); len(missing) > 0 {
		return "", fmt.Errorf("%w: %d migrations are missing", ErrSchema, len(missing))
	}
	applied, err := m.AppliedMigrations(ctx)
	if err != nil {
		return "", unavailable("open", err)
	}
	if len(applied) > len(all) {
		return "", fmt.Errorf("%w: it is newer than this program", ErrSchema)
	}
	err = db.NewRaw("SELECT epoch FROM meta").Scan(ctx, &epoch)
	if err == sql.ErrNoRows {
		return "", fmt.Errorf("%w: it has no epoch", ErrSchema)
	}
	if err != nil {
		return "", unavailable("open", err)
	}
	return epoch, nil
}
