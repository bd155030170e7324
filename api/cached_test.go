package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/api"
	"parley/api/cache"
	"parley/hub/redisbus/redistest"
	"parley/rooms"
	"parley/store"
	"parley/store/insight"
	"parley/store/profiles"
	"parley/store/search"
	"parley/store/storetest/forms"
)

// TestKeptAnswersChangeWithTheirCause: what many read comes from memory, until somebody
// changes something; then everybody sees the change at once.
func TestKeptAnswersChangeWithTheirCause(t *testing.T) {
	w := start(t, options{})
	ana, sponsor := w.named("Ana"), w.join(rooms.Sponsor)
	campaign := sponsor.campaign()
	bio := func() string { return w.send("GET", "/api/profiles/ana", nil, nil).want(200).text("bio") }
	open := func() int { return len(ana.call("GET", "/api/open-campaigns", nil).want(200).items()) }
	kept := func() string {
		return string(w.send("GET", "/metrics", nil, nil).want(200).raw)
	}
	for range 3 {
		if bio() != "" || open() != 1 {
			t.Fatal("not as it began")
		}
	}
	for _, space := range []string{"profiles", "campaigns"} {
		for outcome, n := range map[string]int{"hit": 2, "miss": 1, "load": 1} {
			line := fmt.Sprintf("parley_cache_total{outcome=%q,space=%q} %d\n", outcome, space, n)
			if !strings.Contains(kept(), line) {
				t.Errorf("the metrics have no line %s", line)
			}
		}
	}
	ana.call("PATCH", "/api/profile", object{"bio": "Cooks."}).want(200)
	if got := bio(); got != "Cooks." {
		t.Errorf("after the change the profile says %q", got)
	}
	sponsor.call("PATCH", "/api/campaigns/"+campaign, object{"visibility": "private"}).want(200)
	if n := open(); n != 0 {
		t.Errorf("%d campaigns are open after the only one was made private", n)
	}
	sponsor.call("PATCH", "/api/campaigns/"+campaign, object{"visibility": "public"}).want(200)
	if n := open(); n != 1 {
		t.Errorf("%d campaigns are open after the only one was published", n)
	}
	sponsor.call("POST", "/api/campaigns/"+campaign+"/archive", nil).want(200)
	if n := open(); n != 0 {
		t.Errorf("%d campaigns are open after the only one was archived", n)
	}
	w.flag(store.FlagUser, ana.id)
	w.send("GET", "/api/profiles/ana", nil, nil).want(404)
}

// What anybody can do does not have everybody's answers loaded anew, and a deal that is
// completed, by whatever way, shows on the profile at once.
func TestWhatIsKeptStaysUntilItIsUntrue(t *testing.T) {
	w := start(t, options{})
	n := w.negotiate()
	slug := n.influencer.call("GET", "/api/profile", nil).want(200).text("slug")
	completed := func() int64 {
		return w.send("GET", "/api/profiles/"+slug, nil, nil).want(200).number("completed_deals")
	}
	loads := func() string {
		raw := string(w.send("GET", "/metrics", nil, nil).want(200).raw)
		_, after, found := strings.Cut(raw, `parley_cache_total{outcome="load",space="profiles"} `)
		if !found {
			t.Fatal("the metrics do not count loads")
		}
		line, _, _ := strings.Cut(after, "\n")
		return line
	}
	if completed() != 0 {
		t.Fatal("not as it began")
	}
	before := loads()
	w.send("POST", "/api/auth/forgot", object{"email": "nobody@example.com"}, nil).want(202)
	n.sponsor.call("POST", "/api/exports", object{"table": "deals"}).want(202)
	n.sponsor.call("PATCH", "/api/campaigns/"+n.campaign, object{"name": "Autumn"}).want(200)
	if completed() != 0 || loads() != before {
		t.Errorf("the profile was loaded %s times after what does not change it, %s before", loads(), before)
	}

	hash := n.sponsor.call("GET", "/api/rooms/"+n.room, nil).want(200).text("standing.terms_hash")
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", object{
		"id": newID(), "type": "accept", "offer_seq": 2, "terms_hash": hash,
	}).want(200)
	n.influencer.call("POST", "/api/rooms/"+n.room+"/commands", object{
		"id": newID(), "type": "deliver", "deal_seq": 2, "deliverable": 0, "links": []string{"https://example.com/1"},
	}).want(200)
	if completed() != 0 {
		t.Error("a deal is completed before its last deliverable is confirmed")
	}
	n.sponsor.dial().done(object{"type": "confirm", "room": n.room, "delivery_seq": 4})
	if got := completed(); got != 1 {
		t.Errorf("after the deal was completed the profile counts %d", got)
	}
}

// Every operation that may change something says what it makes untrue.
func TestEveryChangeNamesWhatItMakesUntrue(t *testing.T) {
	raw, err := os.ReadFile("openapi.json")
	must(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	must(t, json.Unmarshal(raw, &doc))
	var want []string
	for _, methods := range doc.Paths {
		for method, op := range methods {
			if method != "get" && method != "head" {
				want = append(want, op.OperationID)
			}
		}
	}
	slices.Sort(want)
	if have := api.ChangingOperations(); !slices.Equal(have, want) {
		t.Errorf("listed are\n%v\nthere are\n%v", have, want)
	}
}

// BenchmarkKept compares answers that are kept with those that are read from a SQLite
// file each time, in turn, so that what disturbs the machine disturbs both.
func BenchmarkKept(b *testing.B) {
	e := forms.SQLite(b)
	ctx := b.Context()
	ana, sponsor := e.User(b, rooms.Influencer), e.User(b, rooms.Sponsor)
	slug, platforms := "ana", []profiles.Platform{{Platform: "x", Handle: "a", Followers: 1}, {Platform: "blog", Handle: "b", Followers: 2}}
	if _, err := profiles.Save(ctx, e.Store, ana.ID, profiles.Patch{Slug: &slug, Platforms: &platforms}); err != nil {
		b.Fatal(err)
	}
	now := rooms.At(e.Clock.Now())
	for i := range 200 {
		_, err := e.CreateCampaign(ctx, store.Campaign{
			Sponsor: sponsor.ID, Name: fmt.Sprint("Campaign ", i), Description: strings.Repeat("words ", 30), Public: true,
			StartsAt: now, EndsAt: now.Add(1000 * time.Hour), Currency: "EUR", Budget: 1000,
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("profile", func(b *testing.B) {
		compareKept(b, func(ctx context.Context) (profiles.Profile, error) { return profiles.BySlug(ctx, e.Store, slug) })
	})
	b.Run("open campaigns", func(b *testing.B) {
		index := search.New(e.Store)
		compareKept(b, func(ctx context.Context) (search.Page[search.Campaign], error) {
			return index.Campaigns(ctx, search.CampaignFilter{Now: now, Limit: 50})
		})
	})
	b.Run("statistics of now", func(b *testing.B) {
		compareKept(b, func(ctx context.Context) (insight.Now, error) { return insight.Present(ctx, e.Store, now) })
	})
	b.Run("statistics of 90 days", func(b *testing.B) {
		compareKept(b, func(ctx context.Context) (insight.History, error) {
			return insight.Between(ctx, e.Store, now.Time.AddDate(0, 0, -90), now.Time)
		})
	})
}

func compareKept[T any](b *testing.B, load func(context.Context) (T, error)) {
	space := cache.Space{Name: "bench", TTL: time.Hour}
	key := cache.KeyOf(space, cache.Everybody(), "a")
	kept := map[string]*cache.Cache{"memory": cache.New(cache.Config{Backend: cache.NewMemory(1<<20, time.Now)})}
	backend, err := cache.NewRedis(cache.RedisConfig{
		URL: redistest.Start(b).URL(), Namespace: "bench", Token: func() (string, error) { return "t", nil }, Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	kept["redis"] = cache.New(cache.Config{Backend: backend})
	took := make(map[string]time.Duration)
	lap := func(name string, do func() error) {
		from := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		took[name] += time.Since(from)
	}
	for b.Loop() {
		lap("loaded", func() error { _, err := load(b.Context()); return err })
		for name, c := range kept {
			lap(name, func() error { _, err := cache.Get(b.Context(), c, key, load); return err })
		}
	}
	for name, d := range took {
		b.ReportMetric(float64(d.Microseconds())/float64(b.N), name+"-us")
	}
	for name, c := range kept {
		b.ReportMetric(float64(took["loaded"])/float64(took[name]), name+"-times-faster")
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
