import { dayKey } from '../time'
import type { EventOf, Offer, RoomEvent } from '../protocol'

export type OfferMark = 'standing' | 'superseded' | 'accepted' | 'declined' | 'withdrawn' | 'expired'

export type LogEntry =
  | { kind: 'day'; key: string; at: string }
  /** `previous` is what it is compared with: the offer before, or the deal that it would amend. */
  | { kind: 'offer'; key: string; event: EventOf<'offer'>; previous: Offer | null; mark: OfferMark }
  | { kind: 'message'; key: string; event: EventOf<'message'>; grouped: boolean }
  | { kind: 'line'; key: string; event: Exclude<RoomEvent, EventOf<'offer'> | EventOf<'message'>> }

/** Messages of one side within this time are shown as one group. */
const GROUP_MS = 5 * 60_000

/**
 * A log without holes as what is shown: days, offers each with the one before it and what
 * became of it, messages, and lines for the rest. `deal` is the deal in force, whose offer may
 * be older than what is known of the log.
 */
export function logEntries(events: readonly RoomEvent[], deal: Offer | null = null): LogEntry[] {
  const offers = new Map<number, Offer>()
  if (deal) offers.set(deal.seq, deal)
  const marks = offerMarks(events)
  const entries: LogEntry[] = []
  let day = ''
  let previous: Offer | null = null
  let before: RoomEvent | undefined
  for (const event of events) {
    const today = dayKey(event.at)
    if (today !== day) {
      entries.push({ kind: 'day', key: `day-${today}`, at: event.at })
      day = today
      before = undefined
    }
    const key = String(event.seq)
    if (event.type === 'offer') {
      const { amends } = event.data
      entries.push({
        kind: 'offer',
        key,
        event,
        previous: (amends !== undefined && offers.get(amends)) || previous,
        mark: marks.get(event.seq) ?? 'standing',
      })
      previous = event.data
      offers.set(event.seq, event.data)
    } else if (event.type === 'message') {
      const grouped =
        before?.type === 'message' &&
        before.by.side === event.by.side &&
        Date.parse(event.at) - Date.parse(before.at) < GROUP_MS
      entries.push({ kind: 'message', key, event, grouped })
    } else {
      entries.push({ kind: 'line', key, event })
    }
    before = event
  }
  return entries
}

function offerMarks(events: readonly RoomEvent[]): Map<number, OfferMark> {
  const marks = new Map<number, OfferMark>()
  let standing: number | undefined
  const end = (mark: OfferMark): void => {
    if (standing !== undefined) marks.set(standing, mark)
    standing = undefined
  }
  for (const event of events) {
    switch (event.type) {
      case 'offer':
        end('superseded')
        standing = event.seq
        marks.set(event.seq, 'standing')
        break
      case 'accepted':
        end('accepted')
        break
      case 'declined':
        end('declined')
        break
      case 'withdrawn':
      case 'cancelled':
      case 'closed':
        end('withdrawn')
        break
      case 'expired':
      case 'completed':
        end('expired')
        break
    }
  }
  return marks
}
