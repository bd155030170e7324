import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import { api } from '@/services/api'
import type { RoomsRequest } from '@/services/inbox/filter'
import type { RoomSummary } from '@/services/protocol'
import { s } from '@/strings'
import { useBell } from './bell'
import { useLive } from './live'
import { useSession } from './session'

/** What the inbox tells of a room: what changes, without the names that never do. */
type RoomChange = Pick<RoomSummary, 'room' | 'seq'> & Partial<RoomSummary>

const isWhole = (change: RoomChange): change is RoomSummary =>
  change.campaign !== undefined && change.sponsor !== undefined && change.influencer !== undefined

/**
 * The rooms of the user, newest first, kept current by the inbox topic. Frames and pages may
 * come in either order: of each room the higher number wins.
 */
export const useInbox = defineStore('inbox', () => {
  const session = useSession()
  const live = useLive()
  const bell = useBell()
  const byRoom = shallowReactive(new Map<string, RoomSummary>())
  const loaded = ref(false)
  const loading = ref(false)
  const error = ref<unknown>(null)
  const cursor = ref<string | undefined>()
  /** Of rooms that are not on a page we have read: what is unread, and how many are our turn. */
  const unreadElsewhere = ref(0)
  const turnsElsewhere = ref(0)
  let leave: (() => void) | undefined
  let readAtOpening = 0
  let epoch: string | undefined
  let generation = 0

  const rooms = computed(() =>
    [...byRoom.values()].sort((a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at)),
  )
  const unreadHere = computed(() => rooms.value.reduce((sum, room) => sum + room.unread, 0))
  const turnsHere = computed(
    () => rooms.value.filter(({ turn }) => turn !== '' && turn === session.side).length,
  )
  const unread = computed(() => unreadElsewhere.value + unreadHere.value)
  /** Of all our rooms, on a page or not, those in which it is our turn. */
  const turns = computed(() => turnsElsewhere.value + turnsHere.value)

  function merge(summary: RoomSummary): void {
    const known = byRoom.get(summary.room)
    if (!known || summary.seq >= known.seq) byRoom.set(summary.room, summary)
  }

  // A room that is read in one tab is read in all of them.
  const tabs = new BroadcastChannel('parley.read')
  tabs.onmessage = ({ data }: MessageEvent<{ user?: string; room: string; seq: number }>) => {
    const known = byRoom.get(data.room)
    if (known && data.user === session.user?.id && known.seq <= data.seq) {
      byRoom.set(data.room, { ...known, unread: 0 })
    }
  }

  /** Reads the first page again, after joining or when the server says "sync". */
  async function refresh(): Promise<void> {
    const mine = ++generation
    loading.value = true
    error.value = null
    try {
      const page = await api.rooms({ limit: 50 })
      if (mine !== generation) return
      for (const item of page.items) merge(item)
      cursor.value = page.next_cursor || undefined
      count(page)
      loaded.value = true
    } catch (caught) {
      if (mine === generation) error.value = caught
    } finally {
      if (mine === generation) loading.value = false
    }
  }

  async function more(): Promise<void> {
    if (!cursor.value || loading.value) return
    const mine = generation
    loading.value = true
    try {
      const page = await api.rooms({ limit: 50, cursor: cursor.value })
      if (mine !== generation) return
      for (const item of page.items) merge(item)
      cursor.value = page.next_cursor || undefined
      count(page)
    } catch (caught) {
      error.value = caught
    } finally {
      if (mine === generation) loading.value = false
    }
  }

  /** Reads a page of the rooms that fit, which are then in the list like all others. */
  async function find(request: RoomsRequest, from?: string): Promise<string | undefined> {
    const user = session.user?.id
    const page = await api.rooms({ ...request, limit: 50, ...(from && { cursor: from }) })
    if (session.user?.id !== user) return undefined
    for (const item of page.items) merge(item)
    count(page)
    return page.next_cursor || undefined
  }

  function count(total: { unread_total: number; turn_total: number }): void {
    unreadElsewhere.value = Math.max(0, total.unread_total - unreadHere.value)
    turnsElsewhere.value = Math.max(0, total.turn_total - turnsHere.value)
  }

  function start(): void {
    if (leave) return
    readAtOpening = -1
    leave = live.join('inbox', {
      joined: (answer) => {
        // The store was restored: its rooms may have lower numbers than what is known of them.
        if (epoch !== undefined && epoch !== answer.epoch) byRoom.clear()
        epoch = answer.epoch
        if (readAtOpening === live.openings) return
        readAtOpening = live.openings
        void refresh()
        void bell.refresh()
      },
      ephemeral: (frame) => {
        if (frame.type === 'sync') void refresh()
        if (frame.type === 'notice') bell.pinged(String((frame.data as { kind?: unknown }).kind))
        if (frame.type === 'room') received(frame.data as RoomChange)
        if (frame.type === 'read') readElsewhere(frame.data as { room: string; seq: number })
      },
    })
    void refresh()
    void bell.refresh()
  }

  function received(change: RoomChange): void {
    const before = byRoom.get(change.room)
    if (before && change.seq < before.seq) return
    if (!before && !isWhole(change)) {
      // A room that is new to us, or on a page not read yet: the list tells its names.
      void refresh()
      return
    }
    const summary = { ...before, ...change } as RoomSummary
    byRoom.set(summary.room, summary)
    if (summary.unread > (before?.unread ?? 0)) notify(summary)
  }

  /** Another connection of the user has shown a room up to an event. */
  function readElsewhere({ room, seq }: { room: string; seq: number }): void {
    const known = byRoom.get(room)
    if (!known) return
    const left = Math.min(known.unread, Math.max(0, known.seq - seq))
    if (left < known.unread) byRoom.set(room, { ...known, unread: left })
  }

  function stop(): void {
    leave?.()
    leave = undefined
    epoch = undefined
    generation += 1
    bell.stop()
    byRoom.clear()
    loaded.value = false
    loading.value = false
    unreadElsewhere.value = 0
    turnsElsewhere.value = 0
    cursor.value = undefined
  }

  /** A room on screen is read: its count goes at once, the server follows by "seen". */
  function read(room: string): void {
    const known = byRoom.get(room)
    if (!known || known.unread === 0) return
    byRoom.set(room, { ...known, unread: 0 })
    tabs.postMessage({ user: session.user?.id, room, seq: known.seq })
  }

  const canNotify = ref('Notification' in window && Notification.permission === 'default')
  async function askToNotify(): Promise<void> {
    await Notification.requestPermission()
    canNotify.value = Notification.permission === 'default'
  }

  function notify(summary: RoomSummary): void {
    if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return
    const other = session.side === 'sponsor' ? summary.influencer : summary.sponsor
    // The tag makes several tabs show one notification.
    const notice = new Notification(s.deals.notifyTitle(other.name), {
      body: summary.campaign.name,
      tag: `${summary.room}:${summary.seq}`,
    })
    notice.onclick = () => {
      window.focus()
      window.location.assign(`/deals/${summary.room}`)
    }
  }

  return {
    rooms,
    byRoom,
    unread,
    turns,
    loaded,
    loading,
    error,
    cursor,
    canNotify,
    refresh,
    more,
    find,
    start,
    stop,
    read,
    askToNotify,
  }
})
