package bench

import (
	"strings"
	"testing"
)

func take(base int64, events ...[2]int64) *received {
	r := &received{base: base}
	for _, e := range events {
		r.take(e[0], e[1])
	}
	return r
}

func TestAudit(t *testing.T) {
	const base = 5
	log := []int64{1, 2, other, 3} // events 6 to 9
	whole := [][2]int64{{6, 1}, {7, 2}, {8, other}, {9, 3}}
	acks := []acked{{1, 6}, {2, 7}, {3, 9}}
	for name, test := range map[string]struct {
		log     []int64
		acks    []acked
		reader  *received
		verdict Verdict
	}{
		"right":                      {log, acks, take(base, whole...), Verdict{}},
		"history before the run":     {log, acks, take(base, append([][2]int64{{4, 9}, {5, 8}}, whole...)...), Verdict{}},
		"acknowledged, not in log":   {log, append(acks, acked{4, 10}), take(base, whole...), Verdict{Lost: 1}},
		"acknowledged as another":    {log, []acked{{1, 7}}, take(base, whole...), Verdict{Lost: 1}},
		"twice in the log":           {[]int64{1, 1}, acks[:1], take(base, [2]int64{6, 1}, [2]int64{7, 1}), Verdict{Doubled: 1}},
		"log in another order":       {[]int64{2, 1}, nil, take(base, [2]int64{6, 2}, [2]int64{7, 1}), Verdict{Reordered: 1}},
		"reader lacks the last":      {log, acks, take(base, whole[:3]...), Verdict{Lost: 1}},
		"reader skipped one":         {log, acks, take(base, whole[0], whole[2], whole[3]), Verdict{Gapped: 1, Lost: 1}},
		"reader got one late":        {log, acks, take(base, whole[0], whole[2], whole[1], whole[3]), Verdict{Gapped: 1, Reordered: 1}},
		"reader got one twice":       {log, acks, take(base, whole[0], whole[1], whole[1], whole[2], whole[3]), Verdict{Doubled: 1}},
		"reader was shown another":   {log, acks, take(base, whole[0], [2]int64{7, 9}, whole[2], whole[3]), Verdict{Lost: 1}},
		"reader saw what log forgot": {log[:3], acks[:2], take(base, whole...), Verdict{Lost: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := audit(base, test.log, test.acks, test.reader); got != test.verdict {
				t.Fatalf("the verdict is %v, want %v", got, test.verdict)
			}
		})
	}
}

func TestScanners(t *testing.T) {
	event := `{"topic":"room:R","epoch":"E","room":"R","seq":42,"type":"offer","at":"x","by":{"id":"u","side":"sponsor"},"data":{"seq":42,"terms":{"note":"bench 17 xx"}}}`
	if eventSeq([]byte(event)) != 42 || offerNumber([]byte(event)) != 17 {
		t.Errorf("an offer is %d and %d", eventSeq([]byte(event)), offerNumber([]byte(event)))
	}
	message := strings.Replace(event, `"offer"`, `"message"`, 1)
	if offerNumber([]byte(message)) != other {
		t.Error("a message is an offer")
	}
	for _, ephemeral := range []string{
		`{"topic":"room:R","type":"presence","data":[]}`,
		`{"topic":"room:R","type":"seen","data":{"side":"sponsor","seq":7}}`,
	} {
		if eventSeq([]byte(ephemeral)) != 0 {
			t.Errorf("%s has a seq", ephemeral)
		}
	}
}
