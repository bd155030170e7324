package search

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/storetest/forms"
)

// plan is how the database would answer, a step a line. PostgreSQL, which on tables of a
// few pages reads them whole whatever indexes there are, is told that this costs much:
// what it still reads whole has no index to go by.
func plan(t *testing.T, e *forms.Env, q *bun.RawQuery) []string {
	t.Helper()
	ctx := t.Context()
	sql := q.String()
	var lines []string
	if _, ok := formOf(e.Reads()).(sqliteForm); ok {
		var steps []struct {
			ID, Parent, Notused int
			Detail              string
		}
		if err := e.Reads().NewRaw("EXPLAIN QUERY PLAN "+sql).Scan(ctx, &steps); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		for _, s := range steps {
			lines = append(lines, s.Detail)
		}
		return lines
	}
	_, err := store.Write(ctx, e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		lines = nil
		if _, err := tx.DB.NewRaw("SET LOCAL enable_seqscan = off").Exec(ctx); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.DB.NewRaw("EXPLAIN "+sql).Scan(ctx, &lines)
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return lines
}

// whole finds the steps that read a table from end to end. A walk along an index in the
// order of the list is none: it ends with the page.
var whole = regexp.MustCompile(`^SCAN (c|d|i|f|u|search_terms)\b|Seq Scan`)

func wantIndexed(t *testing.T, e *forms.Env, what string, q *bun.RawQuery, served string) {
	t.Helper()
	steps := plan(t, e, q)
	for _, step := range steps {
		if whole.MatchString(strings.TrimSpace(step)) && !strings.Contains(step, " USING ") {
			t.Errorf("%s reads a whole table: %s\n%s", what, step, strings.Join(steps, "\n"))
		}
	}
	if all := strings.Join(steps, "\n"); served != "" && !strings.Contains(all, served) {
		t.Errorf("%s is not served by %s:\n%s", what, served, all)
	}
}

// Every filter and every order has an index to go by, whether words are few or many.
func TestPlans(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		x, ctx := New(e.Store), t.Context()
		now := rooms.At(e.Clock.Now())
		soon := now.Add(time.Hour)
		for what, f := range map[string]CampaignFilter{
			"newest": {}, "ending": {Sort: CampaignsEnding}, "budget": {Sort: CampaignsBudget, Currency: "EUR"},
			"range of budgets": {Currency: "EUR", MinBudget: 5, MaxBudget: 9}, "dates": {From: &soon, Until: &soon},
			"category": {Category: "food"}, "everything": {Category: "food", Niche: "tea", Platform: "x", Currency: "EUR", MinBudget: 1},
		} {
			f.Now = now
			order, where, err := f.query()
			if err != nil {
				t.Fatal(err)
			}
			filter := match{}.and(inCategory, f.Category).and(inNiches, f.Niche).and(inPlatforms, f.Platform)
			for words, m := range map[string]match{"": filter, " with words": {all: append(typed([]string{"tea"}, anywhere).all, filter.all...)}} {
				q := &campaignQuery{match: m, order: order, where: where, limit: 20}
				order.after(&q.where, &hit{ID: "x", Key: 5})
				sql, err := x.form.campaigns(ctx, x.db, q)
				if err != nil {
					t.Fatal(err)
				}
				served := ""
				if m.empty() && !strings.Contains(what, "range") {
					served = order.index
				}
				wantIndexed(t, e, what+words, sql, served)
			}
		}
		for what, f := range map[string]InfluencerFilter{
			"reach": {}, "engagement": {Sort: InfluencersEngagement}, "activity": {Sort: InfluencersActive, AcceptsInvites: true},
			"range of reach": {MinReach: 5, MaxReach: 9, Sort: InfluencersActive}, "range of engagement": {MinEngagement: 5},
			"range of fees": {Currency: "EUR", MinFee: 5, MaxFee: 10}, "category": {Category: "food", Sort: InfluencersEngagement},
		} {
			q, err := f.query()
			if err != nil {
				t.Fatal(err)
			}
			for words, m := range map[string]match{"": match{}.and(inCategory, f.Category), " with words": typed([]string{"tea"}, inName)} {
				q := q
				q.match, q.limit = m, 20
				q.order.after(&q.where, &hit{ID: "x", Key: 5})
				sql, err := x.form.influencers(ctx, x.db, &q)
				if err != nil {
					t.Fatal(err)
				}
				wantIndexed(t, e, what+words, sql, "")
			}
		}
		wantIndexed(t, e, "what may have been meant", x.form.near(x.db, "samsng"), "")
	})
}
