import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { api } from '@/services/api'
import type { AdminRoom } from '@/services/api/generated'
import { useRoomNames } from './useRoomNames'
import { withSetup } from './withSetup'

const room = (id: string) =>
  ({
    id,
    campaign: { id: 'c', name: `Campaign ${id}` },
    sponsor: { name: 'S' },
    influencer: { name: 'I' },
  }) as AdminRoom
let end: () => void
afterEach(() => {
  end()
  vi.restoreAllMocks()
})

function open() {
  const ask = vi
    .spyOn(api, 'feedRooms')
    .mockImplementation((ids) => Promise.resolve({ items: ids.map(room) }))
  const made = withSetup(() => useRoomNames())
  end = made.end
  return { ask, ...made.result }
}

describe('useRoomNames', () => {
  it('asks for all unknown rooms together, once', async () => {
    const { ask, names, want } = open()
    want(['a', 'b', 'a'])
    await flushPromises()
    want(['a', 'b'])
    await flushPromises()
    expect(ask.mock.calls).toEqual([[['a', 'b']]])
    expect(names.get('b')).toEqual({ campaign: 'Campaign b', sponsor: 'S', influencer: 'I' })
  })

  it('does not ask for what a page has brought', async () => {
    const { ask, learn, want } = open()
    learn([room('a')])
    want(['a'])
    await flushPromises()
    expect(ask).not.toHaveBeenCalled()
  })

  it('splits what is too much for one request', async () => {
    const { ask, names, want } = open()
    want(Array.from({ length: 250 }, (_, i) => String(i)))
    await flushPromises()
    expect(ask.mock.calls.map(([ids]) => ids.length)).toEqual([100, 100, 50])
    expect(names.size).toBe(250)
  })

  it('asks again after a failure', async () => {
    const { ask, names, want } = open()
    ask.mockRejectedValueOnce(new Error('offline'))
    want(['a'])
    await flushPromises()
    expect(names.size).toBe(0)
    want(['a'])
    await flushPromises()
    expect(names.get('a')?.campaign).toBe('Campaign a')
  })
})
