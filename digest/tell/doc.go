// Package tell mails people what happens in their rooms while they are away: ad requests,
// offers, deals and what becomes of them.
//
// A Follower comes behind the commands: it takes what the store still remembers of their
// events, or reads the log, and keeps for each person what they are to be told (package
// store/news). The kind Tell writes the mails a little later, unless the person has read
// the events by then: a room that is open before one's eyes is read at once.
package tell
