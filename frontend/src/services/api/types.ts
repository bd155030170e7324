import type { FeedItem, Money, Role, RoomEvent, RoomSummary, Terms } from '../protocol'

export interface User {
  id: string
  email: string
  role: Role
  name: string
  approved: boolean
  flagged: boolean
}

export interface Me {
  user: User
  epoch: string
  now: string
}

export interface Registration {
  email: string
  password: string
  role: 'sponsor' | 'influencer'
  name: string
}

export type Visibility = 'public' | 'private'

export interface NewCampaign {
  name: string
  description: string
  goals: string
  category: string
  niches: string[]
  starts_on: string
  ends_on: string
  budget: Money
  visibility: Visibility
}

export interface Campaign extends Omit<NewCampaign, 'budget'> {
  id: string
  /** The figures are the owner's alone; of others' campaigns only the currency is known. */
  budget?: { amount?: number; currency: string }
  currency?: string
  committed?: number
  held?: number
  available?: number
  room_count?: number
  sponsor?: { id: string; name: string }
}

export interface InfluencerHit {
  id: string
  name: string
  category?: string
  niche?: string
  reach?: number
}

export interface FirstOffer {
  /** The client's id of the command, a ULID: sent again, it opens one room only. */
  id: string
  terms: Terms
  expires_in?: number
  message?: string
}

export interface Opened {
  room: string
  seq: number
}

export interface Page<T> {
  items: T[]
  next_cursor?: string
}

export type RoomPage = Page<RoomSummary> & { unread_total: number }
export type EventPage = { items: RoomEvent[]; head: number }
export type FeedPage = { items: FeedItem[]; head: number }
