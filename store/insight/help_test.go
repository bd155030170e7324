package insight_test

import (
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/storetest/forms"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// market is a store with a sponsor and what they do in it.
type market struct {
	*testing.T
	*forms.Env
	sponsor store.User
}

func newMarket(t *testing.T, e *forms.Env) *market {
	return &market{T: t, Env: e, sponsor: e.User(t, rooms.Sponsor)}
}

func (m *market) campaign(currency rooms.Currency, budget int64) store.Campaign {
	m.Helper()
	now := rooms.At(m.Clock.Now())
	c, err := m.CreateCampaign(m.Context(), store.Campaign{
		Sponsor: m.sponsor.ID, Name: "Campaign " + string(currency), Public: true, Currency: currency, Budget: budget,
		StartsAt: now.Add(-time.Hour), EndsAt: now.Add(60 * 24 * time.Hour),
	})
	must(m.T, err)
	return c
}

// talk is a room and its parties.
type talk struct {
	*market
	room       string
	influencer store.User
	campaign   store.Campaign
}

// invite opens a room with a first offer of the sponsor.
func (m *market) invite(c store.Campaign, fee int64) *talk {
	m.Helper()
	k := &talk{market: m, room: ulid.Make().String(), influencer: m.User(m.T, rooms.Influencer), campaign: c}
	terms := rooms.FullPatch(rooms.Terms{
		Fee:          rooms.Money{Amount: fee, Currency: c.Currency},
		Deliverables: []rooms.Deliverable{{Platform: "blog", Format: "article", Quantity: 1}},
	})
	k.do(m.sponsor, rooms.Open{ID: k.room, Campaign: c.ID, Influencer: k.influencer.ID, Terms: &terms, Limit: 10})
	return k
}

func (k *talk) do(u store.User, body rooms.Command) {
	k.Helper()
	actor := rooms.Actor{ID: u.ID, Role: u.Role}
	if u.ID == "" {
		actor.Role = rooms.System
	}
	cmd := store.Command{Room: k.room, Actor: actor, Body: body}
	if u.ID != "" {
		cmd.CMID = ulid.Make().String()
	}
	if r := k.Do(k.Context(), cmd); r.Err != nil {
		k.Fatalf("%s: %v", body.Name(), r.Err)
	}
}

func (k *talk) standing() *rooms.Offer {
	k.Helper()
	snapshot, err := k.Snapshot(k.Context(), k.room)
	must(k.T, err)
	o := snapshot.State.Standing()
	if o == nil {
		k.Fatal("no offer stands")
	}
	return o
}

func (k *talk) counter(u store.User, fee int64) {
	k.Helper()
	body := rooms.Counter{OfferSeq: k.standing().Seq}
	body.Terms.Set = body.Terms.Set.With(rooms.SectionFee)
	body.Terms.Terms.Fee = rooms.Money{Amount: fee, Currency: k.campaign.Currency}
	k.do(u, body)
}

func (k *talk) accept(u store.User) {
	k.Helper()
	o := k.standing()
	k.do(u, rooms.Accept{OfferSeq: o.Seq, TermsHash: o.Hash})
}

func (k *talk) decline(u store.User) {
	k.Helper()
	k.do(u, rooms.Decline{OfferSeq: k.standing().Seq, Reason: "fit"})
}

// deal is the seq of the deal, seq that of the room's last event.
func (k *talk) deal() int64 {
	k.Helper()
	snapshot, err := k.Snapshot(k.Context(), k.room)
	must(k.T, err)
	return snapshot.State.Deal.Seq
}

func (k *talk) seq() int64 {
	k.Helper()
	snapshot, err := k.Snapshot(k.Context(), k.room)
	must(k.T, err)
	return snapshot.State.Seq
}
