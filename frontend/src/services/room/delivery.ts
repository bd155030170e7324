import { s } from '@/strings'
import { deliverCommandRules } from '../api/generated/rules.gen'
import type { RoomSnapshot } from '../protocol'
import { problemOf } from '../rules'

/** The links of a text, one a line. */
export const readLinks = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

/** Which line is not a link that could be followed; the rules of the field cannot name it. */
export function wrongLink(links: readonly string[]): string | undefined {
  const wrong = links.findIndex((link) => problemOf(deliverCommandRules.links.items, link))
  return wrong < 0 ? undefined : s.deal.linkWrong(wrong + 1)
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
