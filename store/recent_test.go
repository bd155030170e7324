package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

// TestRecentIsTheLog: what two processes on one database remember is a stretch of the log
// as it stands there, whoever wrote it.
func TestRecentIsTheLog(t *testing.T) {
	onEach(t, func(t *testing.T, a *env) {
		b := &env{T: t, clk: a.clk, cfg: a.cfg}
		b.open()
		w := a.world(1_000_000)
		room := a.opened(w, 100)
		rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
		check := func(e *env) {
			t.Helper()
			head, err := e.FeedHead(t.Context())
			must(t, err)
			log, err := e.FeedEvents(t.Context(), 0, 0, 1000)
			must(t, err)
			for after := int64(0); after <= head+1; after++ {
				for i, r := range e.Recent(after) {
					if r.Pos != after+1+int64(i) || r.Pos > head {
						t.Fatalf("after %d of %d: %d is remembered in place %d", after, head, r.Pos, i)
					}
					event, err := rooms.ParseEvent(log[r.Pos-1].Body)
					must(t, err)
					want := Recent{Pos: r.Pos, Room: event.Room, Seq: event.Seq, Type: event.Data.Type(), At: event.At, Known: r.Known}
					if r.Known {
						want.By = event.By.Side
						accepted, ok := event.Data.(rooms.Accepted)
						want.Amends = ok && accepted.Amends != 0
					}
					if r != want {
						t.Fatalf("remembered %+v, the log has %+v", r, want)
					}
				}
			}
		}
		knows := func(e *env, pos int64) bool {
			list := e.Recent(pos - 1)
			return len(list) > 0 && list[0].Known
		}
		for i := range 60 {
			e, own := []*env{a, b}[rng.IntN(2)], true
			switch rng.IntN(6) {
			case 0:
				e.ok(e.say(w.influencer, room, "Hm."))
			case 1: // of a room that the other has not loaded
				e.opened(world{sponsor: w.sponsor, influencer: e.user(rooms.Influencer), campaign: w.campaign}, 10)
			case 2: // refused: nothing happens
				e.refused(e.counter(w.sponsor, room, 1, 10), rooms.CodeStaleOffer)
				own = false
			default:
				e.ok(e.say(w.sponsor, room, fmt.Sprint(i)))
			}
			check(a)
			check(b)
			if head, err := e.FeedHead(t.Context()); err != nil || own && !knows(e, head) {
				t.Fatalf("a process does not know its own event %d: %v", head, err)
			}
		}
		// Who has just read all rooms knows of the other's events too.
		a.ok(a.say(w.sponsor, room, "a"))
		b.ok(b.say(w.sponsor, room, "b"))
		a.ok(a.say(w.sponsor, room, "c"))
		if head, err := a.FeedHead(t.Context()); err != nil || !knows(a, head) || !knows(a, head-1) {
			t.Errorf("the event before the last is not known: %v, %+v", err, a.Recent(head-2))
		}
		check(a)
	})
}

// TestRecentOfAnAmendment: the acceptance of another version of a deal is told apart.
func TestRecentOfAnAmendment(t *testing.T) {
	a := newEnv(t, Config{URL: databases.SQLite(t)})
	w := a.world(1000)
	room := a.opened(w, 100)
	a.ok(a.accept(w.influencer, room))
	first, err := a.FeedHead(t.Context())
	must(t, err)
	p := rooms.FullPatch(terms(120))
	a.ok(Command{Room: room, CMID: ulid.Make().String(), Actor: actor(w.sponsor), Body: rooms.PutOffer{Terms: p}})
	a.ok(a.accept(w.influencer, room))
	if list := a.Recent(first - 1); len(list) != 3 || list[0].Amends || !list[2].Amends || list[2].Type != rooms.TypeAccepted {
		t.Errorf("remembered %+v", list)
	}
}

// TestRecentIsBounded: after more events than are remembered the last ones are there, and
// nothing that is older; a gap forgets what was before it.
func TestRecentIsBounded(t *testing.T) {
	var r recent
	rows := func(from, n int64) []eventRow {
		list := make([]eventRow, n)
		for i := range list {
			list[i] = eventRow{pos: from + int64(i), typ: rooms.TypeMessage, by: rooms.Sponsor}
		}
		return list
	}
	pos := int64(1)
	for n := int64(1); pos < 5*maxRecent; n = n%700 + 1 {
		r.add(rows(pos, n))
		pos += n
		if len(r.events) > maxRecent {
			t.Fatalf("%d events are remembered", len(r.events))
		}
		oldest := r.events[0].Pos
		if got := r.after(oldest - 1); int64(len(got)) != pos-oldest || got[0].Pos != oldest || got[len(got)-1].Pos != pos-1 {
			t.Fatalf("%d events from %d, want %d", len(got), oldest, pos-oldest)
		}
		if oldest > 1 && (len(r.after(oldest-2)) != 0 || pos-oldest < maxRecent/4) {
			t.Fatalf("of %d events those from %d are remembered", pos-1, oldest)
		}
		if len(r.after(pos-1)) != 0 || len(r.after(pos+5)) != 0 {
			t.Fatal("there is something behind the last event")
		}
	}
	r.add(rows(pos+1, 3))
	if got := r.after(pos); len(got) != 3 || len(r.after(pos-1)) != 0 {
		t.Errorf("after a gap: %d, %d", len(got), len(r.after(pos-1)))
	}
}
