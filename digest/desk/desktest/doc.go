// Package desktest is what the tests share of the packages that write to people: a small
// market with names that do not change from run to run, and mails without what does.
package desktest
