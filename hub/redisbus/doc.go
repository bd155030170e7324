// Package redisbus is the hub's bus over Redis publish and subscribe.
//
// A topic is a channel, parley:<namespace>:t:<topic>, or shares one of a few,
// parley:<namespace>:s:<number>, with others (Config.Shared); what every instance hears
// goes over parley:<namespace>:control. One connection carries all subscriptions of an
// instance; a batch is published as one pipeline.
//
// Publishing and hearing a message costs a Redis and its clients several times what the
// bytes of a small one do, so topics that share are cheaper as long as there are only a
// few instances: each of them hears everything that is shared. An instance is subscribed to a
// shared channel while it wants one of its topics. What others it hears there it passes
// over by their names, before anything else of them is read.
//
// Redis may be away. Nothing here waits for it on behalf of a caller: Subscribe
// and Unsubscribe only note the wish, Send fails at once while the bus is down
// and within its timeout otherwise, and is not retried. What is lost so the hub
// finds in its log.
//
// # Goroutines
//
// Start starts one supervisor, which Close ends and waits for. It keeps one
// session at a time: a connection that subscribes to everything wanted, a reader
// that hands messages to the hub, and a keeper that sends wishes and pings. A
// session ends with its connection, or when nothing was heard for PingTimeout,
// and the next one begins after a pause; the client library's own reconnecting is
// not relied on, as it would hide that messages were missed.
package redisbus
