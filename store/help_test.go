package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"testing"
)

func unavailableErr(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("want ErrUnavailable, got %v", err)
	}
}

func notFoundErr(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("want ErrNotFound, got %v", err)
	}
}

type sqlResult = sql.Result

func contextCancel(t testing.TB) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return ctx, cancel
}

func sha256Sum(token string) [32]byte { return sha256.Sum256([]byte(token)) }
