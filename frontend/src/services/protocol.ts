/**
 * The shapes of docs/protocol.md: what the socket carries, and what REST shares with it.
 * Times are RFC 3339 texts, dates are YYYY-MM-DD, money is in minor units.
 */

export type Side = 'sponsor' | 'influencer'
export type Role = Side | 'admin'

export type RoomStatus =
  | 'invited'
  | 'applied'
  | 'negotiating'
  | 'agreed'
  | 'completed'
  | 'declined'
  | 'withdrawn'
  | 'expired'
  | 'closed'

export const PLATFORMS = [
  'instagram',
  'tiktok',
  'youtube',
  'twitch',
  'x',
  'facebook',
  'linkedin',
  'pinterest',
  'snapchat',
  'podcast',
  'blog',
  'other',
] as const
export type Platform = (typeof PLATFORMS)[number]

export const USAGE_SCOPES = ['organic', 'paid', 'whitelisting'] as const
export type UsageScope = (typeof USAGE_SCOPES)[number]

export const DECLINE_REASONS = ['budget', 'timing', 'fit', 'terms', 'other'] as const
export type DeclineReason = (typeof DECLINE_REASONS)[number]

/** In the order in which they are shown and compared. */
export const SECTIONS = [
  'fee',
  'deliverables',
  'usage_rights',
  'exclusivity',
  'revision_rounds',
  'payment',
  'requirements',
  'note',
] as const
export type Section = (typeof SECTIONS)[number]

export interface Money {
  amount: number
  currency: string
}

export interface Deliverable {
  platform: Platform
  format: string
  quantity: number
  length_seconds?: number
  due?: string
  must_show?: string
  links?: string[]
}

export interface UsageRights {
  scope: UsageScope
  /** 0 is for ever. */
  months: number
  channels?: Platform[]
}

export interface Exclusivity {
  category: string
  days: number
}

export interface Milestone {
  milestone: string
  percent: number
  net_days: number
}

export interface Terms {
  fee: Money
  deliverables: Deliverable[]
  usage_rights?: UsageRights
  exclusivity?: Exclusivity
  revision_rounds?: number
  payment?: Milestone[]
  requirements?: string
  note?: string
  locked?: Section[]
}

/** A counter: absent is inherited, null removes an optional section. */
export type PartialTerms = {
  [K in keyof Terms]?: K extends 'fee' | 'deliverables' | 'locked' ? Terms[K] : Terms[K] | null
}

export interface Offer {
  seq: number
  author: Side
  number: number
  limit: number
  final: boolean
  terms: Terms
  terms_hash: string
  expires_at: string
  /** In an event's data: the offer this one counters. */
  supersedes?: number
}

export interface Person {
  id: string
  name: string
}

export interface RoomSnapshot {
  room: string
  seq: number
  status: RoomStatus
  frozen: boolean
  turn: Side | ''
  opened_by: Side
  ended_by: string
  close_reason: string
  standing: Offer | null
  deal: Offer | null
  offers: { sponsor: number; influencer: number; limit: number }
  section_authors: Partial<Record<Section, Side>>
  seen: { sponsor: number; influencer: number }
  campaign: { id: string; name: string; currency: string; ends_at: string }
  sponsor: Person
  influencer: Person
}

export interface RoomSummary {
  room: string
  seq: number
  status: RoomStatus
  frozen: boolean
  turn: Side | ''
  unread: number
  updated_at: string
  campaign: { id: string; name: string; currency: string; ends_at: string }
  sponsor: Person
  influencer: Person
  standing: { seq: number; author: Side; fee: Money; expires_at: string } | null
  deal: { seq: number; fee: Money } | null
}

export type EventSide = Side | 'admin' | 'system'

interface EventData {
  opened: {
    status: RoomStatus
    campaign: string
    sponsor: string
    influencer: string
    currency: string
    limit: number
  }
  offer: Offer
  accepted: { offer_seq: number; terms_hash: string; fee: Money }
  declined: { offer_seq?: number; reason: DeclineReason; note?: string }
  withdrawn: { offer_seq: number }
  cancelled: { offer_seq?: number; note?: string }
  reopened: { status: RoomStatus }
  expired: { offer_seq: number; status: RoomStatus }
  message: { text: string }
  frozen: { source: string; reason: string }
  unfrozen: { source: string; frozen: boolean; expires_at?: string }
  closed: { reason: string; offer_seq?: number }
}

export type EventType = keyof EventData

/** One numbered fact in a room's log. */
export type RoomEvent = {
  [K in EventType]: {
    room: string
    seq: number
    type: K
    at: string
    by: { id?: string; side: EventSide }
    data: EventData[K]
  }
}[EventType]

export type EventOf<K extends EventType> = Extract<RoomEvent, { type: K }>

export interface FeedItem {
  seq: number
  data: RoomEvent
  context: { campaign: string }
}

export interface Present {
  id: string
  side: EventSide
}

/** The durable commands, without their id: the body of a frame and of a REST call. */
export type CommandBody =
  | { type: 'offer'; terms: Terms | PartialTerms; expires_in?: number }
  | { type: 'counter'; offer_seq: number; terms: PartialTerms; expires_in?: number }
  | { type: 'accept'; offer_seq: number; terms_hash: string }
  | { type: 'decline'; offer_seq?: number; reason: DeclineReason; note?: string }
  | { type: 'withdraw'; offer_seq: number }
  | { type: 'cancel'; note?: string }
  | { type: 'reopen' }
  | { type: 'message'; text: string }
  | { type: 'freeze' | 'unfreeze' | 'close'; reason: string }

export interface CommandResult {
  id: string
  ok: true
  seq: number
  at: string
  duplicate?: boolean
}

export interface WireError {
  code: string
  message: string
  field?: string
  details?: Record<string, unknown>
  request_id?: string
}
