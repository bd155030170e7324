package search

import (
	"context"
	"strings"

	"github.com/uptrace/bun"
)

// postgresForm asks a tsvector of lexemes: every word as it is, and those of the name,
// the category, the niches and the platforms once more with a mark. The statistics of
// the column tell PostgreSQL how many rows a text has; it chooses the way by itself.
type postgresForm struct{}

var postgresMarks = [...]string{anywhere: "", inName: "=", inCategory: "c:", inNiches: "n:", inPlatforms: "p:"}

// text writes a match as a tsquery.
func (f postgresForm) text(m match) string {
	text := render(m, func(b *strings.Builder, t term) {
		b.WriteByte('\'')
		b.WriteString(postgresMarks[t.in])
		b.WriteString(t.word)
		b.WriteByte('\'')
		if t.prefix {
			b.WriteString(":*")
		}
	}, " & ", " | ")
	if m.not != nil {
		text += " & !(" + f.text(*m.not) + ")"
	}
	return text
}

func (postgresForm) near(db *bun.DB, word string) *bun.RawQuery {
	return db.NewRaw("SELECT term FROM search_terms WHERE term % ? ORDER BY similarity(term, ?) DESC, term LIMIT ?",
		word, word, maxNear)
}

func (f postgresForm) campaigns(_ context.Context, db *bun.DB, q *campaignQuery) (*bun.RawQuery, error) {
	where, from := q.where, "campaigns c"
	if !q.match.empty() {
		from += " JOIN campaign_index t ON t.campaign_id = c.id"
		where.add("t.lexemes @@ ?::tsquery", f.text(q.match))
	}
	return selectHits(db, from, q.order, &where, q.limit), nil
}
