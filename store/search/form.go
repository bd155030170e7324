package search

import (
	"context"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"parley/store"
)

// form is how one database is asked.
type form interface {
	// near finds terms that may have been meant by a word, the likeliest first.
	near(db *bun.DB, word string) *bun.RawQuery
	// campaigns and influencers find hits.
	campaigns(ctx context.Context, db *bun.DB, q *campaignQuery) (*bun.RawQuery, error)
	influencers(ctx context.Context, db *bun.DB, q *influencerQuery) (*bun.RawQuery, error)
}

func formOf(db *bun.DB) form {
	if db.Dialect().Name() == dialect.PG {
		return postgresForm{}
	}
	return sqliteForm{}
}

// few is how many rows are sorted rather than walked past: where no more fit the words
// or a range, these are read and sorted; otherwise the rows are walked in their order,
// which meets ones that fit soon. At 100,000 rows, walking to a page of 20 among more
// than these looks at 1,000 rows on average, and sorting costs about as much.
const few = 2000

// isFew tells the two ways apart. It counts no further than it must.
func isFew(ctx context.Context, db *bun.DB, from string, args ...any) (bool, error) {
	var n int
	err := db.NewRaw("SELECT count(*) FROM (SELECT 1 FROM "+from+" LIMIT ?) AS list", append(args, few+1)...).Scan(ctx, &n)
	return n <= few, store.ReadError("search", err)
}

// selectHits is a query for hits.
func selectHits(db *bun.DB, from string, order ordering, where *conditions, limit int) *bun.RawQuery {
	return db.NewRaw("SELECT "+order.columns()+" FROM "+from+" WHERE "+where.sql+" ORDER BY "+order.sql()+" LIMIT ?",
		append(where.args[:len(where.args):len(where.args)], limit)...)
}
