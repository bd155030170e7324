package search

import (
	"context"
	"strings"

	"github.com/uptrace/bun"
)

// sqliteForm asks FTS5. CROSS JOIN and INDEXED BY keep SQLite on the way that was
// chosen.
type sqliteForm struct{}

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

func (f sqliteForm) campaigns(ctx context.Context, db *bun.DB, q *campaignQuery) (*bun.RawQuery, error) {
	where, from := q.where, "campaign_rows c INDEXED BY "+q.order.index
	if !q.match.empty() {
		text := f.text(q.match)
		fewHits, err := isFew(ctx, db, "campaign_index WHERE campaign_index MATCH ?", text)
		if err != nil {
			return nil, err
		}
		if fewHits {
			from = "campaign_index CROSS JOIN campaign_docs d ON d.doc = campaign_index.rowid" +
				" CROSS JOIN campaign_rows c ON c.id = d.campaign_id"
			where.add("campaign_index MATCH ?", text)
		} else {
			// The plus keeps SQLite from looking each document up in the text index.
			from += " CROSS JOIN campaign_docs d ON d.campaign_id = c.id"
			where.add("+d.doc IN (SELECT rowid FROM campaign_index WHERE campaign_index MATCH ?)", text)
		}
	}
	return selectHits(db, from, q.order, &where, q.limit), nil
}

func (f sqliteForm) influencers(ctx context.Context, db *bun.DB, q *influencerQuery) (*bun.RawQuery, error) {
	where, from := q.where, "influencer_docs i INDEXED BY "+q.order.index
	text := ""
	if !q.match.empty() {
		text = f.text(q.match)
		fewHits, err := isFew(ctx, db, "influencer_index WHERE influencer_index MATCH ?", text)
		if err != nil {
			return nil, err
		}
		if fewHits {
			from = "influencer_index CROSS JOIN influencer_docs i ON i.doc = influencer_index.rowid"
			where.add("influencer_index MATCH ?", text)
			return selectHits(db, from, q.order, &where, q.limit), nil
		}
	}
	for _, r := range q.ranges {
		fewHits, err := isFew(ctx, db, r.from+" WHERE "+r.where.sql, r.where.args...)
		if err != nil {
			return nil, err
		}
		if !fewHits {
			continue
		}
		if from = r.from; r.fees {
			from += " CROSS JOIN influencer_docs i ON i.user_id = f.user_id"
			where.add(r.where.sql, r.where.args...)
		}
		break
	}
	if text != "" {
		where.add("+i.doc IN (SELECT rowid FROM influencer_index WHERE influencer_index MATCH ?)", text)
	}
	return selectHits(db, from, q.order, &where, q.limit), nil
}
