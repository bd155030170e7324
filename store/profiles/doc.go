// Package profiles keeps what users show of themselves: an influencer's public
// profile with its platforms, a sponsor's card, and the pictures of both. The rows
// are in store's database and are written by its writer.
//
// Every influencer has a profile and every sponsor a card from the moment the user
// exists: the database itself adds them with the user's row.
//
// # What is kept where
//
// Name, category, niche and reach are columns of users, by which lists and searches
// sort and filter. This package is the only one that changes the last three, and
// holds two rules in the same transaction: users.reach is the sum of the platforms'
// followers as soon as there is a platform (until then it is what the influencer
// says), and users.niche is the first of the profile's niches.
package profiles
