package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"parley/cmd/parley/internal/wire"
	"parley/hub/redisbus/redistest"
	"parley/rooms"
	"parley/store/storetest"
)

// patient is a context for one step of a test.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// talker is one party of a room that answers every offer of the other.
type talker struct {
	t      *testing.T
	side   string
	client *wire.Client
	topic  *wire.Topic
	joins  int
	last   wire.Event
}

func newTalker(t *testing.T, side string, p Person, room string, urls ...string) *talker {
	t.Helper()
	c, err := wire.Open(t.Context(), wire.Config{URLs: urls, Token: p.Token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &talker{t: t, side: side, client: c, topic: c.Join("room:" + room)}
}

// next is the next event; each must follow the one before it.
func (p *talker) next() wire.Event {
	p.t.Helper()
	for {
		u, err := p.topic.Next(patient(p.t))
		if err != nil {
			p.t.Fatalf("the %s after event %d: %v", p.side, p.last.Seq, err)
		}
		if u.Joined != nil {
			p.joins++
			if u.Joined.Fresh && p.last.Seq > 0 {
				p.t.Fatalf("the %s had to start over after event %d", p.side, p.last.Seq)
			}
			continue
		}
		if u.Event.Seq == 0 {
			continue
		}
		if u.Event.Seq != p.last.Seq+1 {
			p.t.Fatalf("the %s sees event %d after %d", p.side, u.Event.Seq, p.last.Seq)
		}
		p.last = *u.Event
		return p.last
	}
}

func (p *talker) do(cmd wire.Command) wire.Answer {
	p.t.Helper()
	a, err := p.client.Do(patient(p.t), cmd)
	if err != nil {
		p.t.Fatalf("the %s's %s: %v", p.side, cmd.Type, err)
	}
	return a
}

// negotiate lets the two counter each other n times: nobody can go on before
// having seen the other's offer. The sponsor's first offer opens, if none stands.
func negotiate(room string, sponsor, influencer *talker, n int) {
	speaker, listener := sponsor, influencer
	standing := int64(0)
	if sponsor.last.Type == "offer" {
		standing = sponsor.last.Seq
		if sponsor.last.By.Side == "sponsor" {
			speaker, listener = influencer, sponsor
		}
	}
	for range n {
		speaker.t.Helper()
		if standing == 0 {
			speaker.do(wire.Offer(room, Terms(fee, "the first")))
		} else {
			speaker.do(wire.Counter(room, standing, map[string]any{"fee": Money(fee + standing)}))
		}
		for _, p := range []*talker{listener, speaker} {
			for standing = p.next().Seq; p.last.Type != "offer" || p.last.By.Side != speaker.side; {
				standing = p.next().Seq
			}
		}
		speaker, listener = listener, speaker
	}
}

// talk is a room whose parties are on different instances.
type talk struct {
	t                   *testing.T
	options             Options
	market              *Market
	list                []*Instance
	room                string
	sponsor, influencer *talker
}

func newTalk(t *testing.T, o Options) *talk {
	t.Helper()
	k := &talk{t: t, options: o, market: NewMarket(t, o.Database, 1), list: StartAll(t, 2, o)}
	_, ids := k.market.Campaign(k.list[0].URL(), 1_000_000)
	k.room = ids[0]
	k.sponsor = newTalker(t, "sponsor", k.market.Sponsor, k.room, k.list[0].URL())
	k.influencer = newTalker(t, "influencer", k.market.Influencers[0], k.room, k.list[1].URL())
	return k
}

// seenWhole checks that both have seen all of the log on the connections that they had
// from the beginning.
func (k *talk) seenWhole() {
	k.t.Helper()
	sponsor, influencer := k.sponsor, k.influencer
	if sponsor.joins != 1 || influencer.joins != 1 {
		k.t.Errorf("the sponsor joined %d times, the influencer %d times", sponsor.joins, influencer.joins)
	}
	if events, _ := k.market.Log(k.list[0].URL(), k.room); int64(len(events)) != sponsor.last.Seq || sponsor.last.Seq != influencer.last.Seq {
		k.t.Errorf("the log has %d events, the sponsor saw %d, the influencer %d", len(events), sponsor.last.Seq, influencer.last.Seq)
	}
	Verify(k.t, k.options)
}

// TestNegotiationWithoutRedis has two parties on two instances negotiate while
// the Redis between them stops answering, dies and comes back empty. Each sees
// every offer, in order, on the connection that it had from the beginning.
func TestNegotiationWithoutRedis(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "parley.db") },
		"postgres": func(t *testing.T) string { return storetest.StartPostgres(t).URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			redis := redistest.Start(t)
			o := Options{Binary: binary, Database: database(t), Redis: redis.URL()}
			k := newTalk(t, o)
			for _, phase := range []struct {
				name  string
				begin func()
			}{
				{"with Redis", func() {}},
				{"Redis is frozen", redis.Freeze},
				{"Redis goes on", redis.Thaw},
				{"Redis is dead", redis.Stop},
				{"Redis is back, empty", redis.Restart},
			} {
				began := time.Now()
				phase.begin()
				negotiate(k.room, k.sponsor, k.influencer, 6)
				t.Logf("%s: six offers in %v", phase.name, time.Since(began).Round(time.Millisecond))
			}
			k.seenWhole()
		})
	}
}

// TestNegotiationWhilePostgresIsAway has the database crash and come back: what is said
// meanwhile is kept by those who say it and stored when it can be, once, and both sides
// see all of it on the connections that they had.
func TestNegotiationWhilePostgresIsAway(t *testing.T) {
	database := storetest.StartPostgres(t)
	o := Options{Binary: binary, Database: database.URL(t), Redis: redistest.Start(t).URL()}
	k := newTalk(t, o)
	negotiate(k.room, k.sponsor, k.influencer, 2)
	for range 2 {
		database.Stop(t)
		back := make(chan error, 1)
		go func() {
			// Only when both have noticed.
			ctx, cancel := context.WithTimeout(context.Background(), Patience)
			defer cancel()
			for ctx.Err() == nil && (k.list[0].ready(ctx) || k.list[1].ready(ctx)) {
				_ = pause(ctx)
			}
			back <- errors.Join(ctx.Err(), database.Restart())
		}()
		negotiate(k.room, k.sponsor, k.influencer, 4)
		if err := <-back; err != nil {
			t.Fatal(err)
		}
	}
	k.seenWhole()
}

// TestRollingRestart stops and starts one instance after the other, politely,
// while two parties negotiate: they go on elsewhere and lose nothing.
func TestRollingRestart(t *testing.T) {
	deployments(t, func(t *testing.T, o Options) {
		market := NewMarket(t, o.Database, 1)
		list := StartAll(t, 3, o)
		_, ids := market.Campaign(list[0].URL(), 1_000_000)
		room := ids[0]
		sponsor := newTalker(t, "sponsor", market.Sponsor, room, URLs(list, 0)...)
		influencer := newTalker(t, "influencer", market.Influencers[0], room, URLs(list, 1)...)
		negotiate(room, sponsor, influencer, 2)
		for i, in := range list {
			stopped := make(chan error, 1)
			go func() { stopped <- in.Stop() }()
			negotiate(room, sponsor, influencer, 2)
			if err := <-stopped; err != nil {
				t.Errorf("instance %d ended with %v", i, err)
			}
			negotiate(room, sponsor, influencer, 2)
			in.Restart()
		}
		Verify(t, o)
	})
}

// TestLostAnswer kills an instance after a command was stored and before its
// answer arrived: the client sends it again and is told what it was.
func TestLostAnswer(t *testing.T) {
	deployments(t, func(t *testing.T, o Options) {
		market := NewMarket(t, o.Database, 1)
		in := Start(t, o)
		_, ids := market.Campaign(in.URL(), 1_000_000)
		room := ids[0]
		between := startProxy(t, in.addr)
		sponsor := newTalker(t, "sponsor", market.Sponsor, room, between.url())
		sponsor.do(wire.Say(room, "Hello."))
		for n := range 3 {
			before, _ := market.Log(in.URL(), room)
			between.setMute(true)
			answered := make(chan wire.Answer, 1)
			text := fmt.Sprintf("Message %d.", n)
			go func() {
				a, err := sponsor.client.Do(patient(t), wire.Say(room, text))
				if err != nil {
					t.Error(err)
				}
				answered <- a
			}()
			stored := func() bool {
				events, _ := market.Log(in.URL(), room)
				return len(events) > len(before)
			}
			for ctx := patient(t); !stored(); {
				if err := pause(ctx); err != nil {
					t.Fatal("the command was not stored")
				}
			}
			in.Kill()
			between.setMute(false)
			between.cut()
			in.Restart()
			a := <-answered
			events, _ := market.Log(in.URL(), room)
			if !a.Duplicate || a.Seq != int64(len(events)) || len(events) != len(before)+1 {
				t.Fatalf("the answer is %+v, the log went from %d to %d events", a, len(before), len(events))
			}
			if said, ok := events[a.Seq-1].Data.(rooms.Message); !ok || said.Text != text {
				t.Fatalf("event %d is %+v", a.Seq, events[a.Seq-1].Data)
			}
		}
		Verify(t, o)
	})
}
