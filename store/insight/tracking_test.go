package insight_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/insight"
	"parley/store/storetest/forms"
)

func TestTracking(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		m := newMarket(t, e)
		euros, yen := m.campaign("EUR", 1_000_000), m.campaign("JPY", 500_000)
		m.invite(euros, 100_00) // theirs to answer
		countered := m.invite(euros, 120_00)
		e.Clock.Advance(time.Hour)
		countered.counter(countered.influencer, 200_00)
		made := m.invite(euros, 300_00)
		made.accept(made.influencer)
		said := m.invite(euros, 50_00)
		said.decline(said.influencer)
		last := m.invite(yen, 40_000)
		frozen := m.invite(yen, 10_000)
		must(t, e.Flag(t.Context(), store.Flag{Kind: store.FlagRoom, ID: frozen.room, Reason: "odd", Admin: e.User(t, rooms.Admin).ID}))
		// Somebody else's rooms are not counted.
		other := newMarket(t, e)
		other.invite(other.campaign("EUR", 1_000_000), 100_00)

		counts, expiries, err := insight.Campaign(t.Context(), e.Store, euros.ID)
		must(t, err)
		want := map[rooms.Status]int64{rooms.Invited: 1, rooms.Negotiating: 1, rooms.Agreed: 1, rooms.StatusDeclined: 1}
		if !maps.Equal(counts.ByStatus, want) || counts.Rooms() != 4 || counts.Mine != 1 || counts.Theirs != 2 || counts.Frozen != 0 {
			t.Errorf("counts of the campaign: %+v", counts)
		}
		if counts.Work != (insight.Work{Total: 1}) || counts.Work.ToDo() != 1 {
			t.Errorf("deliverables: %+v", counts.Work)
		}
		// The counter, the acceptance and the decline are the influencers' last events.
		if counts.Unread != 3 || counts.UnreadRooms != 3 {
			t.Errorf("unread: %+v", counts)
		}
		if len(expiries) != 2 || expiries[1].Room != countered.room || expiries[1].Turn != rooms.Sponsor ||
			expiries[1].Fee != (rooms.Money{Amount: 200_00, Currency: "EUR"}) || expiries[1].CampaignName != euros.Name ||
			expiries[1].InfluencerName != countered.influencer.Name || !expiries[0].At.Before(expiries[1].At) {
			t.Errorf("expiries of the campaign: %+v", expiries)
		}

		now := rooms.At(e.Clock.Now())
		o, err := insight.Sponsor(t.Context(), e.Store, m.sponsor.ID, now)
		must(t, err)
		if o.All.Rooms() != 6 || o.All.Frozen != 1 || o.All.Mine != 1 || o.All.Theirs != 3 || o.Running != 2 || len(o.Newest()) != 2 {
			t.Errorf("overview: %+v", o)
		}
		if len(o.Totals) != 2 || o.Totals[0] != (insight.Totals{Currency: "EUR", Campaigns: 1, Budget: 1_000_000, Committed: 300_00, Held: 100_00}) ||
			o.Totals[1] != (insight.Totals{Currency: "JPY", Campaigns: 1, Budget: 500_000, Held: 50_000}) {
			t.Errorf("totals: %+v", o.Totals)
		}
		if c := o.ByCampaign[yen.ID]; c == nil || c.Rooms() != 2 || c.Frozen != 1 || c.Theirs != 1 {
			t.Errorf("the second campaign: %+v", c)
		}
		if len(o.Expiries) != 3 || o.Expiries[2].Room != last.room {
			t.Errorf("expiries: %+v", o.Expiries)
		}

		// A deal waits for the influencer, then for the sponsor, then for nobody.
		made.do(made.influencer, rooms.Deliver{DealSeq: made.deal(), Links: []string{"https://example.com/a"}})
		counts, _, err = insight.Campaign(t.Context(), e.Store, euros.ID)
		must(t, err)
		if counts.Work != (insight.Work{Total: 1, Delivered: 1}) || counts.Mine != 2 || counts.Theirs != 1 {
			t.Errorf("after the delivery: %+v", counts)
		}
		found := func(f store.RoomFilter) int64 {
			t.Helper()
			list, _, _, err := e.ListRooms(t.Context(), m.sponsor.ID, f)
			must(t, err)
			return int64(len(list))
		}
		// Each number leads to its rooms.
		if n := found(store.RoomFilter{Campaign: euros.ID, Mine: true}); n != counts.Mine {
			t.Errorf("%d rooms wait for the sponsor, counted %d", n, counts.Mine)
		}
		if n := found(store.RoomFilter{Campaign: euros.ID, Theirs: true}); n != counts.Theirs {
			t.Errorf("%d rooms wait for the influencer, counted %d", n, counts.Theirs)
		}
		if found(store.RoomFilter{Work: store.WorkToConfirm}) != 1 || found(store.RoomFilter{Work: store.WorkToDo}) != 0 {
			t.Error("the delivery is not found")
		}
		made.do(m.sponsor, rooms.Confirm{DeliverySeq: made.seq()})
		counts, _, err = insight.Campaign(t.Context(), e.Store, euros.ID)
		must(t, err)
		if counts.Work != (insight.Work{Total: 1, Confirmed: 1}) || counts.Mine != 1 || counts.ByStatus[rooms.Completed] != 1 ||
			found(store.RoomFilter{Work: store.WorkConfirmed}) != 1 {
			t.Errorf("after the confirmation: %+v", counts)
		}

		nobody, err := insight.Sponsor(t.Context(), e.Store, e.User(t, rooms.Sponsor).ID, now)
		must(t, err)
		if nobody.All.Rooms() != 0 || len(nobody.Totals)+len(nobody.Expiries)+len(nobody.ByCampaign) != 0 {
			t.Errorf("a newcomer's overview: %+v", nobody)
		}

		e.NoScan(t, func(ctx context.Context) error {
			_, _, err := insight.Campaign(ctx, e.Store, euros.ID)
			return err
		})
		e.NoScan(t, func(ctx context.Context) error {
			_, err := insight.Sponsor(ctx, e.Store, m.sponsor.ID, now)
			return err
		})
	})
}
