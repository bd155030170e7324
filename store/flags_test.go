package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

func TestAFlagFreezesTheRoomsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		w2 := world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}
		other := e.world(10_000)
		r1, r2, r3 := e.opened(w, 300), e.opened(w2, 300), e.opened(other, 300)
		admin := e.user(rooms.Admin)
		flag := func(kind FlagKind, id string) Flag {
			return Flag{Kind: kind, ID: id, Reason: "a complaint", Admin: admin.ID}
		}
		e.mu.Lock()
		e.batches = nil
		e.mu.Unlock()
		must(t, e.Flag(t.Context(), flag(FlagCampaign, w.campaign.ID)))
		told := e.told()
		if len(told) != 2 || told[0].Type != rooms.TypeFrozen || !strings.Contains(string(told[0].Body), `"id":"`+admin.ID+`","side":"admin"`) {
			t.Fatalf("told %+v", told)
		}
		e.refused(e.say(w.sponsor, r1, "hello"), rooms.CodeFrozen)
		e.refused(e.say(w.influencer, r2, "hello"), rooms.CodeNotFound)
		e.refused(e.say(w2.influencer, r2, "hello"), rooms.CodeFrozen)
		e.ok(e.say(other.sponsor, r3, "hello"))
		// A second flag over the first: both must end.
		must(t, e.Flag(t.Context(), flag(FlagUser, w.influencer.ID)))
		must(t, e.Unflag(t.Context(), flag(FlagCampaign, w.campaign.ID)))
		e.refused(e.say(w.sponsor, r1, "hello"), rooms.CodeFrozen)
		e.ok(e.say(w.sponsor, r2, "hello"))
		u, err := e.UserByID(t.Context(), w.influencer.ID)
		must(t, err)
		if u.FlaggedAt == nil || u.FlagReason != "a complaint" {
			t.Errorf("the user %+v", u)
		}
		e.refused(openCommand(world{other.sponsor, w.influencer, other.campaign}, 10), rooms.CodeForbidden)
		must(t, e.Unflag(t.Context(), flag(FlagUser, w.influencer.ID)))
		e.ok(e.say(w.sponsor, r1, "hello"))
		e.ok(openCommand(world{other.sponsor, w.influencer, other.campaign}, 10))

		must(t, e.Flag(t.Context(), flag(FlagUser, w.sponsor.ID)))
		e.refused(e.say(w.sponsor, r1, "hello"), rooms.CodeFrozen)
		e.refused(e.say(w2.influencer, r2, "hello"), rooms.CodeFrozen)
		must(t, e.Unflag(t.Context(), flag(FlagUser, w.sponsor.ID)))
		must(t, e.Flag(t.Context(), flag(FlagRoom, r1)))
		e.refused(e.say(w.sponsor, r1, "hello"), rooms.CodeFrozen)
		must(t, e.Unflag(t.Context(), flag(FlagRoom, r1)))
		e.ok(e.say(w.sponsor, r1, "hello"))
		e.sound()
	})
}

// TestAFlagHoldsInItsOwnBatch has a flag, and a change of a campaign, wait before
// commands that they concern.
func TestAFlagHoldsInItsOwnBatch(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w, other := e.world(10_000), e.world(10_000)
		room := e.opened(w, 300)
		release := e.hold()
		results := make(chan error, 2)
		go func() {
			results <- e.Flag(t.Context(), Flag{Kind: FlagUser, ID: w.influencer.ID, Reason: "r", Admin: "a"})
		}()
		e.waiting(1)
		budget := int64(50)
		go func() {
			_, err := e.UpdateCampaign(t.Context(), other.sponsor.ID, other.campaign.ID, CampaignPatch{Budget: &budget})
			results <- err
		}()
		e.waiting(2)
		commands := []Command{
			e.say(w.sponsor, room, "too late"),
			openCommand(world{other.sponsor, w.influencer, other.campaign}, 10),
			openCommand(other, 51),
			openCommand(other, 50),
		}
		errs := make([]error, len(commands))
		var wg sync.WaitGroup
		for i, c := range commands {
			wg.Add(1)
			c.Done = func(r Result) { errs[i] = r.Err; wg.Done() }
			e.Submit(c)
		}
		release()
		wg.Wait()
		for range 2 {
			must(t, <-results)
		}
		refusalOf(t, errs[0], rooms.CodeFrozen)
		refusalOf(t, errs[1], rooms.CodeForbidden)
		refusalOf(t, errs[2], rooms.CodeBudgetExceeded)
		must(t, errs[3])
		e.sound()
	})
}

// TestAFlagsReasonStaysWithItsOwner: why a person or a campaign is under review is
// nothing that a counterparty reads, now or later; why a room is, both parties do.
func TestAFlagsReasonStaysWithItsOwner(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		const secret = "bought followers"
		w := e.world(10_000)
		room := e.opened(w, 300)
		log := func() string {
			var all strings.Builder
			events, err := e.Events(t.Context(), room, 0, 0, 100)
			must(t, err)
			for _, ev := range events {
				all.Write(ev.Body)
			}
			return all.String()
		}
		for kind, id := range map[FlagKind]string{FlagUser: w.influencer.ID, FlagCampaign: w.campaign.ID} {
			f := Flag{Kind: kind, ID: id, Reason: secret, Admin: "a"}
			before := len(log())
			must(t, e.Flag(t.Context(), f))
			if got := log(); len(got) == before || strings.Contains(got, secret) {
				t.Errorf("the room's log after a %s's flag: %s", kind, got[before:])
			}
			must(t, e.Unflag(t.Context(), f))
			if got := log(); strings.Contains(got, secret) {
				t.Errorf("the room's log after the end of a %s's flag: %s", kind, got)
			}
		}
		must(t, e.Flag(t.Context(), Flag{Kind: FlagRoom, ID: room, Reason: secret, Admin: "a"}))
		if !strings.Contains(log(), secret) {
			t.Error("the room's own flag has lost its reason")
		}
		e.sound()
	})
}

// TestAFlagsReasonIsBoundedAlike whether or not what is flagged has rooms.
func TestAFlagsReasonIsBoundedAlike(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		e.opened(w, 300)
		for name, user := range map[string]User{"with rooms": w.influencer, "without": e.user(rooms.Influencer)} {
			long := Flag{Kind: FlagUser, ID: user.ID, Reason: strings.Repeat("é", rooms.MaxReason+1), Admin: "a"}
			t.Run(name, func(t *testing.T) {
				refusalOf(t, e.Flag(t.Context(), long), rooms.CodeInvalid)
				long.Reason = strings.Repeat("é", rooms.MaxReason)
				must(t, e.Flag(t.Context(), long))
			})
		}
	})
}

func TestFlagsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 300)
		for _, kind := range []FlagKind{FlagUser, FlagCampaign, FlagRoom} {
			notFoundErr(t, e.Flag(t.Context(), Flag{Kind: kind, ID: "none", Reason: "r", Admin: "a"}))
			notFoundErr(t, e.Unflag(t.Context(), Flag{Kind: kind, ID: "none", Reason: "r", Admin: "a"}))
		}
		for kind, id := range map[FlagKind]string{FlagUser: w.sponsor.ID, FlagCampaign: w.campaign.ID, FlagRoom: room} {
			f := Flag{Kind: kind, ID: id, Reason: "r", Admin: "a"}
			refusalOf(t, e.Unflag(t.Context(), f), rooms.CodeNotAllowed)
			must(t, e.Flag(t.Context(), f))
			refusalOf(t, e.Flag(t.Context(), f), rooms.CodeNotAllowed)
			must(t, e.Unflag(t.Context(), f))
		}
		refusalOf(t, e.Flag(t.Context(), Flag{Kind: FlagUser, ID: w.sponsor.ID}), rooms.CodeInvalid)
		refusalOf(t, e.Flag(t.Context(), Flag{Kind: FlagUser, ID: w.sponsor.ID, Reason: strings.Repeat("x", 501)}), rooms.CodeInvalid)
		u, err := e.UserByID(t.Context(), w.sponsor.ID)
		must(t, err)
		if u.FlaggedAt != nil {
			t.Error("a refused flag left its mark")
		}
		refusalOf(t, e.Flag(t.Context(), Flag{Kind: "thing", ID: "x", Reason: "r"}), rooms.CodeInvalid)
		e.sound()
	})
}

func TestAThawGivesTheOfferItsTimeBack(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 300)
		f := Flag{Kind: FlagRoom, ID: room, Reason: "r", Admin: "a"}
		must(t, e.Flag(t.Context(), f))
		e.clk.advance(10 * 24 * time.Hour)
		// The job meets the frozen room and lets it be.
		_, err := e.Expire(t.Context())
		must(t, err)
		must(t, e.Unflag(t.Context(), f))
		snap, err := e.Snapshot(t.Context(), room)
		must(t, err)
		o := snap.State.Standing()
		if o == nil || o.ExpiresAt.Sub(e.clk.now()) < 47*time.Hour {
			t.Fatalf("the offer after the thaw: %+v", o)
		}
		// The writer's copy and one read anew from the rows agree.
		e.shut(e.Store)
		e.open()
		e.ok(e.accept(w.influencer, room))
		e.sound()
	})
}

func TestExpiryAnnounces(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		invited := e.opened(w, 300)
		talking := e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 300)
		snap, err := e.Snapshot(t.Context(), talking)
		must(t, err)
		influencer, err := e.UserByID(t.Context(), snap.State.Influencer)
		must(t, err)
		e.ok(e.counter(influencer, talking, 2, 350))
		e.ok(e.counter(w.sponsor, talking, 3, 320)) // stands, held
		n, err := e.Expire(t.Context())
		must(t, err)
		if n != 0 {
			t.Errorf("%d rooms were due at once", n)
		}
		e.clk.advance(49 * time.Hour)
		// By the clock it has expired before anybody says so.
		e.refused(e.accept(influencer, talking), rooms.CodeOfferExpired)
		if _, err := e.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, h := e.ledger(w.campaign.ID); c != 0 || h != 0 {
			t.Errorf("committed %d, held %d", c, h)
		}
		for room, want := range map[string]rooms.Status{invited: rooms.StatusExpired, talking: rooms.Negotiating} {
			snap, err := e.Snapshot(t.Context(), room)
			must(t, err)
			if snap.State.Status != want || snap.State.Stands {
				t.Errorf("room is %s, stands %v", snap.State.Status, snap.State.Stands)
			}
		}
		if n, err = e.Expire(t.Context()); err != nil || n != 0 {
			t.Errorf("again: %d, %v", n, err)
		}
		// A counter moves the end; the room is looked at early and let be.
		put := Command{Room: talking, CMID: ulid.Make().String(), Actor: actor(w.sponsor), Body: rooms.PutOffer{Terms: feePatch(310), ExpiresIn: 3600}}
		e.ok(put)
		res := e.ok(Command{
			Room: talking, CMID: ulid.Make().String(), Actor: actor(influencer),
			Body: rooms.Counter{OfferSeq: 6, Terms: feePatch(330), ExpiresIn: 7200},
		})
		e.clk.advance(90 * time.Minute)
		if n, err = e.Expire(t.Context()); err != nil || n != 1 {
			t.Errorf("early: %d, %v", n, err)
		}
		e.sound()
		e.ok(e.accept(w.sponsor, talking))
		if res.Seq != 7 {
			t.Errorf("seq %d", res.Seq)
		}
		e.sound()
	})
}

func TestTheEndOfACampaignClosesItsRooms(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		standing := e.opened(w, 300)
		quietRoom := e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 300)
		e.ok(Command{Room: quietRoom, CMID: ulid.Make().String(), Actor: actor(w.sponsor), Body: rooms.Withdraw{OfferSeq: 2}})
		deal := world{w.sponsor, e.user(rooms.Influencer), w.campaign}
		agreed := e.opened(deal, 500)
		e.ok(e.accept(deal.influencer, agreed))
		e.clk.advance(61 * 24 * time.Hour)
		if _, err := e.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		for room, want := range map[string]rooms.Status{
			standing: rooms.StatusExpired, quietRoom: rooms.StatusClosed, agreed: rooms.Agreed,
		} {
			snap, err := e.Snapshot(t.Context(), room)
			must(t, err)
			if snap.State.Status != want {
				t.Errorf("a room is %s, want %s", snap.State.Status, want)
			}
		}
		if c, h := e.ledger(w.campaign.ID); c != 500 || h != 0 {
			t.Errorf("committed %d, held %d", c, h)
		}
		if n, err := e.Expire(t.Context()); err != nil || n != 0 {
			t.Errorf("again: %d, %v", n, err)
		}
		e.sound()
	})
}

func TestRunExpiryWorksUntilItIsStopped(t *testing.T) {
	e := newEnv(t, Config{URL: databases.SQLite(t)})
	w := e.world(10_000)
	room := e.opened(w, 300)
	ctx, cancel := contextCancel(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.RunExpiry(ctx, time.Millisecond)
	}()
	e.clk.advance(49 * time.Hour)
	eventually(t, "the offer expires", func() bool {
		snap, err := e.Snapshot(t.Context(), room)
		must(t, err)
		return snap.State.Status == rooms.StatusExpired
	})
	cancel()
	<-done
}
