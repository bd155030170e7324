// Package notices keeps what a user is told about their account, their campaigns
// and their deals beside the log: approvals, flags, reminders. A notice is a row
// that is written in the transaction of its cause; the commit pings the user's open
// connections, on every instance, and who misses the ping finds the row.
//
// A notice holds a kind and data, no text: the app has the words.
package notices
