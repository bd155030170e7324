package storetest

import (
	"syscall"
	"testing"
	"time"
)

// ProcessorTime is what this process has used of its processors: what benchmarks compare
// where a machine has other work, too.
func ProcessorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
