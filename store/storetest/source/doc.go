// Package source shows a test the project's own Go code, for what is held of all of it:
// that every code has its words, that every action has its area.
package source
