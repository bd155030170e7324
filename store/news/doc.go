// Package news keeps what people are to be told of by mail soon, unless they read it
// first, and when each was told last.
//
// Whoever follows the log adds what happened (Add), as numbers of events only: what a
// mail says is looked up when it is written, so that it never speaks of an offer that
// no longer stands. The first thing that happens adds one job for the person, a little
// later; what happens until then joins it. After a mail the next one waits for a while.
// So ten offers in a minute are one row, one job and one mail.
package news
