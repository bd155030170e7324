// Package prune removes what is only a record of work, once it is old enough that nobody
// asks for it: jobs that are over, mails that went out, messages that were given up,
// exports whose files are gone, notices, sessions that have expired.
//
// It is a kind of job like others, one a day for the whole system. It goes through each
// sort of record in batches of one transaction each, and rests after each batch as long
// as that took: the store has one writer, and offers come first. A worker that dies
// leaves the rest to the next one; nothing depends on how far it came.
//
// What people made or were promised stays: rooms and their logs, reports, the audit log.
package prune
