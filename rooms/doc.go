// Package rooms is the domain of Parley: what a negotiation is and what may
// happen in it. It holds money, terms, offers, events, the state of a room as
// the fold of its events, and the decision
//
//	(state, campaign, command, actor, now) -> events or a refusal
//
// which is pure: no clock, no I/O, no randomness. Whoever stores the events
// calls Decide inside the transaction that appends them, so that a decision is
// always made on the state that it changes.
//
// # Invariants
//
//   - An offer never changes. The standing offer, if there is one, is the last
//     offer that was put in the room.
//   - State is exactly the fold of the events by Apply; nothing else changes it.
//   - What a room takes from its campaign's budget is a function of its state
//     (State.Held, State.Committed). The movement of the ledger is the difference
//     of that function before and after, so the ledger cannot drift from the rooms.
//   - While an amendment of a deal stands, the deal stays in force: the room takes the
//     greater of the two from the budget, and what is committed changes only when
//     the amendment is accepted, by the difference.
//   - What is confirmed stays confirmed; a deal is completed with its last deliverable.
//   - A refusal changes nothing and carries a stable code.
//
// The package uses the standard library only and its functions are safe for
// concurrent use on distinct values.
package rooms
