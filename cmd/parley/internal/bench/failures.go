package bench

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// failures counts what went wrong by what it was. The zero value is ready.
type failures struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (f *failures) add(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = map[string]int64{}
	}
	f.counts[what]++
}

func (f *failures) all() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.counts)
}

// explain says what to do about failures that are the server's settings.
func explain(counts map[string]int64) []string {
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		line := fmt.Sprintf("%s: %d times", what, counts[what])
		switch what {
		case "offer_limit":
			line += ". The rooms allow too few offers: prepare them with --offer-limit."
		case "rate_limited", "upgrade: rate_limited", "close 4101":
			line += ". The instances limit rates: start them with " + needed + "."
		case "close 1013":
			line += ". The instances take no more sockets, of one account or at all: start them with " + needed + "."
		case "room_closed":
			line += ". The campaigns have ended: prepare new accounts."
		case "budget_exceeded":
			line += ". The campaigns' budgets are used up: prepare new accounts."
		}
		lines = append(lines, line)
	}
	return lines
}

// Verdict counts what must not happen.
type Verdict struct {
	Lost      int64 `json:"lost"`
	Doubled   int64 `json:"doubled"`
	Reordered int64 `json:"reordered"`
	Gapped    int64 `json:"gapped"`
}

func (v *Verdict) add(w Verdict) {
	v.Lost += w.Lost
	v.Doubled += w.Doubled
	v.Reordered += w.Reordered
	v.Gapped += w.Gapped
}

func (v Verdict) clean() bool { return v == Verdict{} }

func (v Verdict) String() string {
	return fmt.Sprintf("%d lost, %d doubled, %d reordered, %d gapped", v.Lost, v.Doubled, v.Reordered, v.Gapped)
}
