package api

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiterRefusesNewKeysRatherThanGrow(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	l := newLimiter(Rate{PerSecond: 1, Burst: 2}, 3, func() time.Time { return now })
	for i := range 3 {
		if ok, _ := l.allow(fmt.Sprint(i)); !ok {
			t.Fatalf("key %d refused", i)
		}
	}
	if ok, retry := l.allow("one too many"); ok || retry <= 0 {
		t.Errorf("a fourth key: %v, %s", ok, retry)
	}
	// Known keys go on.
	if ok, _ := l.allow("0"); !ok {
		t.Error("a known key was refused")
	}
	if ok, retry := l.allow("0"); ok || retry <= 0 || retry > time.Second {
		t.Errorf("a third one at once: %v, %s", ok, retry)
	}
	// A bucket that has filled up is as good as none.
	now = now.Add(2 * time.Second)
	if ok, _ := l.allow("a new one"); !ok {
		t.Error("refused although the others are idle")
	}
	if len(l.buckets) != 1 {
		t.Errorf("%d keys are remembered", len(l.buckets))
	}
}

func TestLimiterOfNothing(t *testing.T) {
	l := newLimiter(Rate{}, 3, time.Now)
	if ok, retry := l.allow("a"); ok || retry <= 0 {
		t.Errorf("the zero rate allows: %v, %s", ok, retry)
	}
}
