package report

import (
	"fmt"
	"strconv"
	"time"

	"parley/digest/paper"
	"parley/store/outbox/letter"
)

// document is a report with its pictures.
type document struct {
	Figures
	sponsor  string
	weeks    Picture
	budgets  []Picture // of Figures.Budgets
	made     time.Time
	complete bool // the month is over
}

// draft draws the pictures of a report.
func draft(f Figures, sponsor string, made time.Time) (document, error) {
	d := document{Figures: f, sponsor: sponsor, made: made, complete: !made.Before(f.Month.To)}
	var err error
	if d.weeks, err = weeksPicture(&f); err != nil {
		return document{}, err
	}
	for i := range f.Budgets {
		p, err := budgetPicture(i+1, &f.Budgets[i], f.Campaigns)
		if err != nil {
			return document{}, err
		}
		d.budgets = append(d.budgets, p)
	}
	return d, nil
}

// figure is a number beside the one of the month before.
type figure struct{ label, value, note string }

func against(label string, now, before int) figure {
	return figure{label, strconv.Itoa(now), fmt.Sprintf("%d the month before", before)}
}

// figures are what both forms of a report show at their beginning.
func (d *document) figures() []figure {
	none := func(c *Counts, text string) string {
		if c.Made == 0 {
			return "–"
		}
		return text
	}
	took := func(c *Counts) string { return none(c, duration(c.Took)) }
	rounds := func(c *Counts) string { return none(c, strconv.FormatFloat(c.Rounds, 'f', -1, 64)) }
	return []figure{
		against("Deals made", d.Now.Made, d.Before.Made),
		against("Deals completed", d.Now.Completed, d.Before.Completed),
		against("Ad requests opened", d.Now.Opened, d.Before.Opened),
		against("Offers, of both sides", d.Now.Offers, d.Before.Offers),
		{"Offers up to a deal, median", rounds(&d.Now), rounds(&d.Before) + " the month before"},
		{"Time to a deal, median", took(&d.Now), took(&d.Before) + " the month before"},
	}
}

// duration words how long a deal took.
func duration(t time.Duration) string {
	switch {
	case t < time.Hour:
		return letter.Count(int(t/time.Minute), "minute", "minutes")
	case t < 48*time.Hour:
		return letter.Count(int((t+30*time.Minute)/time.Hour), "hour", "hours")
	default:
		return strconv.FormatFloat(float64((t+72*time.Minute)/(144*time.Minute))/10, 'f', -1, 64) + " days"
	}
}

func (d *document) subtitle() string {
	if d.complete {
		return d.sponsor + ", the whole month"
	}
	return d.sponsor + ", up to " + d.made.In(d.Month.From.Location()).Format("2 January 2006, 15:04 MST")
}

// sheet sets the report as PDF.
func (d *document) sheet() ([]byte, error) {
	p := paper.New("Report for "+d.Month.Title(), d.subtitle(), d.made)
	list := make([]paper.Figure, 0, len(d.figures()))
	for _, f := range d.figures() {
		list = append(list, paper.Figure{Label: f.label, Value: f.value, Note: f.note})
	}
	p.Figures(list)
	p.Heading("Offers and deals by week")
	p.Picture(d.weeks.PNG, float64(d.weeks.Height)/float64(d.weeks.Width))
	for i := range d.Budgets {
		b := &d.Budgets[i]
		p.Heading("Budget in " + string(b.Currency))
		p.Figures([]paper.Figure{
			{Label: "Used by deals", Value: money(b.Used, b.Currency), Note: share(b.Used, b.Total)},
			{Label: "Held by offers", Value: money(b.Held, b.Currency), Note: share(b.Held, b.Total)},
			{Label: "Left", Value: money(b.Left(), b.Currency), Note: "of " + money(b.Total, b.Currency)},
		})
		p.Picture(d.budgets[i].PNG, float64(d.budgets[i].Height)/float64(d.budgets[i].Width))
	}
	if len(d.Campaigns) > 0 {
		p.Heading("Campaigns")
		var rows [][]string
		for i := range d.Campaigns {
			c := &d.Campaigns[i]
			rows = append(rows, []string{
				c.Name, strconv.Itoa(c.Open), strconv.Itoa(c.Counts.Made), strconv.Itoa(c.Counts.Completed),
				money(c.Budget.Used, c.Budget.Currency), money(c.Budget.Held, c.Budget.Currency), money(c.Budget.Left(), c.Budget.Currency),
			})
		}
		p.Table([]paper.Column{
			{Title: "Campaign", Width: 3.4}, {Title: "Open", Width: 0.8, Right: true}, {Title: "Made", Width: 0.8, Right: true},
			{Title: "Completed", Width: 1.2, Right: true}, {Title: "Used", Width: 1.6, Right: true},
			{Title: "Held", Width: 1.5, Right: true}, {Title: "Left", Width: 1.6, Right: true},
		}, rows)
	}
	p.Small("Deals and offers are counted from the log of your rooms, in the zone " + d.Month.From.Location().String() +
		". Budgets are those at the time this report was made; used and held are as they stood at the month's end. Amendments count as offers, not as deals.")
	return p.Bytes()
}

func share(part, whole int64) string {
	if whole <= 0 {
		return ""
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 0, 64) + " % of the budget"
}
