package api

import (
	"strings"
	"testing"
	"time"

	"parley/hub"
	"parley/rooms"
	"parley/store"
)

// someOffer is a counter as people send them.
var someOffer = []byte(command("counter", `"offer_seq":12,"expires_in":172800,"terms":{"fee":{"amount":125000,"currency":"EUR"},`+
	`"deliverables":[{"platform":"instagram","format":"reel","quantity":2,"length_seconds":30,"due":"2027-01-15",`+
	`"must_show":"the blue bottle","links":["https://example.com"]}],"usage_rights":{"scope":"organic","months":6,`+
	`"channels":["instagram"]},"revision_rounds":2,"note":"as discussed"}`))

func BenchmarkDecodeCounter(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeFrame(someOffer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAnswer(b *testing.B) {
	b.ReportAllocs()
	r := store.Result{Seq: 12, At: rooms.At(time.Unix(1_800_000_000, 123_456_000))}
	for b.Loop() {
		EncodeFrame(appendDone(make([]byte, 0, 128), someID, &r))
	}
}

// BenchmarkOnCommit is the price of a batch of 64 offers that nobody reads.
func BenchmarkOnCommit(b *testing.B) {
	b.ReportAllocs()
	relay := NewRelay()
	relay.epoch = someID
	var err error
	if relay.hub, err = hub.New(hub.Config{Log: relay}); err != nil {
		b.Fatal(err)
	}
	at := rooms.At(time.Unix(1_800_000_000, 123_456_000))
	var batch store.Batch
	for i := range 64 {
		room := someRoom[:24] + string(rune('A'+i/26)) + string(rune('A'+i%26))
		batch.Events = append(batch.Events, store.Committed{
			Pos: int64(i), Room: room, Seq: 12, Type: rooms.TypeOffer, Body: []byte(`{"room":"` + strings.Repeat("x", 600) + `"}`),
		})
		batch.Rooms = append(batch.Rooms, store.RoomChange{
			Room: room, Campaign: someID, Sponsor: someID, Influencer: someRoom, Pos: int64(i), Seq: 12,
			Status: rooms.Negotiating, Turn: rooms.Sponsor, UpdatedAt: at,
			Standing: &store.OfferBrief{Seq: 12, Author: rooms.Influencer, Fee: rooms.Money{Amount: 1, Currency: "EUR"}, ExpiresAt: at},
		})
	}
	for b.Loop() {
		relay.OnCommit(batch, func() {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/event")
}
