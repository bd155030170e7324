import { describe, expect, it } from 'vitest'
import { formatBytes } from './size'

describe('formatBytes', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [3400, '3.4 kB'],
    [12_345_678, '12 MB'],
    [2_000_000_000_000, '2,000 GB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})
