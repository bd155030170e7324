import { nextTick, shallowRef } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RoomEvent } from '@/services/protocol'
import { event } from '@/services/room/fixtures'
import type { Command } from '@/services/socket/commands'
import { useLive } from '@/stores/live'
import { usePending } from './usePending'
import { freshStores, withSetup } from './withSetup'

let end: () => void
const events = shallowRef<RoomEvent[]>([])
const message = (change: Partial<Command> = {}): Command => ({
  id: 'c1',
  room: 'r',
  body: { type: 'message', text: 'hi' },
  createdAt: Date.parse('2026-11-22T08:00:00Z'),
  state: 'sending',
  ...change,
})
const own = (seq: number): RoomEvent => event(seq, { type: 'message', data: { text: 'hi' } })

function open() {
  const made = withSetup(() => usePending('r', events, () => 'sponsor'))
  end = made.end
  return made.result
}

beforeEach(() => {
  freshStores()
  events.value = []
})
afterEach(() => end())

describe('usePending', () => {
  it('shows a message from the moment it is sent, in its own room only', () => {
    const live = useLive()
    live.commands.set('c1', message())
    live.commands.set('c2', message({ id: 'c2', room: 'other' }))
    expect(open().value.map((row) => row.id)).toEqual(['c1'])
  })

  it('the answer first: the row stays until the event is there', async () => {
    const live = useLive()
    const discard = vi.spyOn(live, 'discard')
    live.commands.set('c1', message({ state: 'sent', seq: 4 }))
    const rows = open()
    expect(rows.value).toHaveLength(1)
    events.value = [own(4)]
    await nextTick()
    expect(discard).toHaveBeenCalledWith('c1')
  })

  it('the event first: the row is hidden, never doubled', () => {
    useLive().commands.set('c1', message())
    events.value = [own(4)]
    expect(open().value).toEqual([])
  })

  it('the same words said before do not hide a new message', () => {
    useLive().commands.set('c1', message({ createdAt: Date.parse('2026-11-22T09:00:00Z') }))
    events.value = [own(4)]
    expect(open().value).toHaveLength(1)
  })

  it('what failed stays until the person decides', () => {
    useLive().commands.set('c1', message({ state: 'failed', error: { code: 'timeout', message: '' } }))
    events.value = [own(4)]
    expect(open().value).toHaveLength(1)
  })

  it('accept and the like have no row', () => {
    useLive().commands.set('c1', message({ body: { type: 'reopen' } }))
    expect(open().value).toEqual([])
  })
})
