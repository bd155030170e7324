package insight_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/flags"
	"parley/store/insight"
	"parley/store/storetest/forms"
)

// TestHistory: what is read is the same before the fold, after it, after folds in
// between by several instances, and after the log was counted anew.
func TestHistory(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		ctx := t.Context()
		from := e.Clock.Now()
		m := newMarket(t, e)
		c := m.campaign("EUR", 10_000_000)
		other := e.Beside(t)
		read := func() insight.History {
			t.Helper()
			h, err := insight.Between(ctx, e.Store, from, from.AddDate(0, 0, 3))
			must(t, err)
			// Who remembers nothing reads the log, and comes to the same.
			cold, err := insight.Between(ctx, other.Store, from, from.AddDate(0, 0, 3))
			must(t, err)
			if !reflect.DeepEqual(h, cold) {
				t.Fatalf("from the log\n%+v, remembered\n%+v", cold, h)
			}
			return h
		}
		fold := func() {
			t.Helper()
			before := read()
			var folders sync.WaitGroup
			for i := range 4 {
				folders.Go(func() {
					if _, err := insight.Fold(ctx, []*forms.Env{e, other}[i%2].Store); err != nil {
						t.Error(err)
					}
				})
			}
			folders.Wait()
			if after := read(); !reflect.DeepEqual(before, after) {
				t.Fatalf("the fold changed\n%+v to\n%+v", before, after)
			}
		}

		quick := m.invite(c, 100_00)
		e.Clock.Advance(2 * time.Hour)
		quick.accept(quick.influencer)
		fold()
		slow := m.invite(c, 200_00)
		no := m.invite(c, 50_00)
		no.do(no.influencer, rooms.Say{Text: "Hm."})
		no.decline(no.influencer)
		e.Clock.Advance(24 * time.Hour)
		slow.counter(slow.influencer, 300_00)
		slow.counter(m.sponsor, 250_00)
		fold()
		e.Clock.Advance(10 * time.Hour)
		slow.accept(slow.influencer)
		lapsed, back := m.invite(c, 10_00), m.invite(c, 20_00)
		back.do(m.sponsor, rooms.Cancel{})
		e.Clock.Advance(rooms.DefaultLifetime)
		_, err := e.Expire(ctx)
		must(t, err)
		_ = lapsed
		fold()

		h := read()
		sum := h.Sum()
		if len(h.Days) != 4 || sum.Invited != 5 || sum.Applied != 0 || sum.Offers != 7 || sum.Messages != 1 || sum.Deals != 2 ||
			sum.Declined != 1 || sum.Withdrawn != 1 || sum.Expired != 1 || sum.Closed != 0 {
			t.Errorf("sum: %+v", sum)
		}
		if h.Days[0].Deals != 1 || h.Days[1].Deals != 1 || h.Days[1].Offers != 4 || h.Days[3].Expired != 1 {
			t.Errorf("days: %+v", h.Days)
		}
		if share, ok := h.Acceptance(); !ok || share != 0.4 {
			t.Errorf("acceptance is %v, %v", share, ok)
		}
		if len(h.Fees) != 1 || h.Fees[0] != (rooms.Money{Amount: 350_00, Currency: "EUR"}) {
			t.Errorf("the deals are over %v", h.Fees)
		}
		if h.Rounds != 2 {
			t.Errorf("rounds are %v", h.Rounds)
		}
		if h.MedianToDeal < 2*time.Hour*39/40 || h.MedianToDeal > 2*time.Hour*41/40 {
			t.Errorf("the median is %v, not about 2 h", h.MedianToDeal)
		}
		n, err := insight.Rebuild(ctx, e.Store)
		must(t, err)
		if head, _ := e.FeedHead(ctx); int64(n) != head {
			t.Errorf("%d of %d events were counted anew", n, head)
		}
		if again := read(); !reflect.DeepEqual(h, again) {
			t.Errorf("counted anew:\n%+v, was\n%+v", again, h)
		}
		if empty, err := insight.Between(ctx, e.Store, from.AddDate(0, 1, 0), from.AddDate(0, 1, 1)); err != nil ||
			len(empty.Days) != 2 || empty.MedianToDeal != 0 || empty.Rounds != 0 {
			t.Errorf("days in which nothing happened: %+v, %v", empty, err)
		}
		e.NoScan(t, func(ctx context.Context) error {
			_, err := insight.Between(ctx, e.Store, from, from)
			return err
		}, "insight_fold")
	})
}

func TestPresent(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		ctx := t.Context()
		m := newMarket(t, e)
		euros, pounds := m.campaign("EUR", 1_000_000), m.campaign("GBP", 2_000_000)
		made := m.invite(euros, 300_00)
		made.accept(made.influencer)
		m.invite(pounds, 100_00)
		must(t, e.ArchiveCampaign(ctx, m.sponsor.ID, m.campaign("EUR", 77).ID))
		private := m.campaign("EUR", 1_000)
		no := false
		_, err := e.UpdateCampaign(ctx, m.sponsor.ID, private.ID, store.CampaignPatch{Public: &no})
		must(t, err)
		admin := e.User(t, rooms.Admin)
		book := flags.Book{Store: e.Store}
		must(t, book.Set(ctx, store.FlagUser, e.User(t, rooms.Sponsor).ID, "odd", flags.Deed{By: admin.ID}))
		_, err = e.CreateUser(ctx, store.User{Email: "waits@example.test", Name: "Waits", Role: rooms.Sponsor})
		must(t, err)

		n, err := insight.Present(ctx, e.Store, rooms.At(e.Clock.Now()))
		must(t, err)
		if n.Awaiting != 1 || n.Public != 2 || n.Private != 1 || n.Ended != 1 || n.FlaggedUsers != 1 || n.FlaggedCampaigns != 0 {
			t.Errorf("now: %+v", n)
		}
		if n.ByStatus[rooms.Agreed] != 1 || n.ByStatus[rooms.Invited] != 1 || n.ByStatus[rooms.StatusClosed] != 0 {
			t.Errorf("states: %v", n.ByStatus)
		}
		var counted []struct {
			Status rooms.Status
			N      int64
		}
		must(t, e.Reads().NewRaw("SELECT status, count(*) AS n FROM ad_requests GROUP BY status").Scan(ctx, &counted))
		for _, c := range counted {
			if n.ByStatus[c.Status] != c.N {
				t.Errorf("%s: %d are kept, %d are there", c.Status, n.ByStatus[c.Status], c.N)
			}
		}
		want := []insight.Totals{
			{Currency: "EUR", Campaigns: 2, Budget: 1_001_000, Committed: 300_00},
			{Currency: "GBP", Campaigns: 1, Budget: 2_000_000, Held: 100_00},
		}
		if !reflect.DeepEqual(n.Totals, want) {
			t.Errorf("totals: %+v", n.Totals)
		}
		e.NoScan(t, func(ctx context.Context) error {
			_, err := insight.Present(ctx, e.Store, rooms.At(e.Clock.Now()))
			return err
		}, "campaigns", "users", "flags", "ad_request_counts") // of users and flags, indexes of those alone that are counted
	})
}

// TestActivity: one row a user, counted once a day, however often they come.
func TestActivity(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		ctx := t.Context()
		a := insight.NewActivity(e.Store, e.Clock.Now)
		from := e.Clock.Now()
		one, two, three := e.User(t, rooms.Sponsor), e.User(t, rooms.Influencer), e.User(t, rooms.Influencer)
		come := func(users ...store.User) {
			t.Helper()
			for _, u := range users {
				a.Note(u.ID, u.Role)
				a.Note(u.ID, u.Role)
			}
			must(t, a.Write(ctx))
			must(t, a.Write(ctx)) // nothing is left
		}
		come(one, two, three)
		e.Clock.Advance(3 * time.Hour)
		come(one)
		e.Clock.Advance(2 * 24 * time.Hour)
		come(one, two)
		e.Clock.Advance(10 * 24 * time.Hour)
		come(one)
		n, err := insight.Present(ctx, e.Store, rooms.At(e.Clock.Now()))
		must(t, err)
		want := []insight.ActiveUsers{
			{Role: rooms.Sponsor, Day: 1, Week: 1, Month: 1}, {Role: rooms.Influencer, Month: 2}, {Role: rooms.Admin},
		}
		if !reflect.DeepEqual(n.Active, want) {
			t.Errorf("active: %+v", n.Active)
		}
		_, err = insight.Rebuild(ctx, e.Store) // of the log, which says nothing of this
		must(t, err)
		again, err := insight.Present(ctx, e.Store, rooms.At(e.Clock.Now()))
		must(t, err)
		if !reflect.DeepEqual(again.Active, want) {
			t.Errorf("active, after a rebuild: %+v", again.Active)
		}
		h, err := insight.Between(ctx, e.Store, from, from.AddDate(0, 0, 12))
		must(t, err)
		for day, want := range map[int][2]int64{0: {1, 2}, 1: {0, 0}, 2: {1, 1}, 12: {1, 0}} {
			if d := h.Days[day]; d.Sponsors != want[0] || d.Influencers != want[1] {
				t.Errorf("day %d: %+v, want %v", day, d, want)
			}
		}
	})
}

func TestInstances(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		ctx := t.Context()
		running := func(want ...string) {
			t.Helper()
			list, err := insight.Instances(ctx, e.Store, rooms.At(e.Clock.Now()))
			must(t, err)
			var got []string
			for _, in := range list {
				got = append(got, in.ID)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("instances are %v, want %v", got, want)
			}
		}
		must(t, insight.Beat(ctx, e.Store, insight.Instance{ID: "a", StartedAt: rooms.At(e.Clock.Now()), Connections: 3}))
		must(t, insight.Beat(ctx, e.Store, insight.Instance{ID: "b", StartedAt: rooms.At(e.Clock.Now())}))
		running("a", "b")
		e.Clock.Advance(40 * time.Second)
		must(t, insight.Beat(ctx, e.Store, insight.Instance{ID: "b", Connections: 5}))
		e.Clock.Advance(40 * time.Second)
		running("b") // the other was not heard of
		must(t, insight.Leave(ctx, e.Store, "b"))
		running()
	})
}
