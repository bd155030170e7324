import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api, type User } from '@/services/api'
import { useLive } from './live'
import { useSession } from './session'

const ROOM = '01J00000000000000000000000'

beforeEach(() => {
  sessionStorage.clear()
  setActivePinia(createPinia())
  // Nobody answers.
  vi.stubGlobal(
    'WebSocket',
    class {
      send(): void {}
      close(): void {}
    },
  )
  vi.spyOn(api, 'logout').mockResolvedValue(undefined)
  useSession().user = { id: 'ann' } as User
})

describe('what was not answered when a session ends', () => {
  it('waits for whoever logs in again, under its id', () => {
    const live = useLive()
    live.start()
    const { id } = live.submit(ROOM, { type: 'message', text: 'still there?' })
    useSession().lost()
    live.stop()
    expect(live.commands.size).toBe(0)

    useSession().user = { id: 'bob' } as User
    useSession().ended = false
    live.start()
    expect(live.commands.size).toBe(0)
    live.stop()

    useSession().user = { id: 'ann' } as User
    live.start()
    expect([...live.commands.keys()]).toEqual([id])
    live.stop()
  })

  it('is forgotten by logging out', async () => {
    const live = useLive()
    live.start()
    live.submit(ROOM, { type: 'message', text: 'never mind' })
    await useSession().logout()
    live.stop()
    live.start()
    expect(live.commands.size).toBe(0)
    live.stop()
  })
})

describe('what nothing on the page waits for', () => {
  it('is told to wait without a connection, and is not sent twice', async () => {
    vi.useFakeTimers()
    vi.spyOn(api, 'command').mockRejectedValue(new Error('no network'))
    const live = useLive()
    live.start()
    const waits = vi.fn()
    const fate = live.carry(ROOM, { type: 'withdraw', offer_seq: 3 }, waits)
    await vi.advanceTimersByTimeAsync(6_000)
    expect(waits).toHaveBeenCalledOnce()
    await expect(live.carry(ROOM, { type: 'withdraw', offer_seq: 3 }, waits)).resolves.toBeUndefined()
    expect(live.commands.size).toBe(1)
    vi.mocked(api.command).mockResolvedValue({ id: '', ok: true, seq: 4, at: '' })
    void live.retry([...live.commands.keys()][0]!)
    await vi.advanceTimersByTimeAsync(6_000)
    await expect(fate).resolves.toMatchObject({ state: 'sent', seq: 4 })
    expect(live.commands.size).toBe(0)
    live.stop()
    vi.useRealTimers()
  })
})
