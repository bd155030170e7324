package demo

import (
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/insight"
)

// Sizes of the transactions of a story.
const (
	stepsPerTelling = 2500
	// SQLite's journal of statements that have triggers costs the square of their
	// number in one savepoint.
	usersPerTelling = 400
	// openingsAhead are the rooms that a telling loads as a set; about every seventh
	// step opens one.
	openingsAhead = 450
)

// Clock is a clock that the seeding moves through the past. It is safe for
// concurrent use: the store reads it while the seeding sets it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock is a clock at the beginning of a story that ends at until.
func NewClock(until time.Time) *Clock { return &Clock{now: until.Add(-span)} }

// Now is the time of the story.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// set moves the clock, never back.
func (c *Clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t
	}
}

// Seeder fills an empty store with a market and its history.
type Seeder struct {
	Store *store.Store
	// Clock must be the one by which Store decides.
	Clock *Clock
	// Until is the present, at which the story ends.
	Until time.Time
	// HashPassword makes the stored form of a password.
	HashPassword func(string) (string, error)
	// Rand makes the story; the same source tells the same one.
	Rand *rand.Rand
	// OfferLimit is how many offers a side may put in a room.
	OfferLimit int
	// Scale is about how many creators the market has; 0 for DefaultScale.
	Scale int
	// Pictures is how many creators have one, and a quarter as many brands; 0 for as many
	// as the first pages of a list show.
	Pictures int
	// Progress, if set, is told now and then how far the story is.
	Progress func(at time.Time, commands int)

	market   *market
	entropy  io.Reader
	story    *store.Story
	queue    agenda
	running  map[int]bool // campaigns that are not settled
	opened   int          // meetings of the market that have begun
	commands int

	// here are the users of the story's day that were not noted yet.
	here map[rooms.Side]map[string]bool
	day  time.Time
}

// Run writes users, campaigns and negotiations.
func (s *Seeder) Run(ctx context.Context) error {
	if s.Scale <= 0 {
		s.Scale = DefaultScale
	}
	if s.Pictures <= 0 {
		s.Pictures = defaultPictures
	}
	s.entropy = randReader{s.Rand}
	s.market = newMarket(s.Rand, s.entropy, s.Until, s.Scale)
	if err := s.createUsers(ctx); err != nil {
		return err
	}
	if err := s.showPeople(ctx); err != nil {
		return err
	}
	if err := s.tell(ctx); err != nil {
		return err
	}
	if _, err := insight.Fold(ctx, s.Store); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

func (s *Seeder) createUsers(ctx context.Context) error {
	hash, err := s.HashPassword(Password)
	if err != nil {
		return fmt.Errorf("demo: hash the password: %w", err)
	}
	begin := s.Clock.Now()
	all := []store.User{{
		ID: s.newID(begin), Email: Logins[2].Email, Name: "Admin", Role: rooms.Admin, Approved: true,
		PasswordHash: hash, CreatedAt: rooms.At(begin),
	}}
	add := func(list []actor, role rooms.Side) {
		for i := range list {
			a := &list[i]
			all = append(all, store.User{
				ID: a.id, Email: a.email, Name: a.name, Role: role, PasswordHash: hash, Approved: a.approved,
				Category: a.category, Niche: a.niche, Reach: a.reach, CreatedAt: rooms.At(a.joined),
			})
		}
	}
	add(s.market.brands, rooms.Sponsor)
	add(s.market.creators, rooms.Influencer)
	for i := range all {
		joined := all[i].CreatedAt
		all[i].VerifiedAt = &joined
	}
	for chunk := range slices.Chunk(all, usersPerTelling) {
		err := s.Store.Tell(ctx, func(ctx context.Context, y *store.Story) error {
			for i := range chunk {
				if _, err := y.CreateUser(ctx, chunk[i]); err != nil {
					return fmt.Errorf("create %s: %w", chunk[i].Email, err)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

// entry is something that happens at its time: a campaign is launched, ends, or a
// talk moves on.
type entry struct {
	at     time.Time
	launch bool
	settle bool
	run    int
	talk   *thread
}

// agenda is a heap by time, so that the feed's order is that of the clock.
type agenda []entry

func (h agenda) Len() int           { return len(h) }
func (h agenda) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h agenda) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *agenda) Push(x any)        { *h = append(*h, x.(entry)) }
func (h *agenda) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// tell lets everything happen that happens before the present.
func (s *Seeder) tell(ctx context.Context) error {
	s.running = make(map[int]bool)
	s.here = map[rooms.Side]map[string]bool{rooms.Sponsor: {}, rooms.Influencer: {}}
	for i := range s.market.runs {
		r := &s.market.runs[i]
		s.queue = append(s.queue, entry{at: r.launched, launch: true, run: i}, entry{at: r.ended, settle: true, run: i})
	}
	threads := make([]thread, len(s.market.meetings))
	for i := range s.market.meetings {
		m := &s.market.meetings[i]
		threads[i] = thread{meeting: m, room: s.newID(m.start)}
		s.queue = append(s.queue, entry{at: m.start, talk: &threads[i]})
	}
	heap.Init(&s.queue)
	for len(s.queue) > 0 && !s.queue[0].at.After(s.Until) {
		if err := s.Store.Tell(ctx, func(ctx context.Context, y *store.Story) error { return s.chapter(ctx, y, threads) }); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if s.Progress != nil {
			s.Progress(s.Clock.Now(), s.commands)
		}
	}
	s.Clock.set(s.Until)
	return nil
}

// chapter is what one transaction takes.
func (s *Seeder) chapter(ctx context.Context, y *store.Story, threads []thread) error {
	s.story = y
	if err := s.expect(ctx, threads); err != nil {
		return err
	}
	for range stepsPerTelling {
		if len(s.queue) == 0 || s.queue[0].at.After(s.Until) {
			break
		}
		next := heap.Pop(&s.queue).(entry)
		if day := next.at.UTC().Truncate(24 * time.Hour); day.After(s.day) {
			if err := s.noteActive(ctx); err != nil {
				return err
			}
			s.day = day
		}
		s.Clock.set(next.at)
		switch {
		case next.launch:
			if err := s.launch(ctx, next.run); err != nil {
				return err
			}
		case next.settle:
			delete(s.running, next.run)
			if err := y.Settle(ctx, s.market.runs[next.run].id); err != nil {
				return err
			}
		default:
			wait, err := s.step(ctx, next.talk)
			if err != nil {
				return err
			}
			if wait > 0 {
				next.at = s.Clock.Now().Add(wait)
				heap.Push(&s.queue, next)
			}
		}
	}
	return s.noteActive(ctx)
}

// noteActive writes who did something since it was last called.
func (s *Seeder) noteActive(ctx context.Context) error {
	at := s.Clock.Now()
	if end := s.day.Add(24*time.Hour - time.Second); at.After(end) { // somebody spoke at midnight
		at = end
	}
	for _, role := range []rooms.Side{rooms.Sponsor, rooms.Influencer} {
		users := slices.Sorted(maps.Keys(s.here[role]))
		if err := insight.Seen(ctx, s.story.Tx, rooms.At(at), role, users); err != nil {
			return err
		}
		clear(s.here[role])
	}
	return nil
}

// expect names the rooms and campaigns that the chapter will need.
func (s *Seeder) expect(ctx context.Context, threads []thread) error {
	campaigns := make([]string, 0, len(s.running))
	for i := range s.running {
		campaigns = append(campaigns, s.market.runs[i].id)
	}
	ahead := threads[s.opened:min(len(threads), s.opened+openingsAhead)]
	openings := make([]store.Opening, len(ahead))
	for i := range ahead {
		t := &ahead[i]
		openings[i] = store.Opening{
			Room: t.room, Campaign: s.market.runs[t.run].id, Influencer: s.market.creators[t.creator].id,
			Actor: s.actor(t, t.opener()).ID,
		}
	}
	return s.story.Expect(ctx, openings, campaigns)
}

func (s *Seeder) launch(ctx context.Context, i int) error {
	r := &s.market.runs[i]
	_, err := s.story.CreateCampaign(ctx, store.Campaign{
		ID: r.id, Sponsor: s.market.brands[r.brand].id, Name: r.name, Description: r.description, Goals: r.goals,
		Category: r.category, Niches: r.niches, Public: r.public, Currency: r.currency, Budget: r.budget,
		StartsAt: rooms.At(r.launched.UTC().Truncate(24 * time.Hour)), EndsAt: rooms.At(r.ended),
	})
	if err != nil {
		return fmt.Errorf("create campaign %q: %w", r.name, err)
	}
	s.running[i] = true
	return nil
}

func (s *Seeder) newID(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), s.entropy).String()
}

// randReader reads bytes from a source of the story's randomness.
type randReader struct{ *rand.Rand }

func (r randReader) Read(p []byte) (int, error) {
	var word [8]byte
	for n := 0; n < len(p); n += len(word) {
		binary.LittleEndian.PutUint64(word[:], r.Uint64())
		copy(p[n:], word[:])
	}
	return len(p), nil
}
