package store

import "context"

// BenchSpec says what PrepareBench prepares.
type BenchSpec struct {
	Rooms int
	// Limit is how many offers each side may put in a room.
	Limit int
	// HashToken makes the stored hash of a session token.
	HashToken func(token string) [32]byte
}

// BenchRoom is a prepared ad request and the bearer tokens of its parties.
type BenchRoom struct {
	Room                          string
	Sponsor, Influencer           string // user ids
	SponsorToken, InfluencerToken string
	// Turn is who acts first; Seq the last event.
	Seq int64
}

// PrepareBench creates users with sessions, campaigns and open ad requests for a
// load generator, quickly but with valid logs.
func (s *Store) PrepareBench(ctx context.Context, spec BenchSpec) ([]BenchRoom, error) {
	return nil, ErrUnavailable
}
