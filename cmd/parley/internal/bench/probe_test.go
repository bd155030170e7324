package bench

import (
	"os"
	"strings"
	"testing"
)

func TestParseMetrics(t *testing.T) {
	const page = `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.34
process_resident_memory_bytes 1.5e+08
parley_commands_total{result="ok",type="offer"} 7
`
	got, err := parseMetrics(strings.NewReader(page))
	if err != nil || got["process_cpu_seconds_total"] != 12.34 || got["process_resident_memory_bytes"] != 1.5e8 || len(got) != 2 {
		t.Fatalf("the metrics are %v, %v", got, err)
	}
	if _, err := parseMetrics(strings.NewReader("broken x\n")); err == nil {
		t.Fatal("a sample that is no number is one")
	}
}

func TestParseStat(t *testing.T) {
	const line = "4242 (a) b (c) S 17 4242 4242 0 -1 4194560 1 2 3 4 150 50 20 10 20 0 8 0 100 1000000 300 1844 1 1 0"
	s, err := parseStat(line)
	if err != nil || s.pid != 4242 || s.parent != 17 || s.cpu != 2.3 || s.resident != 300*float64(os.Getpagesize()) {
		t.Fatalf("the process is %+v, %v", s, err)
	}
	for _, broken := range []string{"", "1 (x", "1 (x) S 1", "x (x) S", strings.Replace(line, " 17 ", " x ", 1), strings.Replace(line, " 150 ", " x ", 1)} {
		if _, err := parseStat(broken); err == nil {
			t.Errorf("%q is a process", broken)
		}
	}
}

func TestProcessProbeCountsItself(t *testing.T) {
	u, err := processProbe{"self", os.Getpid()}.usage(t.Context())
	if err != nil || u.Name != "self" || u.Resident <= 0 {
		t.Fatalf("the usage is %+v, %v", u, err)
	}
	if _, err := (processProbe{"nobody", 1 << 30}).usage(t.Context()); err == nil {
		t.Fatal("a process that does not run has a usage")
	}
}

func TestSpent(t *testing.T) {
	got := spent(
		[]Usage{{Name: "a", CPU: 1, Resident: 1 << 20, Slow: 1}},
		[]Usage{{Name: "a", CPU: 3, Resident: 2 << 20, Slow: 4}}, []float64{5 << 20}, 1000)
	want := Spent{Name: "a", CPU: 2, PerUnit: 2000, Memory: 2, MemoryPeak: 5, Slow: 3}
	if len(got) != 1 || got[0] != want {
		t.Fatalf("spent is %+v, want %+v", got, want)
	}
}
