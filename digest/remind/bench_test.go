package remind_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"parley/digest/desk"
	"parley/digest/plan"
	"parley/digest/remind"
	"parley/store"
	"parley/store/jobs"
	"parley/store/storetest/forms"
)

// asked counts questions to the database outside of transactions.
type asked struct{ n atomic.Int64 }

func (a *asked) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (a *asked) AfterQuery(context.Context, *bun.QueryEvent) { a.n.Add(1) }

// The round of one evening: 100,000 users, all of one zone, each of whom has something
// to be told. It plans their jobs and does them with one worker, mails included, on a
// SQLite file. An iteration is a whole evening.
func BenchmarkDailyRound(b *testing.B) {
	const influencers, perSponsor, users = 95_000, 19, 100_000
	for b.Loop() {
		b.StopTimer()
		e := forms.SQLite(b)
		if _, err := e.PrepareBench(b.Context(), store.BenchSpec{Rooms: influencers, RoomsPerSponsor: perSponsor, Limit: 10}); err != nil {
			b.Fatal(err)
		}
		e.Clock.Advance(13 * 24 * time.Hour) // so that the sponsors are told too
		k := remind.Daily(&desk.Desk{Store: e.Store, Clock: e.Clock.Now, URL: "https://parley.example"})
		p := plan.New(e.Store, e.Clock.Now)
		for e.Clock.Now().Hour() != 18 {
			e.Clock.Advance(time.Hour)
		}
		var questions asked
		e.Reads().AddQueryHook(&questions)
		stop, peak := make(chan struct{}), make(chan uint64)
		go watchHeap(stop, peak)
		b.StartTimer()

		began := time.Now()
		planned, err := p.Pass(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		planning := time.Since(began)
		batches := 0
		for {
			claimed, err := jobs.Claim(b.Context(), e.Store, k.Name, k.Batch, k.Lease)
			if err != nil {
				b.Fatal(err)
			}
			if len(claimed.Jobs) == 0 {
				break
			}
			if err := k.Do(b.Context(), &claimed); err != nil {
				b.Fatal(err)
			}
			batches++
		}

		b.StopTimer()
		close(stop)
		var mails int
		if err := e.Reads().NewRaw("SELECT COUNT(*) FROM outbox").Scan(b.Context(), &mails); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(planned), "jobs") // the sponsors' reports of the month too
		b.ReportMetric(float64(mails), "mails")
		b.ReportMetric(planning.Seconds(), "plan-s")
		b.ReportMetric(float64(questions.n.Load())/users, "reads/user")
		b.ReportMetric(float64(batches), "batches")
		b.ReportMetric(float64(<-peak)/(1<<20), "peak-heap-MiB")
		b.StartTimer()
	}
}

// watchHeap gives the largest heap that was seen until stop is closed.
func watchHeap(stop <-chan struct{}, peak chan<- uint64) {
	var most uint64
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
		select {
		case <-stop:
			peak <- most
			return
		case <-ticker.C:
		}
	}
}
