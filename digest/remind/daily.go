package remind

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/digest"
	"parley/digest/desk"
	"parley/rooms"
	"parley/store/jobs"
	"parley/store/outbox/letter"
	"parley/store/preferences"
)

const (
	batch = 250
	lease = 2 * time.Minute
	tries = 5
)

// daily writes the reminders of an evening.
type daily struct {
	*desk.Desk
	market market
}

// Daily is the kind that reminds sponsors and influencers.
func Daily(d *desk.Desk) digest.Kind {
	k := &daily{Desk: d}
	return digest.Kind{Name: jobs.Daily, Batch: batch, Parallel: 2, Lease: lease, Attempts: tries, Do: k.do}
}

func (k *daily) do(ctx context.Context, b *jobs.Batch) error {
	people, err := k.People(ctx, desk.Users(b.Jobs))
	if err != nil {
		return err
	}
	now := rooms.At(k.Clock())
	var sponsors, influencers []string
	var missed []*desk.Person
	for i := range b.Jobs {
		p, ok := people[b.Jobs[i].User]
		switch {
		case !ok || !p.Wants(preferences.Daily):
		case p.Role == rooms.Sponsor:
			sponsors = append(sponsors, p.ID)
		case p.Role == rooms.Influencer:
			influencers = append(influencers, p.ID)
			if slices.Contains(away[:], absent(&p, b.Jobs[i].Period)) {
				missed = append(missed, &p)
			}
		}
	}
	rows, err := waiting(ctx, k.Store, now, sponsors, influencers)
	if err != nil {
		return err
	}
	suits, err := matching(ctx, k.Store, now, &k.market, missed)
	if err != nil {
		return err
	}
	signer, err := k.Signer(ctx)
	if err != nil {
		return err
	}
	// One person's mail that cannot be written keeps nobody else's: their job is left, for
	// the engine to try again.
	var list []desk.Written
	var errs []error
	for i := range b.Jobs {
		j := &b.Jobs[i]
		row := desk.Written{Job: j.ID, Outcome: desk.Unwanted}
		if p, ok := people[j.User]; ok && p.Wants(preferences.Daily) {
			row.Outcome = desk.Nothing
			if l, ok := k.letter(&p, now, rows[p.ID], suits[p.ID]); ok {
				m, err := k.Address(signer, &p, preferences.Daily, l, jobs.Daily+":"+p.ID+":"+j.Period)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				row.Outcome, row.Mails = desk.Told, append(row.Mails, m)
			}
		}
		list = append(list, row)
	}
	return errors.Join(append(errs, k.Send(ctx, b.Token, list, nil))...)
}

// letter words a reminder; false when there is nothing to say.
func (k *daily) letter(p *desk.Person, now rooms.Time, list []roomRow, suits []campaign) (letter.Letter, bool) {
	l := letter.Letter{
		Kind: jobs.Daily, Why: "You get this reminder when something waits for you.",
		Button: &letter.Link{Text: "See your deals", URL: k.Link("/deals")},
	}
	titles := map[class]string{
		answer: "Waiting for your answer", check: "Delivered, for you to check", expiring: "Ends within a day", unread: "New in your rooms",
	}
	subjects := map[class]func(n int) string{
		answer: func(n int) string {
			return letter.Count(n, "negotiation waits", "negotiations wait") + " for your answer"
		},
		check:    func(n int) string { return letter.Count(n, "deal has", "deals have") + " work for you to check" },
		expiring: func(n int) string { return letter.Count(n, "negotiation ends", "negotiations end") + " within a day" },
		unread:   func(n int) string { return letter.Count(n, "room has", "rooms have") + " news for you" },
	}
	for c := answer; c <= unread; c++ {
		s := letter.Section{Title: titles[c]}
		total := 0
		for i := range list {
			if r := &list[i]; r.Class == c {
				total = r.Total
				s.Rows = append(s.Rows, k.row(r, now))
			}
		}
		if total == 0 {
			continue
		}
		if more := total - len(s.Rows); more > 0 {
			s.More = fmt.Sprintf("and %d more", more)
		}
		if l.Subject == "" {
			l.Subject = subjects[c](total)
			first := &s.Rows[0]
			l.Preview = first.Title
			for _, more := range []string{first.Amount, first.Note} {
				if more != "" {
					l.Preview += ", " + more
				}
			}
		}
		l.Sections = append(l.Sections, s)
	}
	if len(suits) > 0 {
		s := letter.Section{Title: "Campaigns that may suit you"}
		for i := range suits {
			c := &suits[i]
			s.Rows = append(s.Rows, letter.Row{
				Title: c.Name, Detail: "By " + c.Sponsor + ", " + c.Category, URL: k.Link("/campaigns/" + c.ID),
			})
		}
		if l.Subject == "" {
			l.Subject = letter.Count(len(suits), "campaign", "campaigns") + " that may suit you"
			l.Preview = s.Rows[0].Title + " " + s.Rows[0].Detail
			l.Button = &letter.Link{Text: "See open campaigns", URL: k.Link("/open")}
		}
		l.Sections = append(l.Sections, s)
	}
	if l.Subject == "" {
		return l, false
	}
	l.Sections[0].Paragraphs = nil
	l.Sections = slices.Insert(l.Sections, 0, letter.Section{Paragraphs: []string{"Hello " + p.Name + ","}})
	return l, true
}

// row words a room.
func (k *daily) row(r *roomRow, now rooms.Time) letter.Row {
	row := letter.Row{Title: r.Campaign, URL: k.Link("/deals/" + r.Room)}
	if r.Stands {
		row.Amount = letter.Money(rooms.Money{Amount: r.Fee, Currency: r.Currency})
	}
	left := time.Duration(r.Until-now.UnixMicro()) * time.Microsecond
	switch r.Class {
	case answer:
		switch {
		case r.Stands:
			row.Detail = "Offer from " + r.Other
		case rooms.Status(r.Status) == rooms.Invited:
			row.Detail = r.Other + " invites you"
		default:
			row.Detail = r.Other + " applied"
		}
		row.Note, row.Urgent = letter.Left(left), left <= soon
	case check:
		row.Detail = r.Other + " marked work as done"
	case expiring:
		row.Detail, row.Note, row.Urgent = "With "+r.Other, letter.Left(left), true
		if r.Stands {
			row.Detail = "Your offer to " + r.Other
		}
	default:
		row.Detail, row.Note = "With "+r.Other, letter.Count(int(r.News), "event", "events")+" that you have not seen"
	}
	return row
}
