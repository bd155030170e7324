// Package store is Parley's memory: the rows of users, campaigns and rooms, the
// log of every room, and the one writer that appends to it. It runs on a SQLite
// file and on PostgreSQL, and behaves the same on both.
//
// # The writer
//
// Everything that changes the database goes through one goroutine. It takes all
// commands that wait, without waiting for more, into one transaction: it loads
// what the commands need as sets, lets rooms.Decide answer them one after the
// other on that working set, so that neighbours see each other, appends the
// events and saves the rows as sets, and commits. Other writes (users,
// campaigns, flags) take their turn in the same queue, each in a savepoint.
//
// After the commit a second goroutine, the delivery, hands the batch to
// Config.OnCommit and then answers the callers, in commit order, while the
// writer is at the next batch. Nothing is answered before its commit is durable
// (synchronous=FULL, synchronous_commit=on).
//
// # The log
//
// Events are numbered under the writer's lock: per room by seq, over all rooms by
// pos, both without gaps and in commit order. The table is ordered by pos and has
// no index over (room, seq), which would cost a page of its own for nearly every
// event: each event names the one before it in its room, and every 32nd is marked,
// so that any part of a room's log is found in a few steps. What keeps seq unique is
// the update of the room's row, which names the seq that it follows. Verify checks
// all of it.
//
// # Several processes on one database
//
// A transaction of the writer holds a lock that only one process has at a time:
// two files locked with flock beside a SQLite database, the row of the meta
// table on PostgreSQL. Between its transactions a writer keeps rooms in memory.
// When others have committed since, it reads their events and follows them; when
// they have changed rooms in another way (read markers, times to look at), which
// meta counts, it forgets what it knows.
//
// SQLite's write-ahead log is copied back beside the writer, see checkpointer.
//
// # Failures
//
// A batch that a constraint refuses is rolled back and taken again one command
// at a time, so that only the culprit is refused. A full disk or a lost
// database rolls back and answers ErrUnavailable; a commit whose outcome is not
// known does too, and the retry with the same command id finds the truth.
//
// Store is safe for concurrent use. Start starts its goroutines, Close stops
// them after the queue is empty and waits for them.
package store
