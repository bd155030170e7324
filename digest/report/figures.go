package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parley/rooms"
)

// Month is a calendar month in a zone: from its first instant to that of the next.
type Month struct {
	// Name is such as 2026-10.
	Name     string
	From, To time.Time
	// Before is the first instant of the month before.
	Before time.Time
}

// monthForm is how months are named.
const monthForm = "2006-01"

// MonthIn finds a month by its name in a zone.
func MonthIn(name string, zone *time.Location) (Month, error) {
	t, err := time.ParseInLocation(monthForm, name, zone)
	if err != nil {
		return Month{}, fmt.Errorf("report: month %q: %w", name, err)
	}
	y, m := t.Year(), t.Month()
	first := func(m time.Month) time.Time { return time.Date(y, m, 1, 0, 0, 0, 0, zone) }
	return Month{Name: name, From: first(m), To: first(m + 1), Before: first(m - 1)}, nil
}

// Title is the month in words.
func (m *Month) Title() string { return m.From.Format("January 2006") }

// Counts are what happened in a month.
type Counts struct {
	Opened    int // ad requests
	Offers    int // of both sides
	Made      int // deals; an amendment is none
	Completed int
	// Rounds and Took are the medians of the deals made: offers up to the deal, and the
	// time since the ad request was opened. Zero without deals.
	Rounds float64
	Took   time.Duration

	rounds []int
	took   []time.Duration
}

// Budget is how money stands at the month's end, in minor units of one currency.
type Budget struct {
	Currency           rooms.Currency
	Total, Used, Held  int64
	Campaigns, Running int // of this currency; those under way at the month's end
}

// Left is what can still be offered; less than nothing after a budget was cut.
func (b *Budget) Left() int64 { return b.Total - b.Used - b.Held }

// Campaign is one campaign at the month's end, with what happened in it.
type Campaign struct {
	ID, Name string
	Budget   Budget
	Counts   Counts
	// Open negotiations and deals in force at the month's end.
	Open, InForce int
}

// Figures are all of a report.
type Figures struct {
	Month       Month
	Now, Before Counts
	Budgets     []Budget // by currency
	Campaigns   []Campaign
	// Weeks are the month's weeks, from its first day, seven days each but the last.
	Weeks []Week
}

// Week is a stretch of a month.
type Week struct {
	From   time.Time
	Offers int
	Deals  int
}

// Empty reports whether there is nothing to tell: no campaign and nothing happened.
func (f *Figures) Empty() bool { return len(f.Campaigns) == 0 && f.Now.Opened+f.Now.Offers == 0 }

// CampaignFacts is a campaign as it is now.
type CampaignFacts struct {
	ID, Name     string
	Currency     rooms.Currency
	Budget       int64
	Created      time.Time
	Starts, Ends time.Time
	Archived     *time.Time
}

// tally is a campaign with what was found about it.
type tally struct {
	CampaignFacts
	committed, held int64
	counts          Counts
	open, inForce   int
	happened        bool // something, in the month
}

// folder folds logs of one sponsor's rooms into figures. Events come a room after the other,
// each in its order.
type folder struct {
	month     Month
	campaigns map[string]*tally
	now, past Counts
	weeks     []Week

	state  rooms.State
	opened time.Time
	offers int
	dealt  bool
}

func newFolder(m Month, list []CampaignFacts) *folder {
	f := &folder{month: m, campaigns: make(map[string]*tally, len(list))}
	for i := range list {
		f.campaigns[list[i].ID] = &tally{CampaignFacts: list[i]}
	}
	for from := m.From; from.Before(m.To); from = from.AddDate(0, 0, 7) {
		f.weeks = append(f.weeks, Week{From: from})
	}
	return f
}

// add takes the next event. Those after the month are not for it.
func (f *folder) add(e rooms.Event) error {
	at := e.At.Time
	if !at.Before(f.month.To) {
		return nil
	}
	if e.Room != f.state.Room {
		f.endRoom()
		f.state, f.offers, f.dealt = rooms.State{}, 0, false
	}
	if err := f.state.Apply(e); err != nil {
		return fmt.Errorf("report: room %s: %w", e.Room, err)
	}
	var both []*Counts
	switch {
	case !at.Before(f.month.From):
		both = append(both, &f.now)
		if c := f.campaigns[f.state.Campaign]; c != nil {
			c.happened = true
			both = append(both, &c.counts)
		}
	case !at.Before(f.month.Before):
		both = append(both, &f.past)
	}
	f.count(e, both)
	return nil
}

func (f *folder) count(e rooms.Event, counts []*Counts) {
	week := f.week(e.At.Time)
	switch data := e.Data.(type) {
	case rooms.Opened:
		f.opened = e.At.Time
		for _, c := range counts {
			c.Opened++
		}
	case rooms.OfferPut:
		f.offers++
		for _, c := range counts {
			c.Offers++
		}
		if week != nil {
			week.Offers++
		}
	case rooms.Accepted:
		if data.Amends != 0 || f.dealt {
			return
		}
		f.dealt = true
		for _, c := range counts {
			c.Made++
			c.rounds = append(c.rounds, f.offers)
			c.took = append(c.took, e.At.Time.Sub(f.opened))
		}
		if week != nil {
			week.Deals++
		}
	case rooms.Completion:
		for _, c := range counts {
			c.Completed++
		}
	}
}

func (f *folder) week(at time.Time) *Week {
	if at.Before(f.month.From) {
		return nil
	}
	i, _ := slices.BinarySearchFunc(f.weeks, at, func(w Week, at time.Time) int {
		if w.From.After(at) {
			return 1
		}
		return -1
	})
	return &f.weeks[i-1]
}

// endRoom notes how the room stands at the month's end, after its last event.
func (f *folder) endRoom() {
	c := f.campaigns[f.state.Campaign]
	if f.state.Seq == 0 || c == nil {
		return
	}
	c.committed += f.state.Committed()
	c.held += f.state.Held()
	switch {
	case f.state.Status.Open():
		c.open++
	case f.state.Status == rooms.Agreed:
		c.inForce++
	}
}

// shows tells whether a report on the month has a campaign in it.
func (f *folder) shows(c *tally) bool {
	gone := c.Archived != nil && c.Archived.Before(f.month.From) || c.Ends.Before(f.month.From)
	return c.Created.Before(f.month.To) && (c.happened || !gone)
}

// figures are what was found, once all rooms are in.
func (f *folder) figures() Figures {
	out := Figures{Month: f.month, Weeks: f.weeks, Now: f.now.closed(), Before: f.past.closed()}
	budgets := make(map[rooms.Currency]*Budget)
	for _, c := range f.campaigns {
		if !f.shows(c) {
			continue
		}
		b := Budget{Currency: c.Currency, Total: c.Budget, Used: c.committed, Held: c.held, Campaigns: 1}
		if c.Starts.Before(f.month.To) && !c.Ends.Before(f.month.To) && c.Archived == nil {
			b.Running = 1
		}
		out.Campaigns = append(out.Campaigns, Campaign{
			ID: c.ID, Name: c.Name, Budget: b, Counts: c.counts.closed(), Open: c.open, InForce: c.inForce,
		})
		sum := budgets[c.Currency]
		if sum == nil {
			sum = &Budget{Currency: c.Currency}
			budgets[c.Currency] = sum
		}
		sum.Total, sum.Used, sum.Held = sum.Total+b.Total, sum.Used+b.Used, sum.Held+b.Held
		sum.Campaigns, sum.Running = sum.Campaigns+1, sum.Running+b.Running
	}
	for _, b := range budgets {
		out.Budgets = append(out.Budgets, *b)
	}
	slices.SortFunc(out.Budgets, func(a, b Budget) int { return cmp.Compare(a.Currency, b.Currency) })
	// Where most happened comes first, then the newest.
	slices.SortFunc(out.Campaigns, func(a, b Campaign) int {
		return cmp.Or(cmp.Compare(b.Counts.Made, a.Counts.Made), cmp.Compare(b.Counts.Offers, a.Counts.Offers), cmp.Compare(b.ID, a.ID))
	})
	return out
}

// closed works out the medians.
func (c Counts) closed() Counts {
	slices.Sort(c.rounds)
	slices.Sort(c.took)
	if n := len(c.rounds); n > 0 {
		c.Rounds = float64(c.rounds[(n-1)/2]+c.rounds[n/2]) / 2
		c.Took = (c.took[(n-1)/2] + c.took[n/2]) / 2
	}
	c.rounds, c.took = nil, nil
	return c
}
