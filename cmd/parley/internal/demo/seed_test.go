package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	mathrand "math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
)

var until = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// tell tells a story into a new store.
func tell(t *testing.T, scale int, seed uint64) *store.Store {
	t.Helper()
	ctx := t.Context()
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
		Store: st, Clock: clock, Until: until, OfferLimit: 10, Rand: mathrand.New(mathrand.NewPCG(seed, seed)),
		Scale: scale, Pictures: 4, HashPassword: func(string) (string, error) { return "hash", nil },
	}
	if err := seeder.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return st
}

// TestSeed: the story is a valid log over months in which every state occurs, its
// people can be found, and each login finds deals in which it is their turn.
func TestSeed(t *testing.T) {
	ctx := t.Context()
	st := tell(t, 0, 1)
	report, err := st.Verify(ctx, "", func(p store.Problem) { t.Errorf("problem: %+v", p) })
	if err != nil {
		t.Fatal(err)
	}
	if report.Rooms < minTalks*9/10 || report.Events < 5*report.Rooms || report.Campaigns != minCampaigns {
		t.Fatalf("report is %+v", report)
	}
	everybody, _, _, err := st.ListRooms(ctx, "", store.RoomFilter{Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	found := map[rooms.Status]int{}
	for i := range everybody {
		found[everybody[i].Status]++
	}
	for _, status := range []rooms.Status{
		rooms.Invited, rooms.Applied, rooms.Negotiating, rooms.Agreed, rooms.Completed,
		rooms.StatusDeclined, rooms.StatusWithdrawn, rooms.StatusExpired, rooms.StatusClosed,
	} {
		if found[status] == 0 {
			t.Errorf("no room is %s", status)
		}
	}
	months := map[string]bool{}
	head, err := st.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var last rooms.Time
	for pos := int64(0); pos < head; {
		events, err := st.FeedEvents(ctx, pos, 0, store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			e, err := rooms.ParseEvent(events[i].Body)
			if err != nil {
				t.Fatal(err)
			}
			if e.At.Before(last) {
				t.Fatalf("event %d is earlier than the one before it", events[i].Pos)
			}
			last, pos = e.At, events[i].Pos
			months[e.At.Format("2006-01")] = true
		}
	}
	if len(months) < 8 || last.Time.After(until) {
		t.Errorf("the story covers %v until %v", months, last)
	}
	for _, login := range Logins[:2] {
		user, err := st.UserByEmail(ctx, login.Email)
		if err != nil {
			t.Fatal(err)
		}
		all, _, _, err := st.ListRooms(ctx, user.ID, store.RoomFilter{Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		byStatus := map[rooms.Status]int{}
		turns := map[bool]int{}
		for _, r := range all {
			byStatus[r.Status]++
			if r.Turn != "" {
				turns[r.Turn == user.Role]++
			}
			if s := r.Standing; s != nil && !until.Before(s.ExpiresAt.Time) {
				t.Errorf("a standing offer of %s has expired", r.CampaignName)
			}
		}
		if turns[true] == 0 || turns[false] == 0 || byStatus[rooms.Agreed] == 0 || byStatus[rooms.Negotiating] == 0 {
			t.Errorf("%s finds turns %v and rooms %v", login.Role, turns, byStatus)
		}
	}
}

// TestSeedRepeats: the same number tells the same story, another one another.
func TestSeedRepeats(t *testing.T) {
	told := func(seed uint64) string {
		st := tell(t, 20, seed)
		list, _, _, err := st.ListRooms(t.Context(), "", store.RoomFilter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		report, err := st.Verify(t.Context(), list[0].Room, nil)
		if err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(report.Head[:])
	}
	first := told(7)
	if again := told(7); again != first {
		t.Errorf("the heads of the last room are %s and %s", first, again)
	}
	if other := told(8); other == first {
		t.Error("another number tells the same story")
	}
}

// TestMarketScales: the sizes follow the scale, and nobody has another's name.
func TestMarketScales(t *testing.T) {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	m := newMarket(random, randReader{random}, until, 3000)
	if len(m.creators) != 3000 || len(m.runs) != 300 || len(m.meetings) < 2800 {
		t.Fatalf("%d creators, %d campaigns, %d meetings", len(m.creators), len(m.runs), len(m.meetings))
	}
	names, ids := map[string]bool{}, map[string]bool{}
	for _, a := range append(append([]actor(nil), m.brands...), m.creators...) {
		if names[a.name] || ids[a.id] || a.name == "" || a.joined.After(until) {
			t.Fatalf("%+v has no name or id of its own", a)
		}
		names[a.name], ids[a.id] = true, true
	}
	for i := range m.meetings {
		mt := &m.meetings[i]
		r := &m.runs[mt.run]
		if mt.start.Before(r.launched) || !mt.start.Before(r.ended) || mt.start.After(until) {
			t.Fatalf("a talk starts at %v in a campaign from %v to %v", mt.start, r.launched, r.ended)
		}
		if mt.applied && !r.public {
			t.Fatal("somebody applies to a private campaign")
		}
		if m.creators[mt.creator].joined.After(mt.start) || m.brands[r.brand].joined.After(r.launched) {
			t.Fatal("somebody acts before they came")
		}
	}
}
