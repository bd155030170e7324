// Vite empties dist/ before it builds. The Go package that embeds dist/ needs the folder in
// a fresh clone, so its placeholder is put back after every build.
import { writeFileSync } from 'node:fs'

writeFileSync(new URL('../dist/.gitkeep', import.meta.url), '')
