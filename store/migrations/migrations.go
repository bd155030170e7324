// Package migrations holds the schema of each database. A migration that was
// released never changes; a new one is added after it, under the same name for
// both databases.
package migrations

import "embed"

// FS holds one folder a database: sqlite and postgres.
//
//go:embed sqlite/*.sql postgres/*.sql
var FS embed.FS
