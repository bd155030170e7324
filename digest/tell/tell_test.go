package tell_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/digest/desk/desktest"
	"parley/digest/tell"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/outbox/letter/golden"
	"parley/store/preferences"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

// stage is a sponsor and an influencer with a room, and who tells them.
type stage struct {
	*forms.Env
	t         *testing.T
	acme, zoe store.User
	campaign  store.Campaign
	teller    *tell.Teller
}

func set(t *testing.T, e *forms.Env) *stage {
	s := &stage{Env: e, t: t, acme: desktest.User(t, e, rooms.Sponsor, "Acme"), zoe: desktest.User(t, e, rooms.Influencer, "Zoë")}
	s.campaign = desktest.Campaign(t, e, s.acme, "Autumn", "food")
	s.teller = &tell.Teller{Desk: desktest.Desk(e)}
	return s
}

// follow takes in what has happened.
func (s *stage) follow() {
	s.t.Helper()
	f := &tell.Follower{Store: s.Store, Clock: s.Clock.Now}
	desktest.Must(s.t, f.Agree(s.t.Context()))
	desktest.Must(s.t, f.Follow(s.t.Context()))
}

// after is how many mails both have some time later.
func (s *stage) after(d time.Duration) (acme, zoe []outbox.Mail) {
	s.t.Helper()
	s.follow()
	s.Clock.Advance(d)
	desktest.Work(s.t, s.Env, s.teller.Kind())
	return desktest.Mails(s.t, s.Env, s.acme), desktest.Mails(s.t, s.Env, s.zoe)
}

func (s *stage) do(room string, u store.User, c rooms.Command) int64 {
	s.t.Helper()
	return desktest.Do(s.t, s.Env, room, u, c).Seq
}

// sees notes that a party has read a room up to an event, and waits until that is kept.
func (s *stage) sees(room string, side rooms.Side, seq int64) {
	s.t.Helper()
	s.MarkSeen(room, side, seq)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		snap, err := s.Snapshot(s.t.Context(), room)
		desktest.Must(s.t, err)
		if side == rooms.Sponsor && snap.SeenSponsor >= seq || side == rooms.Influencer && snap.SeenInfluencer >= seq {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("what was seen is not kept")
		}
	}
}

func (s *stage) offers(room string, n int) (last int64) {
	s.t.Helper()
	snap, err := s.Snapshot(s.t.Context(), room)
	desktest.Must(s.t, err)
	last = snap.State.Last.Seq
	for i := range n {
		s.do(room, s.acme, rooms.Withdraw{OfferSeq: last})
		last = s.do(room, s.acme, rooms.PutOffer{Terms: desktest.Terms(int64(50_000+1000*i), "EUR")})
		s.Clock.Advance(20 * time.Second)
		s.follow()
	}
	return last
}

func TestTenOffersMakeOneMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := set(t, e)
		room := desktest.Open(t, e, s.campaign, s.acme, s.zoe, 40_000, 48*time.Hour)
		acme, zoe := s.after(time.Minute)
		if len(acme) != 0 || len(zoe) != 1 || zoe[0].Subject != "Acme invites you: Autumn, €400.00" {
			t.Fatalf("after the invitation %+v and %+v", acme, zoe)
		}
		s.sees(room, rooms.Influencer, 2)
		s.offers(room, 10) // in less than five minutes
		if _, zoe = s.after(0); len(zoe) != 1 {
			t.Fatalf("told again too soon: %s", zoe[1].Subject)
		}
		if _, zoe = s.after(2 * time.Minute); len(zoe) != 2 || !strings.Contains(zoe[1].Text, "Acme made you 10 offers, this is the last one") ||
			!strings.Contains(zoe[1].Subject, "€590.00") {
			t.Fatalf("after ten offers %+v", zoe[1:])
		}
		if _, zoe = s.after(time.Hour); len(zoe) != 2 {
			t.Fatalf("told again of the same: %s", zoe[2].Subject)
		}
		s.offers(room, 1)
		if _, zoe = s.after(5 * time.Minute); len(zoe) != 3 || !strings.Contains(zoe[2].Text, "Acme made you an offer") {
			t.Errorf("after one more %+v", zoe[2:])
		}
	})
}

// From the first on, without anything told before: the offers wait for each other.
func TestTenOffersInFiveMinutesMakeOneMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := set(t, e)
		room := desktest.Open(t, e, s.campaign, s.acme, s.zoe, 40_000, 48*time.Hour)
		s.sees(room, rooms.Influencer, 2)
		last := int64(2)
		for i := range 10 { // at 0:00 to 4:30
			if i > 0 {
				s.after(30 * time.Second)
			}
			s.do(room, s.acme, rooms.Withdraw{OfferSeq: last})
			last = s.do(room, s.acme, rooms.PutOffer{Terms: desktest.Terms(int64(50_000+1000*i), "EUR")})
			if _, zoe := s.after(0); len(zoe) != 0 {
				t.Fatalf("told at offer %d: %s", i+1, zoe[0].Subject)
			}
		}
		if _, zoe := s.after(30 * time.Second); len(zoe) != 1 || !strings.Contains(zoe[0].Text, "Acme made you 10 offers, this is the last one") {
			t.Fatalf("after five minutes %+v", zoe)
		}
		if _, zoe := s.after(time.Hour); len(zoe) != 1 {
			t.Errorf("told again: %s", zoe[1].Subject)
		}
	})
}

// An offer waits for others; a deal does not, and what waits is told with it.
func TestADealIsToldSoon(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := set(t, e)
		room := desktest.Open(t, e, s.campaign, s.acme, s.zoe, 40_000, 48*time.Hour)
		s.sees(room, rooms.Influencer, 2)
		s.do(room, s.acme, rooms.Withdraw{OfferSeq: 2})
		s.do(room, s.zoe, rooms.PutOffer{Terms: desktest.Terms(50_000, "EUR")})
		if acme, _ := s.after(time.Minute); len(acme) != 0 {
			t.Fatalf("told at once: %s", acme[0].Subject)
		}
		other := desktest.Open(t, e, desktest.Campaign(t, e, s.acme, "Winter", "food"), s.acme, s.zoe, 70_000, 48*time.Hour)
		snap, err := s.Snapshot(t.Context(), other)
		desktest.Must(t, err)
		s.do(other, s.zoe, rooms.Accept{OfferSeq: 2, TermsHash: snap.State.Last.Hash})
		acme, _ := s.after(time.Minute)
		if len(acme) != 2 || acme[0].Kind != "deal" || acme[1].Kind != "news_offers" {
			t.Fatalf("a minute after the deal %+v", acme)
		}
		if acme, _ = s.after(10 * time.Minute); len(acme) != 2 {
			t.Errorf("told again %+v", acme[2:])
		}
	})
}

func TestWhatWasReadMeanwhileIsNotTold(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := set(t, e)
		room := desktest.Open(t, e, s.campaign, s.acme, s.zoe, 40_000, 48*time.Hour)
		s.follow()
		s.sees(room, rooms.Influencer, 2)
		if _, zoe := s.after(time.Minute); len(zoe) != 0 {
			t.Errorf("told what was read: %+v", zoe)
		}
		// Read before the log was followed: there is not even a job.
		s.do(room, s.acme, rooms.Withdraw{OfferSeq: 2})
		last := s.do(room, s.acme, rooms.PutOffer{Terms: desktest.Terms(60_000, "EUR")})
		s.sees(room, rooms.Influencer, last)
		s.follow()
		s.Clock.Advance(time.Hour)
		if n := desktest.Work(t, e, s.teller.Kind()); n != 0 {
			t.Errorf("%d jobs for what was read", n)
		}
		// An offer that no longer stands is not told of, whoever did not read it.
		s.do(room, s.acme, rooms.Withdraw{OfferSeq: last})
		last = s.do(room, s.acme, rooms.PutOffer{Terms: desktest.Terms(70_000, "EUR")})
		s.follow()
		s.do(room, s.acme, rooms.Withdraw{OfferSeq: last})
		if _, zoe := s.after(5 * time.Minute); len(zoe) != 0 {
			t.Errorf("told of what was withdrawn: %+v", zoe)
		}
	})
}

func TestWhatIsNotWantedIsNotTold(t *testing.T) {
	e := forms.SQLite(t)
	s := set(t, e)
	desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
		return preferences.Mute(ctx, tx, s.zoe.ID, preferences.Requests)
	})
	room := desktest.Open(t, e, s.campaign, s.acme, s.zoe, 40_000, 48*time.Hour)
	_, zoe := s.after(time.Minute)
	if len(zoe) != 1 || zoe[0].Kind != "news_offers" {
		t.Fatalf("told %+v", zoe)
	}
	desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
		return preferences.Mute(ctx, tx, s.zoe.ID, preferences.Offers)
	})
	s.offers(room, 2)
	if _, zoe := s.after(time.Hour); len(zoe) != 1 {
		t.Errorf("told %+v", zoe[1:])
	}
}

func TestADealFromItsOfferToItsEnd(t *testing.T) {
	e := forms.SQLite(t)
	s := set(t, e)
	s.teller.TermSheet = func(_ context.Context, room string) (outbox.Attachment, error) {
		return outbox.Attachment{Name: "deal.pdf", MediaType: "application/pdf", Data: []byte("%PDF of " + room)}, nil
	}
	room := desktest.Open(t, e, s.campaign, s.acme, s.zoe, 125_000, 48*time.Hour)
	s.after(time.Minute)
	snap, err := s.Snapshot(t.Context(), room)
	desktest.Must(t, err)
	deal := s.do(room, s.zoe, rooms.Accept{OfferSeq: 2, TermsHash: snap.State.Last.Hash})
	acme, zoe := s.after(10 * time.Minute)
	if len(acme) != 1 || len(zoe) != 1 || acme[0].Kind != "deal" || acme[0].Key != fmt.Sprintf("deal:%s:%d:%s", room, deal, s.acme.ID) {
		t.Fatalf("after the deal %+v and %+v", acme, zoe)
	}
	if files := acme[0].Attachments; len(files) != 1 || string(files[0].Data) != "%PDF of "+room {
		t.Errorf("with it came %+v", files)
	}
	golden.Check(t, "request", desktest.Stable(zoe[0], s.zoe.ID, room))
	golden.Check(t, "deal", desktest.Stable(acme[0], s.acme.ID, room))

	delivery := s.do(room, s.zoe, rooms.Deliver{DealSeq: 2, Deliverable: 0, Links: []string{"https://example.com/1"}})
	acme, _ = s.after(10 * time.Minute)
	golden.Check(t, "delivered", desktest.Stable(acme[1], s.acme.ID, room))
	s.do(room, s.acme, rooms.Return{DeliverySeq: delivery, Reason: "The bottle is green"})
	_, zoe = s.after(10 * time.Minute)
	golden.Check(t, "returned", desktest.Stable(zoe[1], s.zoe.ID, room))
	delivery = s.do(room, s.zoe, rooms.Deliver{DealSeq: 2, Deliverable: 0, Links: []string{"https://example.com/2"}})
	s.do(room, s.acme, rooms.Confirm{DeliverySeq: delivery})
	_, zoe = s.after(10 * time.Minute)
	golden.Check(t, "completed", desktest.Stable(zoe[2], s.zoe.ID, room))
}

// An application that becomes a deal, gets other terms and is half done.
func TestADealThatIsAmended(t *testing.T) {
	e := forms.SQLite(t)
	s := set(t, e)
	terms := func(fee int64) *rooms.Patch {
		p := rooms.FullPatch(rooms.Terms{Fee: rooms.Money{Amount: fee, Currency: "EUR"}, Deliverables: []rooms.Deliverable{
			{Platform: "instagram", Format: "reel", Quantity: 2, LengthSeconds: 30},
			{Platform: "youtube", Format: "video", Quantity: 1, LengthSeconds: 300},
		}})
		return &p
	}
	room := ulid.Make().String()
	desktest.Do(t, e, room, s.zoe, rooms.Open{
		ID: room, Campaign: s.campaign.ID, Influencer: s.zoe.ID, Terms: terms(125_000), ExpiresIn: 48 * 3600, Limit: 100,
	})
	acme, _ := s.after(time.Minute)
	golden.Check(t, "application", desktest.Stable(acme[0], s.acme.ID, room))
	accept := func(by store.User, offer int64) {
		snap, err := s.Snapshot(t.Context(), room)
		desktest.Must(t, err)
		s.do(room, by, rooms.Accept{OfferSeq: offer, TermsHash: snap.State.Last.Hash})
		s.after(10 * time.Minute)
	}
	accept(s.acme, 2)
	amended := s.do(room, s.acme, rooms.PutOffer{Terms: *terms(150_000)})
	accept(s.zoe, amended)
	acme, _ = s.after(0)
	golden.Check(t, "amended", desktest.Stable(acme[1], s.acme.ID, room))
	delivery := s.do(room, s.zoe, rooms.Deliver{DealSeq: amended, Deliverable: 0, Links: []string{"https://example.com/1"}})
	s.do(room, s.acme, rooms.Confirm{DeliverySeq: delivery})
	_, zoe := s.after(10 * time.Minute)
	golden.Check(t, "confirmed", desktest.Stable(zoe[len(zoe)-1], s.zoe.ID, room))
}

// A term sheet that cannot be made keeps only its own mail.
func TestOnesTroubleKeepsNoOthersMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := set(t, e)
		broken := s.made(40_000)
		s.follow()
		s.teller.TermSheet = func(_ context.Context, room string) (outbox.Attachment, error) {
			if room == broken {
				return outbox.Attachment{}, errors.New("cannot be set")
			}
			return outbox.Attachment{Name: "deal.pdf", MediaType: "application/pdf", Data: []byte("%PDF")}, nil
		}
		bolt := desktest.User(t, e, rooms.Sponsor, "Bolt")
		c := desktest.Campaign(t, e, bolt, "Winter", "food")
		desktest.Open(t, e, c, bolt, desktest.User(t, e, rooms.Influencer, "Yan"), 60_000, 48*time.Hour)
		yan := func() []outbox.Mail {
			u, err := e.UserByEmail(t.Context(), "yan@example.com")
			desktest.Must(t, err)
			return desktest.Mails(t, e, u)
		}
		s.follow()
		e.Clock.Advance(time.Minute)
		k := s.teller.Kind()
		b, err := jobs.Claim(t.Context(), e.Store, k.Name, k.Batch, k.Lease)
		desktest.Must(t, err)
		if err := k.Do(t.Context(), &b); err == nil || !strings.Contains(err.Error(), "cannot be set") {
			t.Errorf("the batch: %v", err)
		}
		if acme := desktest.Mails(t, e, s.acme); len(acme) != 0 || len(yan()) != 1 {
			t.Fatalf("told %+v and %+v", acme, yan())
		}
		// It is told once it can be.
		broken = ""
		e.Clock.Advance(2 * k.Lease)
		desktest.Work(t, e, k)
		if acme := desktest.Mails(t, e, s.acme); len(acme) != 1 || acme[0].Kind != "deal" || len(yan()) != 1 {
			t.Errorf("told later %+v", acme)
		}
	})
}

// made is a room with a deal.
func (s *stage) made(fee int64) (room string) {
	s.t.Helper()
	room = desktest.Open(s.t, s.Env, s.campaign, s.acme, s.zoe, fee, 48*time.Hour)
	snap, err := s.Snapshot(s.t.Context(), room)
	desktest.Must(s.t, err)
	s.do(room, s.zoe, rooms.Accept{OfferSeq: 2, TermsHash: snap.State.Last.Hash})
	return room
}

func TestNewsOfSeveralRooms(t *testing.T) {
	e := forms.SQLite(t)
	s := set(t, e)
	var ids []string
	for i, name := range []string{"Winter & <wool>", "Spring", "A name that is long enough to need a second line on every phone"} {
		c := desktest.Campaign(t, e, s.acme, name, "food")
		ids = append(ids, desktest.Open(t, e, c, s.acme, s.zoe, int64(100_000*(i+1)), time.Duration(5+30*i)*time.Hour))
	}
	s.after(time.Minute)
	for i, room := range ids {
		s.do(room, s.acme, rooms.Withdraw{OfferSeq: 2})
		s.do(room, s.acme, rooms.PutOffer{Terms: desktest.Terms(int64(400_000+50*i), "EUR"), ExpiresIn: int64(3600 * (5 + 30*i))})
	}
	_, zoe := s.after(10 * time.Minute)
	if len(zoe) != 2 {
		t.Fatalf("told %d times", len(zoe))
	}
	golden.Check(t, "requests", desktest.Stable(zoe[0], append(ids, s.zoe.ID)...))
	golden.Check(t, "offers", desktest.Stable(zoe[1], append(ids, s.zoe.ID)...))
}

func TestManyFollowersCountEachEventOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		s := set(t, e)
		room := desktest.Open(t, e, s.campaign, s.acme, s.zoe, 40_000, 48*time.Hour)
		s.sees(room, rooms.Influencer, 2)
		last := int64(2)
		other := e.Beside(t) // remembers nothing and reads the log
		var followers sync.WaitGroup
		for i := range 4 {
			followers.Go(func() {
				for range 20 {
					f := &tell.Follower{Store: []*forms.Env{e, other}[i%2].Store, Clock: s.Clock.Now}
					if err := f.Follow(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 20 {
			s.do(room, s.acme, rooms.Withdraw{OfferSeq: last})
			last = s.do(room, s.acme, rooms.PutOffer{Terms: desktest.Terms(50_000, "EUR")})
		}
		followers.Wait()
		if _, zoe := s.after(5 * time.Minute); len(zoe) != 1 || !strings.Contains(zoe[0].Text, "made you 20 offers") {
			t.Errorf("told %+v", zoe)
		}
	})
}

func TestAnOldHistoryIsNotTold(t *testing.T) {
	e := forms.SQLite(t)
	s := set(t, e)
	desktest.Open(t, e, s.campaign, s.acme, s.zoe, 40_000, 14*24*time.Hour)
	s.Clock.Advance(25 * time.Hour)
	if _, zoe := s.after(time.Hour); len(zoe) != 0 {
		t.Errorf("told of yesterday: %+v", zoe)
	}
}
