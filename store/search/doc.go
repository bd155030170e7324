// Package search finds campaigns and influencers by text and filters, by the means of the
// store's database: FTS5 on SQLite, tsvector and pg_trgm on PostgreSQL, behind the same
// functions and held by the same tests.
//
// # The index
//
// Triggers keep the text indexes, in the transaction that changes what they describe. Code
// would have to be called by everybody who writes a user, a profile or a campaign, and
// somebody would forget; the triggers name the columns, so that the ledger, which every
// offer writes, does not touch the index. What decides whether something may be found at
// all (published, approved, flagged, ended) is read from its own row at the time of the
// search.
//
// # Text
//
// Accents and case are folded, words stand in any order and for all that begin with them
// (where they are longer than two letters, or still being typed), and whatever else is
// typed parts words: no text is an error. Only where nothing holds the
// words as they were typed, each is looked up among the terms of the index that share
// trigrams with it, and those that are a slip or two of the keyboard away are looked for
// too.
//
// # Order and pages
//
// A search has stages: what has all words in its name comes before what has them anywhere.
// Inside a stage hits are in the order asked for and then by id, and a cursor names stage,
// key and id, so that rows that come or go do not move the pages that follow. A score of
// the text index would: it depends on all other rows.
package search
