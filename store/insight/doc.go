// Package insight counts: what a sponsor's campaigns have come to, and what happens
// on the whole platform over time.
//
// # Tracking
//
// A campaign's figures, and those across a sponsor's campaigns, are counted from the
// rooms' rows by their indexes when they are asked for. They are exact.
package insight
