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
	return f.hits(ctx, db, q.match, q.order, q.where, q.limit, "campaigns c", "campaign_index", "campaign_id")
}

func (f postgresForm) influencers(ctx context.Context, db *bun.DB, q *influencerQuery) (*bun.RawQuery, error) {
	return f.hits(ctx, db, q.match, q.order, q.where, q.limit, "influencer_docs i", "influencer_index", "user_id")
}

// hits joins rows with their lexemes, which are found by an id in a table beside them.
func (f postgresForm) hits(ctx context.Context, db *bun.DB, m match, order ordering, where conditions, limit int,
	rows, index, id string,
) (*bun.RawQuery, error) {
	if m.empty() {
		return selectHits(db, rows, order, &where, limit), nil
	}
	text := f.text(m)
	fewHits, err := isFew(ctx, db, index+" WHERE lexemes @@ ?::tsquery", text)
	if err != nil {
		return nil, err
	}
	if !fewHits {
		// A row's own lexemes, one row after the other: an order is walked.
		where.add("(SELECT t.lexemes @@ ?::tsquery FROM "+index+" t WHERE t."+id+" = "+order.id+")", text)
		return selectHits(db, rows, order, &where, limit), nil
	}
	// OFFSET 0 keeps the planner from walking an order after all.
	from := "(SELECT " + id + " FROM " + index + " WHERE lexemes @@ ?::tsquery OFFSET 0) t JOIN " + rows + " ON " + order.id + " = t." + id
	where.args = append([]any{text}, where.args...)
	return selectHits(db, from, order, &where, limit), nil
}
