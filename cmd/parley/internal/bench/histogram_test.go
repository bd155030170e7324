package bench

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBucketsCoverEveryDurationOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.Int64Range(0, 1<<(octaves+subBits-1)).Draw(t, "ns")
		b := bucketOf(ns)
		if upper := upperOf(b); ns > upper || float64(upper-ns) > float64(ns)/subs {
			t.Fatalf("%d is in bucket %d, which ends with %d", ns, b, upper)
		}
		if b > 0 && ns <= upperOf(b-1) {
			t.Fatalf("%d is in bucket %d, but fits the one before", ns, b)
		}
	})
	if got, last := bucketOf(1<<62), (octaves+1)*subs-1; got != last {
		t.Fatalf("a very long duration is in bucket %d, want %d", got, last)
	}
	if bucketOf(-5) != 0 {
		t.Fatal("a negative duration is in no bucket")
	}
}

func TestQuantilesAreThoseOfTheValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(1, 1e10), 1, 200).Draw(t, "values")
		var h histogram
		for _, v := range values {
			h.record(time.Duration(v))
		}
		slices.Sort(values)
		for _, percent := range []int{1, 50, 95, 99, 100} {
			exact := values[(len(values)*percent+99)/100-1]
			got := int64(h.quantile(float64(percent) / 100))
			if got < exact || float64(got-exact) > float64(exact)/subs {
				t.Fatalf("p%d of %v is %d, want %d", percent, values, got, exact)
			}
		}
	})
}

func TestEmptyHistogram(t *testing.T) {
	var h histogram
	if l := h.latency(); l != (Latency{}) {
		t.Fatalf("the latency of nothing is %+v", l)
	}
}
