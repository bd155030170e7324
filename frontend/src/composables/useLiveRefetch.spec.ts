import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { REFETCH_EVERY, useLiveRefetch } from './useLiveRefetch'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('reads at once, then seldom, and never misses the last change', async () => {
  const seq = ref(0)
  const read: number[] = []
  const scope = effectScope()
  scope.run(() => useLiveRefetch(seq, () => read.push(seq.value)))
  for (let i = 1; i <= 50; i++) {
    seq.value = i
    await nextTick()
    await vi.advanceTimersByTimeAsync(20)
  }
  expect(read.length).toBe(1)
  expect(read[0]).toBe(1)
  await vi.advanceTimersByTimeAsync(REFETCH_EVERY)
  expect(read.length).toBe(2)
  expect(read.at(-1)).toBe(50)
  await vi.advanceTimersByTimeAsync(10 * REFETCH_EVERY)
  expect(read.length).toBe(2)
  seq.value = 51
  await nextTick()
  expect(read.at(-1)).toBe(51)
  scope.stop()
})
