// Package cluster runs real instances of Parley for tests: the binary, built
// once, as processes of its own on one store, which can be killed, stopped and
// started again on the address they had. Beside it stands a small market of
// people with sessions, written into the store before the instances run.
//
// Every process belongs to the test that started it, is ended by its own process
// id and has been waited for when the test ends. What the instances logged is
// shown when the test fails.
package cluster
