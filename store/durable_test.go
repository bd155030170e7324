package store

import (
	"context"
	"strings"
	"testing"
)

// TestCommitsAreOnDisk asks the connections themselves, whatever the URL says.
func TestCommitsAreOnDisk(t *testing.T) {
	ask := func(t *testing.T, e *env, query string) (writer, reader string) {
		t.Helper()
		writer, err := write(t.Context(), e.Store, false, func(ctx context.Context, tx *Tx) (v string, err error) {
			return v, tx.DB.QueryRowContext(ctx, query).Scan(&v)
		})
		must(t, err)
		must(t, e.reads.db.QueryRowContext(t.Context(), query).Scan(&reader))
		return writer, reader
	}
	t.Run("sqlite", func(t *testing.T) {
		e := newEnv(t, Config{URL: databases.SQLite(t)})
		for query, want := range map[string]string{
			"PRAGMA synchronous": "2", "PRAGMA journal_mode": "wal", "PRAGMA foreign_keys": "1",
		} {
			if w, r := ask(t, e, query); w != want || r != want {
				t.Errorf("%s: the writer has %s, a reader %s", query, w, r)
			}
		}
		_, err := e.reads.db.ExecContext(t.Context(), "DELETE FROM users")
		if err == nil {
			t.Error("a reader may write")
		}
	})
	t.Run("postgres", func(t *testing.T) {
		e := newEnv(t, Config{URL: databases.Postgres(t) + "&synchronous_commit=off"})
		if w, r := ask(t, e, "SHOW synchronous_commit"); w != "on" || r != "on" {
			t.Errorf("the writer has %s, a reader %s", w, r)
		}
		_, err := e.reads.db.ExecContext(t.Context(), "DELETE FROM users")
		if err == nil {
			t.Error("a reader may write")
		}
	})
}

// TestTheIndexesAreUsed holds the reads of every join and resume, and of the job
// that looks for what is due, to indexes.
func TestTheIndexesAreUsed(t *testing.T) {
	e := newEnv(t, Config{URL: databases.SQLite(t)})
	for name, query := range map[string]string{
		"tail":     tailSQL,
		"room":     roomSQL.load,
		"commands": sqliteCommands,
		"save":     roomSQL.saveRow,
		"taken":    sqliteTaken,
		"due":      "SELECT id FROM ad_requests WHERE check_at <= 1 ORDER BY check_at LIMIT 100",
		"ended":    "SELECT id FROM campaigns WHERE settled_at IS NULL AND ends_at <= 1 ORDER BY ends_at LIMIT 20",
		"mine":     "SELECT id FROM ad_requests r WHERE (r.sponsor_id = 'x' OR r.influencer_id = 'x') AND r.last_pos > 5",
		"feed":     feedFrom + " WHERE e.pos > 1 AND e.pos < 9 ORDER BY e.pos LIMIT 5",
	} {
		args := make([]any, strings.Count(query, "?"))
		for i := range args {
			args[i] = `[]`
		}
		rows, err := e.reads.db.DB.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
		must(t, err)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			must(t, rows.Scan(&id, &parent, &unused, &detail))
			for _, table := range []string{"events", "event_marks", "ad_request_rows", "ad_request_heads", "commands", "campaigns", "e", "r", "h", "c", "m", "l", "d"} {
				if strings.HasPrefix(detail+" ", "SCAN "+table+" ") { // also in the order of an index
					t.Errorf("%s: %s", name, detail)
				}
			}
		}
		must(t, rows.Err())
		must(t, rows.Close())
	}
}
