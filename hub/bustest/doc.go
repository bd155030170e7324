// Package bustest is the contract of hub.Bus as tests: every form of it runs
// the same suite, first by itself and then under hubs.
package bustest
