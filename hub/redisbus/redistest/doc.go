// Package redistest runs a real Redis server for a test, which ends with it.
package redistest
