import { describe, expect, it } from 'vitest'
import type { RoomSummary } from '@/services/protocol'
import { everything, filterFrom, fits, queryOf, requestOf, type InboxFilter } from './filter'

const room = {
  room: '1',
  status: 'negotiating',
  turn: 'sponsor',
  unread: 2,
  campaign: { id: 'c1', name: 'Summer bottles', currency: 'EUR' },
  sponsor: { id: 's', name: 'Brook' },
  influencer: { id: 'i', name: 'Ana María' },
} as RoomSummary

const filter = (part: Partial<InboxFilter>): InboxFilter => ({ ...everything, ...part })

describe('the inbox’s filter', () => {
  it('goes through the address bar and back', () => {
    const all = filter({
      show: 'pending',
      status: 'applied',
      turn: 'theirs',
      work: 'to_confirm',
      campaign: 'c1',
      currency: 'EUR',
      unread: true,
      q: 'ana',
    })
    expect(filterFrom(queryOf(all))).toEqual(all)
    expect(queryOf(everything)).toEqual({})
    expect(
      filterFrom({ show: 'nonsense', status: ['a', 'b'], turn: 'x', unread: 'yes', currency: 'e' }),
    ).toEqual(everything)
  })

  it('asks the API for the same', () => {
    expect(requestOf(everything)).toEqual({})
    expect(requestOf(filter({ show: 'mine', q: ' ana ' }))).toEqual({ turn: 'mine', q: 'ana' })
    expect(requestOf(filter({ show: 'accepted', unread: true, status: 'agreed', work: 'to_do' }))).toEqual({
      view: 'accepted',
      deliverables: 'to_do',
      status: 'agreed',
      unread: true,
    })
  })

  it.each<[Partial<InboxFilter>, boolean]>([
    [{}, true],
    [{ show: 'mine' }, true],
    [{ turn: 'theirs' }, false],
    [{ show: 'pending' }, true],
    [{ show: 'accepted' }, false],
    [{ status: 'negotiating' }, true],
    [{ status: 'applied' }, false],
    [{ campaign: 'c1' }, true],
    [{ campaign: 'c2' }, false],
    [{ currency: 'EUR' }, true],
    [{ currency: 'USD' }, false],
    [{ unread: true }, true],
    [{ q: 'MARÍA' }, true],
    [{ q: 'bottles' }, true],
    [{ q: 'nobody' }, false],
  ])('%j fits: %s', (part, want) => expect(fits(room, filter(part), 'sponsor')).toBe(want))

  it.each([
    ['to_do', { total: 3, delivered: 1, confirmed: 1 }, 'agreed', true],
    ['to_do', { total: 2, delivered: 1, confirmed: 1 }, 'agreed', false],
    ['to_confirm', { total: 2, delivered: 1, confirmed: 1 }, 'agreed', true],
    ['to_confirm', { total: 2, delivered: 0, confirmed: 2 }, 'completed', false],
    ['confirmed', { total: 2, delivered: 0, confirmed: 2 }, 'completed', true],
    ['confirmed', { total: 2, delivered: 0, confirmed: 2 }, 'closed', false],
  ] as const)('finds deals with deliverables %s: %j, %s', (work, deliverables, status, want) => {
    const deal = { ...room, status, deal: { seq: 2, fee: { amount: 1, currency: 'EUR' }, deliverables } }
    expect(fits(deal, filter({ work }), 'sponsor')).toBe(want)
    expect(fits(room, filter({ work }), 'sponsor')).toBe(false)
  })

  it('shows a room neither side must answer under no turn', () => {
    const idle = { ...room, turn: '' as const, unread: 0 }
    expect(fits(idle, filter({ turn: 'theirs' }), 'sponsor')).toBe(false)
    expect(fits(idle, filter({ show: 'mine' }), 'sponsor')).toBe(false)
    expect(fits(idle, filter({ unread: true }), 'sponsor')).toBe(false)
  })
})
