// Package send hands over what is to leave the house: the outbox's mails by SMTP, as a kind
// of job.
//
// A mail is sent, then noted; between the two lies what a crash can double. So each mail
// is noted at once, in the same transaction as its job, by a second goroutine that takes
// all that waits into one write: at most twice Unnoted mails of a batch are on their way
// at any time, and each attempt carries the row's Message-ID, by which a receiver sees
// that it got one twice. No mail is begun so late that it could outlast the claim.
package send
