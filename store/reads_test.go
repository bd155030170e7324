package store

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"parley/rooms"
)

func TestSnapshotShowsTheRoom(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		e.ok(e.counter(w.influencer, room, 2, 400))
		snap, err := e.Snapshot(t.Context(), room)
		must(t, err)
		s := snap.State
		if s.Room != room || s.Seq != 3 || s.Status != rooms.Negotiating || s.Turn() != rooms.Sponsor ||
			s.Standing() == nil || s.Standing().Terms.Fee.Amount != 400 || s.Offers != (rooms.Parties{Sponsor: 1, Influencer: 1}) ||
			s.Limit != 10 || s.Authors[rooms.SectionFee] != rooms.Sponsor || s.OpenedBy != rooms.Sponsor {
			t.Errorf("state %+v", s)
		}
		if snap.CampaignName != "Autumn" || !snap.CampaignEndsAt.Equal(w.campaign.EndsAt.Time) ||
			snap.SponsorName != w.sponsor.Name || snap.InfluencerName != w.influencer.Name {
			t.Errorf("names %+v", snap)
		}
		if snap.SeenInfluencer != 3 || snap.SeenSponsor != 2 {
			t.Errorf("seen %d and %d", snap.SeenSponsor, snap.SeenInfluencer)
		}
		_, err = e.Snapshot(t.Context(), "none")
		notFoundErr(t, err)
		sum, err := e.Room(t.Context(), room)
		must(t, err)
		if sum.Seq != 3 || sum.CampaignName != "Autumn" || sum.Currency != "EUR" || sum.Standing.Fee.Amount != 400 {
			t.Errorf("summary %+v", sum)
		}
		_, err = e.Room(t.Context(), "none")
		notFoundErr(t, err)
	})
}

func TestEventsInPages(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		for i := range 8 {
			e.ok(e.say(w.sponsor, room, fmt.Sprint("message ", i)))
		}
		for _, tt := range []struct {
			after, before int64
			limit         int
			want          []int64
		}{
			{0, 0, 3, []int64{1, 2, 3}},
			{3, 0, 3, []int64{4, 5, 6}},
			{8, 0, 100, []int64{9, 10}},
			{10, 0, 100, nil},
			{0, 5, 2, []int64{3, 4}},
			{2, 5, 100, []int64{3, 4}},
			{2, 9, 3, []int64{3, 4, 5}},
			{-1, 0, 2, []int64{1, 2}},
			{99, 0, 2, nil},
		} {
			events, err := e.Events(t.Context(), room, tt.after, tt.before, tt.limit)
			must(t, err)
			var got []int64
			for _, ev := range events {
				got = append(got, ev.Seq)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("after %d before %d limit %d: %v, want %v", tt.after, tt.before, tt.limit, got, tt.want)
			}
			feed, err := e.FeedEvents(t.Context(), tt.after, tt.before, tt.limit)
			must(t, err)
			got = nil
			for _, ev := range feed {
				got = append(got, ev.Pos)
				if ev.Campaign != w.campaign.ID {
					t.Errorf("campaign %s", ev.Campaign)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("feed after %d before %d limit %d: %v, want %v", tt.after, tt.before, tt.limit, got, tt.want)
			}
		}
		if events, err := e.Events(t.Context(), "none", 0, 0, 10); err != nil || len(events) != 0 {
			t.Errorf("no room: %v, %v", events, err)
		}
		if head, err := e.FeedHead(t.Context()); err != nil || head != 10 {
			t.Errorf("head %d, %v", head, err)
		}
	})
}

func TestReadMarkers(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 100)
		for range 5 {
			e.ok(e.say(w.sponsor, room, "hello"))
		}
		unread := func() int64 {
			_, _, totals, err := e.ListRooms(t.Context(), w.influencer.ID, RoomFilter{})
			must(t, err)
			return totals.Unread
		}
		if n := unread(); n != 7 {
			t.Fatalf("%d unread", n)
		}
		e.MarkSeen(room, rooms.Influencer, 4)
		eventually(t, "the marker is written", func() bool { return unread() == 3 })
		e.MarkSeen(room, rooms.Influencer, 2) // back: nothing
		e.MarkSeen(room, rooms.Influencer, 99)
		e.MarkSeen("none", rooms.Influencer, 99)
		eventually(t, "it stops at the end", func() bool { return unread() == 0 })
		e.ok(e.say(w.sponsor, room, "one more"))
		if n := unread(); n != 1 {
			t.Errorf("%d unread", n)
		}
		// What waits when the store closes is written.
		e.MarkSeen(room, rooms.Influencer, 8)
		e.shut(e.Store)
		e.open()
		if n := unread(); n != 0 {
			t.Errorf("%d unread after a restart", n)
		}
		e.sound()
	})
}

func TestAReadEndsWithItsContext(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := e.FeedHead(ctx)
		unavailableErr(t, err)
		_, err = e.UserByID(ctx, "x")
		unavailableErr(t, err)
		unavailableErr(t, e.Do(ctx, Command{Room: "none", Body: rooms.Say{Text: "x"}}).Err)
	})
}

// TestAnyPartOfALongLog reads a log that has marks, interleaved with another.
func TestAnyPartOfALongLog(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.opened(w, 300)
		other := e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 300)
		const n = 3*markEvery + 5
		var commands []Command
		for i := range n - 2 {
			commands = append(commands, e.say(w.sponsor, room, fmt.Sprint("message ", i)))
			if i%3 == 0 {
				commands = append(commands, e.say(w.sponsor, other, "elsewhere"))
			}
		}
		for _, r := range e.together(commands) {
			must(t, r.Err)
		}
		for _, after := range []int64{0, 1, 30, 31, 32, 33, 64, 95, 96, 97, n - 1, n, n + 1} {
			for _, before := range []int64{0, 1, 2, 31, 32, 33, 34, 64, 97, n, n + 1, n + 50} {
				for _, limit := range []int{1, 7, 40, 500} {
					var want []int64
					for seq := after + 1; seq <= n && (before == 0 || seq < before); seq++ {
						want = append(want, seq)
					}
					if len(want) > limit {
						if before > 0 && after == 0 {
							want = want[len(want)-limit:]
						} else {
							want = want[:limit]
						}
					}
					events, err := e.Events(t.Context(), room, after, before, limit)
					must(t, err)
					var got []int64
					for _, ev := range events {
						got = append(got, ev.Seq)
						if ev.Room != room {
							t.Fatalf("an event of another room: %+v", ev)
						}
					}
					if !slices.Equal(got, want) {
						t.Fatalf("after %d before %d limit %d: %v, want %v", after, before, limit, got, want)
					}
				}
			}
		}
		e.sound()
	})
}
