// Package api is Parley's edge: REST and WebSocket over Fiber, the sessions and
// roles behind both, and the connection of the store to the hub. The wire is
// described in docs/protocol.md, the REST routes by the OpenAPI document that
// the server makes of them.
//
// # A command's way
//
// A frame or a request body becomes a command by the same decoder, passes the
// same limits and goes through one function (Server.submit) into the store. No
// goroutine waits for it: the store's delivery calls back and the answer, built
// by appending bytes, is queued on the connection. REST is a caller that waits.
//
// # The way back
//
// A Relay turns what the store has committed into frames, each encoded once,
// and reads the same frames from the log for readers that resume. The hub puts
// the WebSocket header in front of a frame once and shares the bytes.
//
// # A connection
//
// The library does the handshake and reads; all writes go through the hub's
// queue to one transport (socket) that writes bytes to the network. A connection has
// one goroutine, the reader. Pings, expired sessions and revoked ones are the
// business of one goroutine for all connections (watch). A handler returns only
// after hub.Client.Wait: nothing can write to a connection that has ended.
//
// # Trust
//
// What belongs to others does not exist: the answer is not_found. Sessions are
// opaque tokens of which only hashes are stored. Limits per user and per address
// come first. Addresses from X-Forwarded-For count only behind proxies that the
// configuration names.
package api
