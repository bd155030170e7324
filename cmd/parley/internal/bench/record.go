package bench

import "bytes"

// received is what one reader got of one room after seq base: for each event
// the number of the offer in it, other for events of another kind.
type received struct {
	base    int64
	ks      []int64
	verdict Verdict
}

const (
	// missing is an event that was skipped and has not come.
	missing int64 = -1
	// other is an event that is no offer of the bench.
	other int64 = 0
)

// head is the highest seq that came.
func (r *received) head() int64 { return r.base + int64(len(r.ks)) }

// take notes an event and tells whether it is the next one.
func (r *received) take(seq, k int64) bool {
	switch at := seq - r.base - 1; {
	case at < 0:
		return false // history from before the run
	case at == int64(len(r.ks)):
		r.ks = append(r.ks, k)
		return true
	case at > int64(len(r.ks)):
		r.verdict.Gapped++
		for int64(len(r.ks)) < at {
			r.ks = append(r.ks, missing)
		}
		r.ks = append(r.ks, k)
		return true
	case r.ks[at] == missing:
		r.verdict.Reordered++
		r.ks[at] = k
	default:
		r.verdict.Doubled++
	}
	return false
}

// acked is an offer that the server has acknowledged as event seq.
type acked struct{ k, seq int64 }

// audit compares a room's log, as the numbers of the offers after seq base, with
// what was acknowledged and what each reader received.
func audit(base int64, log []int64, acks []acked, readers ...*received) (v Verdict) {
	at := make(map[int64]int64, len(log))
	last := int64(0)
	for i, k := range log {
		if k == other {
			continue
		}
		if _, twice := at[k]; twice {
			v.Doubled++
			continue
		}
		if k < last {
			v.Reordered++
		}
		last = max(last, k)
		at[k] = base + int64(i) + 1
	}
	for _, a := range acks {
		if at[a.k] != a.seq {
			v.Lost++
		}
	}
	for _, r := range readers {
		v.add(r.verdict)
		for i, k := range log {
			if seq := base + int64(i) + 1; seq > r.head() || seq > r.base && r.ks[seq-r.base-1] != k {
				v.Lost++
			}
		}
		if over := r.head() - base - int64(len(log)); over > 0 {
			v.Lost += over // it was shown what the log does not have
		}
	}
	return v
}

// The scanners below look for what they need in a frame whose form is fixed: the
// bytes of an event from "room" on are those that are hashed.
var (
	topicMark  = []byte(`{"topic":"`)
	answerMark = []byte(`{"id":"`)
	seqMark    = []byte(`"seq":`)
	dataMark   = []byte(`"data":`)
	offerMark  = []byte(`"type":"offer"`)
	noteMark   = []byte(`"note":"` + noteWord)
	textMark   = []byte(`"text":"` + noteWord)
)

// noteWord begins what the bench writes into notes and messages.
const noteWord = "bench "

// eventSeq is the seq of an event's frame or canonical bytes; 0 for ephemeral
// frames.
func eventSeq(raw []byte) int64 {
	if i := bytes.Index(raw, dataMark); i >= 0 {
		raw = raw[:i]
	}
	return numberAfter(raw, seqMark)
}

// numberAfter reads the whole number that follows the first mark, 0 without.
func numberAfter(raw, mark []byte) (n int64) {
	i := bytes.Index(raw, mark)
	if i < 0 {
		return 0
	}
	for _, c := range raw[i+len(mark):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// offerNumber is the number of the bench's offer in an event, other where it is
// none.
func offerNumber(raw []byte) int64 {
	if !bytes.Contains(raw, offerMark) {
		return other
	}
	return numberAfter(raw, noteMark)
}
