package search

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"parley/store"
)

// sqliteForm asks FTS5. SQLite does not know how many rows a text has, so the way is
// chosen here: where few rows fit the words or a range, these are sorted; otherwise the
// rows are walked in their order, which meets one that fits soon.
type sqliteForm struct{}

// few is how many rows are sorted rather than walked past. At 100,000 rows, walking to a
// page of 20 among more than these looks at 1,000 rows on average, and sorting costs
// about as much.
const few = 2000

var sqliteFields = [...]string{
	anywhere: "", inName: "name : ", inCategory: "category : ", inNiches: "niches : ", inPlatforms: "platforms : ",
}

// text writes a match as an FTS5 expression.
func (f sqliteForm) text(m match) string {
	text := render(m, func(b *strings.Builder, t term) {
		b.WriteString(sqliteFields[t.in])
		b.WriteByte('"')
		b.WriteString(t.word)
		b.WriteByte('"')
		if t.prefix {
			b.WriteByte('*')
		}
	}, " AND ", " OR ")
	if m.not != nil {
		text = "(" + text + ") NOT (" + f.text(*m.not) + ")"
	}
	return text
}

func (sqliteForm) near(db *bun.DB, word string) *bun.RawQuery {
	letters := []rune(word)
	var grams []string
	for i := range len(letters) - 2 {
		grams = append(grams, `"`+string(letters[i:i+3])+`"`)
	}
	return db.NewRaw("SELECT term FROM search_grams WHERE search_grams MATCH ? ORDER BY rank LIMIT ?",
		strings.Join(grams, " OR "), maxNear)
}

// isFew counts no further than it must.
func (sqliteForm) isFew(ctx context.Context, db *bun.DB, from string, args ...any) (bool, error) {
	var n int
	err := db.NewRaw("SELECT count(*) FROM (SELECT 1 FROM "+from+" LIMIT ?)", append(args, few+1)...).Scan(ctx, &n)
	return n <= few, store.ReadError("search", err)
}

func (f sqliteForm) campaigns(ctx context.Context, db *bun.DB, q *campaignQuery) (*bun.RawQuery, error) {
	where := q.where
	from := "campaigns c INDEXED BY " + q.order.index
	if !q.match.empty() {
		text := f.text(q.match)
		fewHits, err := f.isFew(ctx, db, "campaign_index WHERE campaign_index MATCH ?", text)
		if err != nil {
			return nil, err
		}
		if fewHits {
			from = "campaign_index CROSS JOIN campaign_docs d ON d.doc = campaign_index.rowid" +
				" CROSS JOIN campaigns c ON c.id = d.campaign_id"
			where.add("campaign_index MATCH ?", text)
		} else {
			from += " CROSS JOIN campaign_docs d ON d.campaign_id = c.id"
			where.add("d.doc IN (SELECT rowid FROM campaign_index WHERE campaign_index MATCH ?)", text)
		}
	}
	return selectHits(db, from, q.order, &where, q.limit), nil
}

// selectHits is a query for hits.
func selectHits(db *bun.DB, from string, order ordering, where *conditions, limit int) *bun.RawQuery {
	return db.NewRaw("SELECT "+order.columns()+" FROM "+from+" WHERE "+where.sql+" ORDER BY "+order.sql()+" LIMIT ?",
		append(where.args[:len(where.args):len(where.args)], limit)...)
}
