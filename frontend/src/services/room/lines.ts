import { s } from '@/strings'
import { formatMoney } from '../money'
import type { RoomEvent } from '../protocol'

/** An event that is neither an offer nor a message, as a sentence. */
export function eventLine(event: RoomEvent, who: string, campaign: string): string {
  const texts = s.room.event
  switch (event.type) {
    case 'opened':
      return event.data.status === 'applied'
        ? texts.opened.applied(who, campaign)
        : texts.opened.invited(who, campaign)
    case 'accepted':
      return event.data.amends
        ? texts.amended(who, formatMoney(event.data.fee))
        : texts.accepted(who, formatMoney(event.data.fee))
    case 'declined': {
      const { reason: code } = event.data
      const reason = (s.decline.reasons as Record<string, string>)[code] ?? code
      return texts.declined(who, event.data.note ? `${reason}. “${event.data.note}”` : reason)
    }
    case 'withdrawn':
      return texts.withdrawn(who)
    case 'cancelled':
      return event.data.note ? `${texts.cancelled(who)}: “${event.data.note}”` : texts.cancelled(who)
    case 'reopened':
      return texts.reopened(who)
    case 'expired':
      return texts.expired
    case 'frozen':
      return texts.frozen(event.data.reason)
    case 'unfrozen':
      return event.data.frozen ? texts.stillFrozen : texts.unfrozen
    case 'closed':
      return texts.closed(event.data.reason)
    case 'delivered':
      return texts.delivered(who, event.data.deliverable + 1)
    case 'confirmed':
      return texts.confirmed(who, event.data.deliverable + 1)
    case 'returned':
      return texts.returned(who, event.data.deliverable + 1, event.data.reason)
    case 'completed':
      return texts.completed(formatMoney(event.data.fee))
    case 'message':
      return `“${event.data.text}”`
    case 'offer':
      return `${s.room.offerTitle(who, event.data.number, event.data.limit)}: ${formatMoney(event.data.terms.fee)}`
  }
}
