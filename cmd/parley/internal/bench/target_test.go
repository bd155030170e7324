package bench

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	if err := judge(Verdict{}, map[string]int64{"upgrade: rate_limited": 4}); err != nil {
		t.Errorf("a run that was only slow failed: %v", err)
	}
	err := judge(Verdict{Lost: 2}, map[string]int64{"rate_limited": 3, "offer_limit": 1})
	for _, part := range []string{"2 lost", "rate_limited: 3 times", "PARLEY_COMMAND_RATE", "--offer-limit"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error %v does not say %q", err, part)
		}
	}
}

func TestForEachCallsEachOnceAndEndsWithTheFirstError(t *testing.T) {
	calls := make([]int, 100)
	err := forEach(t.Context(), len(calls), 1, func(_ context.Context, i int) error {
		calls[i]++
		return nil
	})
	for i, n := range calls {
		if n != 1 {
			t.Fatalf("%d was called %d times (%v)", i, n, err)
		}
	}
	stop := errors.New("stop")
	after := 0
	err = forEach(t.Context(), 100, 1, func(_ context.Context, i int) error {
		if i == 10 {
			return stop
		}
		if i > 10 {
			after++
		}
		return nil
	})
	if !errors.Is(err, stop) || after != 0 {
		t.Fatalf("it ended with %v, and %d calls after that", err, after)
	}
}
