package store

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

func TestCommandsMakeEventsAndMoveTheLedger(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		if c, h := e.ledger(w.campaign.ID); c != 0 || h != 300 {
			t.Fatalf("after the offer: committed %d, held %d", c, h)
		}
		res := e.ok(e.counter(w.influencer, room, 2, 400))
		if res.Seq != 3 {
			t.Fatalf("the counter has seq %d", res.Seq)
		}
		if c, h := e.ledger(w.campaign.ID); c != 0 || h != 0 {
			t.Fatalf("after the counter: committed %d, held %d", c, h)
		}
		e.ok(e.accept(w.sponsor, room))
		if c, h := e.ledger(w.campaign.ID); c != 400 || h != 0 {
			t.Fatalf("after the acceptance: committed %d, held %d", c, h)
		}
		events, err := e.Events(t.Context(), room, 0, 0, 100)
		must(t, err)
		var types []string
		for i, ev := range events {
			types = append(types, string(ev.Type))
			if ev.Seq != int64(i+1) || ev.Room != room {
				t.Errorf("event %d is %+v", i, ev)
			}
		}
		if got := strings.Join(types, " "); got != "opened offer offer accepted" {
			t.Errorf("the log holds %s", got)
		}
		if told := e.told(); len(told) != len(events) || string(told[3].Body) != string(events[3].Body) || told[3].Pos != events[3].Pos {
			t.Errorf("told %v, stored %v", told, events)
		}
		e.sound()
	})
}

func TestTheSameCommandHappensOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		open := openCommand(w, 300)
		first := e.ok(open)
		again := e.ok(open)
		if !again.Duplicate || first.Duplicate || again.Seq != first.Seq || !again.At.Equal(first.At.Time) {
			t.Fatalf("first %+v, again %+v", first, again)
		}
		say := e.say(w.sponsor, open.Room, "hello")
		e.ok(say)
		other := say
		other.Body = rooms.Say{Text: "something else"}
		e.refused(other, rooms.CodeCMIDConflict)
		other = say
		other.Actor = actor(w.influencer)
		e.refused(other, rooms.CodeCMIDConflict)
		// It holds for a store that has just been started, too.
		e.shut(e.Store)
		e.open()
		if res := e.ok(say); !res.Duplicate || res.Seq != 3 {
			t.Fatalf("after a restart: %+v", res)
		}
		// The same id in another room is another command.
		w2 := world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}
		elsewhere := say
		elsewhere.Room = e.opened(w2, 10)
		if res := e.ok(elsewhere); res.Duplicate {
			t.Fatal("the id was taken for one of another room")
		}
		if rep := e.sound(); rep.Events != 3+3 {
			t.Fatalf("there are %d events", rep.Events)
		}
	})
}

func TestTheSameCommandTwiceInOneBatch(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		same := e.say(w.sponsor, room, "hello")
		other := same
		other.Body = rooms.Say{Text: "not hello"}
		// Whatever batches these become, the first decides.
		var wg sync.WaitGroup
		results := make([]Result, 40)
		for i := range results {
			c := same
			if i%4 == 3 {
				c = other
			}
			wg.Add(1)
			c.Done = func(r Result) { results[i] = r; wg.Done() }
			e.Submit(c)
		}
		wg.Wait()
		for i, r := range results {
			switch {
			case i%4 == 3:
				refusalOf(t, r.Err, rooms.CodeCMIDConflict)
			case r.Err != nil || r.Seq != 3 || r.Duplicate != (i > 0):
				t.Errorf("result %d is %+v", i, r)
			}
		}
	})
}

func TestRefusalsByTheRulesAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		e.ok(e.counter(w.influencer, room, 2, 500)) // 3
		tooMuch := e.counter(w.sponsor, room, 3, 2000)
		first := e.refused(tooMuch, rooms.CodeBudgetExceeded)
		more := int64(5000)
		_, err := e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{Budget: &more})
		must(t, err)
		res := e.Do(t.Context(), tooMuch)
		again := refusalOf(t, res.Err, rooms.CodeBudgetExceeded)
		if !res.Duplicate {
			t.Error("the kept refusal is not marked as a duplicate")
		}
		want, _ := json.Marshal(first)
		got, _ := json.Marshal(again)
		if string(want) != string(got) || !strings.Contains(string(got), `"available":1000`) {
			t.Errorf("first %s\nagain %s", want, got)
		}
		// With a new id it goes through: only the answer was kept, not the state.
		tooMuch.CMID = ulid.Make().String()
		e.ok(tooMuch)

		// What is wrong with the input may be put right under the same id.
		wrong := e.say(w.sponsor, room, "")
		e.refused(wrong, rooms.CodeInvalid)
		wrong.Body = rooms.Say{Text: "right"}
		if res := e.ok(wrong); res.Duplicate {
			t.Error("an invalid command was kept")
		}
		e.sound()
	})
}

func TestAStaleOfferTellsWhatChanged(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		accept := e.accept(w.influencer, room)
		e.ok(Command{
			Room: room, CMID: ulid.Make().String(), Actor: actor(w.sponsor), Body: rooms.Withdraw{OfferSeq: 2},
		})
		e.ok(Command{
			Room: room, CMID: ulid.Make().String(), Actor: actor(w.sponsor), Body: rooms.PutOffer{Terms: feePatch(250)},
		})
		r := e.refused(accept, rooms.CodeStaleOffer)
		d, ok := r.Details.(rooms.StaleDetails)
		if !ok || d.Standing == nil || d.Standing.Seq != 4 || len(d.Diff) != 1 || d.Diff[0].Section != "fee" {
			t.Fatalf("details %+v", r.Details)
		}
		// An offer that never was, and one whose number is another event's.
		for _, seq := range []int64{1, 3, 99} {
			c := accept
			c.CMID = ulid.Make().String()
			c.Body = rooms.Accept{OfferSeq: seq, TermsHash: rooms.Hash{1}}
			e.refused(c, rooms.CodeStaleOffer)
		}
		if c, h := e.ledger(w.campaign.ID); c != 0 || h != 250 {
			t.Fatalf("committed %d, held %d", c, h)
		}
	})
}

func TestOpenChecksThePartiesAndThePair(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		stranger := e.user(rooms.Sponsor)
		change := func(f func(c *Command, o *rooms.Open)) Command {
			c := openCommand(w, 10)
			o, _ := c.Body.(rooms.Open)
			f(&c, &o)
			c.Body = o
			return c
		}
		e.refused(change(func(_ *Command, o *rooms.Open) { o.Campaign = "none" }), rooms.CodeNotFound)
		e.refused(change(func(_ *Command, o *rooms.Open) { o.Influencer = "none" }), rooms.CodeNotFound)
		e.refused(change(func(_ *Command, o *rooms.Open) { o.Influencer = stranger.ID }), rooms.CodeNotFound)
		e.refused(change(func(c *Command, _ *rooms.Open) { c.Actor = actor(stranger) }), rooms.CodeNotFound)
		e.refused(change(func(c *Command, _ *rooms.Open) { c.Actor.ID = "none" }), rooms.CodeNotFound)
		e.refused(change(func(_ *Command, o *rooms.Open) {
			p := feePatch(10)
			o.Terms = &p
		}), rooms.CodeInvalid)
		if got := e.sound(); got.Rooms != 0 {
			t.Fatalf("a refused command made a room: %+v", got)
		}
		room := e.opened(w, 10)
		for _, u := range []User{w.sponsor, w.influencer} {
			c := openCommand(w, 10)
			c.Actor = actor(u)
			r := e.refused(c, rooms.CodeAlreadyExists)
			if raw, _ := json.Marshal(r.Details); string(raw) != `{"room":"`+room+`"}` {
				t.Errorf("details %s", raw)
			}
		}
		// Somebody else learns nothing of it.
		e.refused(change(func(c *Command, _ *rooms.Open) { c.Actor = actor(stranger) }), rooms.CodeNotFound)

		// Two at once for one pair: one room.
		w2 := world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}
		var wg sync.WaitGroup
		results := make([]Result, 16)
		for i := range results {
			wg.Go(func() { results[i] = e.Do(t.Context(), openCommand(w2, 10)) })
		}
		wg.Wait()
		taken := 0
		for _, r := range results {
			if r.Err == nil {
				taken++
			} else {
				refusalOf(t, r.Err, rooms.CodeAlreadyExists)
			}
		}
		if taken != 1 {
			t.Errorf("%d rooms were opened for one pair", taken)
		}
		e.sound()
	})
}

func TestCommandsOnNoRoom(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		e.refused(e.say(w.sponsor, "none", "hello"), rooms.CodeNotFound)
		room := e.opened(w, 10)
		e.refused(e.say(e.user(rooms.Influencer), room, "hello"), rooms.CodeNotFound)
	})
}

func TestSystemCommandsAreNotKept(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 10)
		c := Command{Room: room, Actor: rooms.Actor{Role: rooms.System}, Body: rooms.Close{Reason: "campaign_ended"}}
		e.ok(c)
		e.refused(c, rooms.CodeNotAllowed)
		n, err := e.reads.db.NewSelect().Table("commands").Count(t.Context())
		must(t, err)
		if n != 1 { // the open
			t.Errorf("%d commands are kept", n)
		}
	})
}

func TestAfterCloseCommandsAreUnavailable(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 10)
		// What is queued before the close is answered.
		var wg sync.WaitGroup
		errs := make([]error, 50)
		for i := range errs {
			c := e.say(w.sponsor, room, "hello")
			wg.Add(1)
			c.Done = func(r Result) { errs[i] = r.Err; wg.Done() }
			e.Submit(c)
		}
		must(t, e.Close(t.Context()))
		wg.Wait()
		for _, err := range errs {
			must(t, err)
		}
		res := e.Do(t.Context(), e.say(w.sponsor, room, "too late"))
		unavailableErr(t, res.Err)
		_, err := e.CreateUser(t.Context(), User{Email: "late@example.test", Role: rooms.Sponsor})
		unavailableErr(t, err)
		must(t, e.Close(t.Context())) // twice does no harm
	})
}

func TestAFullQueueRefuses(t *testing.T) {
	e := newEnv(t, Config{URL: databases.SQLite(t), QueueLimit: 4, MaxBatch: 1})
	w := e.world(1000)
	room := e.opened(w, 10)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken, refused := 0, 0
	release := e.hold()
	for range 20 {
		c := e.say(w.sponsor, room, "hello")
		wg.Add(1)
		c.Done = func(r Result) {
			mu.Lock()
			defer mu.Unlock()
			defer wg.Done()
			if r.Err == nil {
				taken++
			} else {
				unavailableErr(t, r.Err)
				refused++
			}
		}
		e.Submit(c)
	}
	release()
	wg.Wait()
	if taken != 4 || refused != 16 {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
}

func TestWhatComesBeforeTheTurnGoesAlong(t *testing.T) {
	onEach(t, func(t *testing.T, other *env) {
		var mu sync.Mutex
		var sizes []int
		e := newEnv(t, Config{URL: other.cfg.URL, Observe: func(s BatchStats) {
			mu.Lock()
			defer mu.Unlock()
			sizes = append(sizes, s.Commands)
		}})
		w := e.world(1000)
		room := e.opened(w, 10)
		release := other.hold()
		mu.Lock()
		sizes = nil
		mu.Unlock()
		var wg sync.WaitGroup
		for range 20 {
			c := e.say(w.sponsor, room, "hello")
			wg.Add(1)
			c.Done = func(r Result) {
				defer wg.Done()
				if r.Err != nil {
					t.Error(r.Err)
				}
			}
			e.Submit(c)
		}
		release()
		wg.Wait()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(sizes, []int{20}) {
			t.Errorf("twenty commands that waited for another's turn became batches of %v", sizes)
		}
	})
}
