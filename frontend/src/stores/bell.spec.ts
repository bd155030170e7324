import { createPinia, setActivePinia } from 'pinia'
import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api } from '@/services/api'
import { useBell } from './bell'
import { useSession } from './session'

const page = (unread: number) => ({ items: [], next_cursor: '', unread })

beforeEach(() => {
  vi.restoreAllMocks()
  setActivePinia(createPinia())
})

describe('the bell', () => {
  it('a ping reads the count again', async () => {
    vi.spyOn(api, 'notices').mockResolvedValueOnce(page(1)).mockResolvedValueOnce(page(2))
    const bell = useBell()
    await bell.refresh()
    expect(bell.unread).toBe(1)
    bell.pinged('flagged')
    await flushPromises()
    expect(bell.unread).toBe(2)
    expect(bell.changes).toBe(2)
  })

  it('what changes the account is read with it, the rest is not', async () => {
    vi.spyOn(api, 'notices').mockResolvedValue(page(1))
    const load = vi.spyOn(useSession(), 'load').mockResolvedValue()
    const bell = useBell()
    bell.pinged('read')
    expect(load).not.toHaveBeenCalled()
    bell.pinged('approved')
    expect(load).toHaveBeenCalledOnce()
  })

  it('of two answers the later question’s counts, and none after log-out', async () => {
    const open: ((value: ReturnType<typeof page>) => void)[] = []
    const later = (): ReturnType<typeof api.notices> => new Promise((resolve) => open.push(resolve))
    vi.spyOn(api, 'notices')
      .mockImplementationOnce(later)
      .mockResolvedValueOnce(page(5))
      .mockImplementationOnce(later)
    const bell = useBell()
    void bell.refresh()
    await bell.refresh()
    open[0]!(page(9))
    await flushPromises()
    expect(bell.unread).toBe(5)
    void bell.refresh()
    bell.stop()
    open[1]!(page(7))
    await flushPromises()
    expect(bell.unread).toBe(0)
  })

  it('an unreachable server changes nothing', async () => {
    vi.spyOn(api, 'notices').mockResolvedValueOnce(page(3)).mockRejectedValueOnce(new Error('offline'))
    const bell = useBell()
    await bell.refresh()
    await bell.refresh()
    expect(bell.unread).toBe(3)
  })
})
