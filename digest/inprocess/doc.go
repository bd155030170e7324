// Package inprocess carries out tasks in the process that submits them, for
// installations without Redis. Tasks wait in memory: a crash loses them, and the
// engine's next look submits them again.
package inprocess
