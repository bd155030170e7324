// Package jobs keeps what is due: a row for each thing that is to happen once, named
// by its kind, whom it is for and the period that it belongs to. Adding the same name
// again changes nothing, so that any number of schedulers may add what they find due.
//
// A worker claims a batch of one kind under a token and for a limited time; no other
// gets those rows before that time is over. It then works, and notes what came of
// each row in the transaction that also holds the result (Finish). A row whose claim
// was lost meanwhile is not noted, and its result must not be kept either: Finish
// names the rows that still were the worker's. A worker that dies leaves its rows due
// again when the time is over. So what happens inside the database happens once; what
// happens outside, such as handing over a mail, happens again only if the worker died
// between the deed and the note.
//
// Rows that are over go when they are old (Sweep); that their names were used stays known.
//
// Who calls the workers, and where, is not known here.
package jobs
