package plan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/preferences"
)

const (
	// every is how often a planner looks.
	every = time.Minute
	// stretch is how many users are looked at in one transaction: the store has one
	// writer, which offers wait for.
	stretch = 1000
	// overlap is how far back changes are looked for beyond the last look, as those of
	// other processes may be committed later than they say.
	overlap = time.Minute
)

// round is something that comes by the clock.
type round struct {
	kind    string
	cadence Cadence
	who     preferences.Audience
}

func rounds() []round {
	return []round{
		{jobs.Daily, Daily, preferences.Audience{Topic: preferences.Daily, Roles: []rooms.Side{rooms.Sponsor, rooms.Influencer}}},
		{jobs.Weekly, Weekly, preferences.Audience{Topic: preferences.Weekly, Roles: []rooms.Side{rooms.Admin}}},
		{jobs.Monthly, Monthly, preferences.Audience{Topic: preferences.Monthly, Roles: []rooms.Side{rooms.Sponsor}}},
	}
}

func (r *round) isFor(c *preferences.Changed) bool {
	for _, role := range r.who.Roles {
		if c.Role == role {
			return c.Wants(r.who.Topic)
		}
	}
	return false
}

// Planner adds what is due. Its methods are for one goroutine.
type Planner struct {
	store *store.Store
	clock func() time.Time
	// done is the number of the period up to which each group's round was added, as far
	// as this planner knows: most passes ask the store nothing but which groups there are.
	done map[string]int64
}

// New makes a planner; Run runs it.
func New(s *store.Store, clock func() time.Time) *Planner {
	return &Planner{store: s, clock: clock, done: make(map[string]int64)}
}

// Run plans now and then until ctx ends.
func (p *Planner) Run(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if added, err := p.Pass(ctx); err != nil && ctx.Err() == nil {
			log.Error("planning what is due failed", "error", err)
		} else if added > 0 {
			log.Debug("planned", "jobs", added)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Pass adds what is due now and was not added before, and returns how many jobs for
// people these are. What fails keeps nothing else waiting, and is tried again by the next
// pass.
func (p *Planner) Pass(ctx context.Context) (int64, error) {
	now := p.clock()
	var errs []error
	if err := p.pruning(ctx, now); err != nil {
		errs = append(errs, err)
	}
	total, err := p.changes(ctx, now)
	if err != nil {
		errs = append(errs, err)
	}
	groups, err := preferences.Groups(ctx, p.store)
	if err != nil {
		return total, errors.Join(append(errs, err)...)
	}
	for _, g := range groups {
		zone := g.Location()
		for _, r := range rounds() {
			period, ok := Due(r.cadence, zone, g.Hour, now)
			if !ok {
				continue
			}
			added, err := p.group(ctx, g, &r, period)
			total += added
			if err != nil {
				errs = append(errs, err)
			}
			if ctx.Err() != nil {
				return total, errors.Join(errs...)
			}
		}
	}
	return total, errors.Join(errs...)
}

// pruneHour is the hour of UTC from which what is old is removed: between the evenings of
// America and the mornings of Europe.
const pruneHour = 3

// pruning adds the day's job that removes what is old. There is one for all.
func (p *Planner) pruning(ctx context.Context, now time.Time) error {
	period, ok := Due(Daily, time.UTC, pruneHour, now)
	number, _ := jobs.PeriodNumber(period)
	if !ok || p.done[jobs.Prune] == number {
		return nil
	}
	_, err := store.Write(ctx, p.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		return struct{}{}, jobs.Add(ctx, t, jobs.Job{Kind: jobs.Prune, Period: period})
	})
	if err != nil {
		return fmt.Errorf("plan: %s %s: %w", jobs.Prune, period, err)
	}
	p.done[jobs.Prune] = number
	return nil
}

// group adds a round's jobs of a period for everybody of a group, unless that was done.
func (p *Planner) group(ctx context.Context, g preferences.Group, r *round, period string) (total int64, err error) {
	name := markName(g, r)
	number, ok := jobs.PeriodNumber(period)
	if !ok {
		return 0, fmt.Errorf("plan: %q is no period", period) // one that Due made is
	}
	if p.done[name] == number {
		return 0, nil
	}
	mark, err := jobs.Mark(ctx, p.store, name)
	if err != nil {
		return 0, err
	}
	// Not "or later": a clock that was wrong once must not silence what follows.
	if mark == number {
		p.done[name] = number
		return 0, nil
	}
	for after, more := "", true; more; {
		last, n, err := preferences.Stretch(ctx, p.store, g, r.who, after, stretch)
		if err != nil {
			return total, err
		}
		if more = n == stretch; n > 0 {
			added, err := store.Write(ctx, p.store, func(ctx context.Context, t *store.Tx) (int64, error) {
				return jobs.AddEach(ctx, t, r.kind, period, preferences.Members(t.DB, g, r.who, after, last))
			})
			if err != nil {
				return total, fmt.Errorf("plan: %s %s: %w", r.kind, period, err)
			}
			total += added
		}
		after = last
	}
	// Whether another planner moved the mark first is all the same: the jobs are there.
	_, err = store.Write(ctx, p.store, func(ctx context.Context, t *store.Tx) (bool, error) {
		return jobs.MoveMark(ctx, t, name, mark, number)
	})
	if err != nil {
		return total, err
	}
	p.done[name] = number
	return total, nil
}

func markName(g preferences.Group, r *round) string {
	if g.Silent {
		return "plan " + r.kind
	}
	return "plan " + r.kind + " " + g.Zone + " " + strconv.Itoa(g.Hour)
}

// changesMark says up to when changes of preferences were looked for.
const changesMark = "plan changes"

// changes adds what is due for those who changed what they want: their new group may
// have been done before they joined it.
func (p *Planner) changes(ctx context.Context, now time.Time) (total int64, err error) {
	mark, err := jobs.Mark(ctx, p.store, changesMark)
	if err != nil {
		return 0, err
	}
	since := rooms.FromMicros(mark).Add(-overlap)
	if mark == 0 { // everybody is in a group that is yet to be done
		since = rooms.At(now)
	}
	var last *preferences.Changed
	for {
		list, err := preferences.ChangedSince(ctx, p.store, since, last, stretch)
		if err != nil {
			return total, err
		}
		if due := dueOf(list, now); len(due) > 0 {
			_, err := store.Write(ctx, p.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
				return struct{}{}, jobs.Add(ctx, t, due...)
			})
			if err != nil {
				return total, fmt.Errorf("plan: changes: %w", err)
			}
			total += int64(len(due))
		}
		if len(list) < stretch {
			break
		}
		last = &list[len(list)-1]
	}
	to := rooms.At(now).UnixMicro()
	if to-mark < overlap.Microseconds() && last == nil {
		return total, nil // moved soon; the same changes cost nothing
	}
	_, err = store.Write(ctx, p.store, func(ctx context.Context, t *store.Tx) (bool, error) {
		return jobs.MoveMark(ctx, t, changesMark, mark, to)
	})
	return total, err
}

func dueOf(list []preferences.Changed, now time.Time) []jobs.Job {
	var due []jobs.Job
	for i := range list {
		c := &list[i]
		zone := preferences.Location(c.Zone)
		for _, r := range rounds() {
			if !r.isFor(c) {
				continue
			}
			if period, ok := Due(r.cadence, zone, c.Hour, now); ok {
				due = append(due, jobs.Job{Kind: r.kind, User: c.User, Period: period})
			}
		}
	}
	return due
}
