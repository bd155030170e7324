// Package hubtest has what tests of the hub, of its buses and of its callers
// share: a log in memory, a transport that records, a clock that is set by hand.
package hubtest
