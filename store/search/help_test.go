package search_test

import (
	"errors"
	"testing"

	"parley/rooms"
)

func wantInvalid(t *testing.T, err error, field string) {
	t.Helper()
	var r *rooms.Refusal
	if !errors.As(err, &r) || r.Code != rooms.CodeInvalid || r.Field != field {
		t.Errorf("error %v, want invalid %s", err, field)
	}
}
