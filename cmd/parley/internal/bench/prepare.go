package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"parley/api"
	"parley/rooms"
	"parley/store"
)

// adminLife is how long the admin's token of a file of accounts is good.
const adminLife = 90 * 24 * time.Hour

// Prepare writes what the workloads need straight into a store, which may be in
// use, and prints it as accounts.
type Prepare struct {
	Database   string `env:"PARLEY_DATABASE_URL" default:"sqlite://parley.db" help:"The store: sqlite://FILE or postgres://…"`
	Rooms      int    `default:"500" help:"Ad requests to open, each with its own two parties."`
	OfferLimit int    `default:"1000000000" help:"Offers that each side may put in such a room."`
}

// Run prepares and prints.
func (p *Prepare) Run(ctx context.Context, k *kong.Context) error {
	if p.Rooms < 1 {
		return errors.New("--rooms must be at least 1")
	}
	cfg := store.Config{
		URL: p.Database, Clock: time.Now, Rand: rand.Reader,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	return store.With(ctx, cfg, func(st *store.Store) error { return p.fill(ctx, st, cfg.Clock, k.Stdout) })
}

// fill makes what a load needs and prints it.
func (p *Prepare) fill(ctx context.Context, st *store.Store, clock func() time.Time, to io.Writer) error {
	admin, err := prepareAdmin(ctx, st, clock)
	if err != nil {
		return err
	}
	prepared, err := st.PrepareBench(ctx, store.BenchSpec{
		Rooms: p.Rooms, Limit: p.OfferLimit, HashToken: api.HashToken,
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	lines := json.NewEncoder(out)
	for _, r := range prepared {
		err := lines.Encode(Account{
			Room: r.Room, Seq: r.Seq, Sponsor: r.Sponsor, Influencer: r.Influencer,
			SponsorToken: r.SponsorToken, InfluencerToken: r.InfluencerToken, AdminToken: admin,
		})
		if err != nil {
			return fmt.Errorf("print accounts: %w", err)
		}
	}
	return out.Flush()
}

// prepareAdmin makes an admin of its own, whose token reads the feed. Nobody can
// log in as it: its password's hash is none.
func prepareAdmin(ctx context.Context, st *store.Store, clock func() time.Time) (token string, err error) {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", fmt.Errorf("random token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	user, err := st.CreateUser(ctx, store.User{
		Email: "bench-" + strings.ToLower(rand.Text()) + "@bench.invalid", Name: "Bench", Role: rooms.Admin, Approved: true,
	})
	if err != nil {
		return "", err
	}
	now := rooms.At(clock())
	return token, st.CreateSession(ctx, store.Session{
		TokenHash: api.HashToken(token), UserID: user.ID, Kind: store.SessionBearer, Name: "bench",
		CreatedAt: now, ExpiresAt: now.Add(adminLife),
	})
}
