import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { api } from '@/services/api'
import type { EventSide, Offer, Present, RoomEvent, RoomSnapshot, Side, WireError } from '@/services/protocol'
import { foldEvent } from '@/services/room/fold'
import type { TopicFrame } from '@/services/socket/topic'
import { useLive } from '@/stores/live'

const TYPING_MS = 4_000
const OLDER_PAGE = 50

export interface ArrivedHooks {
  /** A live event: one that came after the room was shown, not history. */
  live?: (event: RoomEvent, before: RoomSnapshot) => void
}

/**
 * One room, as long as it is on screen: its state, the part of its log that is known (always
 * without holes), who is there and who types.
 */
export function useRoom(id: string, hooks: ArrivedHooks = {}) {
  const live = useLive()
  const room = shallowRef<RoomSnapshot | null>(null)
  const events = shallowRef<RoomEvent[]>([])
  const refused = shallowRef<WireError | null>(null)
  const present = shallowRef<Present[]>([])
  const typingSides = shallowRef<ReadonlySet<EventSide>>(new Set())
  const loadingOlder = ref(false)
  const olderFailed = ref(false)
  /** Everything up to here is older than what `events` holds. */
  const from = ref(0)
  const typingTimers = new Map<EventSide, ReturnType<typeof setTimeout>>()
  /** Up to here events are history: the snapshot knows them already. */
  let historyUpTo = 0
  /** History comes as many frames; it is shown once, when all of it is here. */
  let history: RoomEvent[] = []
  const ready = ref(false)
  let generation = 0

  const leave = live.join(`room:${id}`, {
    joined(answer, fresh) {
      refused.value = null
      if (!fresh) return
      generation += 1
      events.value = []
      history = []
      from.value = answer.from
      historyUpTo = answer.seq
      ready.value = answer.from >= answer.seq
      loadingOlder.value = false
      if (answer.snapshot) room.value = answer.snapshot
    },
    event(frame) {
      const event = toEvent(frame)
      if (event.seq < historyUpTo) {
        history.push(event)
        return
      }
      // A new array: those who get it as a prop compare by identity.
      events.value = [...events.value, ...history, event]
      history = []
      ready.value = true
      if (event.by.side === 'sponsor' || event.by.side === 'influencer') stopTyping(event.by.side)
      const before = room.value
      if (!before || event.seq !== before.seq + 1) return
      room.value = foldEvent(before, event)
      if (event.seq > historyUpTo) hooks.live?.(event, before)
    },
    ephemeral(frame) {
      if (frame.type === 'presence') present.value = (frame.data as Present[]) ?? []
      if (frame.type === 'typing') typed((frame.data as Present).side)
      if (frame.type === 'seen') seenBy(frame.data as { side: Side; seq: number })
    },
    refused(error) {
      refused.value = error
    },
  })

  function typed(side: EventSide): void {
    clearTimeout(typingTimers.get(side))
    typingTimers.set(
      side,
      setTimeout(() => stopTyping(side), TYPING_MS),
    )
    if (!typingSides.value.has(side)) typingSides.value = new Set([...typingSides.value, side])
  }

  function stopTyping(side: EventSide): void {
    clearTimeout(typingTimers.get(side))
    typingTimers.delete(side)
    if (typingSides.value.has(side)) {
      typingSides.value = new Set([...typingSides.value].filter((other) => other !== side))
    }
  }

  function seenBy({ side, seq }: { side: Side; seq: number }): void {
    if (!room.value || room.value.seen[side] >= seq) return
    room.value = { ...room.value, seen: { ...room.value.seen, [side]: seq } }
  }

  /** Loads the page of history before what is known. */
  async function loadOlder(limit = OLDER_PAGE): Promise<void> {
    if (from.value <= 0 || loadingOlder.value) return
    const mine = generation
    loadingOlder.value = true
    olderFailed.value = false
    try {
      const page = await api.events(id, { before: from.value + 1, limit })
      if (mine !== generation) return
      const older = page.items.filter((event) => event.seq <= from.value).sort((a, b) => a.seq - b.seq)
      if (older.length === 0) from.value = 0
      else {
        from.value = older[0]!.seq - 1
        events.value = [...older, ...events.value]
      }
    } catch {
      if (mine === generation) olderFailed.value = true
    } finally {
      if (mine === generation) loadingOlder.value = false
    }
  }

  /** Loads as far back as needed to show an event, such as one that a link names. */
  async function loadBackTo(seq: number): Promise<void> {
    while (seq <= from.value && !olderFailed.value) {
      const before = from.value
      await loadOlder(200)
      if (from.value === before) return
    }
  }

  const offers = computed<Offer[]>(() =>
    events.value.flatMap((event) => (event.type === 'offer' ? [event.data] : [])),
  )

  onScopeDispose(() => {
    generation += 1
    leave()
    for (const timer of typingTimers.values()) clearTimeout(timer)
  })

  return {
    room,
    events,
    ready,
    offers,
    refused,
    present,
    typingSides,
    from,
    loadingOlder,
    olderFailed,
    loadOlder,
    loadBackTo,
  }
}

export type RoomView = ReturnType<typeof useRoom>

function toEvent(frame: TopicFrame): RoomEvent {
  const { room, seq, type, at, by, data } = frame
  return { room, seq, type, at, by, data } as unknown as RoomEvent
}
