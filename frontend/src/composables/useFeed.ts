import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { api } from '@/services/api'
import type { FeedItem, RoomEvent } from '@/services/protocol'
import type { TopicFrame } from '@/services/socket/topic'
import { useLive } from '@/stores/live'
import { useRoomNames } from './useRoomNames'

/** Rows kept on the page; older ones are trimmed, and said to be. */
export const FEED_CAP = 1_000
const BACKFILL = 100
const OLDER = 200
const PAINT_MS = 250
const RATE_WINDOW_MS = 5_000

/** How many requests one look back makes until a page is full; each looks at a bounded part. */
const LOOKS = 3

/** What of the feed is shown; what is empty selects everything. */
export interface FeedFilter {
  type: string
  campaign: string
  user: string
}

/**
 * The live feed: newest first, painted in batches however fast it comes, kept aside while
 * paused. A filter is the server's for what was, and is done here for what comes: the topic is
 * one for all admins. What is kept, shown and aside together, never exceeds the cap.
 */
export function useFeed() {
  const live = useLive()
  const rows = shallowRef<FeedItem[]>([])
  const paused = ref(false)
  const trimmed = ref(false)
  const loadingOlder = ref(false)
  const hasOlder = ref(true)
  const error = shallowRef<unknown>(null)
  const loaded = ref(false)
  const rate = ref(0)
  /** Down to this event everything that the filter selects is here. */
  const searched = ref(0)
  const filter = shallowRef<FeedFilter>({ type: '', campaign: '', user: '' })
  const { names, learn, want } = useRoomNames()
  const waiting = ref(0)
  let buffer: FeedItem[] = []
  let arrivals: number[] = []
  let generation = 0
  /** Up to here frames are history and say nothing about the rate. */
  let historyUpTo = 0
  let newest = 0

  const leave = live.join('feed', {
    joined(answer, fresh) {
      if (!fresh) return
      generation += 1
      buffer = []
      rows.value = []
      waiting.value = 0
      trimmed.value = false
      historyUpTo = answer.seq
      newest = answer.from
      hasOlder.value = answer.from > 0
      void backfill(answer.from)
    },
    event(frame) {
      const item = toItem(frame)
      newest = Math.max(newest, item.seq)
      if (matches(item)) buffer.push(item)
      if (item.seq > historyUpTo) arrivals.push(performance.now())
    },
    refused(refusal) {
      error.value = refusal
      loaded.value = true
    },
  })

  function matches({ data, context }: FeedItem): boolean {
    const { type, campaign, user } = filter.value
    return (
      (!type || data.type === type) &&
      (!campaign || context.campaign === campaign) &&
      (!user || context.sponsor === user || context.influencer === user || data.by.id === user)
    )
  }

  /** Starts over with what another filter selects. */
  function setFilter(next: FeedFilter): void {
    filter.value = next
    generation += 1
    buffer = []
    rows.value = []
    waiting.value = 0
    trimmed.value = false
    loaded.value = false
    void backfill(newest)
  }

  /** Older events than `before`, newest first, until a page is full or all was looked at. */
  async function look(before: number, limit: number, mine: number): Promise<FeedItem[]> {
    const { type, campaign, user } = filter.value
    const chosen = { ...(type && { type }), ...(campaign && { campaign }), ...(user && { user }) }
    let found: FeedItem[] = []
    searched.value = before
    for (let looks = 0; looks < LOOKS && found.length < limit && searched.value > 1; looks++) {
      const page = await api.feed({ before: searched.value, limit: limit - found.length, ...chosen })
      if (mine !== generation) return []
      learn(page.rooms)
      found = [...found, ...newestFirst(page.items)]
      searched.value = page.searched
    }
    hasOlder.value = searched.value > 1
    return found
  }

  /** What happened before, so that a page that opens is not empty. */
  async function backfill(from: number): Promise<void> {
    const mine = generation
    error.value = null
    try {
      const older = await look(from + 1, BACKFILL, mine)
      if (mine === generation) rows.value = [...rows.value, ...older.filter((item) => item.seq <= from)]
    } catch (caught) {
      if (mine === generation) error.value = caught
    } finally {
      if (mine === generation) loaded.value = true
    }
  }

  async function loadOlder(): Promise<void> {
    if (loadingOlder.value || trimmed.value) return
    const mine = generation
    loadingOlder.value = true
    error.value = null
    try {
      const older = await look(searched.value, OLDER, mine)
      if (mine !== generation) return
      const room = FEED_CAP - rows.value.length
      rows.value = [...rows.value, ...older.slice(0, room)]
      if (older.length > room) trimmed.value = true
    } catch (caught) {
      if (mine === generation) error.value = caught
    } finally {
      loadingOlder.value = false
    }
  }

  function paint(): void {
    const now = performance.now()
    arrivals = arrivals.filter((at) => now - at < RATE_WINDOW_MS)
    rate.value = arrivals.length / (RATE_WINDOW_MS / 1_000)
    if (buffer.length === 0) return
    if (paused.value) {
      if (buffer.length > FEED_CAP) {
        buffer = buffer.slice(-FEED_CAP)
        trimmed.value = true
      }
      waiting.value = buffer.length
      return
    }
    const next = [...buffer.reverse(), ...rows.value]
    buffer = []
    waiting.value = 0
    if (next.length > FEED_CAP) {
      next.length = FEED_CAP
      trimmed.value = true
    }
    rows.value = next
    want(next.map((item) => item.data.room))
  }
  const timer = setInterval(paint, PAINT_MS)

  function setPaused(on: boolean): void {
    paused.value = on
    if (!on) paint()
  }

  onScopeDispose(() => {
    generation += 1
    clearInterval(timer)
    leave()
  })

  return {
    rows,
    paused: computed(() => paused.value),
    setPaused,
    waiting,
    trimmed,
    hasOlder,
    loadingOlder,
    loadOlder,
    loaded,
    error,
    rate,
    searched,
    filter,
    setFilter,
    names,
  }
}

function toItem(frame: TopicFrame): FeedItem {
  return {
    seq: frame.seq as number,
    type: 'event',
    data: frame.data as RoomEvent,
    context: (frame.context as FeedItem['context']) ?? { campaign: '', sponsor: '', influencer: '' },
  }
}

const newestFirst = (items: FeedItem[]): FeedItem[] => [...items].sort((a, b) => b.seq - a.seq)
