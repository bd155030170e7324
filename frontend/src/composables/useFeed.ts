import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { api } from '@/services/api'
import type { FeedItem, RoomEvent } from '@/services/protocol'
import type { TopicFrame } from '@/services/socket/topic'
import { useLive } from '@/stores/live'

/** Rows kept on the page; older ones are trimmed, and said to be. */
export const FEED_CAP = 1_000
const BACKFILL = 100
const OLDER = 200
const PAINT_MS = 250
const RATE_WINDOW_MS = 5_000

/**
 * The live feed: newest first, painted in batches however fast it comes, kept aside while
 * paused. What is kept, shown and aside together, never exceeds the cap.
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
  const waiting = ref(0)
  let buffer: FeedItem[] = []
  let arrivals: number[] = []
  let generation = 0
  /** Up to here frames are history and say nothing about the rate. */
  let historyUpTo = 0

  const leave = live.join('feed', {
    joined(answer, fresh) {
      if (!fresh) return
      generation += 1
      buffer = []
      rows.value = []
      waiting.value = 0
      trimmed.value = false
      historyUpTo = answer.seq
      hasOlder.value = answer.from > 0
      void backfill(answer.from)
    },
    event(frame) {
      const item = toItem(frame)
      buffer.push(item)
      if (item.seq > historyUpTo) arrivals.push(performance.now())
    },
    refused(refusal) {
      error.value = refusal
      loaded.value = true
    },
  })

  /** What happened before the join, so that a page that opens is not empty. */
  async function backfill(from: number): Promise<void> {
    const mine = generation
    error.value = null
    try {
      const page = await api.feed({ before: from + 1, limit: BACKFILL })
      if (mine !== generation) return
      const older = newestFirst(page.items).filter((item) => item.seq <= from)
      rows.value = [...rows.value, ...older]
      hasOlder.value = (older.at(-1)?.seq ?? 0) > 1
    } catch (caught) {
      if (mine === generation) error.value = caught
    } finally {
      if (mine === generation) loaded.value = true
    }
  }

  async function loadOlder(): Promise<void> {
    const last = rows.value.at(-1)
    if (!last || loadingOlder.value || trimmed.value) return
    const mine = generation
    loadingOlder.value = true
    try {
      const page = await api.feed({ before: last.seq, limit: OLDER })
      if (mine !== generation) return
      const room = FEED_CAP - rows.value.length
      const older = newestFirst(page.items).filter((item) => item.seq < last.seq)
      rows.value = [...rows.value, ...older.slice(0, room)]
      hasOlder.value = (older.at(-1)?.seq ?? 0) > 1
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
