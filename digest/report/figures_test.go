package report

import (
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// talk is a room in which both sides speak.
type talk struct {
	t       testing.TB
	e       *forms.Env
	room    string
	parties map[rooms.Side]store.User
}

func begin(t testing.TB, e *forms.Env, c store.Campaign, sponsor store.User) *talk {
	t.Helper()
	k := &talk{t: t, e: e, parties: map[rooms.Side]store.User{rooms.Sponsor: sponsor, rooms.Influencer: e.User(t, rooms.Influencer)}}
	k.room = e.Room(t, c, k.parties[rooms.Influencer])
	return k
}

func (k *talk) do(side rooms.Side, body rooms.Command) store.Result {
	k.t.Helper()
	return k.e.Must(k.t, store.Command{
		Room: k.room, CMID: ulid.Make().String(), Actor: rooms.Actor{ID: k.parties[side].ID, Role: side}, Body: body,
	})
}

func (k *talk) state() *rooms.State {
	k.t.Helper()
	room, err := k.e.Snapshot(k.t.Context(), k.room)
	must(k.t, err)
	return &room.State
}

func (k *talk) counter(side rooms.Side, fee int64) {
	k.t.Helper()
	k.do(side, rooms.Counter{
		OfferSeq: k.state().Last.Seq,
		Terms:    rooms.FullPatch(rooms.Terms{Fee: rooms.Money{Amount: fee, Currency: "EUR"}, Deliverables: k.state().Last.Terms.Deliverables}),
	})
}

func (k *talk) accept(side rooms.Side) {
	k.t.Helper()
	last := k.state().Last
	k.do(side, rooms.Accept{OfferSeq: last.Seq, TermsHash: last.Hash})
}

// to moves the clock to an instant.
func to(t *testing.T, e *forms.Env, at string) {
	t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	must(t, err)
	d := when.Sub(e.Clock.Now())
	if d < 0 {
		t.Fatalf("the clock is past %s", at)
	}
	e.Clock.Advance(d)
}

func monthIn(t testing.TB, name, zone string) Month {
	t.Helper()
	z, err := time.LoadLocation(zone)
	must(t, err)
	m, err := MonthIn(name, z)
	must(t, err)
	return m
}

// What the sponsor of these tests did: a deal in November that was completed in December,
// one in December, an offer that stands as the year ends, and more in January.
func story(t *testing.T, e *forms.Env) store.User {
	sponsor := e.User(t, rooms.Sponsor)
	c := e.RunningCampaign(t, sponsor)
	first := begin(t, e, c, sponsor)
	e.Clock.Advance(time.Hour)
	first.counter(rooms.Influencer, 5_000)
	first.accept(rooms.Sponsor)

	to(t, e, "2026-12-02T12:00:00Z")
	second := begin(t, e, c, sponsor)
	e.Clock.Advance(2 * time.Hour)
	second.counter(rooms.Influencer, 9_000)
	e.Clock.Advance(2 * time.Hour)
	second.counter(rooms.Sponsor, 8_000)
	second.do(rooms.Influencer, rooms.Say{Text: "Done."})
	e.Clock.Advance(2 * time.Hour)
	second.accept(rooms.Influencer)
	delivered := first.do(rooms.Influencer, rooms.Deliver{DealSeq: first.state().Deal.Seq, Links: []string{"https://example.com/reel"}})
	first.do(rooms.Sponsor, rooms.Confirm{DeliverySeq: delivered.Seq})

	to(t, e, "2026-12-31T20:00:00Z")
	third := begin(t, e, c, sponsor)
	to(t, e, "2027-01-02T12:00:00Z")
	third.counter(rooms.Influencer, 7_000)
	begin(t, e, c, sponsor)
	// Another sponsor's doings are no part of it.
	other := e.User(t, rooms.Sponsor)
	begin(t, e, e.RunningCampaign(t, other), other)
	return sponsor
}

func TestFigures(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor := story(t, e)
		for name, c := range map[string]struct {
			month, zone string
			now, before Counts
			used, held  int64
			running     int
			weeks       []Week
		}{
			"December": {
				"2026-12", "UTC",
				Counts{Opened: 2, Offers: 4, Made: 1, Completed: 1, Rounds: 3, Took: 6 * time.Hour},
				Counts{Opened: 1, Offers: 2, Made: 1, Rounds: 2, Took: time.Hour}, 13_000, 100, 1,
				[]Week{{Offers: 3, Deals: 1}, {}, {}, {}, {Offers: 1}},
			},
			"December where January begins fourteen hours earlier": {
				"2026-12", "Pacific/Kiritimati",
				Counts{Opened: 1, Offers: 3, Made: 1, Completed: 1, Rounds: 3, Took: 6 * time.Hour},
				Counts{Opened: 1, Offers: 2, Made: 1, Rounds: 2, Took: time.Hour}, 13_000, 0, 1,
				[]Week{{Offers: 3, Deals: 1}, {}, {}, {}, {}},
			},
			"November": {
				"2026-11", "UTC", Counts{Opened: 1, Offers: 2, Made: 1, Rounds: 2, Took: time.Hour}, Counts{}, 5_000, 0, 1,
				[]Week{{}, {}, {}, {Offers: 2, Deals: 1}, {}},
			},
			"February, after the campaign": {"2027-02", "UTC", Counts{}, Counts{Opened: 1, Offers: 2}, 0, 0, 0, []Week{{}, {}, {}, {}}},
		} {
			t.Run(name, func(t *testing.T) {
				all, err := read(t.Context(), e.Store, []asked{{user: sponsor.ID, month: monthIn(t, c.month, c.zone)}})
				must(t, err)
				f := all[sponsor.ID]
				for what, pair := range map[string][2]Counts{"the month": {f.Now, c.now}, "the month before": {f.Before, c.before}} {
					got, want := pair[0], pair[1]
					got.Took = got.Took.Round(time.Second)
					if got.Opened != want.Opened || got.Offers != want.Offers || got.Made != want.Made || got.Completed != want.Completed ||
						got.Rounds != want.Rounds || got.Took != want.Took {
						t.Errorf("%s: %+v, want %+v", what, got, want)
					}
				}
				if len(f.Weeks) != len(c.weeks) {
					t.Fatalf("weeks %+v", f.Weeks)
				}
				for i, w := range f.Weeks {
					if w.Offers != c.weeks[i].Offers || w.Deals != c.weeks[i].Deals {
						t.Errorf("week %d: %+v, want %+v", i, w, c.weeks[i])
					}
				}
				if c.running == 0 {
					if len(f.Budgets) != 0 || !f.Empty() {
						t.Errorf("budgets %+v", f.Budgets)
					}
					return
				}
				if len(f.Budgets) != 1 || f.Budgets[0] != (Budget{"EUR", 1_000_000, c.used, c.held, 1, c.running}) {
					t.Errorf("budgets %+v", f.Budgets)
				}
			})
		}
	})
}

// The ledger of now and the fold up to now agree, whatever was done.
func TestTheFoldAgreesWithTheLedger(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor := story(t, e)
		all, err := read(t.Context(), e.Store, []asked{{user: sponsor.ID, month: monthIn(t, "2027-01", "UTC")}})
		must(t, err)
		f := all[sponsor.ID]
		if len(f.Campaigns) != 1 {
			t.Fatalf("campaigns %+v", f.Campaigns)
		}
		c, err := e.Store.Campaign(t.Context(), f.Campaigns[0].ID)
		must(t, err)
		if got := f.Campaigns[0].Budget; got.Used != c.Committed || got.Held != c.Held {
			t.Errorf("the fold has %+v, the ledger %d and %d", got, c.Committed, c.Held)
		}
	})
}

func TestMonths(t *testing.T) {
	m := monthIn(t, "2026-12", "America/New_York")
	if m.Title() != "December 2026" || m.From.Format(time.RFC3339) != "2026-12-01T00:00:00-05:00" ||
		m.To.Format(time.RFC3339) != "2027-01-01T00:00:00-05:00" || m.Before.Format(time.RFC3339) != "2026-11-01T00:00:00-04:00" {
		t.Errorf("%+v", m)
	}
	for _, bad := range []string{"", "2026", "2026-13", "2026-1", "2026-01-01"} {
		if _, err := MonthIn(bad, time.UTC); err == nil {
			t.Errorf("%q is a month", bad)
		}
	}
}
