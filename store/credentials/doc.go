// Package credentials keeps what a person proves who they are with, beside the
// password: secrets that were sent by mail (Ticket), the second factor with its
// recovery codes, and the browsers that they have logged in from before.
//
// Whatever somebody could log in with is stored as a hash, or sealed by the caller
// (the second factor's secret, which must be read again). All of these are random and
// long, so that a plain SHA-256 cannot be searched.
//
// What works once does so by the row's removal or change in the transaction that uses
// it: of two that come at once, one finds nothing.
package credentials
