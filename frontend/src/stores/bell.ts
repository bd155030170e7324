import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api } from '@/services/api'
import { useSession } from './session'

/** What these notices say changes what the user may do: the session is read again. */
const ACCOUNT_KINDS = new Set(['approved', 'refused', 'verified', 'account'])

/** Pings that tell of work for this user getting on; no notice comes with them. */
const WORK_KINDS = new Set(['export', 'report'])

/**
 * How many notices of one's own are unread. The inbox topic says when there is a new one; what
 * was missed while away is read after each join.
 */
export const useBell = defineStore('bell', () => {
  const session = useSession()
  const unread = ref(0)
  /** Grows with each change, so that a list on screen knows that it is old. */
  const changes = ref(0)
  /** Grows as exports and reports get on. */
  const work = ref(0)
  let generation = 0

  async function refresh(): Promise<void> {
    const mine = ++generation
    try {
      const page = await api.notices({ limit: 1 })
      if (mine !== generation) return
      unread.value = page.unread
      changes.value += 1
    } catch {
      // The next join or ping asks again; a count is not worth an error on every page.
    }
  }

  function pinged(kind: string): void {
    if (WORK_KINDS.has(kind)) {
      work.value += 1
      return
    }
    if (ACCOUNT_KINDS.has(kind)) void session.load().catch(() => undefined)
    void refresh()
  }

  async function read(upTo: string): Promise<void> {
    await api.readNotices(upTo)
    await refresh()
  }

  function stop(): void {
    generation += 1
    unread.value = 0
  }

  return { unread, changes, work, refresh, pinged, read, stop }
})
