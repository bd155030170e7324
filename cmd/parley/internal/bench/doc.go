// Package bench drives running instances of Parley over the network as real
// clients do, and says how fast they were and whether they kept their promises.
//
// # Workloads
//
//   - [Offers]: two parties a room, on different instances, answer each other's
//     offers. How many durable offers a second, how long an acknowledgement and
//     the way to the other party take, and what an offer costs the servers.
//   - [Fanout]: one room or the admins' feed with many readers, some of which may
//     stop reading.
//   - [Idle]: what a connection costs that does nothing.
//   - [Storm]: many clients are cut and resume at once with events missed.
//   - [Prepare] writes the people, campaigns and ad requests for all of these.
//
// # The verdict
//
// Every workload keeps its own record of what it was acknowledged and of what
// each client received, and compares it with the log as REST reads it. An event
// is lost if it was acknowledged and is not in the log, or is in the log and did
// not reach a reader; doubled if a reader got it twice or the log has a command
// twice; reordered if it came after a later one; gapped if the one before it had
// not come yet. Any of these is a failure of the run.
//
// # Cost
//
// Generator and servers often share a machine, so the generator does little a
// frame: it looks for the few bytes it needs instead of decoding.
package bench
