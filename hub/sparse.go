package hub

import (
	"slices"
	"time"
)

// rising is what a sparse topic remembers. As its seqs have holes, what is
// missing shows only in the log: either the log's head is above all that was
// delivered, or somebody says that messages were lost. For the second it keeps a
// seq up to which nothing is missing and the seqs delivered after it.
type rising struct {
	// base: nothing up to it is missing.
	base int64
	// top is the highest seq delivered.
	top int64
	// doubt: a frame after base may have been lost, even below top.
	doubt bool
	// doubted is when that was last taken for granted, see Config.DoubtEvery.
	doubted time.Time
	// seen are the seqs delivered last, a ring; next is its oldest place.
	seen []int64
	next int
}

// maxSeen bounds the seqs remembered. What was lost farther back than this is
// not looked for, and a frame that comes again later than this is delivered
// again.
const maxSeen = 512

// note tells whether seq is new, and remembers it.
func (r *rising) note(seq int64) bool {
	if slices.Contains(r.seen, seq) {
		return false
	}
	if len(r.seen) < maxSeen {
		r.seen = append(r.seen, seq)
	} else {
		r.base = max(r.base, r.seen[r.next])
		r.seen[r.next] = seq
		r.next = (r.next + 1) % maxSeen
	}
	r.top = max(r.top, seq)
	return true
}

func (r *rising) behind(head int64) bool {
	return head > r.top || r.doubt && head > r.base
}

// filled says that the log was read up to seq.
func (r *rising) filled(seq int64) {
	r.base, r.top = max(r.base, seq), max(r.top, seq)
}

// acceptSparse delivers at once what was not delivered before.
func (t *topic) acceptSparse(seq int64, wire []byte) int {
	if !t.rising.note(seq) {
		return 0
	}
	t.head = max(t.head, seq)
	n := 0
	for _, s := range t.subs {
		if s.live {
			s.client.enqueue(wire)
			n++
		} else {
			s.waiting = append(s.waiting, wire)
		}
	}
	return n
}
