import { onScopeDispose, readonly, ref, type Ref } from 'vue'
import { useLive } from '@/stores/live'

const now = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/**
 * The server's time, ticking once a second: one clock for every countdown on the page, so
 * they all change in the same frame.
 */
export function useNow(): Readonly<Ref<number>> {
  const live = useLive()
  const tick = (): void => {
    now.value = live.now()
  }
  users += 1
  tick()
  timer ??= setInterval(tick, 1_000)
  onScopeDispose(() => {
    users -= 1
    if (users === 0) {
      clearInterval(timer)
      timer = undefined
    }
  })
  return readonly(now)
}
