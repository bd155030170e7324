import { useIntervalFn } from '@vueuse/core'
import { ref } from 'vue'

/** How often a page that stays open asks for a new version. */
const EVERY_MS = 60 * 60 * 1_000

/**
 * The service worker, and whether a new version of the app waits. It takes over only when the
 * person says so: never under an offer that is being written.
 */
export function useUpdate() {
  const waiting = ref(false)
  let registration: ServiceWorkerRegistration | undefined
  let takeOver: ((reload?: boolean) => Promise<void>) | undefined

  async function register(): Promise<void> {
    const { registerSW } = await import('virtual:pwa-register')
    takeOver = registerSW({
      onNeedRefresh: () => (waiting.value = true),
      onRegisteredSW: (_, found) => (registration = found),
    })
  }

  // A browser without service workers, or that refuses them, loses nothing but the offline page.
  if (import.meta.env.PROD && 'serviceWorker' in navigator) void register().catch(() => undefined)
  useIntervalFn(() => void registration?.update().catch(() => undefined), EVERY_MS)

  return {
    waiting,
    update: () => void takeOver?.(true),
    later: () => (waiting.value = false),
  }
}
