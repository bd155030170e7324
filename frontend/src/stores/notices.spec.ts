import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UNDO_MS, useNotices } from './notices'

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => vi.useRealTimers())

describe('undoable', () => {
  it('runs after 5 s, once', () => {
    const notices = useNotices()
    const run = vi.fn()
    notices.undoable('Declining…', run)
    vi.advanceTimersByTime(UNDO_MS - 1)
    expect(run).not.toHaveBeenCalled()
    expect(notices.notices).toHaveLength(1)
    vi.advanceTimersByTime(60_000)
    expect(run).toHaveBeenCalledExactlyOnceWith(false)
    expect(notices.notices).toHaveLength(0)
  })

  it('does not run when it was undone', () => {
    const notices = useNotices()
    const run = vi.fn()
    const undone = vi.fn()
    notices.undoable('Declining…', run, undone)
    notices.notices[0]!.undo!()
    vi.advanceTimersByTime(60_000)
    expect(run).not.toHaveBeenCalled()
    expect(undone).toHaveBeenCalledOnce()
    expect(notices.notices).toHaveLength(0)
  })

  it('runs at once when the page goes away, and knows it', () => {
    const run = vi.fn()
    useNotices().undoable('Declining…', run)
    window.dispatchEvent(new Event('pagehide'))
    vi.advanceTimersByTime(60_000)
    expect(run).toHaveBeenCalledExactlyOnceWith(true)
  })
})

describe('announce', () => {
  it('reads together what comes together, and can say the same again later', () => {
    const notices = useNotices()
    notices.announce('One.')
    notices.announce('Two.')
    expect(notices.polite).toBe('')
    vi.advanceTimersByTime(200)
    expect(notices.polite).toBe('One. Two.')
    vi.advanceTimersByTime(5_000)
    expect(notices.polite).toBe('')
    notices.announce('One. Two.')
    vi.advanceTimersByTime(200)
    expect(notices.polite).toBe('One. Two.')
  })

  it('of a flood only the last is read', () => {
    const notices = useNotices()
    for (let i = 0; i < 50; i++) notices.announce(`${i}.`)
    vi.advanceTimersByTime(200)
    expect(notices.polite).toBe('47. 48. 49.')
  })
})
