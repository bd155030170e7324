// Package webhookstest has webhooks fail, for the tests of what follows from that.
package webhookstest
