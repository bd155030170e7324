package bench

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// subBits is the precision: values of one bucket differ by less than 1/2^subBits.
	subBits = 6
	subs    = 1 << subBits
	// octaves cover durations up to 2^(octaves+subBits) ns, some 19 hours.
	octaves = 40
)

// histogram counts durations in buckets whose width grows with the value, so
// that every quantile is exact to 1.6 %. Any goroutine may record.
type histogram struct {
	buckets [(octaves + 1) * subs]atomic.Uint64
	longest atomic.Int64
}

// bucketOf is the bucket of a duration in nanoseconds: below 2^subBits each value
// has its own.
func bucketOf(ns int64) int {
	if ns < subs {
		return int(max(ns, 0))
	}
	octave := bits.Len64(uint64(ns)) - 1 - subBits
	if octave >= octaves {
		return (octaves+1)*subs - 1
	}
	return (octave+1)*subs + int(ns>>octave) - subs
}

// upperOf is the longest duration of a bucket.
func upperOf(bucket int) int64 {
	if bucket < subs {
		return int64(bucket)
	}
	octave := bucket/subs - 1
	return (int64(bucket%subs+subs)+1)<<octave - 1
}

func (h *histogram) record(d time.Duration) {
	h.buckets[bucketOf(int64(d))].Add(1)
	for {
		old := h.longest.Load()
		if int64(d) <= old || h.longest.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

func (h *histogram) count() uint64 {
	n := uint64(0)
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	return n
}

// quantile is the duration that a share q of the recorded ones do not exceed; 0
// when there are none.
func (h *histogram) quantile(q float64) time.Duration {
	want := uint64(math.Ceil(q * float64(h.count())))
	if want == 0 {
		return 0
	}
	seen := uint64(0)
	for i := range h.buckets {
		if seen += h.buckets[i].Load(); seen >= want {
			return time.Duration(min(upperOf(i), h.longest.Load()))
		}
	}
	return time.Duration(h.longest.Load())
}

// Latency are the quantiles of a histogram in milliseconds.
type Latency struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func (h *histogram) latency() Latency {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Latency{
		Count: h.count(), P50: ms(h.quantile(.50)), P95: ms(h.quantile(.95)), P99: ms(h.quantile(.99)),
		Max: ms(time.Duration(h.longest.Load())),
	}
}
