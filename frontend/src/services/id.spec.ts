import { describe, expect, it } from 'vitest'
import { shortId } from './id'

describe('shortId', () => {
  it.each([
    ['01M830DXW6S25YJ84SPBAF9CFH', '…AF9CFH'],
    ['users', 'users'],
    ['17', '17'],
    ['2026-11', '2026-11'],
    ['', ''],
  ])('%s is shown as %s', (id, shown) => {
    expect(shortId(id)).toBe(shown)
  })
})
