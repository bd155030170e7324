package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/search"
	"parley/store/storetest"
	"parley/store/storetest/forms"
)

// What benchmarks search in: words as frequent as those of a language, a few brands, and
// categories of unequal size.
type generator struct {
	*rand.Rand
	words *rand.Zipf
	vocab []string
}

func newGenerator() *generator {
	r := rand.New(rand.NewPCG(1, 2))
	g := &generator{Rand: r, words: rand.NewZipf(r, 1.1, 20, 19_999)}
	syllables := []string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu", "bra", "cli", "dro", "ster", "ning"}
	for range 20_000 {
		w := ""
		for range 2 + r.IntN(3) {
			w += syllables[r.IntN(len(syllables))]
		}
		g.vocab = append(g.vocab, w)
	}
	copy(g.vocab[200:], []string{"samsung", "decathlon", "nespresso", "patagonia"})
	return g
}

func (g *generator) text(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = g.vocab[g.words.Uint64()]
	}
	return strings.Join(list, " ")
}

var (
	benchCategories = []string{"Food", "Beauty", "Travel", "Tech", "Fitness", "Games", "Fashion", "Music", "Home & Garden", "Finance", "Art", "Sports"}
	benchNiches     = []string{"vegan", "skin care", "hiking", "phones", "yoga", "indie", "streetwear", "jazz", "plants", "saving", "ceramics", "cycling", "coffee", "makeup", "camping", "laptops"}
)

func (g *generator) category() string {
	return benchCategories[min(g.IntN(len(benchCategories)), g.IntN(len(benchCategories)))]
}

func (g *generator) niches() string {
	return `["` + benchNiches[g.IntN(len(benchNiches))] + `","` + benchNiches[g.IntN(len(benchNiches))] + `"]`
}

// bulk inserts rows of a table, many a statement.
func bulk(b testing.TB, e *forms.Env, table string, n int, row func(i int) []any) {
	b.Helper()
	const chunk = 200
	for from := 0; from < n; from += chunk {
		var args []any
		var values []string
		for i := from; i < min(n, from+chunk); i++ {
			r := row(i)
			values = append(values, "("+strings.TrimSuffix(strings.Repeat("?, ", len(r)), ", ")+")")
			args = append(args, r...)
		}
		_, err := store.Write(context.Background(), e.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
			_, err := t.DB.NewRaw("INSERT INTO "+table+" VALUES "+strings.Join(values, ", "), args...).Exec(ctx)
			return struct{}{}, err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func (g *generator) users(b testing.TB, e *forms.Env, role rooms.Side, n int) []string {
	ids := make([]string, n)
	bulk(b, e, "users (id, email, name, role, password_hash, approved, flag_reason, category, niche, reach, created_at)", n, func(i int) []any {
		ids[i] = ulid.Make().String()
		reach := int64(1000 * (1 + g.ExpFloat64()*g.ExpFloat64()*200))
		return []any{ids[i], ids[i] + "@example.test", g.text(2), string(role), "", true, "", g.category(), benchNiches[g.IntN(len(benchNiches))], reach, e.Clock.Now().UnixMicro()}
	})
	return ids
}

func (g *generator) campaigns(b testing.TB, e *forms.Env, n int) {
	sponsors := g.users(b, e, rooms.Sponsor, n/20)
	now := e.Clock.Now()
	platforms := []string{`["instagram"]`, `["tiktok","youtube"]`, `[]`, `["podcast"]`}
	bulk(b, e, "campaigns (id, sponsor_id, name, description, goals, category, niches, platforms, starts_at, ends_at, public, currency, budget, committed, held, flag_reason, created_at, updated_at)",
		n, func(i int) []any {
			starts := now.AddDate(0, 0, -g.IntN(300))
			return []any{
				ulid.Make().String(), sponsors[g.IntN(len(sponsors))], g.text(3), g.text(40), g.text(10), g.category(), g.niches(),
				platforms[g.IntN(len(platforms))], starts.UnixMicro(), starts.AddDate(0, 0, 20+g.IntN(400)).UnixMicro(),
				g.IntN(4) > 0, []string{"EUR", "USD", "JPY"}[g.IntN(3)], int64(1000 * (1 + g.IntN(100_000))), 0, 0, "", now.UnixMicro(), now.UnixMicro(),
			}
		})
}

// eachForm runs a benchmark on both databases.
func eachForm(b *testing.B, fill func(e *forms.Env), run func(b *testing.B, e *forms.Env)) {
	b.Run("sqlite", func(b *testing.B) {
		e := forms.SQLite(b)
		fill(e)
		run(b, e)
	})
	b.Run("postgres", func(b *testing.B) {
		e := forms.New(b, storetest.StartPostgres(b).URL(b))
		fill(e)
		_, err := store.Write(context.Background(), e.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
			_, err := t.DB.NewRaw("ANALYZE").Exec(ctx)
			return struct{}{}, err
		})
		if err != nil {
			b.Fatal(err)
		}
		run(b, e)
	})
}

// measure reports the 95th percentile, in milliseconds.
func measure(b *testing.B, do func()) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		do()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

func BenchmarkCampaigns(b *testing.B) {
	eachForm(b, func(e *forms.Env) { newGenerator().campaigns(b, e, 10_000) }, func(b *testing.B, e *forms.Env) {
		x := search.New(e.Store)
		now := rooms.At(e.Clock.Now())
		soon, late := now.Add(24*time.Hour), now.Add(20*24*time.Hour)
		for _, f := range []search.CampaignFilter{
			{}, {Sort: search.CampaignsEnding}, {Sort: search.CampaignsBudget, Currency: "EUR"},
			{Category: "Food"}, {Category: "Art", Niche: "jazz", Platform: "podcast"},
			{Text: "samsung"}, {Text: "samsng"}, {Text: "ba"}, {Text: "ba ce"}, {Text: "ster", Sort: search.CampaignsEnding},
			{Text: "decathln nespreso"}, {Text: "xyzzyquux"}, {Text: "sa", Category: "Beauty", Sort: search.CampaignsBudget, Currency: "USD"},
			{Currency: "EUR", MinBudget: 99_000_000}, {From: &soon, Until: &late, Category: "Travel"},
		} {
			f.Now = now
			name := fmt.Sprintf("%s,%s,%s,%s,%s,%d", f.Text, f.Category, f.Niche, f.Platform, f.Sort, f.MinBudget)
			b.Run(name, func(b *testing.B) {
				found := 0
				measure(b, func() {
					page, err := x.Campaigns(context.Background(), f)
					if err != nil {
						b.Fatal(err)
					}
					found = len(page.Items)
				})
				b.ReportMetric(float64(found), "found")
			})
		}
	})
}

func (g *generator) influencers(b testing.TB, e *forms.Env, n int) {
	ids := g.users(b, e, rooms.Influencer, n)
	platforms := rooms.Platforms[:6]
	bulk(b, e, "profile_platforms (user_id, platform, handle, followers, engagement_bp)", 2*n, func(i int) []any {
		followers := int64(500 * (1 + g.ExpFloat64()*g.ExpFloat64()*200))
		// Each has two, on different platforms.
		return []any{ids[i/2], platforms[i%2*3+g.IntN(3)], fmt.Sprintf("%s%d", g.text(1), i), followers, int64(10 + g.IntN(90)*g.IntN(10))}
	})
	for from := 0; from < n; from += 500 {
		_, err := store.Write(context.Background(), e.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
			for _, id := range ids[from:min(n, from+500)] {
				_, err := t.DB.NewRaw("UPDATE profiles SET bio = ?, niches = ?, accepts_invites = ?, updated_at = ? WHERE user_id = ?",
					g.text(25), g.niches(), g.IntN(5) > 0, e.Clock.Now().UnixMicro(), id).Exec(ctx)
				if err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	bulk(b, e, "influencer_fees (user_id, currency, deals, low, typical, high)", n/3, func(i int) []any {
		step := []int64{10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000}[min(g.IntN(8), g.IntN(8))]
		return []any{ids[3*i], []string{"EUR", "EUR", "USD"}[g.IntN(3)], 1 + g.IntN(8), step / 2, step, 2 * step}
	})
}

func BenchmarkInfluencers(b *testing.B) {
	eachForm(b, func(e *forms.Env) { newGenerator().influencers(b, e, benchInfluencers) }, func(b *testing.B, e *forms.Env) {
		x := search.New(e.Store)
		for _, f := range []search.InfluencerFilter{
			{}, {Sort: search.InfluencersEngagement}, {Sort: search.InfluencersActive, AcceptsInvites: true},
			{Category: "Food"}, {Category: "Food", Platform: "tiktok", AcceptsInvites: true, Sort: search.InfluencersEngagement},
			{Niche: "skin care", MinReach: 50_000, MaxReach: 500_000, Sort: search.InfluencersEngagement},
			{Text: "samsung"}, {Text: "samsng"}, {Text: "ba"}, {Text: "ba ce di"}, {Text: "sams", Category: "Tech", Sort: search.InfluencersActive},
			{Text: "decathln nespreso"}, {Text: "xyzzyquux"},
			{MinReach: 2_000_000, Sort: search.InfluencersEngagement}, {MinEngagement: 700, Sort: search.InfluencersReach},
			{MinReach: 10_000, MaxReach: 30_000, MinEngagement: 700, Sort: search.InfluencersActive},
			{Currency: "EUR", MinFee: 100_000, MaxFee: 200_000}, {Currency: "EUR", MinFee: 2_000_000, Category: "Music", Platform: "youtube"},
			{Currency: "USD", MaxFee: 20_000, Sort: search.InfluencersEngagement, Niche: "jazz", MinReach: 5_000},
		} {
			name := fmt.Sprintf("%s,%s,%s,%s,%s,reach%d,engagement%d,fee%d", f.Text, f.Category, f.Niche, f.Platform, f.Sort, f.MinReach, f.MinEngagement, f.MinFee)
			b.Run(name, func(b *testing.B) {
				found := 0
				measure(b, func() {
					page, err := x.Influencers(context.Background(), f)
					if err != nil {
						b.Fatal(err)
					}
					found = len(page.Items)
				})
				b.ReportMetric(float64(found), "found")
			})
		}
	})
}

// benchInfluencers are as many as the platform is meant for.
const benchInfluencers = 100_000
