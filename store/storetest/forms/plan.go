package forms

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// recorder keeps the queries that a store's readers run, while it is asked to.
type recorder struct {
	mu      sync.Mutex
	on      bool
	queries []query
}

type query struct {
	text string
	args []any
}

func (r *recorder) note(text string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// What begins and ends a transaction has no plan.
	if r.on && text != "BEGIN" && text != "ROLLBACK" && text != "COMMIT" {
		r.queries = append(r.queries, query{text, append([]any(nil), args...)})
	}
}

func (r *recorder) set(on bool) []query {
	r.mu.Lock()
	defer r.mu.Unlock()
	queries := r.queries
	r.on, r.queries = on, nil
	return queries
}

// Plan is how a database finds the rows of one query.
type Plan struct {
	Query string
	// Text is the plan as the database tells it.
	Text string
	// Scans are the tables, by their own name or by the query's for them, of which
	// every row is read: no condition of the query is an index's. A walk along an
	// index that ends with the page, as of a list in an index's order, is none.
	Scans []string
	// Sorts says that rows are sorted which no index gives in order: however short
	// the page, all are read first.
	Sorts bool
}

// Plans runs do, which reads by the store, and returns the plan of each query that
// it ran. The tables may be empty: what is asked is which way is open to the
// database, not which one it would choose for a few rows. PostgreSQL is therefore
// told to scan and to sort only where it has no other way.
func (e *Env) Plans(t testing.TB, do func(ctx context.Context) error) []Plan {
	t.Helper()
	ctx := context.Background()
	e.reads.set(true)
	err := do(ctx)
	queries := e.reads.set(false)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if len(queries) == 0 {
		t.Fatal("nothing was read")
	}
	plans := make([]Plan, 0, len(queries))
	for _, q := range queries {
		plan, err := e.explain(ctx, q)
		if err != nil {
			t.Fatalf("explain %s: %v", q.text, err)
		}
		plans = append(plans, plan)
	}
	return plans
}

// NoScan fails the test where what do reads needs every row of a table, other than
// of those that are named as small ones.
func (e *Env) NoScan(t testing.TB, do func(ctx context.Context) error, small ...string) {
	t.Helper()
	e.check(t, do, small, false)
}

// NoSort is NoScan that also refuses to sort: for lists that are read in pages, in
// the order of an index.
func (e *Env) NoSort(t testing.TB, do func(ctx context.Context) error, small ...string) {
	t.Helper()
	e.check(t, do, small, true)
}

func (e *Env) check(t testing.TB, do func(ctx context.Context) error, small []string, sorted bool) {
	t.Helper()
	for _, p := range e.Plans(t, do) {
		for _, name := range p.Scans {
			if !slices.Contains(small, name) {
				t.Errorf("all of %s is read:\n%s\n%s", name, p.Query, p.Text)
			}
		}
		if sorted && p.Sorts {
			t.Errorf("no index gives the order:\n%s\n%s", p.Query, p.Text)
		}
	}
}

func (e *Env) explain(ctx context.Context, q query) (Plan, error) {
	db := e.Reads()
	if db.Dialect().Name() == dialect.PG {
		return explainPostgres(ctx, db, q)
	}
	return explainSQLite(ctx, db, q)
}

// explainSQLite reads SQLite's own words: SEARCH where an index is asked, SCAN
// where a table or an index is walked.
func explainSQLite(ctx context.Context, db *bun.DB, q query) (Plan, error) {
	rows, err := db.DB.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q.text, q.args...)
	if err != nil {
		return Plan{}, err
	}
	defer rows.Close()
	p := Plan{Query: q.text}
	var text strings.Builder
	var walks, own []string
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			return Plan{}, err
		}
		text.WriteString(line + "\n")
		switch {
		case strings.HasPrefix(line, "USE TEMP B-TREE FOR") && strings.Contains(line, "ORDER BY"):
			p.Sorts = true
		case strings.HasPrefix(line, "CO-ROUTINE "), strings.HasPrefix(line, "MATERIALIZE "):
			own = append(own, strings.Fields(line)[1]) // a subquery of its own, with lines of its own
		case strings.HasPrefix(line, "SCAN CONSTANT ROW"), strings.Contains(line, "VIRTUAL TABLE"):
		case strings.HasPrefix(line, "SCAN "):
			// A query's own subqueries and common tables have names too; only tables
			// and views of the schema count.
			name := strings.Fields(line)[1]
			walks = append(walks, name)
		}
	}
	if err := rows.Err(); err != nil {
		return Plan{}, err
	}
	p.Text = text.String()
	for _, name := range walks {
		if slices.Contains(own, name) {
			continue
		}
		table, stored, err := sqliteTable(ctx, db, q.text, name)
		if err != nil {
			return Plan{}, err
		}
		// In the order of the rows or of an index, a page's limit ends the walk.
		if stored && (p.Sorts || !limited(q.text)) {
			p.Scans = append(p.Scans, table)
		}
	}
	return p, nil
}

// limited reports whether a query asks for the first rows of an order.
func limited(text string) bool {
	text = strings.ToUpper(text)
	return strings.Contains(text, " LIMIT ") && strings.Contains(text, " ORDER BY ")
}

// sqliteTable finds the table or view behind the name that a query, or a view that it
// reads, gives it.
func sqliteTable(ctx context.Context, db *bun.DB, text, name string) (table string, stored bool, err error) {
	var schema []struct{ Type, Name, SQL string }
	if err := db.NewRaw("SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')").Scan(ctx, &schema); err != nil {
		return "", false, err
	}
	var tables []string
	for _, s := range schema {
		tables = append(tables, s.Name)
	}
	if table, stored = named(tables, text, name); stored {
		return table, true, nil
	}
	for _, s := range schema {
		if s.Type != "view" || !slices.Contains(words(text), s.Name) {
			continue
		}
		if _, stored = named(tables, s.SQL, name); stored {
			return s.Name, true, nil
		}
	}
	return name, false, nil
}

func words(text string) []string {
	return strings.Fields(strings.NewReplacer(`"`, "", "(", " ( ", ")", " ) ", ",", " , ").Replace(text))
}

// named finds which of some tables a text gives a name.
func named(tables []string, text, name string) (table string, ok bool) {
	words := words(text)
	for i, word := range words {
		if !slices.Contains(tables, word) {
			continue
		}
		if word == name {
			return word, true
		}
		after := words[i+1:]
		if len(after) > 0 && strings.EqualFold(after[0], "AS") {
			after = after[1:]
		}
		if len(after) > 0 && after[0] == name {
			return word, true
		}
	}
	return name, false
}

// node is what is read of a node of PostgreSQL's plans.
type node struct {
	Kind     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Cond     string `json:"Index Cond"`
	Plans    []node `json:"Plans"`
}

// explainPostgres asks twice: without the ability to sort, joins come out in ways
// that nobody would take, so that scans are looked for with it.
func explainPostgres(ctx context.Context, db *bun.DB, q query) (Plan, error) {
	p := Plan{Query: q.text}
	for _, off := range [][]string{{"enable_seqscan"}, {"enable_seqscan", "enable_sort", "enable_incremental_sort"}} {
		trees, raw, err := postgresPlan(ctx, db, q, off)
		if err != nil {
			return Plan{}, err
		}
		found := Plan{}
		for i := range trees {
			found.take(&trees[i].Plan, false)
		}
		if p.Text == "" {
			p.Scans = found.Scans
		}
		p.Sorts = found.Sorts // of the last
		p.Text += string(raw)
	}
	return p, nil
}

type tree struct {
	Plan node `json:"Plan"`
}

func postgresPlan(ctx context.Context, db *bun.DB, q query, off []string) (trees []tree, raw []byte, err error) {
	tx, err := db.DB.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing is written
	for _, setting := range off {
		if _, err := tx.ExecContext(ctx, "SET LOCAL "+setting+" = off"); err != nil {
			return nil, nil, err
		}
	}
	if err := tx.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) "+q.text, q.args...).Scan(&raw); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(raw, &trees); err != nil {
		return nil, nil, fmt.Errorf("read the plan: %w", err)
	}
	return trees, raw, nil
}

// take notes what a node and those below it read; page says that a limit above
// ends the walk.
func (p *Plan) take(n *node, page bool) {
	switch n.Kind {
	case "Limit":
		page = true
	case "Sort", "Incremental Sort":
		p.Sorts = true
		page = false
	case "Aggregate", "Hash", "Materialize", "Group", "WindowAgg":
		page = false
	case "Seq Scan":
		p.Scans = append(p.Scans, n.Relation)
	case "Bitmap Heap Scan":
		for i := range n.Plans {
			if n.Plans[i].Kind == "Bitmap Index Scan" && n.Plans[i].Cond == "" {
				p.Scans = append(p.Scans, n.Relation)
			}
		}
	case "Index Scan", "Index Only Scan":
		if n.Cond == "" && !page {
			p.Scans = append(p.Scans, n.Relation)
		}
	}
	for i := range n.Plans {
		p.take(&n.Plans[i], page)
	}
}
