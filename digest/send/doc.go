// Package send hands over what is to leave the house, as two kinds of job: the outbox's
// mails by SMTP, and messages to webhooks by HTTPS.
//
// # Mails
//
// A mail is sent, then noted; between the two lies what a crash can double. So each mail
// is noted at once, in the same transaction as its job, by a second goroutine that takes
// all that waits into one write: at most twice Unnoted mails of a batch are on their way
// at any time, and each attempt carries the row's Message-ID, by which a receiver sees
// that it got one twice. No mail is begun so late that it could outlast the claim.
//
// # Webhooks
//
// A batch's messages are delivered side by side, as one slow endpoint must not keep others
// waiting, and each is noted for itself. The address is somebody's choice, so the Poster
// connects by https only, to public addresses only, checked for the address that is dialled
// and not for the name; it follows no redirect and heeds nothing of an answer but its
// status. Each attempt carries the message's id, and to signed endpoints a signature over
// the time and the body. What an endpoint's owner reads of a failure says nothing about the
// network that the server stands in.
package send
