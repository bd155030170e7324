import { nextTick, shallowRef } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RoomSnapshot } from '@/services/protocol'
import { offer, snapshot } from '@/services/room/fixtures'
import { useNotices } from '@/stores/notices'
import { useExpiryAnnouncer } from './useExpiryAnnouncer'
import { freshStores, withSetup } from './withSetup'

let end: () => void
let said: string[]
const room = shallowRef<RoomSnapshot | null>(null)

beforeEach(() => {
  vi.useFakeTimers()
  vi.setSystemTime('2026-11-22T08:00:00Z')
  freshStores()
  said = []
  vi.spyOn(useNotices(), 'announce').mockImplementation((text) => void said.push(text))
})
afterEach(() => {
  end()
  vi.useRealTimers()
})

function open(expires: string, change: Partial<RoomSnapshot> = {}): void {
  room.value = snapshot({ standing: { ...offer(2, 'sponsor'), expires_at: expires }, ...change })
  end = withSetup(() => useExpiryAnnouncer(room)).end
}
async function pass(minutes: number): Promise<void> {
  for (let second = 0; second < minutes * 60; second++) {
    vi.advanceTimersByTime(1_000)
    await nextTick()
  }
}

describe('useExpiryAnnouncer', () => {
  it('says it at 10 minutes, at 1 minute and at the end, once each', async () => {
    open('2026-11-22T08:12:00Z')
    await pass(1)
    expect(said).toEqual([])
    await pass(2)
    expect(said).toEqual(['The standing offer expires in 10 minutes.'])
    await pass(8)
    expect(said).toHaveLength(2)
    await pass(3)
    expect(said.at(-1)).toBe('The standing offer has expired.')
    expect(said).toHaveLength(3)
  })

  it('does not repeat what had passed when the room was opened', async () => {
    open('2026-11-22T08:05:00Z')
    await pass(2)
    expect(said).toEqual([])
    await pass(3)
    expect(said).toHaveLength(2)
  })

  it('a newer offer begins anew', async () => {
    open('2026-11-22T08:11:00Z')
    await pass(2)
    room.value = snapshot({ standing: { ...offer(4, 'sponsor'), expires_at: '2026-11-22T09:00:00Z' } })
    await pass(20)
    expect(said).toHaveLength(1)
  })

  it('is silent while the clock stands still', async () => {
    open('2026-11-22T08:11:00Z', { frozen: true })
    await pass(12)
    expect(said).toEqual([])
  })
})
