// Package remind writes the reminders that come by the clock: to sponsors and influencers
// what waits for them, each evening, and to admins how the week was.
//
// A batch of people is one question to the database for each thing that is told, whatever
// the number of people: the rows of all of them come together and are told apart here.
// What would be a long list is cut by the database, which counts the rest.
package remind
