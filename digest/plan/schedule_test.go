package plan_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/digest/plan"
	"parley/store/preferences"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := preferences.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDue(t *testing.T) {
	for _, c := range []struct {
		name    string
		cadence plan.Cadence
		zone    string
		hour    int
		now     string // UTC
		want    string // empty: nothing is due
	}{
		{"before the hour", plan.Daily, "Europe/Berlin", 18, "2026-11-22T16:59:59Z", ""},
		{"at the hour", plan.Daily, "Europe/Berlin", 18, "2026-11-22T17:00:00Z", "2026-11-22"},
		{"until the day ends", plan.Daily, "Europe/Berlin", 8, "2026-11-22T22:59:59Z", "2026-11-22"},
		{"into the night", plan.Daily, "Europe/Berlin", 23, "2026-11-23T03:59:59Z", "2026-11-22"},
		{"no longer", plan.Daily, "Europe/Berlin", 23, "2026-11-23T04:00:00Z", ""},
		{"at midnight", plan.Daily, "Europe/Berlin", 0, "2026-11-22T23:00:00Z", "2026-11-23"},

		{"spring forward, the evening", plan.Daily, "Europe/Berlin", 18, "2026-03-29T16:00:00Z", "2026-03-29"},
		{"spring forward, before it", plan.Daily, "Europe/Berlin", 18, "2026-03-29T15:59:59Z", ""},
		{"spring forward, before the gap", plan.Daily, "Europe/Berlin", 2, "2026-03-29T00:59:59Z", ""},
		{"spring forward, an hour that is left out", plan.Daily, "Europe/Berlin", 2, "2026-03-29T01:00:00Z", "2026-03-29"},
		{"fall back, before the first of both", plan.Daily, "Europe/Berlin", 2, "2026-10-24T23:59:59Z", ""},
		{"fall back, the first of both", plan.Daily, "Europe/Berlin", 2, "2026-10-25T00:00:00Z", "2026-10-25"},
		{"fall back, the second of both", plan.Daily, "Europe/Berlin", 2, "2026-10-25T01:00:00Z", "2026-10-25"},
		{"a midnight that is left out", plan.Daily, "Africa/Cairo", 0, "2026-04-23T22:00:00Z", "2026-04-24"},
		{"half an hour's change", plan.Daily, "Australia/Lord_Howe", 2, "2026-10-03T15:30:00Z", "2026-10-04"},
		{"half an hour's change, before", plan.Daily, "Australia/Lord_Howe", 2, "2026-10-03T15:29:59Z", ""},

		{"the night after a day of 23 hours", plan.Daily, "Europe/Berlin", 23, "2026-03-29T22:30:00Z", "2026-03-29"},
		{"the night after a day of 25 hours", plan.Daily, "Europe/Berlin", 23, "2026-10-25T23:30:00Z", "2026-10-25"},
		{"a last hour that is left out", plan.Daily, "America/Nuuk", 23, "2026-03-29T01:00:00Z", "2026-03-28"},
		{"a last hour that is left out, before", plan.Daily, "America/Nuuk", 23, "2026-03-29T00:59:59Z", ""},

		{"half an hour", plan.Daily, "Asia/Kolkata", 18, "2026-11-22T12:30:00Z", "2026-11-22"},
		{"three quarters", plan.Daily, "Asia/Kathmandu", 18, "2026-11-22T12:15:00Z", "2026-11-22"},
		{"14 hours ahead", plan.Daily, "Pacific/Kiritimati", 18, "2026-11-22T04:00:00Z", "2026-11-22"},
		{"14 hours ahead, the new day", plan.Daily, "Pacific/Kiritimati", 0, "2026-11-22T10:00:00Z", "2026-11-23"},
		{"12 hours behind", plan.Daily, "Etc/GMT+12", 18, "2026-11-23T06:00:00Z", "2026-11-22"},
		{"a day that there was not", plan.Daily, "Pacific/Apia", 18, "2011-12-30T16:00:00Z", ""},
		{"a day that there was not, its night", plan.Daily, "Pacific/Apia", 23, "2011-12-30T12:00:00Z", ""},
		{"the day after it", plan.Daily, "Pacific/Apia", 18, "2011-12-31T04:00:00Z", "2011-12-31"},

		{"Sunday", plan.Weekly, "America/New_York", 18, "2026-11-22T23:30:00Z", ""},
		{"Monday", plan.Weekly, "America/New_York", 18, "2026-11-23T23:00:00Z", "2026-W47"},
		{"Wednesday", plan.Weekly, "America/New_York", 18, "2026-11-26T22:59:59Z", "2026-W47"},
		{"Thursday", plan.Weekly, "America/New_York", 18, "2026-11-26T23:00:00Z", ""},
		{"Monday morning, while it is Sunday by UTC", plan.Weekly, "Pacific/Auckland", 9, "2026-11-22T23:59:59Z", ""},
		{"Monday morning, once the week is over", plan.Weekly, "Pacific/Auckland", 9, "2026-11-23T00:00:00Z", "2026-W47"},
		{"Thursday, as long as elsewhere", plan.Weekly, "Pacific/Auckland", 9, "2026-11-25T23:59:59Z", "2026-W47"},
		{"Thursday, no longer", plan.Weekly, "Pacific/Auckland", 9, "2026-11-26T00:00:00Z", ""},
		{"Tokyo, at its hour", plan.Weekly, "Asia/Tokyo", 10, "2026-11-23T01:00:00Z", "2026-W47"},
		{"the week of two years", plan.Weekly, "UTC", 0, "2027-01-04T00:00:00Z", "2026-W53"},

		{"the last day of a month", plan.Monthly, "Pacific/Kiritimati", 8, "2026-11-30T09:59:59Z", ""},
		{"the first, while it is the last elsewhere", plan.Monthly, "Pacific/Kiritimati", 8, "2026-11-30T18:00:00Z", "2026-11"},
		{"the first, while it is the second elsewhere", plan.Monthly, "Etc/GMT+12", 18, "2026-12-02T06:00:00Z", "2026-11"},
		{"February", plan.Monthly, "Asia/Kolkata", 9, "2028-03-01T03:30:00Z", "2028-02"},
		{"the year's end", plan.Monthly, "America/New_York", 9, "2027-01-01T14:00:00Z", "2026-12"},
		{"a week later", plan.Monthly, "UTC", 9, "2027-01-08T09:00:00Z", ""},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := plan.Due(c.cadence, zone(t, c.zone), c.hour, now); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, ok, c.want)
		}
	}
}

// zones have all sorts of offsets and changes.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran",
	"Australia/Lord_Howe", "Africa/Cairo", "Africa/Casablanca", "America/Sao_Paulo", "America/Nuuk", "Asia/Beirut",
	"Pacific/Kiritimati", "Pacific/Chatham", "Pacific/Niue", "Etc/GMT+12",
}

// However irregularly it is asked, as long as it is asked within the time that a period
// stays due, each day comes once, in order, and not before its hour.
func TestNoDayIsSkippedOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		hour := rapid.IntRange(0, 23).Draw(t, "hour")
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 366*24*60).Draw(t, "minute")) * time.Minute)
		last := ""
		for range 60 {
			day, ok := plan.Due(plan.Daily, z, hour, now)
			if ok && day != last {
				parsed, err := time.Parse(time.DateOnly, day)
				if err != nil {
					t.Fatal(err)
				}
				if last != "" && parsed.AddDate(0, 0, -1).Format(time.DateOnly) != last {
					t.Fatalf("%s came after %s", day, last)
				}
				local := now.In(z)
				if local.Format(time.DateOnly) < day || local.Format(time.DateOnly) == day && local.Hour() < hour {
					t.Fatalf("%s came at %s, before %d", day, local, hour)
				}
				last = day
			}
			now = now.Add(time.Duration(rapid.IntRange(1, 6*60-1).Draw(t, "minutes")) * time.Minute)
		}
		if last == "" {
			t.Fatal("nothing came")
		}
	})
}

// The same for weeks and months, with a server that is down for a day at a time.
func TestNoWeekOrMonthIsSkippedOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		hour := rapid.IntRange(0, 23).Draw(t, "hour")
		start := time.Date(2026, 1, rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		end := start.AddDate(1, 0, 0)
		var weeks, months []string
		came := func(list *[]string, c plan.Cadence, now time.Time) {
			if period, ok := plan.Due(c, z, hour, now); ok && (len(*list) == 0 || (*list)[len(*list)-1] != period) {
				*list = append(*list, period)
			}
		}
		for now := start; now.Before(end); now = now.Add(time.Duration(rapid.IntRange(1, 24).Draw(t, "hours")) * time.Hour) {
			came(&weeks, plan.Weekly, now)
			came(&months, plan.Monthly, now)
		}
		// margin is more than an hour, a zone's offset and a day of being down make together.
		const margin = 3 * 24 * time.Hour
		var mondays, firsts []beginning
		for day := start.AddDate(0, 0, -10); day.Before(end.Add(margin)); day = day.AddDate(0, 0, 1) {
			if day.Weekday() == time.Monday {
				year, week := day.AddDate(0, 0, -1).ISOWeek()
				mondays = append(mondays, beginning{day, fmt.Sprintf("%04d-W%02d", year, week)})
			}
			if day.Day() == 1 {
				firsts = append(firsts, beginning{day, day.AddDate(0, 0, -1).Format("2006-01")})
			}
		}
		inOrder(t, weeks, mondays, start, end, margin)
		inOrder(t, months, firsts, start, end, margin)
	})
}

// TestChangesAndMonthEnds asks every quarter of an hour around each change of a zone's
// clock and each first of a month in 2026, and knows the answers from having looked at that
// clock as people do: a day's hour has come once it shows that hour or a later one, or the
// day is over; and then it is due for six hours at least.
func TestChangesAndMonthEnds(t *testing.T) {
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	changes := 0
	for _, name := range zones {
		z := zone(t, name)
		for now := time.Date(2026, 1, 1, 0, 0, 0, 0, z); ; changes++ {
			_, change := now.ZoneBounds()
			if change.IsZero() || change.After(end) {
				break
			}
			for _, hour := range []int{0, 1, 2, 3, 12, 18, 22, 23} {
				asked(t, z, hour, change)
			}
			now = change
		}
		for month := time.January; month <= time.December; month++ {
			for _, hour := range []int{0, 9, 23} {
				asked(t, z, hour, time.Date(2026, month, 1, 0, 0, 0, 0, z))
			}
		}
	}
	if changes < 15 {
		t.Errorf("only %d changes of clocks", changes)
	}
}

// asked asks from two and a half days before an instant until two days after it.
func asked(t *testing.T, z *time.Location, hour int, around time.Time) {
	t.Helper()
	type seen struct {
		date  string
		month string // that ended when the day began, if one did
		begun time.Time
	}
	var days []seen
	for now := around.Add(-60 * time.Hour); now.Before(around.Add(48 * time.Hour)); now = now.Add(15 * time.Minute) {
		local := now.In(z)
		if date := local.Format(time.DateOnly); len(days) == 0 || days[len(days)-1].date != date {
			if n := len(days); n > 0 && days[n-1].begun.IsZero() {
				days[n-1].begun = now
			}
			day := seen{date: date}
			if local.Day() == 1 {
				day.month = local.AddDate(0, 0, -1).Format("2006-01")
			}
			days = append(days, day)
		}
		today := &days[len(days)-1]
		if local.Hour() >= hour && today.begun.IsZero() {
			today.begun = now
		}
		if len(days) < 3 {
			continue // the first day's hour may have come before
		}
		yesterday := &days[len(days)-2]
		want, month := "", ""
		switch {
		case !today.begun.IsZero():
			want = today.date
		case now.Before(yesterday.begun.Add(6 * time.Hour)):
			want = yesterday.date
		}
		if got, _ := plan.Due(plan.Daily, z, hour, now); got != want {
			t.Fatalf("%s: at %d there came %q, not %q", local, hour, got, want)
		}
		if local.Day() > 3 && local.Day() < 25 {
			continue
		}
		for i := range days {
			if d := &days[i]; d.month != "" && !d.begun.IsZero() {
				month = d.month
			}
		}
		if got, _ := plan.Due(plan.Monthly, z, hour, now); got != month {
			t.Fatalf("%s: at %d there came the month %q, not %q", local, hour, got, month)
		}
	}
}

// beginning is a day on which a period comes.
type beginning struct {
	day    time.Time
	period string
}

// inOrder fails unless there came each period once, in order; those within a margin of
// the start, where one may be due still, and of the end may be left out.
func inOrder(t *rapid.T, came []string, all []beginning, start, end time.Time, margin time.Duration) {
	t.Helper()
	rest := came
	for _, b := range all {
		switch {
		case len(rest) > 0 && rest[0] == b.period:
			rest = rest[1:]
		case b.day.After(start.Add(margin)) && b.day.Before(end.Add(-margin)):
			t.Fatalf("%s is not in its place in %v", b.period, came)
		}
	}
	if len(rest) > 0 {
		t.Fatalf("%s is there twice or too early in %v", rest[0], came)
	}
}
