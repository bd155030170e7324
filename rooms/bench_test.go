package rooms_test

import (
	"testing"

	"parley/rooms"
)

// The counter of the load generator: a fee and a note, about 300 bytes.
var benchPatch = []byte(`{"fee":{"amount":51000,"currency":"EUR"},"note":"` +
	"We can meet you there if the second reel goes out within the week after the launch, as discussed before." + `"}`)

func benchRoom(b *testing.B) (rooms.State, rooms.Campaign) {
	b.Helper()
	campaign := rooms.Campaign{
		ID: campaignID, Sponsor: sponsorID, Currency: "EUR", Public: true,
		EndsAt: rooms.At(noon.AddDate(0, 3, 0)), Budget: 1_000_000,
	}
	p := full(50_000)
	cmd := rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: 1 << 40}
	d, refusal := rooms.Decide(&rooms.State{}, &campaign, cmd, sponsor, noon)
	if refusal != nil {
		b.Fatal(refusal)
	}
	campaign.Apply(d.Move)
	return d.After, campaign
}

func BenchmarkCounter(b *testing.B) {
	state, campaign := benchRoom(b)
	var raw []byte
	var head rooms.Hash
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		actor := influencer
		if i%2 == 1 {
			actor = sponsor
		}
		p, refusal := rooms.ParsePatch(benchPatch)
		if refusal != nil {
			b.Fatal(refusal)
		}
		cmd := rooms.Counter{OfferSeq: state.Last.Seq, Terms: p}
		rooms.Fingerprint(actor, cmd)
		d, refusal := rooms.Decide(&state, &campaign, cmd, actor, noon)
		if refusal != nil {
			b.Fatal(refusal)
		}
		raw = d.Events[0].AppendCanonical(raw[:0])
		head = rooms.Chain(head, raw)
		state = d.After
		campaign.Apply(d.Move)
	}
}

func BenchmarkParsePatch(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := rooms.ParsePatch(benchPatch); refusal != nil {
			b.Fatal(refusal)
		}
	}
}

func BenchmarkFingerprint(b *testing.B) {
	p, _ := rooms.ParsePatch(benchPatch)
	cmd := rooms.Counter{OfferSeq: 7, Terms: p}
	b.ReportAllocs()
	for b.Loop() {
		rooms.Fingerprint(sponsor, cmd)
	}
}

func BenchmarkParseEvent(b *testing.B) {
	state, campaign := benchRoom(b)
	p, _ := rooms.ParsePatch(benchPatch)
	d, refusal := rooms.Decide(&state, &campaign, rooms.Counter{OfferSeq: state.Last.Seq, Terms: p}, influencer, noon)
	if refusal != nil {
		b.Fatal(refusal)
	}
	raw := d.Events[0].AppendCanonical(nil)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rooms.ParseEvent(raw); err != nil {
			b.Fatal(err)
		}
	}
}
