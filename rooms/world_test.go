package rooms_test

import (
	"reflect"
	"testing"
	"time"

	"parley/rooms"
)

// The people and the place of every test.
const (
	roomID       = "01JD0000000000000000000R00"
	campaignID   = "01JD0000000000000000000C00"
	sponsorID    = "01JD0000000000000000000S00"
	influencerID = "01JD0000000000000000000F00"
	adminID      = "01JD0000000000000000000A00"
)

var (
	noon       = time.Date(2027, 1, 10, 12, 0, 0, 0, time.UTC)
	sponsor    = rooms.Actor{ID: sponsorID, Role: rooms.Sponsor}
	influencer = rooms.Actor{ID: influencerID, Role: rooms.Influencer}
	stranger   = rooms.Actor{ID: "01JD0000000000000000000X00", Role: rooms.Sponsor}
	admin      = rooms.Actor{ID: adminID, Role: rooms.Admin}
	system     = rooms.Actor{Role: rooms.System}
)

// world is one room with its campaign and a clock, driven by commands.
type world struct {
	t        *testing.T
	state    rooms.State
	campaign rooms.Campaign
	now      time.Time
	log      []rooms.Event
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{
		t: t, now: noon,
		campaign: rooms.Campaign{
			ID: campaignID, Sponsor: sponsorID, Currency: "EUR", Public: true,
			EndsAt: rooms.At(noon.AddDate(0, 3, 0)), Budget: 100_000,
		},
	}
}

// do decides and applies; it fails the test when the command is refused.
func (w *world) do(actor rooms.Actor, cmd rooms.Command) rooms.Event {
	w.t.Helper()
	e, refusal := w.try(actor, cmd)
	if refusal != nil {
		w.t.Fatalf("%s by %s is refused: %v", cmd.Name(), actor.Role, refusal)
	}
	return e
}

func (w *world) try(actor rooms.Actor, cmd rooms.Command) (rooms.Event, *rooms.Refusal) {
	w.t.Helper()
	before, beforeCampaign := w.state, w.campaign
	d, refusal := rooms.Decide(&w.state, &w.campaign, cmd, actor, w.now)
	if !reflect.DeepEqual(before, w.state) || beforeCampaign != w.campaign {
		w.t.Fatalf("deciding %s changed its inputs", cmd.Name())
	}
	if refusal != nil {
		return rooms.Event{}, refusal
	}
	w.state = d.After
	w.campaign.Apply(d.Move)
	w.log = append(w.log, d.Events...)
	return d.Events[len(d.Events)-1], nil
}

// refused asserts that the command is refused with the code.
func (w *world) refused(actor rooms.Actor, cmd rooms.Command, code rooms.Code) *rooms.Refusal {
	w.t.Helper()
	_, refusal := w.try(actor, cmd)
	if refusal == nil {
		w.t.Fatalf("%s by %s passes, want %s", cmd.Name(), actor.Role, code)
	}
	if refusal.Code != code {
		w.t.Fatalf("%s by %s is refused with %v, want %s", cmd.Name(), actor.Role, refusal, code)
	}
	return refusal
}

func (w *world) ledger(held, committed int64) {
	w.t.Helper()
	if w.campaign.Held != held || w.campaign.Committed != committed {
		w.t.Fatalf("ledger holds %d and committed %d, want %d and %d",
			w.campaign.Held, w.campaign.Committed, held, committed)
	}
}

func (w *world) status(want rooms.Status) {
	w.t.Helper()
	if w.state.Status != want {
		w.t.Fatalf("status is %s, want %s", w.state.Status, want)
	}
}

func termsOf(fee int64) rooms.Terms {
	return rooms.Terms{
		Fee:          rooms.Money{Amount: fee, Currency: "EUR"},
		Deliverables: []rooms.Deliverable{{Platform: "instagram", Format: "reel", Quantity: 1}},
	}
}

func full(fee int64) rooms.Patch { return rooms.FullPatch(termsOf(fee)) }

func patch(t *testing.T, raw string) rooms.Patch {
	t.Helper()
	p, refusal := rooms.ParsePatch([]byte(raw))
	if refusal != nil {
		t.Fatalf("parse %s: %v", raw, refusal)
	}
	return p
}

// invite opens a room with a first offer of the sponsor.
func (w *world) invite(fee int64) *rooms.Offer {
	w.t.Helper()
	p := full(fee)
	w.do(sponsor, rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 10})
	return w.state.Standing()
}

func (w *world) accept(actor rooms.Actor) rooms.Accept {
	o := w.state.Standing()
	return rooms.Accept{OfferSeq: o.Seq, TermsHash: o.Hash}
}
