// Package redisconn says how Parley talks to a Redis: every call is bounded by its context
// and by one timeout, and none is repeated behind the caller's back, so that a Redis that
// is away is noticed at once and costs nobody more than that.
package redisconn
