// Package membus is the hub's bus for instances that share one process. It
// keeps the contract of hub.Bus, loss included: an endpoint whose queue is full
// loses messages and is told that it may have missed something.
package membus
