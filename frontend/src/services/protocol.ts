/**
 * The shapes of docs/protocol.md: what the socket carries, and what REST shares with it. They
 * are those of the server's own description, so the two cannot drift apart.
 * Times are RFC 3339 texts, dates are YYYY-MM-DD, money is in minor units.
 */
import type { Command, Event, OfferData, Problem, Snapshot, Summary, Terms } from './api/generated'
import { declineCommandRules, deliverableRules, usageRightsRules } from './api/generated/rules.gen'

export type {
  CommandResult,
  Deliverable,
  Delivery,
  Exclusivity,
  FeedItem,
  Milestone,
  Money,
  Offer,
  OfferData,
  Person,
  Terms,
  TermsPatch as PartialTerms,
  UsageRights,
} from './api/generated'

export type Side = 'sponsor' | 'influencer'
export type Role = Side | 'admin'
export type EventSide = Side | 'admin' | 'system'

export type RoomSnapshot = Snapshot
export type RoomSummary = Summary
export type RoomStatus = Snapshot['status']

/** One numbered fact in a room's log. */
export type RoomEvent = Event
export type EventType = RoomEvent['type']
export type EventOf<K extends EventType> = Extract<RoomEvent, { type: K }>

/** A durable command without its id: the body of a frame and of a REST call. */
export type CommandBody = WithoutId<Command>
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

export interface Present {
  id: string
  side: EventSide
}

export interface WireError {
  code: string
  message: string
  field?: string
  problem?: Problem
  details?: Record<string, unknown>
  request_id?: string
}

export const PLATFORMS = deliverableRules.platform.enum
export type Platform = (typeof PLATFORMS)[number]

export const USAGE_SCOPES = usageRightsRules.scope.enum
export type UsageScope = (typeof USAGE_SCOPES)[number]

export const DECLINE_REASONS = declineCommandRules.reason.enum
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
] as const satisfies Exclude<keyof Terms, 'locked'>[]
export type Section = (typeof SECTIONS)[number]

/** An offer as its event carries it: with the one it counters. */
export type PutOffer = OfferData
