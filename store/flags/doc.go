// Package flags keeps the history of what admins have put under review: users,
// campaigns and rooms. The flag itself, with the freezing of the rooms, is the store's
// (store.Flag); here is each time it happened, who did it and why, what those whom it
// concerns answered, and how it ended.
//
// Whom it concerns is told: the user themselves, the sponsor of a campaign, both
// parties of a room. Each may answer a flag once, by an appeal; an admin upholds it,
// which leaves the flag, or lifts the flag. Both need words for the person.
//
// Everything that belongs together is one transaction: the flag, the events of its
// rooms, the row here, the entry of the audit log, the notices and the mails.
//
// A room is also flagged by the command freeze of the socket, and unflagged by
// unfreeze; Frozen and Thawed go with those commands.
package flags
