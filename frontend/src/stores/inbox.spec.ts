import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { flushPromises } from '@vue/test-utils'
import { api, type User } from '@/services/api'
import type { RoomSummary } from '@/services/protocol'
import type { TopicHandlers } from '@/services/socket/topic'
import { useInbox } from './inbox'
import { useLive } from './live'
import { useSession } from './session'

const room = (id: string, change: Partial<RoomSummary> = {}): RoomSummary => ({
  room: id,
  seq: 3,
  status: 'negotiating',
  frozen: false,
  turn: 'sponsor',
  unread: 0,
  updated_at: '2026-11-22T08:00:00Z',
  campaign: { id: 'c', name: 'Blue bottle', currency: 'EUR', ends_at: '2027-03-01T00:00:00Z' },
  sponsor: { id: 's', name: 'Acme' },
  influencer: { id: 'i', name: 'Ines' },
  standing: null,
  deal: null,
  ...change,
})

let handlers: TopicHandlers
const frame = (data: object, type = 'room') => handlers.ephemeral!({ topic: 'inbox', type, data })
const page = (items: RoomSummary[], unread = 0, cursor = '', turns = 0) => ({
  items,
  unread_total: unread,
  turn_total: turns,
  next_cursor: cursor,
})

async function start(...pages: ReturnType<typeof page>[]) {
  const list = vi.spyOn(api, 'rooms')
  for (const answer of pages) list.mockResolvedValueOnce(answer)
  const inbox = useInbox()
  inbox.start()
  await flushPromises()
  return { inbox, list }
}

beforeEach(() => {
  setActivePinia(createPinia())
  vi.spyOn(api, 'notices').mockResolvedValue({ items: [], next_cursor: '', unread: 0 })
  vi.spyOn(useLive(), 'join').mockImplementation((_topic, given) => {
    handlers = given
    return () => {}
  })
})

describe('the inbox', () => {
  it('a frame changes what it names and keeps the rest', async () => {
    const { inbox } = await start(page([room('a')]))
    frame({ room: 'a', seq: 4, unread: 1, turn: '' })
    expect(inbox.rooms[0]).toMatchObject({ seq: 4, unread: 1, turn: '', sponsor: { name: 'Acme' } })
  })

  it('counts our turn in rooms that are on no page yet, and as it changes', async () => {
    useSession().user = { id: 's', role: 'sponsor' } as User
    const { inbox } = await start(page([room('a'), room('b', { turn: 'influencer' })], 0, 'c', 60))
    expect(inbox.turns).toBe(60)
    frame({ room: 'a', seq: 4, turn: 'influencer' })
    expect(inbox.turns).toBe(59)
    frame({ room: 'b', seq: 4, turn: 'sponsor' })
    expect(inbox.turns).toBe(60)
  })

  it('whatever comes late, the higher number of a room wins', async () => {
    const { inbox } = await start(page([room('a')]))
    frame({ room: 'a', seq: 6, unread: 3 })
    frame({ room: 'a', seq: 5, unread: 2 })
    expect(inbox.rooms[0]).toMatchObject({ seq: 6, unread: 3 })
  })

  it('a page that was read before a frame does not undo it', async () => {
    const { inbox, list } = await start(page([room('a')]))
    frame({ room: 'a', seq: 9, unread: 5 })
    list.mockResolvedValueOnce(page([room('a')], 5))
    await inbox.refresh()
    expect(inbox.rooms[0]).toMatchObject({ seq: 9, unread: 5 })
  })

  it('a room it does not know, and "sync", read the list again', async () => {
    const { inbox, list } = await start(page([]), page([room('b')], 1), page([room('b')]))
    frame({ room: 'b', seq: 1, unread: 1 })
    await flushPromises()
    expect(inbox.rooms.map((known) => known.room)).toEqual(['b'])
    frame({}, 'sync')
    await flushPromises()
    expect(list).toHaveBeenCalledTimes(3)
  })

  it('is sorted by what changed last', async () => {
    const { inbox } = await start(page([room('a'), room('b', { updated_at: '2026-11-22T09:00:00Z' })]))
    expect(inbox.rooms.map((known) => known.room)).toEqual(['b', 'a'])
    frame({ room: 'a', seq: 4, updated_at: '2026-11-22T10:00:00Z' })
    expect(inbox.rooms.map((known) => known.room)).toEqual(['a', 'b'])
  })

  it('counts the unread of rooms that are on no page yet', async () => {
    const { inbox } = await start(page([room('a', { unread: 2 })], 7, 'next'))
    expect(inbox.unread).toBe(7)
    inbox.read('a')
    expect(inbox.unread).toBe(5)
  })

  it('loads the next page where the last one ended', async () => {
    const { inbox, list } = await start(page([room('a')], 0, 'next'), page([room('b')]))
    await inbox.more()
    expect(list).toHaveBeenLastCalledWith({ limit: 50, cursor: 'next' })
    expect(inbox.rooms).toHaveLength(2)
    expect(inbox.cursor).toBeUndefined()
  })

  it('an answer that comes after log-out is not kept', async () => {
    const { inbox, list } = await start(page([]))
    let answer: (value: ReturnType<typeof page>) => void = () => {}
    list.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
    void inbox.refresh()
    inbox.stop()
    answer(page([room('a')]))
    await flushPromises()
    expect(inbox.rooms).toEqual([])
  })

  it('after a restore of the store, lower numbers are the truth', async () => {
    const { inbox, list } = await start(page([room('a', { seq: 9, unread: 2 }), room('lost')], 2))
    const opened = (epoch: string) => {
      useLive().openings += 1
      handlers.joined!({ topic: 'inbox', seq: 1, from: 1, epoch }, true)
    }
    list.mockResolvedValue(page([room('a', { seq: 9, unread: 2 })], 2))
    opened('one')
    await flushPromises()
    expect(inbox.rooms).toHaveLength(2)
    list.mockResolvedValue(page([room('a', { seq: 4, unread: 1 })], 1))
    opened('two')
    await flushPromises()
    expect(inbox.rooms).toHaveLength(1)
    expect(inbox.rooms[0]).toMatchObject({ room: 'a', seq: 4, unread: 1 })
    frame({ room: 'a', seq: 5, unread: 2 })
    expect(inbox.rooms[0]).toMatchObject({ seq: 5, unread: 2 })
  })
})
