package frontend

import (
	"embed"
	"io/fs"
)

// dist also matches in a fresh clone: all: takes in its .gitkeep.
//
//go:embed all:dist
var files embed.FS

// Dist returns the built app with index.html at its root. Before "npm run build" was run it
// holds no index.html; see [Built].
func Dist() fs.FS {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		// "dist" is a valid path that the embed directive proved to exist.
		panic("frontend: " + err.Error())
	}
	return dist
}
