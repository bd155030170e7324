package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

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

func TestWhatEndsAccessIsCounted(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		u, flagged := e.user(rooms.Sponsor), e.user(rooms.Influencer)
		now := rooms.At(e.clk.now())
		login := func(user User, name string, ttl time.Duration) [32]byte {
			hash := sha256Sum(name)
			must(t, e.CreateSession(t.Context(), Session{
				TokenHash: hash, UserID: user.ID, Kind: SessionCookie, ExpiresAt: now.Add(ttl),
			}))
			return hash
		}
		one, two, three := login(u, "one", time.Hour), login(u, "two", time.Hour), login(u, "three", time.Hour)
		old, under := login(u, "old", time.Nanosecond), login(flagged, "flagged", time.Hour)
		last := int64(-1)
		moved := func() bool {
			n, err := e.AccessEnded(t.Context())
			must(t, err)
			defer func() { last = n }()
			return n > last
		}
		live := func(at rooms.Time) string {
			got, err := e.LiveSessions(t.Context(), [][32]byte{one, two, three, two, old, under, sha256Sum("none")}, at)
			must(t, err)
			var names []string
			for _, s := range []struct {
				name string
				hash [32]byte
			}{{"one", one}, {"two", two}, {"three", three}, {"old", old}, {"under", under}} {
				if flagged, ok := got[s.hash]; ok && flagged {
					names = append(names, "-"+s.name)
				} else if ok {
					names = append(names, s.name)
				}
			}
			return strings.Join(names, " ")
		}
		at := now.Add(time.Second)
		moved()
		if got := live(at); moved() || got != "one two three under" {
			t.Errorf("at first: %s", got)
		}
		must(t, e.RevokeSession(t.Context(), one))
		if got := live(at); !moved() || got != "two three under" {
			t.Errorf("after a logout: %s", got)
		}
		_, err := Write(t.Context(), e.Store, func(ctx context.Context, tx *Tx) ([]Session, error) {
			return tx.RevokeSessions(ctx, u.ID, SessionFilter{But: &three})
		})
		must(t, err)
		if got := live(at); !moved() || got != "three under" {
			t.Errorf("after a logout elsewhere: %s", got)
		}
		// As each log-in asks for, which finds hardly ever one too many.
		_, err = Write(t.Context(), e.Store, func(ctx context.Context, tx *Tx) ([]Session, error) {
			return tx.RevokeSessions(ctx, u.ID, SessionFilter{Newest: 50})
		})
		must(t, err)
		if got := live(at); moved() || got != "three under" {
			t.Errorf("after nothing was ended: %s", got)
		}
		f := Flag{Kind: FlagUser, ID: flagged.ID, Reason: "r", Admin: "a"}
		must(t, e.Flag(t.Context(), f))
		if got := live(at); !moved() || got != "three -under" {
			t.Errorf("after a flag: %s", got)
		}
		must(t, e.Unflag(t.Context(), f))
		must(t, e.Leave(t.Context(), u.ID, anyway))
		if got := live(at); !moved() || got != "under" {
			t.Errorf("after an account's deletion: %s", got)
		}
		if got := live(now.Add(2 * time.Hour)); moved() || got != "" {
			t.Errorf("when their time has come: %s", got)
		}
		if got, err := e.LiveSessions(t.Context(), nil, at); err != nil || len(got) != 0 {
			t.Errorf("of none: %v, %v", got, err)
		}
	})
}

func TestUsersAndSessions(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		u, err := e.CreateUser(t.Context(), User{
			Email: " Ada@Example.Test ", Name: "Ada", Role: rooms.Influencer, PasswordHash: "h",
			Category: "food", Niche: "100%_vegan", Reach: 500,
		})
		must(t, err)
		if u.ID == "" || u.Email != "ada@example.test" || u.CreatedAt.IsZero() {
			t.Errorf("created %+v", u)
		}
		_, err = e.CreateUser(t.Context(), User{Email: "ADA@example.test", Role: rooms.Sponsor})
		if r := refusalOf(t, err, rooms.CodeAlreadyExists); r.Field != "email" {
			t.Errorf("field %s", r.Field)
		}
		for _, find := range []func() (User, error){
			func() (User, error) { return e.UserByEmail(t.Context(), "ada@EXAMPLE.test ") },
			func() (User, error) { return e.UserByID(t.Context(), u.ID) },
		} {
			got, err := find()
			must(t, err)
			if got != u {
				t.Errorf("found %+v, want %+v", got, u)
			}
		}
		_, err = e.UserByID(t.Context(), "none")
		notFoundErr(t, err)
		_, err = e.UserByEmail(t.Context(), "none")
		notFoundErr(t, err)
		yes, name := true, "Ada L."
		got, err := e.UpdateUser(t.Context(), u.ID, UserPatch{Approved: &yes, Name: &name})
		must(t, err)
		if !got.Approved || got.Name != name || got.Reach != 500 {
			t.Errorf("updated %+v", got)
		}
		_, err = e.UpdateUser(t.Context(), "none", UserPatch{Name: &name})
		notFoundErr(t, err)

		now := rooms.At(e.clk.now())
		for i, kind := range []string{SessionCookie, SessionBearer} {
			must(t, e.CreateSession(t.Context(), Session{
				TokenHash: [32]byte{byte(i + 1)}, UserID: u.ID, Kind: kind, Name: "phone", ExpiresAt: now.Add(time.Duration(i+1) * time.Hour),
			}))
		}
		ses, user, err := e.SessionUser(t.Context(), [32]byte{1}, now)
		must(t, err)
		if user != got || ses.Kind != SessionCookie || ses.UserID != u.ID || ses.TokenHash != ([32]byte{1}) {
			t.Errorf("session %+v of %+v", ses, user)
		}
		_, _, err = e.SessionUser(t.Context(), [32]byte{1}, now.Add(time.Hour))
		notFoundErr(t, err)
		_, _, err = e.SessionUser(t.Context(), [32]byte{9}, now)
		notFoundErr(t, err)
		notFoundErr(t, e.CreateSession(t.Context(), Session{TokenHash: [32]byte{7}, UserID: "none", ExpiresAt: now}))
		if list, err := e.ListSessions(t.Context(), u.ID, now); err != nil || len(list) != 2 {
			t.Errorf("sessions %v, %v", list, err)
		}
		if n, err := e.PruneSessions(t.Context(), now.Add(time.Hour), 10); err != nil || n != 1 {
			t.Errorf("pruned %d, %v", n, err)
		}
		must(t, e.RevokeSession(t.Context(), [32]byte{2}))
		_, _, err = e.SessionUser(t.Context(), [32]byte{2}, now)
		notFoundErr(t, err)
		must(t, e.CreateSession(t.Context(), Session{TokenHash: [32]byte{3}, UserID: u.ID, ExpiresAt: now.Add(time.Hour)}))
		must(t, e.RevokeUserSessions(t.Context(), u.ID))
		_, _, err = e.SessionUser(t.Context(), [32]byte{3}, now)
		notFoundErr(t, err)
	})
}

func TestUserLists(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		for i, name := range []string{"Ada", "Bob 100%", "Cyd", "Dee_x", "Eve"} {
			_, err := e.CreateUser(t.Context(), User{
				Email: name + "@example.test", Name: name, Role: rooms.Influencer, Approved: name != "Eve",
				Category: []string{"Food", "music"}[i%2], Niche: "niche", Reach: int64(i * 100),
			})
			must(t, err)
		}
		pending, _, err := e.ListUsers(t.Context(), UserFilter{Pending: true})
		must(t, err)
		if len(pending) != 1 || pending[0].Name != "Eve" {
			t.Errorf("pending %+v", pending)
		}
		must(t, e.Flag(t.Context(), Flag{Kind: FlagUser, ID: pending[0].ID, Reason: "r", Admin: "a"}))
		flagged, _, err := e.ListUsers(t.Context(), UserFilter{Flagged: true, Role: rooms.Influencer, Query: "eve@"})
		must(t, err)
		if len(flagged) != 1 {
			t.Errorf("flagged %+v", flagged)
		}
		total, cursor := 0, ""
		for {
			list, next, err := e.ListUsers(t.Context(), UserFilter{Limit: 2, Cursor: cursor})
			must(t, err)
			total += len(list)
			if cursor = next; next == "" {
				break
			}
		}
		if total != 5 {
			t.Errorf("%d users in pages", total)
		}
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
