package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"parley/rooms"
)

func TestManyCompeteForOneBudget(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		const n, fee, budget = 64, 100, 64 * 100 / 4
		w := e.world(budget)
		list := make([]string, n)
		asks := make([]world, n)
		for i := range list {
			asks[i] = world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}
			c := openCommand(asks[i], fee)
			c.Actor = actor(asks[i].influencer) // an application: its fee is held by nobody
			e.ok(c)
			list[i] = c.Room
		}
		var wg sync.WaitGroup
		errs := make([]error, n)
		for i, room := range list {
			accept := e.accept(w.sponsor, room)
			wg.Go(func() { errs[i] = e.Do(t.Context(), accept).Err })
		}
		wg.Wait()
		deals := 0
		for _, err := range errs {
			if err == nil {
				deals++
				continue
			}
			refusalOf(t, err, rooms.CodeBudgetExceeded)
		}
		if deals != budget/fee {
			t.Errorf("%d deals of %d on a budget of %d", deals, fee, budget)
		}
		if c, h := e.ledger(w.campaign.ID); c != budget || h != 0 {
			t.Errorf("committed %d, held %d", c, h)
		}
		e.sound()
	})
}

func TestOneOfManyAcceptancesWins(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		accept := e.accept(w.influencer, room)
		var wg sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			c := accept
			c.CMID = ulid.Make().String()
			wg.Go(func() { errs[i] = e.Do(t.Context(), c).Err })
		}
		wg.Wait()
		wins := 0
		for _, err := range errs {
			if err == nil {
				wins++
			} else {
				refusalOf(t, err, rooms.CodeStaleOffer)
			}
		}
		if wins != 1 {
			t.Errorf("%d acceptances won", wins)
		}
		if c, _ := e.ledger(w.campaign.ID); c != 300 {
			t.Errorf("committed %d", c)
		}
	})
}

// TestTheStoreIsTheFoldOfItsRooms gives random commands, several at once, to two
// stores on one database, and holds what they say against a model that decides
// them one by one.
func TestTheStoreIsTheFoldOfItsRooms(t *testing.T) {
	for _, db := range kinds {
		t.Run(db.name, func(t *testing.T) {
			e := newEnv(t, Config{URL: db.url(t), MaxBatch: 7})
			stores := []*Store{e.Store}
			e.open()
			stores = append(stores, e.Store)
			rapid.Check(t, func(rt *rapid.T) {
				w := e.world(rapid.Int64Range(500, 3000).Draw(rt, "budget"))
				m := newModel(e, w, rt)
				m.stores = stores
				rt.Repeat(map[string]func(*rapid.T){
					"burst": m.burst,
					"seen": func(rt *rapid.T) {
						id := rapid.SampledFrom(m.ids).Draw(rt, "room")
						m.store(rt).MarkSeen(id, rooms.Influencer, rapid.Int64Range(1, 9).Draw(rt, "seq"))
					},
					"clock": func(rt *rapid.T) { e.clk.advance(time.Duration(rapid.IntRange(1, 40).Draw(rt, "hours")) * time.Hour) },
					"budget": func(rt *rapid.T) {
						b := rapid.Int64Range(100, 4000).Draw(rt, "budget")
						_, err := m.store(rt).UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{Budget: &b})
						var r *rooms.Refusal
						if err != nil && !errors.As(err, &r) {
							rt.Fatal(err)
						}
						m.budget(rt, b, err == nil)
					},
					"expire": func(rt *rapid.T) {
						if _, err := m.store(rt).Expire(t.Context()); err != nil {
							rt.Fatal(err)
						}
						m.reload(rt)
					},
					"": m.check,
				})
				for _, id := range m.ids {
					if m.rooms[id].Seq == 0 {
						continue
					}
					if _, err := e.Verify(t.Context(), id, func(p Problem) { rt.Errorf("verify: %s", p) }); err != nil {
						rt.Fatalf("verify: %v", err)
					}
				}
			})
			e.sound()
		})
	}
}

// model is what the rules make of the commands of one campaign.
type model struct {
	e        *env
	stores   []*Store
	w        world
	campaign rooms.Campaign
	rooms    map[string]*rooms.State
	ids      []string
	parties  map[string]User // by room, the influencer
}

func newModel(e *env, w world, rt *rapid.T) *model {
	m := &model{
		e: e, w: w, rooms: make(map[string]*rooms.State), parties: make(map[string]User),
		campaign: rooms.Campaign{
			ID: w.campaign.ID, Sponsor: w.sponsor.ID, Currency: "EUR", Public: true,
			EndsAt: w.campaign.EndsAt, Budget: w.campaign.Budget,
		},
	}
	for range rapid.IntRange(1, 3).Draw(rt, "rooms") {
		id := ulid.Make().String()
		m.ids = append(m.ids, id)
		m.rooms[id] = &rooms.State{}
		m.parties[id] = e.user(rooms.Influencer)
	}
	return m
}

// store is one of those on the database.
func (m *model) store(rt *rapid.T) *Store {
	return rapid.SampledFrom(m.stores).Draw(rt, "store")
}

// draw makes a command on what the model knows of the room, right or wrong.
func (m *model) draw(rt *rapid.T) Command {
	id := rapid.SampledFrom(m.ids).Draw(rt, "room")
	s := m.rooms[id]
	by := m.w.sponsor
	if rapid.Bool().Draw(rt, "influencer") {
		by = m.parties[id]
	}
	c := Command{Room: id, CMID: ulid.Make().String(), Actor: actor(by)}
	fee := rapid.Int64Range(50, 1500).Draw(rt, "fee")
	seq, hash := int64(1), rooms.Hash{1}
	if s.Last != nil {
		seq, hash = s.Last.Seq, s.Last.Hash
	}
	if s.Seq == 0 {
		t := terms(fee)
		t.Deliverables = append(t.Deliverables, t.Deliverables...)
		p := rooms.FullPatch(t)
		c.Body = rooms.Open{ID: id, Campaign: m.campaign.ID, Influencer: m.parties[id].ID, Terms: &p, Limit: 6}
		return c
	}
	deal, waiting := int64(1), int64(1)
	if s.Deal != nil {
		deal = s.Deal.Seq
	}
	for _, d := range s.Deliveries {
		waiting = max(waiting, d.Seq)
	}
	switch rapid.IntRange(0, 11).Draw(rt, "command") {
	case 0:
		c.Body = rooms.PutOffer{Terms: feePatch(fee), ExpiresIn: 3600}
	case 1, 2, 3:
		c.Body = rooms.Counter{OfferSeq: seq, Terms: feePatch(fee)}
	case 4:
		c.Body = rooms.Accept{OfferSeq: seq, TermsHash: hash}
	case 5:
		c.Body = rooms.Decline{OfferSeq: seq, Reason: "fit"}
	case 6:
		c.Body = rooms.Withdraw{OfferSeq: seq}
	case 7:
		c.Body = rooms.Reopen{}
	case 8:
		c.Body = rooms.Deliver{
			DealSeq: deal, Deliverable: rapid.IntRange(0, 1).Draw(rt, "deliverable"), Links: []string{"https://example.com"},
		}
	case 9:
		c.Body = rooms.Confirm{DeliverySeq: waiting}
	case 10:
		c.Body = rooms.Return{DeliverySeq: waiting, Reason: "again"}
	default:
		c.Body = rooms.Say{Text: "hello"}
	}
	return c
}

// burst submits several commands at once; the store takes them in this order.
func (m *model) burst(rt *rapid.T) {
	n := rapid.IntRange(1, 12).Draw(rt, "n")
	commands, results := make([]Command, n), make([]Result, n)
	var wg sync.WaitGroup
	store := m.store(rt)
	for i := range commands {
		// Drawn on the state before the burst: some of them are stale on purpose.
		commands[i] = m.draw(rt)
		wg.Add(1)
		c := commands[i]
		c.Done = func(r Result) { results[i] = r; wg.Done() }
		store.Submit(c)
	}
	wg.Wait()
	for i := range commands {
		m.step(rt, &commands[i], results[i])
	}
}

// step decides one command and compares.
func (m *model) step(rt *rapid.T, c *Command, got Result) {
	s := m.rooms[c.Room]
	// The store read its clock itself; the event tells when. A refusal does not.
	now := m.e.clk.now()
	if got.Err == nil {
		now = got.At.Time
	}
	want, refusal := rooms.Decide(s, &m.campaign, c.Body, c.Actor, now)
	if open, ok := c.Body.(rooms.Open); ok && s.Seq > 0 && refusal == nil {
		rt.Fatalf("opened twice: %+v", open)
	}
	if refusal != nil {
		var r *rooms.Refusal
		if !errors.As(got.Err, &r) || r.Code != refusal.Code {
			rt.Fatalf("%s: the rules say %v, the store %+v", c.Body.Name(), refusal, got)
		}
		return
	}
	if got.Err != nil || got.Seq != want.After.Seq {
		rt.Fatalf("%s: the rules say %d, the store %+v", c.Body.Name(), want.After.Seq, got)
	}
	*s = want.After
	m.campaign.Apply(want.Move)
}

func (m *model) budget(rt *rapid.T, b int64, taken bool) {
	if r := m.campaign.CheckBudget(b); (r == nil) != taken {
		rt.Fatalf("a budget of %d: the rules say %v, the store took it: %v", b, r, taken)
	}
	if taken {
		m.campaign.Budget = b
	}
}

// reload folds the rooms' logs anew, after the store has given commands itself.
func (m *model) reload(rt *rapid.T) {
	m.campaign.Held, m.campaign.Committed = 0, 0
	for _, id := range m.ids {
		events, err := m.e.Events(m.e.Context(), id, 0, 0, MaxPage)
		if err != nil {
			rt.Fatal(err)
		}
		s := &rooms.State{}
		for _, c := range events {
			ev, err := rooms.ParseEvent(c.Body)
			if err == nil {
				err = s.Apply(ev)
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		if o := s.Standing(); o != nil && !m.e.clk.now().Before(o.ExpiresAt.Time) && s.Frozen == 0 {
			rt.Fatalf("an offer that has expired still stands in room %s", id)
		}
		m.rooms[id] = s
		m.campaign.Held += s.Held()
		m.campaign.Committed += s.Committed()
	}
}

// check holds the store's rows against the model.
func (m *model) check(rt *rapid.T) {
	committed, held := m.e.ledger(m.campaign.ID)
	if committed != m.campaign.Committed || held != m.campaign.Held {
		rt.Fatalf("the store says committed %d, held %d; the rules %d and %d", committed, held, m.campaign.Committed, m.campaign.Held)
	}
	for _, id := range m.ids {
		want := m.rooms[id]
		snap, err := m.e.Snapshot(m.e.Context(), id)
		if want.Seq == 0 {
			if !errors.Is(err, ErrNotFound) {
				rt.Fatalf("room %s: %v", id, err)
			}
			continue
		}
		if err != nil {
			rt.Fatal(err)
		}
		if got, want := describe(&snap.State), describe(want); got != want {
			rt.Fatalf("the store says\n%s\nthe rules\n%s", got, want)
		}
	}
}

func describe(s *rooms.State) string {
	offer := func(o *rooms.Offer) string {
		if o == nil {
			return "none"
		}
		raw, err := o.MarshalJSON()
		return fmt.Sprint(string(raw), err)
	}
	c := *s
	c.Last, c.Deal = nil, nil
	return fmt.Sprintf("%+v\nlast %s\ndeal %s", c, offer(s.Last), offer(s.Deal))
}
