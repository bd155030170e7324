import { s } from '@/strings'
import type { RoomSnapshot } from '../protocol'

/** The limits of docs/protocol.md. */
export const DELIVERY_LIMITS = { links: 20, linkChars: 300, note: 500, reason: 1000 }

/** The links of a text, one a line, and what is wrong with them. */
export function readLinks(text: string): { list: string[]; problem?: string } {
  const list = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  if (list.length === 0) return { list, problem: s.deal.linksNeeded }
  if (list.length > DELIVERY_LIMITS.links) return { list, problem: s.deal.linksMany }
  const wrong = list.findIndex((link) => !isWebAddress(link))
  if (wrong >= 0) return { list, problem: s.deal.linkWrong(wrong + 1) }
  return { list }
}

/** Only such an address becomes a link: another scheme could run as a script. */
export function isWebAddress(link: string): boolean {
  if (link.length > DELIVERY_LIMITS.linkChars) return false
  try {
    const { protocol, host } = new URL(link)
    return (protocol === 'https:' || protocol === 'http:') && host !== ''
  } catch {
    return false
  }
}

export interface DealProgress {
  total: number
  delivered: number
  confirmed: number
}

/** Counts the deliverables of the deal. */
export function progressOf(room: Pick<RoomSnapshot, 'deliveries'>): DealProgress {
  const counted = (state: string): number => room.deliveries.filter((one) => one.state === state).length
  return { total: room.deliveries.length, delivered: counted('delivered'), confirmed: counted('confirmed') }
}
