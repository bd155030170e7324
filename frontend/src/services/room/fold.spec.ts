import { describe, expect, it } from 'vitest'
import type { RoomSnapshot } from '../protocol'
import { event, offer, snapshot } from './fixtures'
import { foldEvent, movesOf } from './fold'

const now = Date.parse('2026-11-22T09:00:00Z')

function fold(room: RoomSnapshot, ...events: Parameters<typeof event>[1][]): RoomSnapshot {
  return events.reduce((state, next) => foldEvent(state, event(state.seq + 1, next)), room)
}

const put = (author: 'sponsor' | 'influencer', seq: number, number = 1) => ({
  type: 'offer' as const,
  side: author,
  data: offer(seq, author, number),
})

describe('foldEvent', () => {
  it('who writes has seen what was there before; a review changes nothing about it', () => {
    const room = fold(snapshot(), put('sponsor', 2), put('influencer', 3), {
      type: 'frozen',
      side: 'admin',
      data: { source: 'room', reason: 'look' },
    })
    expect(room.seen).toEqual({ sponsor: 2, influencer: 3 })
  })

  it('the first offer stands, and it is the other side’s turn', () => {
    const room = fold(snapshot(), put('sponsor', 2))
    expect(room).toMatchObject({
      seq: 2,
      status: 'invited',
      turn: 'influencer',
      offers: { sponsor: 1, influencer: 0 },
    })
    expect(room.standing?.seq).toBe(2)
    expect(room.section_authors).toEqual({
      fee: 'sponsor',
      deliverables: 'sponsor',
      usage_rights: 'sponsor',
      payment: 'sponsor',
    })
  })

  it('the other side’s first offer makes it a negotiation; sections keep their first author', () => {
    const room = fold(snapshot(), put('sponsor', 2), {
      type: 'offer',
      side: 'influencer',
      data: offer(3, 'influencer', 1, { note: 'hello' }),
    })
    expect(room).toMatchObject({ status: 'negotiating', turn: 'sponsor' })
    expect(room.section_authors).toMatchObject({ fee: 'sponsor', note: 'influencer' })
  })

  it('a room re-opened before any answer is still an invitation after another own offer', () => {
    const room = fold(
      snapshot(),
      put('sponsor', 2),
      { type: 'withdrawn', data: { offer_seq: 2 } },
      put('sponsor', 4, 2),
    )
    expect(room).toMatchObject({ status: 'invited', offers: { sponsor: 2 } })
  })

  it('accept makes the standing offer the deal', () => {
    const room = fold(snapshot(), put('sponsor', 2), {
      type: 'accepted',
      side: 'influencer',
      data: { offer_seq: 2, terms_hash: 'x', fee: { amount: 1, currency: 'EUR' } },
    })
    expect(room).toMatchObject({ status: 'agreed', standing: null, turn: 'influencer', deal: { seq: 2 } })
  })

  it.each([
    [
      { type: 'declined' as const, side: 'influencer' as const, data: { reason: 'fit' } },
      'declined',
      'influencer',
    ],
    [{ type: 'cancelled' as const, data: {} }, 'withdrawn', 'sponsor'],
    [
      { type: 'expired' as const, side: 'system' as const, data: { offer_seq: 2, status: 'expired' } },
      'expired',
      'sponsor',
    ],
    [{ type: 'closed' as const, side: 'admin' as const, data: { reason: 'fraud' } }, 'closed', 'admin'],
  ])('%s ends it', (end, status, endedBy) => {
    const room = fold(snapshot(), put('sponsor', 2), end)
    expect(room).toMatchObject({ status, standing: null, turn: '', ended_by: endedBy })
  })

  it('an offer that expires in a negotiation ends nothing', () => {
    const room = fold(snapshot(), put('sponsor', 2), put('influencer', 3), {
      type: 'expired',
      side: 'system',
      data: { offer_seq: 3, status: 'negotiating' },
    })
    expect(room).toMatchObject({ status: 'negotiating', standing: null, ended_by: '' })
  })

  it('a freeze stops the turn; its end sets the clock anew', () => {
    const frozen = fold(snapshot(), put('sponsor', 2), {
      type: 'frozen',
      side: 'admin',
      data: { source: 'room', reason: 'check' },
    })
    expect(frozen).toMatchObject({ frozen: true, turn: '' })
    const thawed = fold(frozen, {
      type: 'unfrozen',
      side: 'admin',
      data: { source: 'room', frozen: false, expires_at: '2026-11-30T00:00:00Z' },
    })
    expect(thawed).toMatchObject({
      frozen: false,
      turn: 'influencer',
      standing: { expires_at: '2026-11-30T00:00:00Z' },
    })
  })

  it('stays frozen while another source holds it', () => {
    const room = fold(
      snapshot(),
      { type: 'frozen', side: 'admin', data: { source: 'room', reason: 'a' } },
      { type: 'unfrozen', side: 'admin', data: { source: 'room', frozen: true } },
    )
    expect(room.frozen).toBe(true)
  })

  it('refuses an event out of order and changes nothing', () => {
    const room = snapshot()
    expect(() => foldEvent(room, event(3, { type: 'message', data: { text: 'x' } }))).toThrow(
      'event 3 follows event 1',
    )
    expect(room).toEqual(snapshot())
  })
})

describe('movesOf', () => {
  const standing = fold(snapshot(), put('sponsor', 2))
  const allowed = (room: RoomSnapshot, side: 'sponsor' | 'influencer', at = now) =>
    Object.entries(movesOf(room, side, at))
      .filter(([, may]) => may)
      .map(([move]) => move)

  it('nobody answers their own offer', () => {
    expect(allowed(standing, 'sponsor')).toEqual(['withdraw', 'cancel', 'message'])
  })

  it('the other side answers it', () => {
    expect(allowed(standing, 'influencer')).toEqual(['counter', 'accept', 'decline', 'message'])
  })

  it('with no offer on the table both may put one, or decline', () => {
    const room = fold(standing, { type: 'withdrawn', data: { offer_seq: 2 } })
    expect(allowed(room, 'influencer')).toEqual(['offer', 'decline', 'message'])
    expect(allowed(room, 'sponsor')).toEqual(['offer', 'decline', 'cancel', 'message'])
  })

  it('an offer whose time has passed cannot be answered, even before the event says so', () => {
    const late = Date.parse('2026-11-24T08:00:00Z')
    expect(allowed(standing, 'influencer', late)).toEqual(['message'])
    expect(allowed(standing, 'influencer', late - 1)).toContain('accept')
  })

  it('the last offer spent, neither offer nor counter', () => {
    const room = { ...standing, offers: { sponsor: 1, influencer: 10, limit: 10 } }
    expect(allowed(room, 'influencer')).toEqual(['accept', 'decline', 'message'])
  })

  it('only who ended it reopens it', () => {
    const room = fold(standing, { type: 'declined', side: 'influencer', data: { reason: 'fit' } })
    expect(allowed(room, 'influencer')).toEqual(['reopen'])
    expect(allowed(room, 'sponsor')).toEqual([])
  })

  it('in a frozen room, and for those who only read, nothing', () => {
    expect(allowed({ ...standing, frozen: true }, 'influencer')).toEqual([])
    expect(Object.values(movesOf(standing, undefined, now))).not.toContain(true)
  })
})
