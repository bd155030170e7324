// Package outbox keeps the mail that Parley sends: a row each, written in the same
// transaction as its cause, so that neither goes without the other. A mail is named
// by its cause (Mail.Key); the same cause never queues a second one.
//
// Sending is another's business: with each mail a job of kind jobs.Mail is added, whose
// period is the mail's id. A sender notes what came of it (Note) in the transaction that
// finishes the job, and gives every attempt of a mail the same Message-ID, so that a
// receiver who got it twice can tell.
package outbox
