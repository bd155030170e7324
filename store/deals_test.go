package store

import (
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

// dealt opens a room with a deal of two deliverables, which has seq 2.
func (e *env) dealt(w world, fee int64) string {
	e.Helper()
	c := openCommand(w, fee)
	open, _ := c.Body.(rooms.Open)
	t := terms(fee)
	t.Deliverables = append(t.Deliverables, rooms.Deliverable{Platform: "blog", Format: "post", Quantity: 1})
	p := rooms.FullPatch(t)
	open.Terms = &p
	c.Body = open
	e.ok(c)
	e.ok(e.accept(w.influencer, c.Room))
	return c.Room
}

func by(u User, room string, body rooms.Command) Command {
	return Command{Room: room, CMID: ulid.Make().String(), Actor: actor(u), Body: body}
}

func deliver(w world, room string, deal int64, i int) Command {
	return by(w.influencer, room, rooms.Deliver{
		DealSeq: deal, Deliverable: i, Links: []string{"https://example.com/?a=1&b=2"}, Note: "“Here”",
	})
}

func (e *env) deliveries(room string) string {
	e.Helper()
	snap, err := e.Snapshot(e.Context(), room)
	must(e.T, err)
	return packDeliveries(snap.State.Deliveries)
}

func TestADealIsAmendedDeliveredAndCompleted(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.dealt(w, 300)
		ledger := func(committed, held int64) {
			t.Helper()
			if c, h := e.ledger(w.campaign.ID); c != committed || h != held {
				t.Fatalf("committed %d, held %d, want %d and %d", c, h, committed, held)
			}
		}
		again := func() { // what was written is what is known
			e.shut(e.Store)
			e.open()
		}
		turn := func(want User) {
			t.Helper()
			for _, u := range []User{w.sponsor, w.influencer} {
				list, _, totals, err := e.ListRooms(t.Context(), u.ID, RoomFilter{Mine: true})
				must(t, err)
				if mine := len(list) == 1; mine != (u.ID == want.ID) || totals.Turns != int64(len(list)) {
					t.Errorf("it is the turn of %s: %v", u.Role, mine)
				}
			}
		}
		ledger(300, 0)
		turn(w.influencer)
		if got := e.deliveries(room); got != "--" {
			t.Fatalf("deliveries are %s", got)
		}
		first := deliver(w, room, 2, 0)
		delivered := e.ok(first)
		if res := e.ok(first); !res.Duplicate || res.Seq != delivered.Seq {
			t.Errorf("the same command again: %+v", res)
		}
		turn(w.sponsor)
		again()
		if res := e.ok(first); !res.Duplicate {
			t.Errorf("after a restart: %+v", res)
		}
		e.ok(by(w.sponsor, room, rooms.Return{DeliverySeq: delivered.Seq, Reason: "The logo is cut off."}))
		again()
		if res := e.refused(by(w.sponsor, room, rooms.Confirm{DeliverySeq: delivered.Seq}), rooms.CodeStaleDelivery); res.Field != "delivery_seq" {
			t.Errorf("refusal %+v", res)
		}
		delivered = e.ok(deliver(w, room, 2, 0))
		e.ok(by(w.sponsor, room, rooms.Confirm{DeliverySeq: delivered.Seq}))

		e.ok(by(w.sponsor, room, rooms.PutOffer{Terms: feePatch(450)}))
		ledger(300, 150)
		turn(w.influencer)
		again()
		e.ok(e.accept(w.influencer, room))
		ledger(450, 0)
		e.sound()
		if got := e.deliveries(room); got != "c-" {
			t.Fatalf("deliveries are %s", got)
		}
		snap, err := e.Snapshot(t.Context(), room)
		must(t, err)
		if d := snap.State.Deliveries[0]; d.Returns != 1 || len(d.Links) != 1 || d.Links[0] != "https://example.com/?a=1&b=2" ||
			d.Note != "“Here”" || d.Seq != delivered.Seq || d.At.IsZero() {
			t.Errorf("what was done is %+v", d)
		}
		delivered = e.ok(deliver(w, room, snap.State.Deal.Seq, 1))
		// The last word and an amendment on top of it arrive at once.
		e.ok(by(w.influencer, room, rooms.PutOffer{Terms: feePatch(500)}))
		e.ok(by(w.sponsor, room, rooms.Confirm{DeliverySeq: delivered.Seq}))
		again()
		e.refused(by(w.sponsor, room, rooms.PutOffer{Terms: feePatch(1)}), rooms.CodeNotAllowed)
		ledger(450, 0)
		read, err := e.Room(t.Context(), room)
		must(t, err)
		if read.Status != rooms.Completed || read.Progress != (rooms.Progress{Total: 2, Confirmed: 2}) || read.Turn != "" || read.Standing != nil {
			t.Errorf("the room is %+v", read)
		}
		e.sound()
		must(t, e.ArchiveCampaign(t.Context(), w.sponsor.ID, w.campaign.ID))
	})
}

func TestTheEndOfACampaignLeavesItsDeals(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.dealt(w, 300)
		e.ok(by(w.sponsor, room, rooms.PutOffer{Terms: feePatch(450), ExpiresIn: 14 * 24 * 3600}))
		frozen := world{w.sponsor, e.user(rooms.Influencer), w.campaign}
		still := e.dealt(frozen, 100)
		e.ok(by(w.sponsor, still, rooms.PutOffer{Terms: feePatch(200), ExpiresIn: 14 * 24 * 3600}))
		must(t, e.Flag(t.Context(), Flag{Kind: FlagRoom, ID: still, Reason: "r", Admin: "a"}))
		// An edit brings the end forward, before that of the amendments.
		end := rooms.At(e.clk.now()).Add(24 * time.Hour)
		_, err := e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{EndsAt: &end})
		must(t, err)
		e.clk.advance(25 * time.Hour)
		_, err = e.Expire(t.Context())
		must(t, err)
		if c, h := e.ledger(w.campaign.ID); c != 400 || h != 100 {
			t.Errorf("committed %d, held %d", c, h)
		}
		e.refused(by(w.influencer, room, rooms.PutOffer{Terms: feePatch(500)}), rooms.CodeRoomClosed)
		e.ok(deliver(w, room, 2, 0))
		must(t, e.Unflag(t.Context(), Flag{Kind: FlagRoom, ID: still, Reason: "r", Admin: "a"}))
		_, err = e.Expire(t.Context())
		must(t, err)
		if c, h := e.ledger(w.campaign.ID); c != 400 || h != 0 {
			t.Errorf("after the thaw: committed %d, held %d", c, h)
		}
		refusalOf(t, e.ArchiveCampaign(t.Context(), w.sponsor.ID, w.campaign.ID), rooms.CodeNotAllowed)
		e.sound()
	})
}

func TestVerifySeesChangedDeliveries(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		for name, spoil := range map[string]string{
			"the letters were changed": "UPDATE $rows SET progress = 'c-'",
			"a link was changed":       "UPDATE deliveries SET list = replace(list, 'a=1', 'a=2')",
			"a state was changed":      "UPDATE deliveries SET list = replace(list, 'delivered', 'confirmed')",
			"the list is gone":         "DELETE FROM deliveries",
		} {
			t.Run(name, func(t *testing.T) {
				e := newEnv(t, Config{URL: sameKind(t, e.cfg.URL)})
				w := e.world(1000)
				room := e.dealt(w, 300)
				e.ok(deliver(w, room, 2, 0))
				e.sound()
				e.schema(e.tables(spoil))
				report, err := e.Verify(t.Context(), room, nil)
				must(t, err)
				if report.Problems == 0 {
					t.Error("verify sees no problem")
				}
			})
		}
	})
}

func TestLettersOfDeliveries(t *testing.T) {
	if got := progressOf("-drcc"); got != (rooms.Progress{Total: 5, Delivered: 1, Confirmed: 2}) {
		t.Errorf("progress is %+v", got)
	}
	for _, c := range []struct{ packed, raw string }{
		{"-", `{`}, {"-", `[]`}, {"d", ""}, {"c", `[{"state":"delivered"}]`}, {"-?", ""},
	} {
		var raw []byte
		if c.raw != "" {
			raw = []byte(c.raw)
		}
		if list, err := deliveriesOf(c.packed, raw); err == nil || !strings.Contains(err.Error(), "deliveries") {
			t.Errorf("%s with %s is %+v, %v", c.packed, c.raw, list, err)
		}
	}
}
