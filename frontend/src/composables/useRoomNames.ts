import { onScopeDispose, shallowReactive } from 'vue'
import { api } from '@/services/api'
import type { AdminRoom } from '@/services/api/generated'

export interface RoomNames {
  campaign: string
  sponsor: string
  influencer: string
}

/** Rooms that are asked for at a time; the server takes no more. */
const AT_ONCE = 100

/**
 * The names behind the ids of rooms, for an admin. Pages of the feed bring them; live events
 * carry ids only, and the rooms among them that are not known yet are asked for together, one
 * request at a time. What cannot be read stays an id.
 */
export function useRoomNames() {
  const names = shallowReactive(new Map<string, RoomNames>())
  const queue = new Set<string>()
  let asking = false
  let over = false

  function learn(rooms: AdminRoom[]): void {
    for (const { id, campaign, sponsor, influencer } of rooms) {
      names.set(id, { campaign: campaign.name, sponsor: sponsor.name, influencer: influencer.name })
    }
  }

  function want(rooms: Iterable<string>): void {
    for (const room of rooms) if (!names.has(room)) queue.add(room)
    void next()
  }

  async function next(): Promise<void> {
    if (asking || over || queue.size === 0) return
    const ids = [...queue].slice(0, AT_ONCE)
    for (const id of ids) queue.delete(id)
    asking = true
    try {
      learn((await api.feedRooms(ids)).items)
      asking = false
      void next()
    } catch {
      asking = false // what is still shown is wanted again with the next events
    }
  }

  onScopeDispose(() => {
    over = true
  })

  return { names, learn, want }
}
