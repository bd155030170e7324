package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// clockTicks is USER_HZ, which Linux shows to programs as 100 whatever the
// kernel's own tick is.
const clockTicks = 100

// Usage is what a process had used at one moment.
type Usage struct {
	Name string
	// CPU is user and system time in seconds since the process began.
	CPU float64
	// Resident is its memory in bytes, 0 where it is not known.
	Resident float64
	// Slow counts the readers that were cut because they did not keep up.
	Slow float64
}

// probe reads the usage of one process.
type probe interface {
	usage(ctx context.Context) (Usage, error)
}

// metricsProbe asks an instance itself.
type metricsProbe struct {
	base string
	http *http.Client
}

func (p metricsProbe) usage(ctx context.Context) (Usage, error) {
	u := Usage{Name: p.base}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.base, "/")+"/metrics", nil)
	if err != nil {
		return u, fmt.Errorf("metrics of %s: %w", p.base, err)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return u, fmt.Errorf("metrics of %s: %w", p.base, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return u, fmt.Errorf("metrics of %s: %s", p.base, resp.Status)
	}
	values, err := parseMetrics(resp.Body)
	if err != nil {
		return u, fmt.Errorf("metrics of %s: %w", p.base, err)
	}
	cpu, known := values["process_cpu_seconds_total"]
	if !known {
		return u, fmt.Errorf("metrics of %s: no process_cpu_seconds_total", p.base)
	}
	u.CPU, u.Resident = cpu, values["process_resident_memory_bytes"]
	u.Slow = values["parley_slow_closes_total"]
	return u, nil
}

// parseMetrics reads the samples without labels of a Prometheus page.
func parseMetrics(r io.Reader) (map[string]float64, error) {
	values := map[string]float64{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") || strings.Contains(name, "{") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", name, err)
		}
		values[name] = v
	}
	return values, lines.Err()
}

// processProbe reads a process and its children from /proc, for databases.
type processProbe struct {
	name string
	pid  int
}

func (p processProbe) usage(context.Context) (Usage, error) {
	u := Usage{Name: p.name}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return u, fmt.Errorf("processes: %w", err)
	}
	type process struct {
		parent        int
		cpu, resident float64
	}
	all := map[int]process{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		s, err := parseStat(string(raw))
		if err != nil {
			return u, fmt.Errorf("%s: %w", file, err)
		}
		all[s.pid] = process{s.parent, s.cpu, s.resident}
	}
	if _, known := all[p.pid]; !known {
		return u, fmt.Errorf("process %d (%s) does not run", p.pid, p.name)
	}
	for pid, proc := range all {
		for at, steps := pid, 0; at > 1 && steps < 64; at, steps = all[at].parent, steps+1 {
			if at == p.pid {
				u.CPU += proc.cpu
				u.Resident += proc.resident
				break
			}
		}
	}
	return u, nil
}

type procStat struct {
	pid, parent   int
	cpu, resident float64
}

// parseStat reads /proc/<pid>/stat. The command's name, in parentheses, may hold
// anything.
func parseStat(line string) (s procStat, err error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return s, fmt.Errorf("not a process's stat: %q", line)
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line[:open])); err != nil {
		return s, fmt.Errorf("pid: %w", err)
	}
	fields := strings.Fields(line[end+1:])
	// From the third field on: state, ppid, …, utime (14th), stime, cutime,
	// cstime, …, rss (24th).
	const parent, utime, cstime, rss = 1, 11, 14, 21
	if len(fields) <= rss {
		return s, fmt.Errorf("not a process's stat: %q", line)
	}
	if s.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return s, fmt.Errorf("parent: %w", err)
	}
	for i := utime; i <= cstime; i++ { // children that were waited for included
		ticks, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return s, fmt.Errorf("times: %w", err)
		}
		s.cpu += ticks
	}
	s.cpu /= clockTicks
	pages, err := strconv.ParseFloat(fields[rss], 64)
	if err != nil {
		return s, fmt.Errorf("memory: %w", err)
	}
	s.resident = pages * float64(os.Getpagesize())
	return s, nil
}

// redisProbe asks a Redis.
type redisProbe struct{ client *redis.Client }

func newRedisProbe(url string) (redisProbe, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return redisProbe{}, fmt.Errorf("--redis: %w", err)
	}
	return redisProbe{client: redis.NewClient(options)}, nil
}

func (p redisProbe) usage(ctx context.Context) (Usage, error) {
	u := Usage{Name: "redis"}
	text, err := p.client.Info(ctx, "cpu", "memory").Result()
	if err != nil {
		return u, fmt.Errorf("redis: %w", err)
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "used_cpu_sys", "used_cpu_user", "used_memory_rss":
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return u, fmt.Errorf("redis: %s: %w", name, err)
			}
			if name == "used_memory_rss" {
				u.Resident = v
			} else {
				u.CPU += v
			}
		}
	}
	return u, nil
}

// probes are all processes that a run looks at.
type probes []probe

// take reads all of them; a process that does not answer ends the run.
func (p probes) take(ctx context.Context) ([]Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list := make([]Usage, len(p))
	for i, one := range p {
		var err error
		if list[i], err = one.usage(ctx); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Spent is what a process used during a run.
type Spent struct {
	Name string `json:"name"`
	// CPU is in seconds, PerUnit in microseconds for each unit of the workload.
	CPU     float64 `json:"cpu_s"`
	PerUnit float64 `json:"cpu_us_per_unit"`
	// Memory is in MiB, at the end and at most.
	Memory     float64 `json:"memory_mib"`
	MemoryPeak float64 `json:"memory_peak_mib"`
	// Slow are the readers that were cut.
	Slow float64 `json:"slow_readers_cut"`
}

// spent compares two readings; units is what was done between them.
func spent(before, after []Usage, peak []float64, units int64) []Spent {
	const mib = 1 << 20
	list := make([]Spent, len(after))
	for i := range after {
		cpu := after[i].CPU - before[i].CPU
		list[i] = Spent{
			Name: after[i].Name, CPU: cpu, Memory: after[i].Resident / mib, Slow: after[i].Slow - before[i].Slow,
			MemoryPeak: max(after[i].Resident, peak[i]) / mib,
		}
		if units > 0 {
			list[i].PerUnit = cpu * 1e6 / float64(units)
		}
	}
	return list
}
