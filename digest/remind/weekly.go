package remind

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"parley/digest"
	"parley/digest/desk"
	"parley/rooms"
	"parley/store"
	"parley/store/insight"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/outbox/letter"
	"parley/store/preferences"
)

// weekly writes to admins how a week was.
type weekly struct{ *desk.Desk }

// Weekly is the kind that tells admins about a week. Its days are those of UTC, as all
// figures are.
func Weekly(d *desk.Desk) digest.Kind {
	k := &weekly{d}
	return digest.Kind{Name: jobs.Weekly, Batch: batch, Parallel: 1, Lease: lease, Attempts: tries, Do: k.do}
}

// week is what is told of one.
type week struct {
	monday time.Time
	// sums and before are of the week and of the one before it.
	sums, before insight.Day
	// fees and feesBefore are what their deals were struck over, by currency.
	fees, feesBefore []rooms.Money
	// joined are the new users by role, failures the jobs that were given up by kind.
	joined, failures []count
	// These are as they are now.
	approvals, flags, appeals int
	flagged                   int // reviews that began in the week
	off                       int // webhooks that were switched off in the week
}

// count is a number of things of a name.
type count struct {
	Name string
	N    int
}

func (k *weekly) do(ctx context.Context, b *jobs.Batch) error {
	people, signer, err := k.Readers(ctx, b)
	if err != nil {
		return err
	}
	weeks := make(map[string]*week)
	// One mail that cannot be written keeps no other: its job is left, for the engine to
	// try again.
	var list []desk.Written
	var errs []error
	for i := range b.Jobs {
		j := &b.Jobs[i]
		row := desk.Written{Job: j.ID, Outcome: desk.Unwanted}
		if p, ok := people[j.User]; ok && p.Role == rooms.Admin && p.Wants(preferences.Weekly) {
			m, err := k.write(ctx, signer, &p, j, weeks)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			row.Outcome, row.Mails = desk.Told, append(row.Mails, m)
		}
		list = append(list, row)
	}
	return errors.Join(append(errs, k.Send(ctx, b.Token, list, nil))...)
}

// write makes an admin's mail; weeks keeps what was asked for.
func (k *weekly) write(ctx context.Context, signer preferences.Signer, p *desk.Person, j *jobs.Job, weeks map[string]*week) (outbox.Mail, error) {
	w := weeks[j.Period]
	if w == nil {
		var err error
		if w, err = k.load(ctx, j.Period); err != nil {
			return outbox.Mail{}, err
		}
		weeks[j.Period] = w
	}
	return k.Address(signer, p, preferences.Weekly, k.letter(p, w), jobs.Weekly+":"+p.ID+":"+j.Period)
}

// mondayOf is the first day of a week such as 2026-W47.
func mondayOf(period string) (time.Time, error) {
	var year, number int
	if _, err := fmt.Sscanf(period, "%d-W%d", &year, &number); err != nil {
		return time.Time{}, fmt.Errorf("%q is no week: %w", period, err)
	}
	// The fourth of January is in the first week of every year.
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	return fourth.AddDate(0, 0, 7*(number-1)-(int(fourth.Weekday())+6)%7), nil
}

// load asks for a week.
func (k *weekly) load(ctx context.Context, period string) (*week, error) {
	monday, err := mondayOf(period)
	if err != nil {
		return nil, err
	}
	w := &week{monday: monday}
	for back, of := range []struct {
		sum  *insight.Day
		fees *[]rooms.Money
	}{{&w.sums, &w.fees}, {&w.before, &w.feesBefore}} {
		from := monday.AddDate(0, 0, -7*back)
		h, err := insight.Between(ctx, k.Store, from, from.AddDate(0, 0, 6))
		if err != nil {
			return nil, err
		}
		*of.sum, *of.fees = h.Sum(), h.Fees
	}
	from, to := store.Micros(rooms.At(monday)), store.Micros(rooms.At(monday.AddDate(0, 0, 7)))
	db := k.Store.Reads()
	for what, ask := range map[string]func() error{
		"new users": func() error {
			return db.NewRaw("SELECT role AS name, COUNT(*) AS n FROM users WHERE created_at >= ? AND created_at < ? GROUP BY role ORDER BY role",
				from, to).Scan(ctx, &w.joined)
		},
		"failures": func() error {
			return db.NewRaw("SELECT kind AS name, COUNT(*) AS n FROM jobs WHERE state = 'failed' AND finished_at >= ? AND finished_at < ?"+
				" GROUP BY kind ORDER BY kind", from, to).Scan(ctx, &w.failures)
		},
		"webhooks": func() error {
			return db.NewRaw("SELECT COUNT(*) FROM webhooks WHERE off_at >= ? AND off_at < ?", from, to).Scan(ctx, &w.off)
		},
		"approvals": func() error {
			return db.NewRaw("SELECT COUNT(*) FROM users WHERE NOT approved AND refused_at IS NULL AND deleted_at IS NULL").Scan(ctx, &w.approvals)
		},
		"flags": func() error {
			return db.NewRaw("SELECT COUNT(*), (SELECT COUNT(*) FROM flags WHERE waiting > 0),"+
				" (SELECT COUNT(*) FROM flags WHERE begun_at >= ? AND begun_at < ?) FROM flags WHERE ended_at IS NULL", from, to).
				Scan(ctx, &w.flags, &w.appeals, &w.flagged)
		},
	} {
		if err := ask(); err != nil {
			return nil, store.ReadError("a week's "+what, err)
		}
	}
	return w, nil
}

// letter words a week.
func (k *weekly) letter(p *desk.Person, w *week) letter.Letter {
	l := letter.Letter{
		Kind: jobs.Weekly, Subject: "Parley, " + span(w.monday),
		Why: "You get this every Monday as an admin.", Button: &letter.Link{Text: "See the statistics", URL: k.Link("/admin/statistics")},
	}
	waiting := letter.Section{Title: "Waiting for an admin"}
	for _, row := range []struct {
		n    int
		text string
		path string
	}{
		{w.approvals, letter.Count(w.approvals, "sponsor waits", "sponsors wait") + " to be approved", "/admin/approvals"},
		{w.appeals, letter.Count(w.appeals, "review has an answer", "reviews have answers") + " that nobody has read", "/admin/flags"},
	} {
		if row.n > 0 {
			waiting.Rows = append(waiting.Rows, letter.Row{Title: row.text, URL: k.Link(row.path)})
		}
	}
	l.Preview = fmt.Sprintf("%s, %s", letter.Count(int(w.sums.Deals), "deal", "deals"), letter.Count(int(w.sums.Offers), "offer", "offers"))
	if len(waiting.Rows) == 0 {
		waiting.Paragraphs = []string{"Nothing."}
	} else {
		l.Preview = waiting.Rows[0].Title + "; " + l.Preview
	}
	volume := letter.Section{Title: "The week", Figures: []letter.Figure{
		compared("Ad requests", w.sums.Invited+w.sums.Applied, w.before.Invited+w.before.Applied),
		compared("Offers", w.sums.Offers, w.before.Offers),
		compared("Messages", w.sums.Messages, w.before.Messages),
		compared("Deals", w.sums.Deals, w.before.Deals),
		compared("Ended without a deal", w.sums.Ended(), w.before.Ended()),
	}}
	volume.Figures = append(volume.Figures, amounts(w.fees, w.feesBefore)...)
	users := letter.Section{Title: "New users"}
	for _, c := range w.joined {
		users.Figures = append(users.Figures, letter.Figure{Label: roleName(c.Name), Value: strconv.Itoa(c.N)})
	}
	if len(w.joined) == 0 {
		users.Paragraphs = []string{"Nobody came."}
	}
	reviews := letter.Section{Title: "Reviews", Figures: []letter.Figure{
		{Label: "Began", Value: strconv.Itoa(w.flagged)}, {Label: "In force now", Value: strconv.Itoa(w.flags)},
	}}
	failures := letter.Section{Title: "Failures"}
	for _, c := range w.failures {
		failures.Figures = append(failures.Figures, letter.Figure{Label: failureName(c.Name), Value: strconv.Itoa(c.N), Note: "given up after repeated attempts"})
	}
	if w.off > 0 {
		failures.Figures = append(failures.Figures, letter.Figure{
			Label: "Webhooks switched off", Value: strconv.Itoa(w.off), Note: "after failed attempts in a row; their owners know",
		})
	}
	if len(failures.Figures) == 0 {
		failures.Paragraphs = []string{"None: every mail, message and report went out."}
	}
	l.Sections = []letter.Section{{Paragraphs: []string{"Hello " + p.Name + ","}}, waiting, volume, users, reviews, failures}
	return l
}

func compared(label string, n, before int64) letter.Figure {
	return letter.Figure{Label: label, Value: strconv.FormatInt(n, 10), Note: strconv.FormatInt(before, 10) + " the week before"}
}

// amounts are what deals were struck over in a week, for each currency of it or of the
// week before.
func amounts(now, before []rooms.Money) []letter.Figure {
	type pair struct{ now, before int64 }
	of := make(map[rooms.Currency]pair)
	for _, m := range now {
		of[m.Currency] = pair{now: m.Amount}
	}
	for _, m := range before {
		of[m.Currency] = pair{of[m.Currency].now, m.Amount}
	}
	list := make([]letter.Figure, 0, len(of))
	for _, c := range slices.Sorted(maps.Keys(of)) {
		list = append(list, letter.Figure{
			Label: "Agreed in " + string(c), Value: letter.Money(rooms.Money{Amount: of[c].now, Currency: c}),
			Note: letter.Money(rooms.Money{Amount: of[c].before, Currency: c}) + " the week before",
		})
	}
	return list
}

// span is a week in words, such as 16 to 22 November 2026.
func span(monday time.Time) string {
	sunday := monday.AddDate(0, 0, 6)
	switch {
	case monday.Year() != sunday.Year():
		return monday.Format("2 January 2006") + " to " + sunday.Format("2 January 2006")
	case monday.Month() != sunday.Month():
		return monday.Format("2 January") + " to " + sunday.Format("2 January 2006")
	default:
		return monday.Format("2") + " to " + sunday.Format("2 January 2006")
	}
}

func roleName(role string) string {
	switch rooms.Side(role) {
	case rooms.Sponsor:
		return "Sponsors"
	case rooms.Influencer:
		return "Influencers"
	default:
		return "Admins"
	}
}

func failureName(kind string) string {
	switch kind {
	case jobs.Mail:
		return "Mails"
	case jobs.Webhook:
		return "Webhook messages"
	case jobs.Export:
		return "Exports"
	default:
		return "Jobs of kind " + kind
	}
}
