// Package hub carries frames from one publisher to many readers, on this
// instance and, over a Bus, on every other one. It knows bytes and sequence
// numbers, and nothing of what they mean.
//
// # Promises
//
// A reader that joined a contiguous topic at seq n receives n+1, n+2, … each
// exactly once and in order, whatever the Bus loses, doubles, delays or
// reorders, and whatever is published while it joins. The Log is the truth; the
// Bus only makes it fast. A reader that cannot keep up is disconnected with
// [CloseSlow] and resumes; nothing is dropped silently and no publisher waits.
//
// # Topics
//
// A topic lives on an instance as long as it has readers there, and the Bus is
// told of the first and of the last one only. A contiguous topic remembers the
// last seq it delivered: the next one is delivered, an older one is a duplicate,
// a later one is held while the gap is read from the Log. A sparse topic
// (Config.Sparse) has rising seqs with holes that may arrive in any order, so
// nothing is held back; what was lost is found by comparing the Log's head. Of a
// pulled topic (Config.Pulled) the Bus carries the head alone, and instances with
// readers read the Log.
//
// # Joining
//
// A join first subscribes, then learns the head, answers, and reads the Log
// from where the reader stands until it has reached the topic's last seq. The
// step from "reading" to "live" happens under the topic's lock at the moment
// both agree, so there is no buffer to merge and no window to lose or double a
// frame in. What a join reads is offered to the topic too, and frames that the
// topic still has in its cache are not read again.
//
// # Finding what was lost
//
// Heads of all topics with local readers are compared with the Log every
// Config.SweepEvery, every Config.SweepDown while the Bus is down, and whenever
// a subscription of the Bus takes effect (for the first time or after a
// reconnect). A sparse topic, in which a later frame hides an earlier one that was
// lost, is read again from where it is known to be whole every Config.DoubtEvery,
// if something has happened in it. A topic that is behind is filled by one of Config.FillWorkers.
//
// # Goroutines
//
// Start starts, and Close stops and waits for: the sweeper, the gap filler, the
// presence loop, the outbox that feeds the Bus and a flusher a processor, which
// writes to the connections that have something waiting. A connection has a
// goroutine of its own only while its peer does not take what is written to it.
// [Client.Wait] returns when none can touch the
// Transport any more; a transport that is pooled or reused must not be let go
// before.
//
// # Locks
//
// A topic's lock comes first. Under it one of these may be taken: the presence
// loop's, the filler's, a client's, the outbox's, the bus's own. No lock is held
// over a call of the Log or the Transport, nor over a callback of a caller but
// the pure functions of Config: Encode, Sparse, Pulled, Presence, Rand.
package hub
