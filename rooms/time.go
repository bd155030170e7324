package rooms

import "time"

// Time is an instant in UTC to the microsecond, the precision in which it is
// stored, so that what is read back hashes to the same bytes.
type Time struct{ time.Time }

// At makes a Time of any instant, dropping its zone and what is below a microsecond.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// FromMicros makes a Time of microseconds since the Unix epoch.
func FromMicros(us int64) Time { return Time{time.UnixMicro(us).UTC()} }

// Add moves the instant by d.
func (t Time) Add(d time.Duration) Time { return At(t.Time.Add(d)) }

// Before reports whether t is earlier than u.
func (t Time) Before(u Time) bool { return t.Time.Before(u.Time) }

// After reports whether t is later than u.
func (t Time) After(u Time) bool { return t.Time.After(u.Time) }

func minTime(a, b Time) Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b Time) Time {
	if a.Before(b) {
		return b
	}
	return a
}
