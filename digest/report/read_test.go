package report

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/storetest/forms"
)

// yearLong is a campaign of 100,000.00 EUR.
func yearLong(t testing.TB, e *forms.Env, sponsor store.User) store.Campaign {
	t.Helper()
	now := rooms.At(e.Clock.Now())
	c, err := e.CreateCampaign(t.Context(), store.Campaign{
		Sponsor: sponsor.ID, Name: "A year", Category: "food", Currency: "EUR", Budget: 10_000_000, Public: true,
		StartsAt: now, EndsAt: now.Add(365 * 24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRoomsAreReadAsTheyWouldBeFolded: how a room stands in which nothing has happened for
// long is the same by its row and by its log, in whatever way it went quiet.
func TestRoomsAreReadAsTheyWouldBeFolded(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor := e.User(t, rooms.Sponsor)
		for range 2 {
			c := yearLong(t, e, sponsor)
			begin(t, e, c, sponsor) // the sponsor's offer stands
			begin(t, e, c, sponsor).counter(rooms.Influencer, 700)
			begin(t, e, c, sponsor).do(rooms.Influencer, rooms.Decline{OfferSeq: 2, Reason: "budget"})
			begin(t, e, c, sponsor).do(rooms.Sponsor, rooms.Withdraw{OfferSeq: 2})
			begin(t, e, c, sponsor).accept(rooms.Influencer)
			for _, amended := range []int64{50, 5_000} {
				k := begin(t, e, c, sponsor)
				k.accept(rooms.Influencer)
				terms := rooms.FullPatch(rooms.Terms{
					Fee: rooms.Money{Amount: amended, Currency: "EUR"}, Deliverables: k.state().Last.Terms.Deliverables,
				})
				k.do(rooms.Sponsor, rooms.PutOffer{Terms: terms})
			}
			done := begin(t, e, c, sponsor)
			done.accept(rooms.Influencer)
			delivered := done.do(rooms.Influencer, rooms.Deliver{DealSeq: done.state().Deal.Seq, Links: []string{"https://example.com/reel"}})
			done.do(rooms.Sponsor, rooms.Confirm{DeliverySeq: delivered.Seq})
			wakes := begin(t, e, c, sponsor)
			wakes.accept(rooms.Influencer)
			e.Clock.Advance(40 * 24 * time.Hour)
			wakes.do(rooms.Influencer, rooms.Say{Text: "Hello again."})
			begin(t, e, c, sponsor).accept(rooms.Influencer)
		}
		e.Clock.Advance(60 * 24 * time.Hour)
		open, inForce, held := 0, 0, int64(0)
		for _, zone := range []string{"UTC", "Pacific/Kiritimati", "America/New_York"} {
			for month := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC); month.Year() < 2028; month = month.AddDate(0, 1, 0) {
				list := []asked{{user: sponsor.ID, month: monthIn(t, month.Format(monthForm), zone)}}
				got, err := read(t.Context(), e.Store, list)
				must(t, err)
				want, err := readSince(t.Context(), e.Store, list, time.Unix(0, 0))
				must(t, err)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s in %s:\n%+v, all logs say\n%+v", list[0].month.Name, zone, got, want)
				}
				for _, c := range got[sponsor.ID].Campaigns {
					open, inForce, held = max(open, c.Open), max(inForce, c.InForce), max(held, c.Budget.Held)
				}
			}
		}
		if open == 0 || inForce < 4 || held < 4_000 {
			t.Errorf("at most %d open, %d in force and %d held: that shows nothing", open, inForce, held)
		}
	})
}

func TestAReportFollowsIndexes(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor := e.User(t, rooms.Sponsor)
		yearLong(t, e, sponsor)
		var rooms, rest bool
		for _, p := range e.Plans(t, func(ctx context.Context) error {
			_, err := read(ctx, e.Store, []asked{{user: sponsor.ID, month: monthIn(t, "2026-11", "UTC")}})
			return err
		}) {
			if len(p.Scans) > 0 {
				t.Errorf("all of %v is read:\n%s\n%s", p.Scans, p.Query, p.Text)
			}
			rooms = rooms || strings.Contains(p.Text, "ad_requests_recent_by_sponsor")
			rest = rest || strings.Contains(p.Query, "in_force")
		}
		if !rooms || !rest {
			t.Errorf("recent rooms by their index: %v; the others: %v", rooms, rest)
		}
	})
}

// BenchmarkRead finds the figures of a sponsor's last month after two years of 25 rooms a
// month, bounded and by all logs in turn.
func BenchmarkRead(b *testing.B) {
	const months, perMonth = 24, 25
	e := forms.SQLite(b)
	sponsor := e.User(b, rooms.Sponsor)
	for n := range months {
		c := yearLong(b, e, sponsor)
		for range perMonth {
			k := begin(b, e, c, sponsor)
			for fee := range int64(3) {
				k.counter(rooms.Influencer, 2_000+fee)
				k.counter(rooms.Sponsor, 1_000+fee)
			}
			k.accept(rooms.Influencer)
		}
		if n < months-1 {
			e.Clock.Advance(30 * 24 * time.Hour)
		}
	}
	last := monthIn(b, e.Clock.Now().Format(monthForm), "UTC")
	list := []asked{{user: sponsor.ID, month: last}}
	var bounded, whole time.Duration
	for b.Loop() {
		for _, way := range []struct {
			took  *time.Duration
			since time.Time
		}{{&bounded, last.Before}, {&whole, time.Unix(0, 0)}} {
			began := time.Now()
			figures, err := readSince(b.Context(), e.Store, list, way.since)
			if err != nil {
				b.Fatal(err)
			}
			*way.took += time.Since(began)
			if f := figures[sponsor.ID]; f.Now.Made < perMonth {
				b.Fatalf("%d deals", f.Now.Made)
			}
		}
	}
	b.ReportMetric(float64(bounded.Microseconds())/1000/float64(b.N), "ms/bounded")
	b.ReportMetric(float64(whole.Microseconds())/1000/float64(b.N), "ms/whole")
	b.ReportMetric(whole.Seconds()/bounded.Seconds(), "times")
}
