// Holds the budgets of the built app (gzip, KiB): what a browser loads to show a room, the
// chart chunk that comes later, and all CSS of a room. Reads Vite's manifest, so a chunk
// that moves between files is still counted where it is needed.
import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
const manifestUrl = new URL('.vite/manifest.json', dist)
if (!existsSync(manifestUrl)) {
  console.error('No dist/.vite/manifest.json: run "npm run build" first.')
  process.exit(2)
}
const manifest = JSON.parse(readFileSync(manifestUrl, 'utf8'))

const gz = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length / 1024

function closure(keys, seen = new Set()) {
  for (const key of keys) {
    if (seen.has(key)) continue
    const chunk = manifest[key]
    if (!chunk) throw new Error(`the manifest holds no ${key}`)
    seen.add(key)
    closure(chunk.imports ?? [], seen)
  }
  return seen
}

const sum = (files) => [...new Set(files)].reduce((total, file) => total + gz(file), 0)

const room = closure(['index.html', 'src/screens/RoomScreen.vue'])
const chart = closure(['src/components/FeeChartCanvas.vue'])
const chartOnly = [...chart].filter((key) => !room.has(key))

const rows = [
  ['room JavaScript', sum([...room].map((key) => manifest[key].file)), 130],
  ['chart chunk, lazy', sum(chartOnly.map((key) => manifest[key].file)), 60],
  ['room CSS', sum([...room].flatMap((key) => manifest[key].css ?? [])), 40],
]

let over = false
for (const [name, kib, budget] of rows) {
  const bad = kib > budget
  over ||= bad
  console.log(
    `${bad ? 'OVER' : 'ok  '}  ${name.padEnd(20)} ${kib.toFixed(1).padStart(6)} of ${budget} KiB gz`,
  )
}
process.exit(over ? 1 : 0)
