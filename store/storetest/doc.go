// Package storetest starts throw-away PostgreSQL servers for tests. A server
// belongs to one test binary: it lives in a directory of its own, listens on a
// socket in it (and on a port of the loopback for those who want a URL), writes to
// disk as a real one does, and is stopped by its own process id.
package storetest
