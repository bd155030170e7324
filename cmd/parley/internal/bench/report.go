package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// result is what a workload found.
type result interface {
	// table shows it to a person.
	table() string
}

// printResult prints a result for a person or a program.
func printResult(w io.Writer, asJSON bool, r result) error {
	if !asJSON {
		_, err := io.WriteString(w, r.table())
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", raw)
	return err
}

// judge is the error of a run that broke a promise or did not run as it should.
func judge(v Verdict, counts map[string]int64) error {
	delete(counts, "upgrade: rate_limited") // only slow
	lines := explain(counts)
	if !v.clean() {
		lines = append([]string{v.String()}, lines...)
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("the run failed: %s", strings.Join(lines, "; "))
}

func (l Latency) line(name string) string {
	return fmt.Sprintf("  %-13s p50 %.2f ms, p95 %.2f ms, p99 %.2f ms, max %.2f ms\n", name, l.P50, l.P95, l.P99, l.Max)
}

// processLines shows what the processes used; unit names what the costs are for, with its article.
func processLines(list []Spent, unit string) string {
	var b strings.Builder
	total := 0.0
	for _, s := range list {
		total += s.PerUnit
		fmt.Fprintf(&b, "  %-28s %7.2f s CPU, %6.2f us %s, %6.1f MiB (at most %.1f)", s.Name, s.CPU, s.PerUnit, unit, s.Memory, s.MemoryPeak)
		b.WriteByte('\n')
	}
	if len(list) > 1 {
		fmt.Fprintf(&b, "  %-28s %16.2f us %s\n", "together", total, unit)
	}
	return b.String()
}
