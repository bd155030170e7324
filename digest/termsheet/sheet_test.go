package termsheet

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/outbox/letter/golden"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestGolden(t *testing.T) {
	rounds := 2
	terms := rooms.Terms{
		Fee: rooms.Money{Amount: 125_000, Currency: "EUR"},
		Deliverables: []rooms.Deliverable{
			{Platform: "instagram", Format: "reel", Quantity: 2, LengthSeconds: 45, Due: "2026-12-20", MustShow: "The tin, opened by hand; \"100 % leaf\""},
			{Platform: "tiktok", Format: "video", Quantity: 1},
		},
		UsageRights: &rooms.UsageRights{Scope: "paid", Months: 6, Channels: []string{"web", "shop"}},
		Exclusivity: &rooms.Exclusivity{Category: "Tea & coffee", Days: 30}, RevisionRounds: &rounds,
		Payment:      []rooms.Milestone{{Milestone: "On signing", Percent: 40, NetDays: 0}, {Milestone: "Published", Percent: 60, NetDays: 30}},
		Requirements: "No other brand in the picture.\nSubtitles in German.", Note: "With Zoë's dog 🐕.",
	}
	s := &sheet{
		room: "01KB0000000000000000000000", link: "https://parley.example/deals/01KB0000000000000000000000", campaign: "Autumn in the mountains",
		sponsor: "Alpine Teas", influencer: "Zoë Berg", deal: &rooms.Offer{Seq: 7, Author: rooms.Influencer, Terms: terms, Hash: rooms.Hash{1, 2, 3}},
		record: store.DealRecord{Seq: 8, At: rooms.At(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)), Hash: rooms.Hash{4, 5, 6}},
	}
	pdf, err := set(s)
	must(t, err)
	path := filepath.Join("testdata", "deal.pdf")
	if golden.Updating() {
		must(t, os.WriteFile(path, pdf, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(pdf, want) {
		t.Errorf("%s differs; run the test with -update and look at it", path)
	}
}

func TestTheSheetIsOfTheDealInForce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor, influencer := e.User(t, rooms.Sponsor), e.User(t, rooms.Influencer)
		room := e.Room(t, e.RunningCampaign(t, sponsor), influencer)
		m := &Maker{Store: e.Store, URL: "https://parley.example/"}
		if _, err := m.PDF(t.Context(), room); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("without a deal: %v", err)
		}
		if _, err := m.PDF(t.Context(), "nowhere"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("without a room: %v", err)
		}
		do := func(u store.User, body rooms.Command) int64 {
			return e.Must(t, store.Command{
				Room: room, CMID: ulid.Make().String(), Actor: rooms.Actor{ID: u.ID, Role: u.Role}, Body: body,
			}).Seq
		}
		last := func() *rooms.Offer {
			snapshot, err := e.Snapshot(t.Context(), room)
			must(t, err)
			return snapshot.State.Last
		}
		accepted := do(influencer, rooms.Accept{OfferSeq: last().Seq, TermsHash: last().Hash})
		do(influencer, rooms.Say{Text: "Glad."})
		record, err := e.DealRecord(t.Context(), room)
		must(t, err)
		if record.Seq != accepted || record.Hash == (rooms.Hash{}) {
			t.Errorf("the record is %+v, accepted was %d", record, accepted)
		}
		first, err := m.Attachment(t.Context(), room)
		must(t, err)
		again, err := m.PDF(t.Context(), room)
		must(t, err)
		if !bytes.Equal(first.Data, again) || !bytes.HasPrefix(again, []byte("%PDF-")) {
			t.Errorf("%d bytes, then %d", len(first.Data), len(again))
		}
		// An amendment makes another sheet.
		fee := rooms.Patch{}
		fee.Set = fee.Set.With(rooms.SectionFee)
		fee.Terms.Fee = rooms.Money{Amount: 200, Currency: "EUR"}
		do(sponsor, rooms.PutOffer{Terms: fee})
		do(influencer, rooms.Accept{OfferSeq: last().Seq, TermsHash: last().Hash})
		amended, err := m.PDF(t.Context(), room)
		must(t, err)
		later, err := e.DealRecord(t.Context(), room)
		must(t, err)
		if bytes.Equal(amended, again) || later.Seq <= record.Seq {
			t.Errorf("the amendment changed nothing: %+v", later)
		}
	})
}
