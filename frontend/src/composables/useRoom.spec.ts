import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api } from '@/services/api'
import type { RoomEvent } from '@/services/protocol'
import { event, offer, snapshot } from '@/services/room/fixtures'
import type { TopicFrame, TopicHandlers } from '@/services/socket/topic'
import { useLive } from '@/stores/live'
import { useRoom } from './useRoom'
import { freshStores, withSetup } from './withSetup'

let handlers: TopicHandlers
let left: boolean
let end: () => void
const live = vi.fn()

const frame = (one: RoomEvent): TopicFrame => ({ topic: 'room:r', epoch: 'e', ...one }) as TopicFrame
const message = (seq: number, side: 'sponsor' | 'influencer' = 'influencer') =>
  event(seq, { type: 'message', data: { text: `m${seq}` }, side })
const send = (...events: RoomEvent[]) => events.forEach((one) => handlers.event!(frame(one)))
const join = (seq: number, from = 0, fresh = true) =>
  handlers.joined!({ topic: 'room:r', seq, from, epoch: 'e', snapshot: snapshot({ seq }) }, fresh)

function open() {
  const made = withSetup(() => useRoom('r', { live }))
  end = made.end
  return made.result
}

beforeEach(() => {
  freshStores()
  left = false
  live.mockReset()
  vi.spyOn(useLive(), 'join').mockImplementation((_topic, given) => {
    handlers = given
    return () => (left = true)
  })
})
afterEach(() => {
  end()
  vi.useRealTimers()
})

describe('useRoom', () => {
  it('shows the history once all of it is here, and does not fold it again', () => {
    const view = open()
    join(3)
    send(message(1), message(2))
    expect(view.ready.value).toBe(false)
    expect(view.events.value).toEqual([])
    send(message(3))
    expect(view.ready.value).toBe(true)
    expect(view.events.value.map((one) => one.seq)).toEqual([1, 2, 3])
    expect(view.room.value?.seq).toBe(3)
    expect(live).not.toHaveBeenCalled()
  })

  it('folds live events and tells of them with the state before', () => {
    const view = open()
    join(1)
    send(message(1))
    const put = event(2, { type: 'offer', data: offer(2, 'sponsor') })
    send(put)
    expect(view.room.value?.standing?.seq).toBe(2)
    expect(view.offers.value.map((one) => one.seq)).toEqual([2])
    expect(live).toHaveBeenCalledExactlyOnceWith(put, expect.objectContaining({ seq: 1, standing: null }))
  })

  it('a resumed tail is folded like live events', () => {
    const view = open()
    join(1)
    send(message(1))
    join(3, 1, false)
    send(message(2), message(3))
    expect(view.events.value.map((one) => one.seq)).toEqual([1, 2, 3])
    expect(view.room.value?.seq).toBe(3)
  })

  it('a reset forgets everything', () => {
    const view = open()
    join(2)
    send(message(1), message(2))
    join(1)
    send(message(1, 'sponsor'))
    expect(view.events.value.map((one) => one.by.side)).toEqual(['sponsor'])
    expect(view.room.value?.seq).toBe(1)
  })

  it('older history is put before, without holes and without doubles', async () => {
    const view = open()
    join(12, 10)
    send(message(11), message(12))
    const list = vi
      .spyOn(api, 'events')
      .mockResolvedValueOnce({ items: [10, 9, 8].map((seq) => message(seq)) })
    await view.loadOlder()
    expect(list).toHaveBeenCalledWith('r', { before: 11, limit: 50 })
    expect(view.events.value.map((one) => one.seq)).toEqual([8, 9, 10, 11, 12])
    expect(view.from.value).toBe(7)
  })

  it('loads back to an event that a link names', async () => {
    const view = open()
    join(500, 499)
    send(message(500))
    vi.spyOn(api, 'events').mockImplementation((_id, { before }) =>
      Promise.resolve({
        items: Array.from({ length: 200 }, (_, i) => message(before! - 1 - i)).filter((one) => one.seq > 0),
      }),
    )
    await view.loadBackTo(150)
    expect(view.events.value[0]!.seq).toBe(100)
    expect(view.events.value).toHaveLength(401)
  })

  it('a page that comes after a reset is dropped', async () => {
    const view = open()
    join(12, 10)
    send(message(11), message(12))
    let answer: (page: { items: RoomEvent[] }) => void = () => {}
    vi.spyOn(api, 'events').mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
    void view.loadOlder()
    join(1)
    send(message(1))
    answer({ items: [message(10)] })
    await flushPromises()
    expect(view.events.value.map((one) => one.seq)).toEqual([1])
  })

  it('a page that fails can be asked for again', async () => {
    const view = open()
    join(12, 11)
    send(message(12))
    vi.spyOn(api, 'events').mockRejectedValueOnce(new Error('offline'))
    await view.loadOlder()
    expect([view.olderFailed.value, view.loadingOlder.value]).toEqual([true, false])
  })

  it('typing fades after 4 s, or when the message is there', () => {
    vi.useFakeTimers()
    const view = open()
    join(0)
    const types = () =>
      handlers.ephemeral!({ topic: 'room:r', type: 'typing', data: { id: 'i', side: 'influencer' } })
    types()
    expect([...view.typingSides.value]).toEqual(['influencer'])
    vi.advanceTimersByTime(4_000)
    expect(view.typingSides.value.size).toBe(0)
    types()
    send(message(1))
    expect(view.typingSides.value.size).toBe(0)
  })

  it('seen goes forward only', () => {
    const view = open()
    join(0)
    const seen = (seq: number) =>
      handlers.ephemeral!({ topic: 'room:r', type: 'seen', data: { side: 'influencer', seq } })
    seen(5)
    seen(3)
    expect(view.room.value?.seen.influencer).toBe(5)
  })

  it('leaves the topic with its screen', () => {
    open()
    end()
    expect(left).toBe(true)
  })
})
