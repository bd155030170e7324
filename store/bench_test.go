package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store/storetest"
)

// haggle has callers put counter-offers in the rooms, each in its own share of
// them, until b.N are done. With several stores the parties of a room are on
// different ones.
func haggle(b *testing.B, stores []*Store, list []BenchRoom, callers int) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	waits := make([][]time.Duration, callers)
	b.ResetTimer()
	cpu := storetest.ProcessorTime(b)
	for c := range min(callers, len(list)) {
		wg.Go(func() {
			for i := c; left.Add(-1) >= 0; i += callers {
				if i >= len(list) {
					i = c
				}
				r := &list[i]
				actor, store := rooms.Actor{ID: r.Influencer, Role: rooms.Influencer}, stores[0]
				if r.Seq%2 == 1 {
					actor, store = rooms.Actor{ID: r.Sponsor, Role: rooms.Sponsor}, stores[len(stores)-1]
				}
				terms := rooms.Patch{Terms: rooms.Terms{Fee: rooms.Money{Amount: 100_000 + r.Seq, Currency: "EUR"}}}
				terms.Set = terms.Set.With(rooms.SectionFee)
				began := time.Now()
				res := store.Do(context.Background(), Command{
					Room: r.Room, CMID: ulid.Make().String(), Actor: actor,
					Body: rooms.Counter{OfferSeq: r.Seq, Terms: terms},
				})
				if res.Err != nil {
					b.Error(res.Err)
					return
				}
				waits[c] = append(waits[c], time.Since(began))
				r.Seq = res.Seq
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64((storetest.ProcessorTime(b)-cpu).Nanoseconds())/float64(b.N)/1000, "cpu-µs/op")
	all := slices.Concat(waits...)
	slices.Sort(all)
	if n := len(all); n > 0 {
		b.ReportMetric(float64(all[n*99/100].Microseconds())/1000, "p99-ms")
	}
}

func openBench(b *testing.B, cfg Config, n int) (*Store, []BenchRoom) {
	b.Helper()
	ctx := context.Background()
	if cfg.URL == "" {
		cfg.URL = "sqlite://" + filepath.Join(b.TempDir(), "bench.db")
	}
	if err := Migrate(ctx, cfg); err != nil {
		b.Fatal(err)
	}
	s, err := Open(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	b.Cleanup(func() {
		if err := s.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	list, err := s.PrepareBench(ctx, BenchSpec{Rooms: n, RoomsPerSponsor: 10, Limit: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	return s, list
}

// BenchmarkOffers is a durable counter-offer by 64 callers: as many as wait in
// one transaction, against a transaction for each.
func BenchmarkOffers(b *testing.B) {
	for _, batch := range []int{256, 1} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			var commands, txs atomic.Int64
			s, list := openBench(b, Config{MaxBatch: batch, Observe: func(st BatchStats) {
				commands.Add(int64(st.Commands))
				txs.Add(1)
			}}, 500)
			commands.Store(0)
			txs.Store(0)
			haggle(b, []*Store{s}, list, 64)
			b.ReportMetric(float64(commands.Load())/float64(max(1, txs.Load())), "offers/tx")
		})
	}
}

// BenchmarkOffersByRooms shows that an offer costs the same however many rooms
// there are.
func BenchmarkOffersByRooms(b *testing.B) {
	for _, n := range []int{64, 1_000, 10_000} {
		b.Run(fmt.Sprintf("rooms=%d", n), func(b *testing.B) {
			s, list := openBench(b, Config{}, n)
			haggle(b, []*Store{s}, list, 64)
		})
	}
}

// BenchmarkOffersByCallers shows what larger batches save.
func BenchmarkOffersByCallers(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 250} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			var commands, txs atomic.Int64
			s, list := openBench(b, Config{Observe: func(st BatchStats) {
				commands.Add(int64(st.Commands))
				txs.Add(1)
			}}, 500)
			commands.Store(0)
			txs.Store(0)
			haggle(b, []*Store{s}, list, callers)
			b.ReportMetric(float64(commands.Load())/float64(max(1, txs.Load())), "offers/tx")
		})
	}
}

// BenchmarkOffersOnPostgres is the same on a PostgreSQL that syncs.
func BenchmarkOffersOnPostgres(b *testing.B) {
	s, list := openBench(b, Config{URL: storetest.StartPostgres(b).URL(b)}, 500)
	haggle(b, []*Store{s}, list, 250)
}

// BenchmarkTwoInstances is two writers on one file, with the parties of each room
// on different ones.
func BenchmarkTwoInstances(b *testing.B) {
	cfg := Config{URL: "sqlite://" + filepath.Join(b.TempDir(), "bench.db")}
	s, list := openBench(b, cfg, 500)
	second, err := Open(context.Background(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	second.Start()
	b.Cleanup(func() {
		if err := second.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	haggle(b, []*Store{s, second}, list, 250)
}

// BenchmarkRecheck asks after the sessions of 10,000 sockets, each of somebody else, as an instance does in a
// round after somebody's access has ended, and for the number that starts one.
func BenchmarkRecheck(b *testing.B) {
	const sockets, chunk = 10_000, 500
	s, list := openBench(b, Config{}, sockets)
	hashes := make([][32]byte, len(list))
	for i := range list {
		hashes[i] = sha256Sum(list[i].InfluencerToken)
	}
	now := rooms.At(time.Now())
	b.Run("round", func(b *testing.B) {
		cpu := storetest.ProcessorTime(b)
		for b.Loop() {
			for part := range slices.Chunk(hashes, chunk) {
				live, err := s.LiveSessions(context.Background(), part, now)
				must(b, err)
				if len(live) != len(part) {
					b.Fatalf("%d of %d sessions are live", len(live), len(part))
				}
			}
		}
		b.ReportMetric(float64(storetest.ProcessorTime(b)-cpu)/1e6/float64(b.N), "cpu-ms/round")
	})
	b.Run("number", func(b *testing.B) {
		for b.Loop() {
			_, err := s.AccessEnded(context.Background())
			must(b, err)
		}
	})
}
