package store

import "context"

// FlagKind is what can be flagged.
type FlagKind string

// The kinds of things that can be flagged.
const (
	FlagUser     FlagKind = "user"
	FlagCampaign FlagKind = "campaign"
	FlagRoom     FlagKind = "room"
)

// Flag puts something under review, or ends the review.
type Flag struct {
	Kind   FlagKind
	ID     string
	Reason string
	Admin  string // user id
}

// Flag marks the row and freezes its rooms in the same transaction.
func (s *Store) Flag(ctx context.Context, f Flag) error { return ErrUnavailable }

// Unflag ends a flag and the freezes that came from it.
func (s *Store) Unflag(ctx context.Context, f Flag) error { return ErrUnavailable }
