package search

import (
	"context"
	"strings"

	"github.com/uptrace/bun"
)

// postgresForm asks a tsvector of lexemes: every word as it is, and those of the name,
// the category, the niches and the platforms once more with a mark. PostgreSQL guesses
// far off how many rows hold a word that is rare or none, so the way by the text is
// chosen here as for SQLite; the others it chooses well by its statistics.
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

func (f postgresForm) campaigns(ctx context.Context, db *bun.DB, q *campaignQuery) (*bun.RawQuery, error) {
	where, from := q.where, "campaigns c"
	if !q.match.empty() {
		text := f.text(q.match)
		fewHits, err := isFew(ctx, db, "campaign_index WHERE lexemes @@ ?::tsquery", text)
		if err != nil {
			return nil, err
		}
		if fewHits {
			from = "(SELECT campaign_id FROM campaign_index WHERE lexemes @@ ?::tsquery OFFSET 0) t JOIN campaigns c ON c.id = t.campaign_id"
			where.args = append([]any{text}, where.args...)
		} else {
			where.add("(SELECT t.lexemes @@ ?::tsquery FROM campaign_index t WHERE t.campaign_id = c.id)", text)
		}
	}
	return selectHits(db, from, q.order, &where, q.limit), nil
}
