// Package admin reads what admins look through: all users, campaigns and rooms, in
// pages, newest first. It writes nothing.
//
// A list is found by an index, never by reading the whole table: a text is the
// beginning of a name or of an e-mail address, or a whole id. What people look for by
// the words inside is the business of the search.
package admin
