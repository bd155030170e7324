// Package insight counts: what a sponsor's campaigns have come to, and what happens
// on the whole platform over time.
//
// # Tracking
//
// A campaign's figures, and those across a sponsor's campaigns, are counted from the
// rooms' rows by their indexes when they are asked for. They are exact.
//
// # Statistics
//
// What happened on each day is folded from the log into insight_days: a row a day and
// kind. Fold takes the events after the position up to which that was done, from what the
// store remembers of the last seconds or else from the log, and adds
// what it counted together with the new position, in one transaction that takes
// effect only where the position is still the one it began from. So several instances
// may fold, each event is counted once, and a crash loses nothing. The commands
// themselves pay nothing for it; counting in their transactions would cost each batch
// a row of its own and make all of them meet on the row of the day. Who reads adds
// what is not folded yet, so that counts are exact at once. Rebuild counts the whole
// log anew.
//
// The median time to a deal comes from a histogram whose steps are 5 % wide, and is
// right to within half of that; everything else is exact.
//
// How the platform is now (states, budgets, flags) is counted from the rows when asked
// for. Who was active is noted by Activity, a row a user, at most once an hour; Beat
// lets the instances know of each other, by the database, so that it works on every
// form of the bus and without one.
package insight
