package wire

// Cursor is where a reader stands in one topic: the last seq it has applied.
// The zero Cursor knows nothing. It does no I/O.
//
// Invariant: between two resets, Take says [Apply] for last+1, last+2, … once each.
type Cursor struct {
	Last  int64
	Epoch string
	// Known says that Last and Epoch mean something.
	Known bool
}

// Verdict is what a reader does with a numbered frame.
type Verdict int

// The verdicts.
const (
	// Apply: it is the next one.
	Apply Verdict = iota
	// Drop: the reader has it, or cannot place it before its join is answered.
	Drop
	// Gap: frames are missing; join again after Last.
	Gap
)

// Take judges a numbered frame and moves on if it is the next one.
func (c *Cursor) Take(seq int64, epoch []byte) Verdict {
	switch {
	case !c.Known:
		return Drop
	case string(epoch) != c.Epoch:
		return Gap
	case seq <= c.Last:
		return Drop
	case seq > c.Last+1:
		return Gap
	}
	c.Last = seq
	return Apply
}

// Joined takes the answer to a join. fresh says that whatever was known before is
// void and that the reader goes on from what the answer brought.
func (c *Cursor) Joined(from int64, epoch []byte, reset bool) (fresh bool) {
	// A server that goes on further than was asked, or in another history, leaves
	// a hole: that is a fresh start too, said or not.
	fresh = reset || !c.Known || from > c.Last || string(epoch) != c.Epoch
	if fresh {
		*c = Cursor{Last: from, Epoch: string(epoch), Known: true}
	}
	return fresh
}
