// Package audit is the log of what admins did and of what touches security. It only
// grows: entries are numbered from 1 without gaps, and each carries the SHA-256 of its
// canonical bytes chained to the one before.
//
// # Writing
//
// Append is called inside the transaction that does what the entry tells, so that
// there is neither a deed without an entry nor an entry without a deed; Record is for
// what changes nothing else, such as a login that failed. The store's one writer holds
// its lock over all instances while it runs, so the head of the chain has one writer
// at a time; on PostgreSQL its row is locked besides.
//
// The database itself refuses to change or to remove an entry, and to put one
// anywhere but at the end. Who may alter the schema can get around that, but not
// around the chain, as long as its head was noted elsewhere: Verify tells it.
//
// # What stands in it
//
// Whoever acted and what they acted on are named by id, the address by its network
// (the first 24 bits of an IPv4 address, 48 of an IPv6 one: enough to see that logins
// come from somewhere else, too little to follow a person; a hash of an address would
// be guessed by trying all of them). Details hold ids, codes and numbers, never what
// somebody wrote. So the log holds nothing to be forgotten when an account is
// deleted: its entries stay as they are, the chain with them, and its id leads
// nowhere any more.
package audit
