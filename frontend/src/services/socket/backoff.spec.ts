import { describe, expect, it } from 'vitest'
import { fullJitter } from './backoff'

describe('fullJitter', () => {
  it('is somewhere between 0 and min(30 s, 0.5 s * 2^tries)', () => {
    expect([0, 1, 2, 6, 7, 100].map((tries) => fullJitter(tries, () => 1))).toEqual([
      500, 1000, 2000, 30_000, 30_000, 30_000,
    ])
    expect(fullJitter(5, () => 0)).toBe(0)
    expect(fullJitter(3, () => 0.25)).toBe(1000)
  })
})
