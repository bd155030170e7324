import { watch, type Ref } from 'vue'
import type { RoomSnapshot } from '@/services/protocol'
import { MINUTE } from '@/services/time'
import { useNotices } from '@/stores/notices'
import { s } from '@/strings'
import { useNow } from './useNow'

const STEPS: [number, string][] = [
  [0, s.room.announceExpired],
  [MINUTE, s.room.announceExpiry1],
  [10 * MINUTE, s.room.announceExpiry10],
]

/** Says once when the standing offer has 10 minutes left, 1 minute, and none. */
export function useExpiryAnnouncer(room: Ref<RoomSnapshot | null>): void {
  const now = useNow()
  const notices = useNotices()
  let offer = 0
  let said = STEPS.length

  watch(now, (time) => {
    const standing = room.value?.frozen ? null : room.value?.standing
    if (!standing) return
    const left = Date.parse(standing.expires_at) - time
    const step = STEPS.findIndex(([ms]) => left <= ms)
    const reached = step < 0 ? STEPS.length : step
    // What had passed already when the offer came on screen is on the screen.
    if (standing.seq !== offer) {
      offer = standing.seq
      said = reached
      return
    }
    if (reached < said) notices.announce(STEPS[reached]![1])
    said = reached
  })
}
