package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// gcFloorBytes is the heap below which it is not collected. A server that holds
// little lives on little garbage, so by the runtime's default (collect when the heap
// has doubled) a busy one with some hundred rooms would collect many times a second;
// see docs/performance.md for what the floor gains. A heap of half the floor or more
// is collected as by default.
const gcFloorBytes = 96 << 20

// gcFloor keeps the collector's target at or above a floor: after each collection
// it sets the percentage that leads there from what is alive. GOGC or GOMEMLIMIT in
// the environment say that the operator has decided otherwise.
type gcFloor struct{ percent int }

func startGCFloor() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	f := &gcFloor{percent: 100}
	f.adjust()
	f.arm()
}

// arm has the next collection call adjust: a new object that nothing holds ends with
// it. There is no goroutine to own.
func (f *gcFloor) arm() {
	runtime.AddCleanup(new([16]byte), func(f *gcFloor) {
		f.adjust()
		f.arm()
	}, f)
}

func (f *gcFloor) adjust() {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	percent := gcPercent(sample[0].Value.Uint64())
	// Setting it stops the world for a moment: not for a trifle.
	if percent > f.percent*9/10 && percent < f.percent*11/10 {
		return
	}
	f.percent = percent
	debug.SetGCPercent(percent)
}

// gcPercent leads from live bytes to the floor, or to twice the live bytes where that
// is more.
func gcPercent(live uint64) int {
	// The runtime's own least target is 4 MiB at 100 %, and grows with the percentage.
	const least, smallest = 100, 4 << 20
	return int(max(gcFloorBytes*100/max(live, smallest), least+100) - 100)
}
