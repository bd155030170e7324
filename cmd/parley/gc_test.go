package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGCPercent(t *testing.T) {
	for _, c := range []struct {
		liveMiB uint64
		want    int
	}{{0, 2300}, {1, 2300}, {24, 300}, {48, 100}, {96, 100}, {4096, 100}} {
		if got := gcPercent(c.liveMiB << 20); got != c.want {
			t.Errorf("%d MiB alive: %d %%, want %d %%", c.liveMiB, got, c.want)
		}
	}
}

// Once started, each collection sets the percentage for the next one.
func TestGCFloorFollowsTheHeap(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	startGCFloor()
	percent := func() int {
		now := debug.SetGCPercent(100)
		debug.SetGCPercent(now)
		return now
	}
	wait := func(what string, ok func(percent int) bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(percent()); {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d %%", what, percent())
			}
			runtime.GC()
		}
	}
	wait("a small heap", func(p int) bool { return p > 150 })
	held := make([]byte, 2*gcFloorBytes)
	wait("a large heap", func(p int) bool { return p == 100 })
	runtime.KeepAlive(held)
	held = nil
	wait("small again", func(p int) bool { return p > 150 })
}
