import type { LocationQuery } from 'vue-router'
import type { RoomSummary, Side, RoomStatus } from '@/services/protocol'

/** The three states of a request, each of several statuses, as the API's "view" has them. */
export const VIEWS = {
  pending: ['invited', 'applied', 'negotiating'],
  accepted: ['agreed', 'completed'],
  rejected: ['declined', 'withdrawn', 'expired', 'closed'],
} as const satisfies Record<string, readonly RoomStatus[]>

export type View = keyof typeof VIEWS
export const SHOWS = ['all', 'mine', 'pending', 'accepted', 'rejected'] as const
export type Show = (typeof SHOWS)[number]
export const STATUSES: readonly RoomStatus[] = Object.values(VIEWS).flat()

/** What became of deliverables, as the API's filter has it. */
export const WORKS = ['to_do', 'to_confirm', 'confirmed'] as const
export type Work = (typeof WORKS)[number]

/** Which rooms of the inbox are shown; it lives in the address bar. */
export interface InboxFilter {
  show: Show
  status: RoomStatus | ''
  turn: 'mine' | 'theirs' | ''
  /** Deals with deliverables of which that became. */
  work: Work | ''
  campaign: string
  /** Of campaigns in that one; empty for all. */
  currency: string
  unread: boolean
  q: string
}

export const everything: InboxFilter = {
  show: 'all',
  status: '',
  turn: '',
  work: '',
  campaign: '',
  currency: '',
  unread: false,
  q: '',
}

export function filterFrom(query: LocationQuery): InboxFilter {
  const text = (name: string): string => (typeof query[name] === 'string' ? query[name] : '')
  return {
    show: SHOWS.find((show) => show === text('show')) ?? 'all',
    status: STATUSES.find((status) => status === text('status')) ?? '',
    turn: (['mine', 'theirs'] as const).find((turn) => turn === text('turn')) ?? '',
    work: WORKS.find((work) => work === text('deliverables')) ?? '',
    campaign: text('campaign'),
    currency: /^[A-Z]{3}$/.exec(text('currency'))?.[0] ?? '',
    unread: text('unread') === '1',
    q: text('q').slice(0, 100),
  }
}

/** The address bar's part of a filter: only what differs from everything. */
export function queryOf(filter: InboxFilter): Record<string, string> {
  const query: Record<string, string> = {}
  if (filter.show !== 'all') query.show = filter.show
  if (filter.status) query.status = filter.status
  if (filter.turn) query.turn = filter.turn
  if (filter.work) query.deliverables = filter.work
  if (filter.campaign) query.campaign = filter.campaign
  if (filter.currency) query.currency = filter.currency
  if (filter.unread) query.unread = '1'
  if (filter.q.trim()) query.q = filter.q.trim()
  return query
}

export interface RoomsRequest {
  view?: View
  status?: RoomStatus
  turn?: 'mine' | 'theirs'
  deliverables?: Work
  campaign?: string
  currency?: string
  unread?: boolean
  q?: string
}

/** What to ask the API for. */
export function requestOf(filter: InboxFilter): RoomsRequest {
  const request: RoomsRequest = {}
  if (filter.show === 'mine') request.turn = 'mine'
  else if (filter.show !== 'all') request.view = filter.show
  if (filter.status) request.status = filter.status
  if (filter.turn) request.turn = filter.turn
  if (filter.work) request.deliverables = filter.work
  if (filter.campaign) request.campaign = filter.campaign
  if (filter.currency) request.currency = filter.currency
  if (filter.unread) request.unread = true
  if (filter.q.trim()) request.q = filter.q.trim()
  return request
}

/** Whether a room is one that the API would list: what changes live comes and goes at once. */
export function fits(room: RoomSummary, filter: InboxFilter, side: Side | undefined): boolean {
  const turn = filter.turn || (filter.show === 'mine' ? 'mine' : '')
  if (turn === 'mine' && room.turn !== side) return false
  if (turn === 'theirs' && (!room.turn || room.turn === side)) return false
  const statuses: readonly RoomStatus[] = filter.status
    ? [filter.status]
    : filter.show === 'all' || filter.show === 'mine'
      ? STATUSES
      : VIEWS[filter.show]
  if (!statuses.includes(room.status)) return false
  if (filter.work && !works(room, filter.work)) return false
  if (filter.campaign && room.campaign.id !== filter.campaign) return false
  if (filter.currency && room.campaign.currency !== filter.currency) return false
  if (filter.unread && room.unread === 0) return false
  const text = filter.q.trim().toLowerCase()
  if (!text) return true
  return [room.campaign.name, room.sponsor.name, room.influencer.name].some((name) =>
    name.toLowerCase().includes(text),
  )
}

function works(room: RoomSummary, work: Work): boolean {
  const done = room.deal?.deliverables
  if (!done || (room.status !== 'agreed' && room.status !== 'completed')) return false
  if (work === 'to_confirm') return done.delivered > 0
  return (work === 'confirmed' ? done.confirmed : done.total - done.delivered - done.confirmed) > 0
}
