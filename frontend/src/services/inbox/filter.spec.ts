import { describe, expect, it } from 'vitest'
import type { RoomSummary } from '@/services/protocol'
import { everything, filterFrom, fits, queryOf, requestOf, type InboxFilter } from './filter'

const room = {
  room: '1',
  status: 'negotiating',
  turn: 'sponsor',
  unread: 2,
  campaign: { id: 'c1', name: 'Summer bottles' },
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
      campaign: 'c1',
      unread: true,
      q: 'ana',
    })
    expect(filterFrom(queryOf(all))).toEqual(all)
    expect(queryOf(everything)).toEqual({})
    expect(filterFrom({ show: 'nonsense', status: ['a', 'b'], turn: 'x', unread: 'yes' })).toEqual(everything)
  })

  it('asks the API for the same', () => {
    expect(requestOf(everything)).toEqual({})
    expect(requestOf(filter({ show: 'mine', q: ' ana ' }))).toEqual({ turn: 'mine', q: 'ana' })
    expect(requestOf(filter({ show: 'accepted', unread: true, status: 'agreed' }))).toEqual({
      view: 'accepted',
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
    [{ unread: true }, true],
    [{ q: 'MARÍA' }, true],
    [{ q: 'bottles' }, true],
    [{ q: 'nobody' }, false],
  ])('%j fits: %s', (part, want) => expect(fits(room, filter(part), 'sponsor')).toBe(want))

  it('shows a room neither side must answer under no turn', () => {
    const idle = { ...room, turn: '' as const, unread: 0 }
    expect(fits(idle, filter({ turn: 'theirs' }), 'sponsor')).toBe(false)
    expect(fits(idle, filter({ show: 'mine' }), 'sponsor')).toBe(false)
    expect(fits(idle, filter({ unread: true }), 'sponsor')).toBe(false)
  })
})
