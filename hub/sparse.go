package hub

import "slices"

// rising is what a sparse topic remembers. As its seqs have holes, what is
// missing shows only in the log, so it keeps a seq up to which nothing is
// missing and the seqs that were delivered lately.
type rising struct {
	// base: nothing up to it is missing.
	base int64
	// top is the highest seq delivered, mark what it was at the sweep before.
	top, mark int64
	// doubt: a frame may have been lost since base, even below top.
	doubt bool
	// seen are the seqs delivered last, a ring; next is its oldest place.
	seen []int64
	next int
}

// maxSeen bounds the seqs remembered. A frame that comes twice farther apart
// than this is delivered twice.
const maxSeen = 512

// note tells whether seq is new, and remembers it.
func (r *rising) note(seq int64) bool {
	if slices.Contains(r.seen, seq) {
		return false
	}
	if len(r.seen) < maxSeen {
		r.seen = append(r.seen, seq)
	} else {
		r.seen[r.next] = seq
		r.next = (r.next + 1) % maxSeen
	}
	r.top = max(r.top, seq)
	return true
}

func (r *rising) behind(head int64) bool {
	return head > r.top || r.doubt && head > r.base
}

// swept ends a sweep that found nothing missing. base follows one sweep late,
// so that frames overtaken on the bus have arrived before it passes them.
func (r *rising) swept() {
	r.base = max(r.base, r.mark)
	r.mark = r.top
	r.doubt = false
}

// filled says that the log was read up to seq.
func (r *rising) filled(seq int64) {
	r.base, r.top, r.mark = max(r.base, seq), max(r.top, seq), max(r.mark, seq)
}

// acceptSparse delivers at once what was not delivered before.
func (t *topic) acceptSparse(seq int64, wire []byte) int {
	if !t.rising.note(seq) {
		return 0
	}
	t.head = max(t.head, seq)
	n := 0
	for _, s := range t.subs {
		switch {
		case s.live:
			s.client.enqueue(wire)
			n++
		case !s.gone:
			s.waiting = append(s.waiting, wire)
		}
	}
	return n
}
