package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/digest"
	"parley/digest/desk"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/outbox/letter"
	"parley/store/preferences"
	"parley/store/reports"
)

const (
	// batch is small because each report is a document with pictures.
	batch = 20
	lease = 2 * time.Minute
	tries = 5
	// shownCampaigns are told one by one in a mail; the PDF has all.
	shownCampaigns = 8
)

// maker makes reports: those that are due each month, which go out as mails, and those
// that were asked for.
type maker struct {
	*desk.Desk
	mails bool
}

// Kinds are the jobs of this package.
func Kinds(d *desk.Desk) []digest.Kind {
	monthly, asked := &maker{Desk: d, mails: true}, &maker{Desk: d}
	return []digest.Kind{
		{Name: jobs.Monthly, Batch: batch, Parallel: 2, Lease: lease, Attempts: tries, Do: monthly.do},
		{Name: jobs.Report, Batch: batch, Parallel: 1, Lease: lease, Attempts: tries, Do: asked.do, GaveUp: gaveUp},
	}
}

// gaveUp tells those who asked; who waits for a month's mail did not.
func gaveUp(ctx context.Context, t *store.Tx, lost []jobs.Job) error {
	for i := range lost {
		if err := reports.GiveUp(ctx, t, lost[i].User, monthOf(&lost[i])); err != nil {
			return err
		}
	}
	return nil
}

// monthOf is the month that a job is about: on request the same may be asked for again.
func monthOf(j *jobs.Job) string {
	month, _, _ := strings.Cut(j.Period, " ")
	return month
}

func (k *maker) do(ctx context.Context, b *jobs.Batch) error {
	people, signer, err := k.Readers(ctx, b)
	if err != nil {
		return err
	}
	// A report that cannot be made keeps nobody else's: its job is left, for the engine to
	// try again. A user may have asked for several months: each has figures of its own.
	var errs []error
	list := make([]desk.Written, 0, len(b.Jobs))
	months := make(map[string][]asked)
	for i := range b.Jobs {
		j := &b.Jobs[i]
		name := monthOf(j)
		p, ok := people[j.User]
		if !ok || p.Role != rooms.Sponsor || k.mails && !p.Wants(preferences.Monthly) {
			list = append(list, desk.Written{Job: j.ID, Outcome: desk.Unwanted})
			continue
		}
		m, err := MonthIn(name, preferences.Location(p.Zone))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		months[name] = append(months[name], asked{user: p.ID, month: m, job: j})
	}
	kept := make(map[int64]reports.Report)
	for _, month := range months {
		figures, err := read(ctx, k.Store, month)
		if err != nil {
			return err
		}
		for _, a := range month {
			p := people[a.user]
			w := desk.Written{Job: a.job.ID, Outcome: desk.Nothing, MailOnly: true}
			f := figures[a.user]
			if k.mails && f.Empty() {
				list = append(list, w)
				continue
			}
			r, mail, err := k.write(signer, &p, f)
			if err != nil {
				errs = append(errs, fmt.Errorf("report on %s of %s: %w", month[0].month.Name, p.ID, err))
				continue
			}
			if w.Outcome = desk.Told; k.mails {
				w.Mails = append(w.Mails, mail)
			}
			kept[a.job.ID] = r
			list = append(list, w)
		}
	}
	err = k.Send(ctx, b.Token, list, func(ctx context.Context, t *store.Tx, mine map[int64]bool) error {
		for job, r := range kept {
			if !mine[job] {
				continue
			}
			if err := reports.Keep(ctx, t, r, !k.mails); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// write makes both forms of a report.
func (k *maker) write(signer preferences.Signer, p *desk.Person, f Figures) (reports.Report, outbox.Mail, error) {
	made := k.Clock()
	d, err := draft(f, p.Name, made)
	if err != nil {
		return reports.Report{}, outbox.Mail{}, err
	}
	pdf, err := d.sheet()
	if err != nil {
		return reports.Report{}, outbox.Mail{}, err
	}
	mail, err := k.Address(signer, p, preferences.Monthly, d.letter(k.Link), jobs.Monthly+":"+p.ID+":"+f.Month.Name)
	if err != nil {
		return reports.Report{}, outbox.Mail{}, err
	}
	mail.Attachments = append(d.pictures(), outbox.Attachment{
		Name: "parley-" + f.Month.Name + ".pdf", MediaType: "application/pdf", Data: pdf,
	})
	return reports.Report{
		User: p.ID, Month: f.Month.Name, MadeAt: rooms.At(made), Complete: d.complete, PDF: pdf,
		Summary: reports.Summary{Opened: f.Now.Opened, Offers: f.Now.Offers, Made: f.Now.Made, Completed: f.Now.Completed},
	}, mail, nil
}

// The content ids by which a mail shows its pictures.
const weeksID = "weeks@parley"

func budgetID(i int) string { return fmt.Sprintf("budget%d@parley", i) }

func (d *document) pictures() []outbox.Attachment {
	const png = "image/png"
	list := []outbox.Attachment{{Name: "weeks.png", MediaType: png, ContentID: weeksID, Data: d.weeks.PNG}}
	for i, p := range d.budgets {
		list = append(list, outbox.Attachment{
			Name: "budget-" + string(d.Budgets[i].Currency) + ".png", MediaType: png, ContentID: budgetID(i), Data: p.PNG,
		})
	}
	return list
}

func (p *Picture) shown(id string) *letter.Picture {
	return &letter.Picture{ContentID: id, Alt: p.Alt, Width: p.Width, Height: p.Height}
}

// letter words the report as a mail.
func (d *document) letter(link func(path string) string) letter.Letter {
	first := letter.Section{}
	for _, f := range d.figures() {
		first.Figures = append(first.Figures, letter.Figure{Label: f.label, Value: f.value, Note: f.note})
	}
	l := letter.Letter{
		Kind: jobs.Monthly, Subject: "Your report for " + d.Month.Title(),
		Preview:  fmt.Sprintf("%s made, %s completed", letter.Count(d.Now.Made, "deal", "deals"), letter.Count(d.Now.Completed, "deal", "deals")),
		Sections: []letter.Section{first, {Title: "Offers and deals by week", Picture: d.weeks.shown(weeksID)}},
		Button:   &letter.Link{Text: "See your reports", URL: link("/reports")},
		Why:      "You get this report on the first day of each month. The PDF has it with all campaigns.",
	}
	for i := range d.Budgets {
		b := &d.Budgets[i]
		l.Sections = append(l.Sections, letter.Section{
			Title: "Budget in " + string(b.Currency), Picture: d.budgets[i].shown(budgetID(i)),
			Figures: []letter.Figure{
				{Label: "Used by deals", Value: money(b.Used, b.Currency), Note: share(b.Used, b.Total)},
				{Label: "Held by offers", Value: money(b.Held, b.Currency), Note: share(b.Held, b.Total)},
				{Label: "Left", Value: money(b.Left(), b.Currency), Note: "of " + money(b.Total, b.Currency)},
			},
		})
	}
	campaigns := letter.Section{Title: "Campaigns"}
	for i := range d.Campaigns[:min(len(d.Campaigns), shownCampaigns)] {
		c := &d.Campaigns[i]
		campaigns.Rows = append(campaigns.Rows, letter.Row{
			Title: c.Name, Amount: money(c.Budget.Used, c.Budget.Currency),
			Detail: fmt.Sprintf("%s made, %d open, %s left", letter.Count(c.Counts.Made, "deal", "deals"), c.Open,
				money(c.Budget.Left(), c.Budget.Currency)),
			URL: link("/campaigns/" + c.ID),
		})
	}
	if more := len(d.Campaigns) - len(campaigns.Rows); more > 0 {
		campaigns.More = fmt.Sprintf("and %d more", more)
	}
	if len(campaigns.Rows) > 0 {
		l.Sections = append(l.Sections, campaigns)
	}
	return l
}
