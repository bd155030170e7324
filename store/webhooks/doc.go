// Package webhooks keeps the endpoints to which people have themselves told instead of by
// mail, and the messages that wait for them.
//
// A message is a row that is written in the transaction of its cause, with a job of kind
// jobs.Webhook whose period is the message's id. A sender notes each attempt (Note) in the
// transaction that finishes the job: a message that was delivered is removed, and an
// endpoint that fails FailuresToOff times in a row is switched off, its messages dropped.
//
// Addresses and secrets come and go sealed; this package cannot read them.
package webhooks
