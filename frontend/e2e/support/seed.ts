import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parley, SEEDED } from './cluster'

/** Fills one store with demo data before all specs; each cluster works on a copy. */
export default async function seed(): Promise<() => void> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-e2e-seed-'))
  const file = join(dir, 'parley.db')
  await parley(['seed', '--database', `sqlite://${file}`])
  process.env[SEEDED] = file
  return () => rmSync(dir, { recursive: true, force: true })
}
