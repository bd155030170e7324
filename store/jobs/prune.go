package jobs

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// byCalendar tells whether a kind's periods are days, weeks or months. A planner finds
// these due by the clock, and would find them due again where a clock was set back; all
// others are named by an id or a place in the log that comes once.
func byCalendar(kind string) bool {
	switch kind {
	case Daily, Weekly, Monthly, Prune:
		return true
	default:
		return false
	}
}

// PeriodNumber makes a number of a day, a week or a month: the digits of its name, which
// ascend as the periods of one kind do. It is false for a name without any.
func PeriodNumber(period string) (int64, bool) {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, period)
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

// Sweep removes up to limit jobs that were over, in this state, before a time, the
// oldest first, and counts them.
//
// A job that is gone must not be added again. So the last period that was removed of a
// kind by calendar is noted in the same transaction, and Add and AddEach add none up to
// it, whatever the clock says by then.
func Sweep(ctx context.Context, s *store.Store, state State, before rooms.Time, limit int) (int64, error) {
	old := s.Reads().NewSelect().Model((*jobModel)(nil)).Column("id").Where("state = ?", string(state)).
		Where("finished_at < ?", store.Micros(before)).Order("finished_at").Limit(int64(limit))
	return store.Sweep(ctx, s, old, func(ctx context.Context, t *store.Tx, ids []int64) (int64, error) {
		var gone []struct{ Kind, Period string }
		// It may have been tried again meanwhile.
		err := t.DB.NewDelete().Model((*jobModel)(nil)).Where("id IN (?)", bun.List(ids)).
			Where("state = ?", string(state)).Returning("kind, period").Scan(ctx, &gone)
		if err != nil {
			return 0, fmt.Errorf("jobs: sweep: %w", err)
		}
		last := make(map[string]int64)
		for _, j := range gone {
			if number, ok := PeriodNumber(j.Period); ok && byCalendar(j.Kind) {
				last[j.Kind] = max(last[j.Kind], number)
			}
		}
		for kind, number := range last {
			if err := raiseMark(ctx, t, sweptMark(kind), number); err != nil {
				return 0, err
			}
		}
		return int64(len(gone)), nil
	})
}

// sweptMark is the period up to which jobs of a kind may be gone.
func sweptMark(kind string) string { return "swept " + kind }

// swept remembers the marks that one call has asked for.
type swept map[string]int64

// has tells whether a job of this name may have been there and be gone.
func (w swept) has(ctx context.Context, t *store.Tx, kind, period string) (bool, error) {
	number, ok := PeriodNumber(period)
	if !ok || !byCalendar(kind) {
		return false, nil
	}
	last, known := w[kind]
	if !known {
		var err error
		if last, err = mark(ctx, t.DB, sweptMark(kind)); err != nil {
			return false, fmt.Errorf("jobs: what is gone: %w", err)
		}
		w[kind] = last
	}
	return last > 0 && number <= last, nil
}
