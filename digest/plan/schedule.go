package plan

import (
	"fmt"
	"time"
)

// Cadence is how often something comes.
type Cadence int

// The cadences.
const (
	// Daily comes every day; its period is that day.
	Daily Cadence = iota
	// Weekly comes on Mondays; its period is the ISO week that has ended. As its days are
	// those of UTC, it does not come before that week is over there.
	Weekly
	// Monthly comes on the first of a month; its period is the month that has ended.
	Monthly
)

// How long a period stays due after its hour. A day does at least until it ends; who
// wants a reminder at eleven in the evening still gets it in the night.
const (
	dailyGrace   = 6 * time.Hour
	weeklyGrace  = 3 * 24 * time.Hour
	monthlyGrace = 7 * 24 * time.Hour
)

// date is a day of the calendar, wherever.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

// plus is some days later.
func (d date) plus(days int) date {
	return dateOf(time.Date(d.year, d.month, d.day+days, 0, 0, 0, 0, time.UTC))
}

func (d date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day) }

// Due tells which period of a cadence is due at now for those who want it at an hour of
// a zone's clock, and whether one is. A period is named as package jobs says.
func Due(c Cadence, zone *time.Location, hour int, now time.Time) (period string, ok bool) {
	local := now.In(zone)
	today := dateOf(local)
	switch c {
	case Weekly:
		monday := today.plus(-(int(local.Weekday()) + 6) % 7)
		begun, ok := begins(monday, hour, zone)
		if over := time.Date(monday.year, monday.month, monday.day, 0, 0, 0, 0, time.UTC); begun.Before(over) {
			begun = over
		}
		if !ok || now.Before(begun) || !now.Before(begun.Add(weeklyGrace)) {
			return "", false
		}
		sunday := monday.plus(-1)
		year, week := time.Date(sunday.year, sunday.month, sunday.day, 0, 0, 0, 0, time.UTC).ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week), true
	case Monthly:
		first := date{today.year, today.month, 1}
		if !within(first, hour, zone, now, monthlyGrace) {
			return "", false
		}
		return first.plus(-1).String()[:len("2006-01")], true
	default:
		if begun, ok := begins(today, hour, zone); ok && !now.Before(begun) {
			return today.String(), true
		}
		if yesterday := today.plus(-1); within(yesterday, hour, zone, now, dailyGrace) {
			return yesterday.String(), true
		}
		return "", false
	}
}

// within tells whether now is in the time after an hour of a day.
func within(d date, hour int, zone *time.Location, now time.Time, grace time.Duration) bool {
	begun, ok := begins(d, hour, zone)
	return ok && !now.Before(begun) && now.Before(begun.Add(grace))
}

// begins is the first instant of a local day at which the clock shows an hour or later, or
// the day's end where it never does. A zone that moved over the date line has no such day.
func begins(d date, hour int, zone *time.Location) (time.Time, bool) {
	wall := time.Date(d.year, d.month, d.day, hour, 0, 0, 0, time.UTC)
	// The offsets before and after a change nearby; no zone is further than 14 hours from
	// UTC, and none changes twice in two days.
	_, before := wall.Add(-26 * time.Hour).In(zone).Zone()
	_, after := wall.Add(26 * time.Hour).In(zone).Zone()
	early := wall.Add(-time.Duration(max(before, after)) * time.Second).In(zone)
	late := wall.Add(-time.Duration(min(before, after)) * time.Second).In(zone)
	for _, t := range []time.Time{early, late} {
		if dateOf(t) == d && t.Hour() == hour && t.Minute() == 0 {
			return t, true
		}
	}
	// The clock leaves the hour out: it goes on at the change, which is not after what
	// the offset before it would have made of the hour; where it is the day's last hour,
	// with the next day.
	change, _ := wall.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
	return change, dateOf(change.In(zone)) == d || dateOf(change.Add(-time.Second).In(zone)) == d
}
