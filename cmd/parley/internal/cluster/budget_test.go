package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"parley/cmd/parley/internal/wire"
	"parley/hub/redisbus/redistest"
	"parley/rooms"
	"parley/store/storetest"
)

// deployments are the forms in which several instances run on one store.
func deployments(t *testing.T, test func(t *testing.T, o Options)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, Options{Binary: binary, Database: "sqlite://" + filepath.Join(t.TempDir(), "parley.db")})
	})
	t.Run("postgres and redis", func(t *testing.T) {
		test(t, Options{
			Binary: binary, Database: storetest.StartPostgres(t).URL(t), Redis: redistest.Start(t).URL(),
		})
	})
}

const (
	influencers = 8
	fee         = 1000
	// covered offers fit the budget; the rest is too little for one more.
	covered = 3
	budget  = covered*fee + fee/2
)

// given is a command that was answered with success.
type given struct {
	token string
	cmd   wire.Command
	seq   int64
}

// round is one campaign over which all influencers negotiate at once.
type round struct {
	t      *testing.T
	ctx    context.Context
	market *Market
	list   []*Instance
	number int

	mu       sync.Mutex
	given    []given
	accepted int
	// trigger is called for each command that is sent, to break things at a moment
	// that matters.
	trigger func()
}

// TestBudgetHoldsUnderKills has eight influencers offer to one campaign, whose
// budget covers three, and the sponsor accept all at once through three
// instances, while one of these is killed. Whatever happens to a command on its
// way, it happens once; exactly three offers are accepted; the log is whole.
func TestBudgetHoldsUnderKills(t *testing.T) {
	deployments(t, func(t *testing.T, o Options) {
		market := NewMarket(t, o.Database, influencers)
		list := StartAll(t, 3, o)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for n := range *kills {
			r := &round{t: t, ctx: ctx, market: market, list: list, number: n}
			r.run(rand.IntN(3*influencers), list[n%len(list)])
			if t.Failed() {
				break
			}
		}
		for _, in := range list {
			if err := in.Stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
		}
		Verify(t, o)
	})
}

// run plays a round; the victim is killed as the command number at is sent.
func (r *round) run(at int, victim *Instance) {
	t := r.t
	_, ids := r.market.Campaign(r.list[r.number%len(r.list)].URL(), budget)
	die := make(chan struct{})
	sent, once := 0, sync.Once{}
	r.trigger = func() {
		if sent++; sent > at {
			once.Do(func() { close(die) })
		}
	}
	var parties, killer sync.WaitGroup
	killer.Go(func() {
		<-die
		victim.Kill()
		if err := victim.TryRestart(); err != nil {
			t.Error(err)
		}
	})
	for i, room := range ids {
		influencer, sponsor := r.open(r.market.Influencers[i], i), r.open(r.market.Sponsor, i+1)
		parties.Go(func() { r.influencer(influencer, i, room) })
		parties.Go(func() { r.sponsor(sponsor, room) })
	}
	parties.Wait()
	once.Do(func() { close(die) })
	killer.Wait()
	if t.Failed() {
		return
	}
	r.check(ids)
}

// open connects a person, first to the instance that its number says.
func (r *round) open(p Person, first int) *wire.Client {
	c, err := wire.Open(r.ctx, wire.Config{URLs: URLs(r.list, first), Token: p.Token})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// do gives a command and keeps it, if it was carried out. code is the refusal's.
func (r *round) do(c *wire.Client, p Person, cmd wire.Command) (seq int64, code string) {
	id, err := c.NewID()
	if err != nil {
		r.t.Error(err)
		return 0, "internal"
	}
	cmd.ID = id
	r.mu.Lock()
	r.trigger()
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(r.ctx, Patience)
	defer cancel()
	answer, err := c.Do(ctx, cmd)
	var refused *wire.Error
	switch {
	case errors.As(err, &refused):
		return 0, refused.Code
	case err != nil:
		r.t.Errorf("%s in room %s: %v", cmd.Type, cmd.Room, err)
		return 0, "internal"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.given = append(r.given, given{p.Token, cmd, answer.Seq})
	return answer.Seq, ""
}

// influencer puts an offer; every other one takes it back and puts a new one,
// which the sponsor's acceptance of the first one may overtake.
func (r *round) influencer(c *wire.Client, i int, room string) {
	defer c.Close()
	p := r.market.Influencers[i]
	seq, code := r.do(c, p, wire.Offer(room, Terms(fee, fmt.Sprintf("round %d, room %d, first", r.number, i))))
	if code != "" {
		r.t.Errorf("the first offer of room %s is refused: %s", room, code)
		return
	}
	if i%2 == 0 {
		return
	}
	if _, code = r.do(c, p, wire.Withdraw(room, seq)); code != "" {
		if code != "stale_offer" { // it was accepted before
			r.t.Errorf("withdrawing in room %s is refused: %s", room, code)
		}
		return
	}
	if _, code := r.do(c, p, wire.Offer(room, Terms(fee, fmt.Sprintf("round %d, room %d, second", r.number, i)))); code != "" {
		r.t.Errorf("the second offer of room %s is refused: %s", room, code)
	}
}

// sponsor accepts whatever offer stands until it has a deal or no money.
func (r *round) sponsor(c *wire.Client, room string) {
	defer c.Close()
	topic := c.Join("room:" + room)
	ctx, cancel := context.WithTimeout(r.ctx, Patience)
	defer cancel()
	for {
		u, err := topic.Next(ctx)
		if err != nil {
			r.t.Errorf("the sponsor in room %s: %v", room, err)
			return
		}
		// An offer that the snapshot has may stand still: what is stale is refused.
		if u.Event == nil || u.Event.Type != "offer" {
			continue
		}
		o, err := u.Event.Offer()
		if err != nil {
			r.t.Error(err)
			return
		}
		switch _, code := r.do(c, r.market.Sponsor, wire.Accept(room, o.Seq, o.TermsHash)); code {
		case "":
			r.mu.Lock()
			r.accepted++
			r.mu.Unlock()
			return
		case "budget_exceeded":
			return
		case "stale_offer": // withdrawn; another one comes
		default:
			r.t.Errorf("accepting in room %s is refused: %s", room, code)
			return
		}
	}
}

// check compares the logs with what was answered.
func (r *round) check(ids []string) {
	t, base := r.t, r.list[r.number%len(r.list)].URL()
	committed, accepted, offers := int64(0), 0, 0
	byRoom := map[string][]rooms.Event{}
	for _, room := range ids {
		events, state := r.market.Log(base, room)
		byRoom[room] = events
		committed += state.Committed()
		for _, e := range events {
			switch e.Data.(type) {
			case rooms.Accepted:
				accepted++
			case rooms.OfferPut:
				offers++
			}
		}
	}
	if accepted != covered || r.accepted != covered || committed != covered*fee {
		t.Errorf("round %d: the logs have %d deals of %d, %d were answered; the budget covers %d",
			r.number, accepted, committed, r.accepted, covered)
	}
	put := 0
	for _, g := range r.given {
		if g.cmd.Type == "offer" {
			put++
		}
		e := byRoom[g.cmd.Room][g.seq-1]
		switch d := e.Data.(type) {
		case rooms.OfferPut:
			if g.cmd.Type != "offer" || d.Offer.Terms.Note != g.cmd.Terms.(map[string]any)["note"] {
				t.Errorf("round %d: a %s was answered with event %d, which is the offer %q", r.number, g.cmd.Type, g.seq, d.Offer.Terms.Note)
			}
		case rooms.Accepted:
			if g.cmd.Type != "accept" || d.OfferSeq != g.cmd.OfferSeq {
				t.Errorf("round %d: a %s was answered with event %d, which accepts %d", r.number, g.cmd.Type, g.seq, d.OfferSeq)
			}
		case rooms.Withdrawn:
			if g.cmd.Type != "withdraw" {
				t.Errorf("round %d: a %s was answered with event %d, a withdrawal", r.number, g.cmd.Type, g.seq)
			}
		default:
			t.Errorf("round %d: a %s was answered with event %d, a %T", r.number, g.cmd.Type, g.seq, e.Data)
		}
	}
	if put != offers {
		t.Errorf("round %d: %d offers were answered, the logs have %d", r.number, put, offers)
	}
	// Every id answers as it did, over REST and on another instance.
	ctx, cancel := context.WithTimeout(r.ctx, Patience)
	defer cancel()
	for i, g := range r.given {
		rest := wire.REST{Base: r.list[(r.number+i)%len(r.list)].URL(), Token: g.token}
		answer, err := rest.Do(ctx, g.cmd)
		if err != nil || answer.Seq != g.seq || !answer.Duplicate {
			t.Errorf("round %d: the %s that was event %d is answered again with %+v, %v", r.number, g.cmd.Type, g.seq, answer, err)
		}
	}
}
