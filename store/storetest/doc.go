// Package storetest makes the databases of tests. A PostgreSQL server is thrown away
// with the test binary it belongs to: it lives in a directory of its own, listens on
// a socket in it (and on a port of the loopback for those who want a URL) and is
// stopped by its own process id.
package storetest
