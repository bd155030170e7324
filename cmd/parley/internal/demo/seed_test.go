package demo

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
)

// TestSeed: the story is a valid log, its people can be found, and each login
// finds a deal in which it is their turn.
func TestSeed(t *testing.T) {
	ctx := t.Context()
	until := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	clock := NewClock(until)
	cfg := store.Config{
		URL: "sqlite://" + filepath.Join(t.TempDir(), "demo.db"), Clock: clock.Now, Rand: rand.Reader,
		Logger: slog.New(slog.DiscardHandler),
	}
	if err := store.Migrate(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	st.Start()
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	seeder := Seeder{
		Store: st, Clock: clock, Until: until, OfferLimit: 10, Rand: mathrand.New(mathrand.NewPCG(1, 1)),
		HashPassword: func(string) (string, error) { return "hash", nil },
	}
	if err := seeder.Run(ctx); err != nil {
		t.Fatal(err)
	}
	report, err := st.Verify(ctx, "", func(p store.Problem) { t.Errorf("problem: %+v", p) })
	if err != nil {
		t.Fatal(err)
	}
	if report.Rooms != len(talks) || report.Events < 3*len(talks) {
		t.Fatalf("report is %+v", report)
	}
	for _, login := range Logins[:2] {
		user, err := st.UserByEmail(ctx, login.Email)
		if err != nil {
			t.Fatal(err)
		}
		all, _, _, err := st.ListRooms(ctx, user.ID, store.RoomFilter{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		byStatus := map[rooms.Status]int{}
		turns := 0
		for _, r := range all {
			byStatus[r.Status]++
			if r.Turn == user.Role {
				turns++
			}
			if s := r.Standing; s != nil && !until.Before(s.ExpiresAt.Time) {
				t.Errorf("a standing offer of %s has expired", r.CampaignName)
			}
		}
		if turns == 0 || byStatus[rooms.Agreed] == 0 {
			t.Errorf("%s finds %d turns and rooms %v", login.Role, turns, byStatus)
		}
	}
}
