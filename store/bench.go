package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"parley/rooms"
)

// BenchSpec says what PrepareBench prepares.
type BenchSpec struct {
	Rooms int
	// RoomsPerSponsor is how many rooms share a sponsor and a campaign; 0 for one.
	RoomsPerSponsor int
	// Limit is how many offers each side may put in a room.
	Limit int
	// HashToken makes the stored hash of a session token; nil for SHA-256.
	HashToken func(token string) [32]byte
}

// BenchRoom is a prepared ad request and the bearer tokens of its parties.
type BenchRoom struct {
	Room                          string
	Campaign                      string
	Sponsor, Influencer           string // user ids
	SponsorToken, InfluencerToken string
	// Seq is the room's last event: the sponsor's first offer, which the influencer
	// is to answer.
	Seq int64
}

// BenchTerms are the terms of the first offer in a prepared room.
func BenchTerms(amount int64) rooms.Terms {
	rounds := 2
	return rooms.Terms{
		Fee: rooms.Money{Amount: amount, Currency: "EUR"},
		Deliverables: []rooms.Deliverable{{
			Platform: "instagram", Format: "reel", Quantity: 2, LengthSeconds: 30, MustShow: "the blue bottle",
		}},
		UsageRights:    &rooms.UsageRights{Scope: "organic", Months: 6, Channels: []string{"instagram"}},
		RevisionRounds: &rounds,
	}
}

const (
	benchChunk    = 500
	benchLifetime = 365 * 24 * time.Hour
)

// PrepareBench creates users with sessions, campaigns and open ad requests for a
// load generator, quickly but with valid logs.
func (s *Store) PrepareBench(ctx context.Context, spec BenchSpec) ([]BenchRoom, error) {
	if spec.HashToken == nil {
		spec.HashToken = func(token string) [32]byte { return sha256.Sum256([]byte(token)) }
	}
	perSponsor := max(1, spec.RoomsPerSponsor)
	list := make([]BenchRoom, 0, spec.Rooms)
	for len(list) < spec.Rooms {
		n := min(spec.Rooms-len(list), (benchChunk+perSponsor-1)/perSponsor*perSponsor)
		made, err := s.prepareRooms(ctx, n, perSponsor, spec)
		if err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
		list = append(list, made...)
	}
	return list, nil
}

// benchRows are the rows of one chunk.
type benchRows struct {
	users     []*userModel
	sessions  []*sessionModel
	campaigns []*campaignRowModel
	rooms     []BenchRoom
}

func (s *Store) prepareRooms(ctx context.Context, n, perSponsor int, spec BenchSpec) ([]BenchRoom, error) {
	rows, err := s.benchRows(n, perSponsor, spec)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, true, func(ctx context.Context, t *Tx) ([]BenchRoom, error) {
		if _, err := t.DB.NewInsert().Model(&rows.users).Exec(ctx); err != nil {
			return nil, fmt.Errorf("insert users: %w", err)
		}
		if _, err := t.DB.NewInsert().Model(&rows.sessions).Exec(ctx); err != nil {
			return nil, fmt.Errorf("insert sessions: %w", err)
		}
		if _, err := t.DB.NewInsert().Model(&rows.campaigns).Exec(ctx); err != nil {
			return nil, fmt.Errorf("insert campaigns: %w", err)
		}
		want := wanted{pos: !t.set.known}
		for i := range rows.rooms {
			r := &rows.rooms[i]
			want.rooms = append(want.rooms, r.Room)
			want.opens = append(want.opens, openKey{r.Campaign, r.Influencer, r.Sponsor})
		}
		if err := t.set.fetch(ctx, &want); err != nil {
			return nil, err
		}
		terms := rooms.FullPatch(BenchTerms(100_000))
		for i := range rows.rooms {
			r := &rows.rooms[i]
			res, refusal, err := t.set.decide(ctx, r.Room, rooms.Actor{ID: r.Sponsor, Role: rooms.Sponsor}, rooms.Open{
				ID: r.Room, Campaign: r.Campaign, Influencer: r.Influencer, Terms: &terms,
				ExpiresIn: int64(rooms.MaxLifetime / time.Second), Limit: max(1, spec.Limit),
			})
			if err != nil {
				return nil, err
			}
			if refusal != nil {
				return nil, refusal
			}
			r.Seq = res.Seq
		}
		return rows.rooms, nil
	})
}

func (s *Store) benchRows(n, perSponsor int, spec BenchSpec) (*benchRows, error) {
	now := rooms.At(s.cfg.Clock())
	rows := &benchRows{}
	var sponsor, campaign, sponsorToken string
	for i := range n {
		ids := make([]string, 4)
		for k := range ids {
			var err error
			if ids[k], err = s.newID(); err != nil {
				return nil, err
			}
		}
		if i%perSponsor == 0 {
			var err error
			if sponsor, sponsorToken, err = s.benchUser(rows, ids[0], rooms.Sponsor, spec, now); err != nil {
				return nil, err
			}
			campaign = ids[1]
			m, err := campaignRow(&Campaign{
				ID: campaign, Sponsor: sponsor, Name: "Load " + campaign, Category: "load",
				StartsAt: now, EndsAt: now.Add(benchLifetime), Public: true, Currency: "EUR",
				Budget: rooms.MaxAmountMinor, CreatedAt: now, UpdatedAt: now,
			})
			if err != nil {
				return nil, err
			}
			rows.campaigns = append(rows.campaigns, m)
		}
		influencer, token, err := s.benchUser(rows, ids[2], rooms.Influencer, spec, now)
		if err != nil {
			return nil, err
		}
		rows.rooms = append(rows.rooms, BenchRoom{
			Room: ids[3], Campaign: campaign, Sponsor: sponsor, Influencer: influencer,
			SponsorToken: sponsorToken, InfluencerToken: token,
		})
	}
	return rows, nil
}

// benchUser adds a user with a session and returns the id and the token.
func (s *Store) benchUser(rows *benchRows, id string, role rooms.Side, spec BenchSpec, now rooms.Time) (user, token string, err error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.cfg.Rand, raw); err != nil {
		return "", "", fmt.Errorf("make a token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(raw)
	rows.users = append(rows.users, userRow(&User{
		ID: id, Email: strings.ToLower(id) + "@load.invalid", Name: "Load " + id, Role: role, Approved: true, CreatedAt: now,
		VerifiedAt: &now, // so that rounds of mail have somebody to write to
	}))
	rows.sessions = append(rows.sessions, sessionRow(&Session{
		TokenHash: spec.HashToken(token), UserID: id, Kind: SessionBearer, Name: "load",
		CreatedAt: now, ExpiresAt: now.Add(benchLifetime),
	}))
	return id, token, nil
}
