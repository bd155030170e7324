import { onScopeDispose, shallowReactive } from 'vue'
import { api } from '@/services/api'

export interface RoomNames {
  campaign: string
  sponsor: string
  influencer: string
}

/** Rooms that are asked for at a time. */
const AT_ONCE = 4

/**
 * The names behind the ids of rooms, for an admin. Events carry ids only; each room is asked
 * for once, when a row of it is first shown, a few at a time. What cannot be read stays an id.
 */
export function useRoomNames() {
  const names = shallowReactive(new Map<string, RoomNames>())
  const asked = new Set<string>()
  const queue: string[] = []
  let under = 0
  let over = false

  function want(rooms: Iterable<string>): void {
    for (const room of rooms) {
      if (asked.has(room)) continue
      asked.add(room)
      queue.push(room)
    }
    next()
  }

  function next(): void {
    while (under < AT_ONCE && queue.length > 0 && !over) {
      under += 1
      void ask(queue.shift()!)
    }
  }

  async function ask(room: string): Promise<void> {
    try {
      const { campaign, sponsor, influencer } = await api.adminRoom(room)
      names.set(room, { campaign: campaign.name, sponsor: sponsor.name, influencer: influencer.name })
    } catch {
      asked.delete(room) // the next row of it asks again
    } finally {
      under -= 1
      next()
    }
  }

  onScopeDispose(() => {
    over = true
  })

  return { names, want }
}
