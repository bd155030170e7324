package demo

import (
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
)

// history is how far back the market's story begins.
const history = 25 * 24 * time.Hour

// Clock is a clock that the seeding moves through the past. It is safe for
// concurrent use: the store reads it while the seeding sets it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock is a clock at the beginning of a story that ends at until.
func NewClock(until time.Time) *Clock { return &Clock{now: until.Add(-history)} }

// Now is the time of the story.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *Clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Seeder fills an empty store.
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

	users     map[string]store.User // by e-mail address
	campaigns []store.Campaign
	entropy   io.Reader
}

// Run writes users, campaigns and negotiations.
func (s *Seeder) Run(ctx context.Context) error {
	s.entropy = randReader{s.Rand}
	if err := s.createUsers(ctx); err != nil {
		return err
	}
	if err := s.createCampaigns(ctx); err != nil {
		return err
	}
	return s.negotiate(ctx)
}

func (s *Seeder) createUsers(ctx context.Context) error {
	hash, err := s.HashPassword(Password)
	if err != nil {
		return fmt.Errorf("demo: hash the password: %w", err)
	}
	s.users = make(map[string]store.User)
	create := func(m member, role rooms.Side) error {
		u, err := s.Store.CreateUser(ctx, store.User{
			Email: m.email, Name: m.name, Role: role, PasswordHash: hash, Approved: true,
			Category: m.category, Niche: m.niche, Reach: m.reach,
		})
		if err != nil {
			return fmt.Errorf("demo: create %s: %w", m.email, err)
		}
		s.users[m.email] = u
		return nil
	}
	for _, m := range brands {
		if err := create(m, rooms.Sponsor); err != nil {
			return err
		}
	}
	for _, m := range creators {
		if err := create(m, rooms.Influencer); err != nil {
			return err
		}
	}
	return create(member{email: Logins[2].Email, name: "Admin"}, rooms.Admin)
}

func (s *Seeder) createCampaigns(ctx context.Context) error {
	for _, p := range plans {
		end := s.Until.AddDate(0, 0, p.days).UTC().Truncate(24 * time.Hour)
		c, err := s.Store.CreateCampaign(ctx, store.Campaign{
			Sponsor: s.users[brands[p.brand].email].ID, Name: p.name, Description: p.description, Goals: p.goals,
			Category: p.category, Niches: p.niches, Public: p.public, Currency: p.currency, Budget: p.budget,
			StartsAt: rooms.At(s.Clock.Now().Truncate(24 * time.Hour)), EndsAt: rooms.At(end),
		})
		if err != nil {
			return fmt.Errorf("demo: create campaign %q: %w", p.name, err)
		}
		s.campaigns = append(s.campaigns, c)
	}
	return nil
}

// thread is one talk on its way.
type thread struct {
	talk
	at    time.Time
	room  string
	put   int
	first map[rooms.Side]int64
}

// threads is a heap by time, so that the feed's order is that of the clock.
type threads []*thread

func (h threads) Len() int           { return len(h) }
func (h threads) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h threads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *threads) Push(x any)        { *h = append(*h, x.(*thread)) }
func (h *threads) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func (s *Seeder) negotiate(ctx context.Context) error {
	var queue threads
	for _, t := range talks {
		start := s.Until.AddDate(0, 0, -t.daysAgo).Add(-time.Duration(s.Rand.IntN(600)) * time.Minute)
		queue = append(queue, &thread{talk: t, at: start, first: map[rooms.Side]int64{}})
	}
	heap.Init(&queue)
	for queue.Len() > 0 {
		t := heap.Pop(&queue).(*thread)
		if t.at.After(s.Until) {
			continue
		}
		s.Clock.set(t.at)
		next, err := s.step(ctx, t)
		if err != nil {
			return err
		}
		if next > 0 {
			t.at = t.at.Add(next)
			heap.Push(&queue, t)
		}
	}
	s.Clock.set(s.Until)
	return nil
}

// step makes the thread's next move and returns the time until the one after
// it, 0 when there is none.
func (s *Seeder) step(ctx context.Context, t *thread) (time.Duration, error) {
	if t.room == "" {
		return s.open(ctx, t)
	}
	if t.stopAfter > 0 && t.put >= t.stopAfter {
		return 0, nil
	}
	snapshot, err := s.Store.Snapshot(ctx, t.room)
	if err != nil {
		return 0, fmt.Errorf("demo: read room: %w", err)
	}
	standing := snapshot.State.Standing()
	if standing == nil {
		return 0, nil
	}
	if t.ignored {
		return 0, s.do(ctx, t, rooms.Actor{Role: rooms.System}, rooms.Expire{OfferSeq: standing.Seq})
	}
	side := standing.Author.Other()
	actor := s.actor(t, side)
	move := personaOf(side, t.creator+t.plan).Answer(standing, t.first[standing.Author], snapshot.State.Offers.Of(side))
	if move.Say != "" && s.Rand.IntN(3) > 0 {
		if err := s.do(ctx, t, actor, rooms.Say{Text: move.Say}); err != nil {
			return 0, err
		}
	}
	switch {
	case move.Accept:
		return 0, s.do(ctx, t, actor, rooms.Accept{OfferSeq: standing.Seq, TermsHash: standing.Hash})
	case move.Decline:
		return 0, s.do(ctx, t, actor, rooms.Decline{OfferSeq: standing.Seq, Reason: "budget"})
	}
	counter := rooms.Counter{OfferSeq: standing.Seq, ExpiresIn: int64((96 * time.Hour).Seconds())}
	counter.Terms.Set = counter.Terms.Set.With(rooms.SectionFee)
	counter.Terms.Terms.Fee = rooms.Money{Amount: move.Fee, Currency: snapshot.State.Currency}
	s.enrich(&counter.Terms, side, t.put)
	if err := s.do(ctx, t, actor, counter); err != nil {
		return 0, err
	}
	s.noteOffer(t, side, move.Fee)
	return s.pause(), nil
}

func (s *Seeder) open(ctx context.Context, t *thread) (time.Duration, error) {
	campaign, p := s.campaigns[t.plan], plans[t.plan]
	side := rooms.Sponsor
	if t.applied {
		side = rooms.Influencer
	}
	fee := round(campaign.Budget / 10 * t.percent / 100)
	rounds := 1
	terms := rooms.FullPatch(rooms.Terms{
		Fee: rooms.Money{Amount: fee, Currency: campaign.Currency},
		Deliverables: []rooms.Deliverable{{
			Platform: p.platform, Format: p.format, Quantity: 1 + t.creator%3, LengthSeconds: p.length,
			Due:      rooms.Date(s.Until.AddDate(0, 0, p.days/2).Format(time.DateOnly)),
			MustShow: "The product in the first five seconds.",
		}},
		UsageRights:    &rooms.UsageRights{Scope: "organic", Months: 3, Channels: []string{p.platform}},
		RevisionRounds: &rounds,
		Payment: []rooms.Milestone{
			{Milestone: "On signing", Percent: 40, NetDays: 7}, {Milestone: "On publication", Percent: 60, NetDays: 14},
		},
		Requirements: "Marked as advertising, as the law asks for.",
	})
	t.room = s.newID()
	cmd := rooms.Open{
		ID: t.room, Campaign: campaign.ID, Influencer: s.users[creators[t.creator].email].ID,
		Terms: &terms, ExpiresIn: int64((72 * time.Hour).Seconds()), Limit: s.OfferLimit,
		Message: "Hello! We like what you make and think that this fits.",
	}
	if t.applied {
		cmd.Message = "Hello! I use this every week and would love to show it."
	}
	if err := s.do(ctx, t, s.actor(t, side), cmd); err != nil {
		return 0, err
	}
	s.noteOffer(t, side, fee)
	if t.ignored {
		return 73 * time.Hour, nil
	}
	return s.pause(), nil
}

// enrich lets some counters change more than the fee.
func (s *Seeder) enrich(p *rooms.Patch, side rooms.Side, put int) {
	switch {
	case side == rooms.Influencer && put == 1:
		rounds := 2
		p.Terms.RevisionRounds, p.Set = &rounds, p.Set.With(rooms.SectionRevisionRounds)
	case side == rooms.Sponsor && put == 2:
		p.Terms.Exclusivity = &rooms.Exclusivity{Category: "direct competitors", Days: 30}
		p.Set = p.Set.With(rooms.SectionExclusivity)
	}
}

func (s *Seeder) noteOffer(t *thread, side rooms.Side, fee int64) {
	t.put++
	if _, known := t.first[side]; !known {
		t.first[side] = fee
	}
}

// pause is how long people take, well within an offer's lifetime.
func (s *Seeder) pause() time.Duration {
	return time.Duration(30+s.Rand.IntN(20*60)) * time.Minute
}

func (s *Seeder) actor(t *thread, side rooms.Side) rooms.Actor {
	email := creators[t.creator].email
	if side == rooms.Sponsor {
		email = brands[plans[t.plan].brand].email
	}
	return rooms.Actor{ID: s.users[email].ID, Role: side}
}

func (s *Seeder) do(ctx context.Context, t *thread, actor rooms.Actor, body rooms.Command) error {
	cmd := store.Command{Room: t.room, Actor: actor, Body: body}
	if actor.Role != rooms.System {
		cmd.CMID = s.newID()
	}
	if r := s.Store.Do(ctx, cmd); r.Err != nil {
		return fmt.Errorf("demo: %s of %s in %q: %w", body.Name(), actor.Role, plans[t.plan].name, r.Err)
	}
	return nil
}

func (s *Seeder) newID() string {
	return ulid.MustNew(ulid.Timestamp(s.Clock.Now()), s.entropy).String()
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
