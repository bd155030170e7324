// Package exports keeps the tables that people asked for: who, which, how far, and the
// file, in parts that are written as the work goes on.
//
// A part and the place in the table after it are written in one transaction, together
// with the proof that the worker's claim still holds. So a worker that dies leaves a
// file that is whole up to a place, and the next one goes on from there: no row is
// twice in it or missing because of that. A file that is ready is there for a day.
package exports
