package scale

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"parley/store"
	"parley/store/storetest"
)

// Open opens the database, or skips the benchmark where none is named.
func Open(b *testing.B) *store.Store {
	b.Helper()
	url := os.Getenv("PARLEY_BENCH_DATABASE")
	if url == "" {
		b.Skip("PARLEY_BENCH_DATABASE names no database")
	}
	s, err := store.Open(context.Background(), store.Config{URL: url, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	b.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return s
}

// Measure runs a read as often as the benchmark asks and reports the median and the
// 95th percentile, in milliseconds, of the time it took; and of the processor time that
// this process spent on it, which on a machine that others use says what it would take
// alone. A database in another process spends its own.
func Measure(b *testing.B, read func(i int) error) {
	b.Helper()
	var took, spent []time.Duration
	for i := 0; b.Loop(); i++ {
		began, before := time.Now(), storetest.ProcessorTime(b)
		if err := read(i); err != nil {
			b.Fatal(err)
		}
		took, spent = append(took, time.Since(began)), append(spent, storetest.ProcessorTime(b)-before)
	}
	b.ReportMetric(at(took, 50), "p50-ms")
	b.ReportMetric(at(took, 95), "p95-ms")
	b.ReportMetric(at(spent, 95), "p95-cpu-ms")
	b.ReportMetric(0, "ns/op") // the mean says less
}

// at is a percentile in milliseconds.
func at(list []time.Duration, percent int) float64 {
	slices.SortFunc(list, cmp.Compare[time.Duration])
	return list[min(len(list)-1, len(list)*percent/100)].Seconds() * 1000
}
