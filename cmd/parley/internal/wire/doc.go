// Package wire is a client of Parley: its socket and its REST API, as
// docs/protocol.md describes them. The load generator, the scripted parties of
// the demonstration and the tests that run real servers use it.
//
// # Layers
//
// [Conn] is one WebSocket connection with as little work a frame as possible:
// frames are handed out as views of the read buffer, and [Frame] finds the parts
// of a text frame without decoding or allocating. [Cursor] is the position in
// one topic and the rule "apply only last+1". [Client] puts them together: it
// keeps a connection to one of several instances, joins its topics again after
// every break with the last seq it applied, and sends every command that has no
// answer yet again with the same id. [REST] is the same commands and the log
// over HTTP.
//
// # Promises
//
// A [Topic] yields each numbered event once and in order, over any number of
// connections and instances. A command given to [Client.Do] is answered once;
// whatever happened in between, it was carried out at most once, because its id
// stays the same. Nothing here trusts the order in which an answer and its event
// arrive.
//
// # Goroutines
//
// A Client has one, which connects, reads and waits between tries. [Open] starts
// it, [Client.Close] ends it and waits for it. Conn and REST have none.
package wire
