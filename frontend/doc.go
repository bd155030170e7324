// Package frontend carries the built web app inside the binary.
//
// The app itself is written in Vue beside this file and built by Vite into dist/, which is
// not committed but for a placeholder, so that Go builds without Node. Everything under
// dist/assets/ carries a hash of its content in its name and never changes; index.html and
// the few files beside it do.
package frontend
