package digest

import "time"

// Waits between the attempts of a job.
const (
	firstWait = 30 * time.Second
	maxWait   = 6 * time.Hour
)

// Backoff is how long to wait after an attempt, the first one being 1: 30 s, doubled
// with each, at most 6 h, of which the later half is random, so that what failed
// together does not come back together. jitter returns a number in [0, n).
func Backoff(attempt int, jitter func(n int64) int64) time.Duration {
	wait := maxWait
	if attempt < 1 {
		attempt = 1
	}
	if attempt < 12 {
		wait = min(maxWait, firstWait<<(attempt-1))
	}
	return wait/2 + time.Duration(jitter(int64(wait/2)+1))
}
