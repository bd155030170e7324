// Package digest does what is due: reminders, reports, exports, mails and webhooks.
//
// What is due is a row of package store/jobs; this package only carries it out. Each
// kind of job is a Kind: how many rows a worker claims at a time, for how long, and
// what it does with them. An Engine looks every second for kinds of which something
// is due and submits tasks to a Runner, which carries each out on some instance: in
// this process, or by way of asynq and Redis on any. A task says no more than "some
// of this kind is due": whoever gets it claims rows under a token of their own. So a
// task that is lost, doubled or late does no harm; the next look submits another.
//
// The packages below make the content: they name no runner and send nothing
// themselves, but put mails into the outbox in the transaction that finishes the job.
package digest
