import { describe, expect, it } from 'vitest'
import type { RoomSnapshot } from '../protocol'
import { progressOf, readLinks, wrongLink } from './delivery'
import { event, offer, snapshot } from './fixtures'
import { foldEvent, movesOf } from './fold'
import { logEntries } from './log'

/** A deal in force: its deliverables and its amendments. */

const now = Date.parse('2026-11-22T09:00:00Z')
const parts = [
  { platform: 'instagram' as const, format: 'reel', quantity: 1 },
  { platform: 'blog' as const, format: 'post', quantity: 1 },
]
const first = { ...offer(2, 'sponsor'), terms: { ...offer(2, 'sponsor').terms, deliverables: parts } }

type Next = Parameters<typeof event>[1]
const fold = (room: RoomSnapshot, ...events: Next[]): RoomSnapshot =>
  events.reduce((state, next) => foldEvent(state, event(state.seq + 1, next)), room)

const accepted = (more = {}): Next => ({
  type: 'accepted',
  side: 'influencer',
  data: { offer_seq: 2, terms_hash: 'x', fee: first.terms.fee, ...more },
})
const delivered = (deliverable: number, links = ['https://example.com/1']): Next => ({
  type: 'delivered',
  side: 'influencer',
  data: { deal_seq: 2, deliverable, links },
})
const agreed = fold(snapshot(), { type: 'offer', data: first }, accepted())
const states = (room: RoomSnapshot): string => room.deliveries.map(({ state }) => state).join(' ')
const allowed = (room: RoomSnapshot, side: 'sponsor' | 'influencer', at = now): string[] =>
  Object.entries(movesOf(room, side, at))
    .filter(([, may]) => may)
    .map(([move]) => move)

describe('deliverables', () => {
  it('begin open, with the influencer to act and a fresh allowance of offers', () => {
    expect(states(agreed)).toBe('open open')
    expect(agreed).toMatchObject({ turn: 'influencer', offers: { sponsor: 0, influencer: 0, limit: 10 } })
  })

  it('are delivered, sent back and delivered again under another number', () => {
    const done = fold(agreed, delivered(0))
    expect(done).toMatchObject({
      turn: 'sponsor',
      deliveries: [{ state: 'delivered', seq: 4 }, { state: 'open' }],
    })
    const back = fold(done, {
      type: 'returned',
      data: { deliverable: 0, delivery_seq: 4, reason: 'cut off' },
    })
    expect(back.deliveries[0]).toMatchObject({ state: 'returned', returns: 1, reason: 'cut off' })
    expect(back.turn).toBe('influencer')
    const again = fold(back, delivered(0, ['https://example.com/2']))
    expect(again.deliveries[0]).toMatchObject({
      state: 'delivered',
      seq: 6,
      returns: 1,
      links: ['https://example.com/2'],
    })
  })

  it('complete the deal when all are confirmed; an amendment that stands falls', () => {
    const room = fold(
      agreed,
      delivered(0),
      { type: 'confirmed', data: { deliverable: 0, delivery_seq: 4 } },
      delivered(1),
      { type: 'offer', data: { ...offer(7, 'influencer'), amends: 2 } },
      { type: 'confirmed', data: { deliverable: 1, delivery_seq: 6 } },
      { type: 'completed', data: { deal_seq: 2, fee: first.terms.fee, offer_seq: 7 } },
    )
    expect(room).toMatchObject({ status: 'completed', standing: null, turn: '', deal: { seq: 2 } })
    expect(progressOf(room)).toEqual({ total: 2, delivered: 0, confirmed: 2 })
    expect(allowed(room, 'sponsor')).toEqual(['message'])
  })

  it('each side has its own part', () => {
    expect(allowed(agreed, 'influencer')).toEqual(['offer', 'message', 'deliver'])
    expect(allowed(agreed, 'sponsor')).toEqual(['offer', 'message', 'judge'])
    const over = Date.parse(agreed.campaign.ends_at)
    expect(allowed(agreed, 'influencer', over)).toEqual(['message', 'deliver'])
  })
})

describe('amendments', () => {
  const amendment = { ...offer(4, 'sponsor', 1, { fee: { amount: 150_000, currency: 'EUR' } }), amends: 2 }
  const standing = fold(agreed, { type: 'offer', data: amendment })

  it('leave the deal in force while they stand and when they fall', () => {
    expect(standing).toMatchObject({
      status: 'agreed',
      deal: { seq: 2 },
      standing: { seq: 4 },
      turn: 'influencer',
    })
    for (const end of [
      { type: 'declined', side: 'influencer', data: { offer_seq: 4, reason: 'fit' } },
      { type: 'withdrawn', data: { offer_seq: 4 } },
      { type: 'expired', side: 'system', data: { offer_seq: 4, status: 'agreed' } },
    ] as Next[]) {
      expect(fold(standing, end)).toMatchObject({
        status: 'agreed',
        standing: null,
        deal: { seq: 2 },
        ended_by: '',
      })
    }
  })

  it('keep what was done for the deliverables that they leave as they are', () => {
    const room = fold(
      agreed,
      delivered(0),
      delivered(1),
      {
        type: 'offer',
        data: { ...first, seq: 6, amends: 2, terms: { ...first.terms, deliverables: [...parts, ...parts] } },
      },
      accepted({ offer_seq: 6, amends: 2, kept: [0] }),
    )
    expect(states(room)).toBe('delivered open open open')
    expect(room.deal?.seq).toBe(6)
  })

  it('are answered like any offer, but declining nothing ends no deal', () => {
    expect(allowed(standing, 'influencer')).toEqual(['counter', 'accept', 'decline', 'message', 'deliver'])
    expect(allowed(standing, 'sponsor')).toEqual(['withdraw', 'message', 'judge'])
  })

  it('are compared with the deal, however many offers lie between', () => {
    const events = [
      event(2, { type: 'offer', data: first }),
      event(3, accepted()),
      event(4, { type: 'offer', data: amendment }),
      event(5, { type: 'declined', side: 'influencer', data: { reason: 'fit' } }),
      event(6, { type: 'offer', data: { ...amendment, seq: 6 } }),
    ]
    const compared = (known: RoomSnapshot['deal'], from = 0): unknown[] =>
      logEntries(events.slice(from), known).flatMap((entry) =>
        entry.kind === 'offer' ? [entry.previous?.seq] : [],
      )
    expect(compared(null)).toEqual([undefined, 2, 2])
    // The deal's own offer may be older than what is loaded.
    expect(compared(first, 4)).toEqual([2])
  })
})

describe('the links to what was made', () => {
  it('stand one a line', () => {
    expect(readLinks(' https://example.com/1 \n\nhttp://example.com/2\n')).toEqual([
      'https://example.com/1',
      'http://example.com/2',
    ])
  })

  it.each([
    [['https://example.com/1', 'http://example.com/2'], undefined],
    [['https://example.com/1', 'javascript:alert(1)'], 'Line 2 is not a web address.'],
    [[`https://example.com/${'a'.repeat(300)}`], 'Line 1 is not a web address.'],
  ])('%j', (links, problem) => {
    expect(wrongLink(links)).toBe(problem)
  })
})
