// Package forms runs a contract on every database that the store takes: a SQLite
// file and a real PostgreSQL. It is for the packages below store; those of store
// itself have their own, as they look inside.
package forms
