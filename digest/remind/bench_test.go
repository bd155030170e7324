package remind_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"parley/digest/desk"
	"parley/digest/plan"
	"parley/digest/remind"
	"parley/store"
	"parley/store/jobs"
	"parley/store/storetest"
	"parley/store/storetest/forms"
)

// The round of one evening: 100,000 users, all of one zone, each of whom has something
// to be told. It plans their jobs and does them with one worker, mails included, on a
// SQLite file. An iteration is a whole evening.
func BenchmarkDailyRound(b *testing.B) {
	const influencers, perSponsor, users = 95_000, 19, 100_000
	for b.Loop() {
		b.StopTimer()
		var questions atomic.Int64 // to the database outside of transactions
		e := forms.SQLite(b, func(c *store.Config) { c.OnRead = func(string, []any) { questions.Add(1) } })
		if _, err := e.PrepareBench(b.Context(), store.BenchSpec{Rooms: influencers, RoomsPerSponsor: perSponsor, Limit: 10}); err != nil {
			b.Fatal(err)
		}
		e.Clock.Advance(13 * 24 * time.Hour) // so that the sponsors are told too
		k := remind.Daily(&desk.Desk{Store: e.Store, Clock: e.Clock.Now, URL: "https://parley.example"})
		p := plan.New(e.Store, e.Clock.Now)
		for e.Clock.Now().Hour() != 18 {
			e.Clock.Advance(time.Hour)
		}
		questions.Store(0)
		stop, peak := make(chan struct{}), make(chan uint64)
		go watchHeap(stop, peak)
		b.StartTimer()

		began, used := time.Now(), storetest.ProcessorTime(b)
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
		used = storetest.ProcessorTime(b) - used
		close(stop)
		var mails int
		if err := e.Reads().NewRaw("SELECT COUNT(*) FROM outbox").Scan(b.Context(), &mails); err != nil {
			b.Fatal(err)
		}
		if mails != users {
			b.Fatalf("%d mails", mails)
		}
		b.ReportMetric(used.Seconds(), "cpu-s")
		b.ReportMetric(float64(planned), "jobs") // the sponsors' reports of the month too
		b.ReportMetric(float64(mails), "mails")
		b.ReportMetric(planning.Seconds(), "plan-s")
		b.ReportMetric(float64(questions.Load())/users, "reads/user")
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
