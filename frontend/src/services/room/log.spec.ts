import { describe, expect, it } from 'vitest'
import type { RoomEvent } from '../protocol'
import { event, offer } from './fixtures'
import { logEntries } from './log'

const at = (
  seq: number,
  time: string,
  text = 'hi',
  side: 'sponsor' | 'influencer' = 'sponsor',
): RoomEvent => ({
  ...event(seq, { type: 'message', data: { text }, side }),
  at: time,
})

describe('logEntries', () => {
  it('marks what became of each offer', () => {
    const entries = logEntries([
      event(1, { type: 'offer', data: offer(1, 'sponsor') }),
      event(2, { type: 'offer', data: offer(2, 'influencer'), side: 'influencer' }),
      event(3, { type: 'withdrawn', data: { offer_seq: 2 }, side: 'influencer' }),
      event(4, { type: 'offer', data: offer(4, 'sponsor', 2) }),
    ])
    const offers = entries.filter((entry) => entry.kind === 'offer')
    expect(offers.map((entry) => entry.mark)).toEqual(['superseded', 'withdrawn', 'standing'])
    expect(offers.map((entry) => entry.previous?.seq)).toEqual([undefined, 1, 2])
  })

  it.each([
    ['accepted', 'accepted'],
    ['declined', 'declined'],
    ['expired', 'expired'],
    ['cancelled', 'withdrawn'],
    ['closed', 'withdrawn'],
  ] as const)('an offer that ended by "%s" is %s', (type, mark) => {
    const entries = logEntries([
      event(1, { type: 'offer', data: offer(1, 'sponsor') }),
      event(2, { type, data: { offer_seq: 1 } }),
    ])
    expect(entries.find((entry) => entry.kind === 'offer')?.mark).toBe(mark)
  })

  it('puts a line between days and groups what one side writes in a row', () => {
    const entries = logEntries([
      at(1, '2026-11-21T12:00:00Z'),
      at(2, '2026-11-21T12:01:00Z'),
      at(3, '2026-11-21T12:01:30Z', 'yo', 'influencer'),
      at(4, '2026-11-21T12:20:00Z', 'yo', 'influencer'),
      at(5, '2026-11-22T12:20:10Z', 'yo', 'influencer'),
    ])
    expect(entries.map((entry) => (entry.kind === 'message' ? entry.grouped : entry.kind))).toEqual([
      'day',
      false,
      true,
      false,
      false,
      'day',
      false,
    ])
  })
})
