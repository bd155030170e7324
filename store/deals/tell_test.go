package deals_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/deals"
	"parley/store/notices"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

// talk is a room with two parties.
type talk struct {
	*testing.T
	*forms.Env
	sponsor, influencer store.User
	room                string
}

// open makes a room with a standing offer of two deliverables.
func open(t *testing.T, e *forms.Env) *talk {
	k := &talk{T: t, Env: e, sponsor: e.User(t, rooms.Sponsor), influencer: e.User(t, rooms.Influencer), room: ulid.Make().String()}
	c := e.RunningCampaign(t, k.sponsor)
	terms := rooms.FullPatch(rooms.Terms{
		Fee: rooms.Money{Amount: 300_00, Currency: c.Currency},
		Deliverables: []rooms.Deliverable{
			{Platform: "instagram", Format: "reel", Quantity: 1}, {Platform: "blog", Format: "article", Quantity: 1},
		},
	})
	k.must(k.sponsor, rooms.Open{ID: k.room, Campaign: c.ID, Influencer: k.influencer.ID, Terms: &terms, Limit: 10})
	return k
}

func (k *talk) command(u store.User, body rooms.Command) store.Command {
	return store.Command{Room: k.room, CMID: ulid.Make().String(), Actor: rooms.Actor{ID: u.ID, Role: u.Role}, Body: body}
}

func (k *talk) must(u store.User, body rooms.Command) int64 {
	k.Helper()
	return k.Must(k.T, k.command(u, body)).Seq
}

func (k *talk) accept(u store.User) int64 {
	k.Helper()
	snapshot, err := k.Snapshot(k.Context(), k.room)
	if err != nil {
		k.Fatal(err)
	}
	o := snapshot.State.Standing()
	k.must(u, rooms.Accept{OfferSeq: o.Seq, TermsHash: o.Hash})
	return o.Seq
}

func fee(amount int64) (p rooms.Patch) {
	p.Set = p.Set.With(rooms.SectionFee)
	p.Terms.Fee = rooms.Money{Amount: amount, Currency: "EUR"}
	return p
}

// told are a user's notices, oldest first, and their data.
func (k *talk) told(u store.User) (kinds []string, data []map[string]any) {
	k.Helper()
	list, _, _, err := notices.List(k.Context(), k.Store, u.ID, "", 0)
	if err != nil {
		k.Fatal(err)
	}
	slices.Reverse(list)
	for _, n := range list {
		var d map[string]any
		if err := json.Unmarshal(n.Data, &d); err != nil {
			k.Fatal(err)
		}
		kinds, data = append(kinds, n.Kind), append(data, d)
	}
	return kinds, data
}

func (k *talk) check(u store.User, want ...string) []map[string]any {
	k.Helper()
	kinds, data := k.told(u)
	if !slices.Equal(kinds, want) {
		k.Fatalf("the %s was told %v, want %v", u.Role, kinds, want)
	}
	return data
}

func TestThePartiesAreToldOfTheirDeal(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		k := open(t, e)
		deal := k.accept(k.influencer)
		k.must(k.sponsor, rooms.Say{Text: "Good."})
		k.check(k.sponsor)
		k.check(k.influencer) // a deal made is the log's to tell

		deliver := k.command(k.influencer, rooms.Deliver{DealSeq: deal, Deliverable: 1, Links: []string{"https://example.com/a"}})
		done := e.Must(t, deliver).Seq
		if again := e.Must(t, deliver); !again.Duplicate {
			t.Errorf("the same command again: %+v", again)
		}
		d := k.check(k.sponsor, deals.NoticeDelivered)[0]
		if d["room"] != k.room || d["name"] != "Autumn "+k.sponsor.Name || d["by"] != k.influencer.Name || d["number"] != 2.0 || d["of"] != 2.0 {
			t.Errorf("told %v", d)
		}
		k.must(k.sponsor, rooms.Return{DeliverySeq: done, Reason: "The logo is cut off."})
		if r := e.Do(t.Context(), k.command(k.sponsor, rooms.Confirm{DeliverySeq: done})); r.Err == nil {
			t.Error("what was sent back is confirmed")
		}
		if d := k.check(k.influencer, deals.NoticeReturned)[0]; d["reason"] != "The logo is cut off." || d["by"] != k.sponsor.Name {
			t.Errorf("told %v", d)
		}

		offer := k.must(k.sponsor, rooms.PutOffer{Terms: fee(400_00)})
		countered := k.must(k.influencer, rooms.Counter{OfferSeq: offer, Terms: fee(450_00)})
		k.accept(k.sponsor)
		d = k.check(k.influencer, deals.NoticeReturned, deals.NoticeAmendmentOffered, deals.NoticeAmendmentAgreed)[2]
		if d["offer"] != float64(countered) || fmt.Sprint(d["fee"]) != "map[amount:45000 currency:EUR]" {
			t.Errorf("told %v", d)
		}
		k.check(k.sponsor, deals.NoticeDelivered, deals.NoticeAmendmentOffered)

		for i := range 2 {
			done = k.must(k.influencer, rooms.Deliver{DealSeq: countered, Deliverable: i, Links: []string{"https://example.com/b"}})
			k.must(k.sponsor, rooms.Confirm{DeliverySeq: done})
		}
		k.check(k.influencer, deals.NoticeReturned, deals.NoticeAmendmentOffered, deals.NoticeAmendmentAgreed,
			deals.NoticeConfirmed, deals.NoticeCompleted)
		k.check(k.sponsor, deals.NoticeDelivered, deals.NoticeAmendmentOffered, deals.NoticeDelivered, deals.NoticeDelivered)
	}, func(c *store.Config) { c.OnDeal = deals.Tell })
}

// An amendment that nobody has announced as expired yet is, by the offer that comes after
// it: that one is told all the same.
func TestAnAmendmentAfterAnExpiredOneIsTold(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		k := open(t, e)
		k.accept(k.influencer)
		k.must(k.sponsor, rooms.PutOffer{Terms: fee(400_00), ExpiresIn: 3600})
		e.Clock.Advance(2 * time.Hour)
		second := k.must(k.sponsor, rooms.PutOffer{Terms: fee(450_00)})
		d := k.check(k.influencer, deals.NoticeAmendmentOffered, deals.NoticeAmendmentOffered)
		if d[1]["offer"] != float64(second) || d[1]["by"] != k.sponsor.Name {
			t.Errorf("told %v", d[1])
		}
	}, func(c *store.Config) { c.OnDeal = deals.Tell })
}

// What cannot be told is not done, and takes no neighbour of its batch with it.
func TestWhatCannotBeToldIsNotDone(t *testing.T) {
	var broken string
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		first, second := open(t, e), open(t, e)
		a, b := first.accept(first.influencer), second.accept(second.influencer)
		broken = first.room
		link := []string{"https://example.com/a"}
		results := make(chan store.Result, 1)
		refused := first.command(first.influencer, rooms.Deliver{DealSeq: a, Links: link})
		refused.Done = func(r store.Result) { results <- r }
		e.Submit(refused)
		second.must(second.influencer, rooms.Deliver{DealSeq: b, Links: link})
		if r := <-results; !errors.Is(r.Err, store.ErrUnavailable) {
			t.Errorf("answered %+v", r)
		}
		second.check(second.sponsor, deals.NoticeDelivered)
		first.check(first.sponsor)
		broken = ""
		refused.Done = nil
		if r := e.Must(t, refused); r.Duplicate {
			t.Error("the refused command left its answer behind")
		}
		first.check(first.sponsor, deals.NoticeDelivered)
	}, func(c *store.Config) {
		c.OnDeal = func(ctx context.Context, tx *store.Tx, m *store.DealMove) error {
			if err := deals.Tell(ctx, tx, m); err != nil || m.State.Room != broken {
				return err
			}
			return fmt.Errorf("no such user: %w", store.ErrNotFound)
		}
	})
}
