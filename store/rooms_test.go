package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

func TestTheCampaignsOfRooms(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		var want []string
		for i := range 5 {
			if i > 0 {
				w.campaign = e.campaign(w.sponsor, 10_000)
			}
			want = append(want, w.campaign.ID)
			e.opened(w, 100)
			e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 100)
		}
		empty := e.campaign(w.sponsor, 10_000)
		slices.Sort(want)
		for name, user := range map[string]string{"sponsor": w.sponsor.ID, "influencer": w.influencer.ID} {
			var got []string
			for cursor, pages := "", 0; ; pages++ {
				list, next, err := e.RoomCampaigns(t.Context(), user, cursor, 2)
				must(t, err)
				for _, c := range list {
					if c.Name != w.campaign.Name {
						t.Errorf("%s is named %q", c.ID, c.Name)
					}
					got = append(got, c.ID)
				}
				if cursor = next; next == "" || pages > 5 {
					break
				}
			}
			if !slices.Equal(got, want) || slices.Contains(got, empty.ID) {
				t.Errorf("the %s's campaigns are %v, want %v", name, got, want)
			}
		}
		for name, user := range map[string]string{"another": e.user(rooms.Influencer).ID, "nobody": ""} {
			if list, _, err := e.RoomCampaigns(t.Context(), user, "", 2); err != nil || len(list) != 0 {
				t.Errorf("%s sees %v, %v", name, list, err)
			}
		}
	})
}

func TestRoomListsAndHeads(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		if head, err := e.FeedHead(t.Context()); err != nil || head != 0 {
			t.Fatalf("head %d, %v", head, err)
		}
		var ids []string
		for range 5 {
			ids = append(ids, e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 100))
		}
		mine := e.opened(w, 100)
		e.ok(e.counter(w.influencer, mine, 2, 150))
		e.ok(e.say(w.sponsor, ids[2], "newest"))
		e.ok(Command{
			Room: ids[0], CMID: ulid.Make().String(), Actor: actor(w.sponsor), Body: rooms.Cancel{Note: "never mind"},
		})
		list := func(user string, f RoomFilter) (got []string, next string, totals RoomTotals) {
			t.Helper()
			sums, next, totals, err := e.ListRooms(t.Context(), user, f)
			must(t, err)
			for _, s := range sums {
				got = append(got, s.Room)
			}
			return got, next, totals
		}
		want := []string{ids[0], ids[2], mine, ids[4], ids[3], ids[1]}
		got, next, totals := list(w.sponsor.ID, RoomFilter{})
		if !slices.Equal(got, want) || next != "" || totals != (RoomTotals{Unread: 1, Turns: 1}) {
			t.Errorf("list %v, next %q, totals %+v", got, next, totals)
		}
		var pages []string
		for f := (RoomFilter{Limit: 4}); ; {
			got, next, _ := list(w.sponsor.ID, f)
			pages = append(pages, got...)
			if f.Cursor = next; next == "" {
				break
			}
		}
		if !slices.Equal(pages, want) {
			t.Errorf("pages %v", pages)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Mine: true}); !slices.Equal(got, []string{mine}) {
			t.Errorf("mine %v", got)
		}
		if got, _, _ := list(w.influencer.ID, RoomFilter{Mine: true}); len(got) != 0 {
			t.Errorf("the influencer's turn: %v", got)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Statuses: []rooms.Status{rooms.StatusWithdrawn, rooms.StatusExpired}}); !slices.Equal(got, []string{ids[0]}) {
			t.Errorf("withdrawn %v", got)
		}
		theirs := []string{ids[2], ids[4], ids[3], ids[1]}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Theirs: true}); !slices.Equal(got, theirs) {
			t.Errorf("theirs %v", got)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Unread: true}); !slices.Equal(got, []string{mine}) {
			t.Errorf("unread %v", got)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Query: w.influencer.Name}); !slices.Equal(got, []string{mine}) {
			t.Errorf("by the other side's name %v", got)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Currency: w.campaign.Currency}); !slices.Equal(got, want) {
			t.Errorf("in the campaign's currency %v", got)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Currency: "XTS"}); len(got) != 0 {
			t.Errorf("in a currency without rooms %v", got)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Query: "%"}); len(got) != 0 {
			t.Errorf("a pattern is no text: %v", got)
		}
		if got, _, _ := list(w.influencer.ID, RoomFilter{}); !slices.Equal(got, []string{mine}) {
			t.Errorf("the influencer's %v", got)
		}
		if got, _, _ := list(w.sponsor.ID, RoomFilter{Campaign: "none"}); len(got) != 0 {
			t.Errorf("no campaign: %v", got)
		}
		if got, _, _ := list("", RoomFilter{}); len(got) != 6 {
			t.Errorf("an admin sees %v", got)
		}
		_, _, _, err := e.ListRooms(t.Context(), w.sponsor.ID, RoomFilter{Cursor: "nonsense"})
		refusalOf(t, err, rooms.CodeInvalid)

		heads, err := e.RoomHeads(t.Context(), []string{mine, ids[2], "none"})
		must(t, err)
		if len(heads) != 2 || heads[mine] != 3 || heads[ids[2]] != 3 {
			t.Errorf("heads %v", heads)
		}
		inbox, err := e.InboxHeads(t.Context(), []string{w.sponsor.ID, w.influencer.ID, "none"})
		must(t, err)
		if len(inbox) != 2 || inbox[w.sponsor.ID] != 15 || inbox[w.influencer.ID] != 13 {
			t.Errorf("inbox %v", inbox)
		}
		if empty, err := e.RoomHeads(t.Context(), nil); err != nil || len(empty) != 0 {
			t.Errorf("no rooms: %v, %v", empty, err)
		}
		changed, err := e.RoomsChangedSince(t.Context(), w.sponsor.ID, 12, 10)
		must(t, err)
		if len(changed) != 3 || changed[0].Room != mine || changed[2].Room != ids[0] {
			t.Fatalf("changed %+v", changed)
		}
		// What was told after the commit is what is read.
		e.mu.Lock()
		defer e.mu.Unlock()
		last := e.batches[len(e.batches)-1].Rooms
		if len(last) != 1 || flat(last[0]) != flat(changed[2]) {
			t.Errorf("told %+v, read %+v", last, changed[2])
		}
	})
}

// TestInboxHeadsAtMidnight: the head is the last event's, also where the instance that
// wrote it is behind and calls it yesterday's.
func TestInboxHeadsAtMidnight(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		late, early := e.opened(w, 100), e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 100)
		for _, step := range []struct {
			room string
			by   time.Duration
		}{{late, 24 * time.Hour}, {early, 24 * time.Hour}, {late, -24 * time.Hour}, {early, 48 * time.Hour}} {
			e.clk.advance(step.by)
			e.ok(e.say(w.sponsor, step.room, "hello"))
			last, err := e.FeedHead(t.Context())
			must(t, err)
			heads, err := e.InboxHeads(t.Context(), []string{w.sponsor.ID})
			must(t, err)
			if heads[w.sponsor.ID] != last {
				t.Errorf("after %v: %v, the last event is %d", step, heads, last)
			}
		}
	})
}

// TestRoomsAreListedByDay: a list that reaches over days keeps its order, whichever
// page a room is on.
func TestRoomsAreListedByDay(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		var ids []string
		for range 4 {
			ids = append(ids, e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 100))
		}
		e.clk.advance(25 * time.Hour)
		e.ok(e.say(w.sponsor, ids[1], "a day later"))
		e.ok(e.say(w.sponsor, ids[0], "just after"))
		e.clk.advance(50 * time.Hour)
		e.ok(e.say(w.sponsor, ids[2], "days later"))
		var pages []string
		for f := (RoomFilter{Limit: 1}); ; {
			sums, next, _, err := e.ListRooms(t.Context(), w.sponsor.ID, f)
			must(t, err)
			for _, s := range sums {
				pages = append(pages, s.Room)
			}
			if f.Cursor = next; next == "" || len(pages) > len(ids) {
				break
			}
		}
		if !slices.Equal(pages, []string{ids[2], ids[0], ids[1], ids[3]}) {
			t.Errorf("pages are %v of %v", pages, ids)
		}
	})
}

func TestWhatIsToldOfARoomIsWhatIsRead(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 100)
		compare := func() {
			t.Helper()
			e.mu.Lock()
			defer e.mu.Unlock()
			told := e.batches[len(e.batches)-1].Rooms[0]
			read, err := e.Room(t.Context(), room)
			must(t, err)
			if a, b := flat(told), flat(read.RoomChange); a != b {
				t.Errorf("told\n%s\nread\n%s", a, b)
			}
		}
		compare()
		e.ok(e.counter(w.influencer, room, 2, 150))
		compare()
		e.ok(e.accept(w.sponsor, room))
		compare()
		delivered := e.ok(deliver(w, room, 3, 0))
		compare()
		e.ok(by(w.influencer, room, rooms.PutOffer{Terms: feePatch(200)}))
		compare()
		e.ok(by(w.sponsor, room, rooms.Return{DeliverySeq: delivered.Seq, Reason: "again"}))
		compare()
		must(t, e.Flag(t.Context(), Flag{Kind: FlagRoom, ID: room, Reason: "r", Admin: "a"}))
		compare()
	})
}

// flat shows a change with its offers.
func flat(c RoomChange) string {
	var offers string
	for _, o := range []*OfferBrief{c.Standing, c.Deal} {
		if o != nil {
			offers += fmt.Sprintf(" %+v", *o)
		} else {
			offers += " none"
		}
	}
	c.Standing, c.Deal = nil, nil
	return fmt.Sprintf("%+v", c) + offers
}
