import type { Offer, RoomEvent, RoomSnapshot, Side, Terms } from '../protocol'

/** Rooms and terms for specs. */

export const terms = (change: Partial<Terms> = {}): Terms => ({
  fee: { amount: 125_000, currency: 'EUR' },
  deliverables: [
    { platform: 'instagram', format: 'reel', quantity: 2, length_seconds: 30, due: '2027-01-15' },
  ],
  usage_rights: { scope: 'organic', months: 6, channels: ['instagram'] },
  payment: [
    { milestone: 'on signing', percent: 50, net_days: 14 },
    { milestone: 'on delivery', percent: 50, net_days: 14 },
  ],
  locked: [],
  ...change,
})

export const offer = (seq: number, author: Side, number = 1, change: Partial<Terms> = {}): Offer => ({
  seq,
  author,
  number,
  limit: 10,
  final: number === 10,
  terms: terms(change),
  terms_hash: 'ab'.repeat(32),
  expires_at: '2026-11-24T08:00:00Z',
})

export const snapshot = (change: Partial<RoomSnapshot> = {}): RoomSnapshot => ({
  room: 'r',
  seq: 1,
  status: 'invited',
  frozen: false,
  turn: '',
  opened_by: 'sponsor',
  ended_by: '',
  close_reason: '',
  standing: null,
  deal: null,
  deliveries: [],
  offers: { sponsor: 0, influencer: 0, limit: 10 },
  section_authors: {},
  seen: { sponsor: 1, influencer: 0 },
  campaign: { id: 'c', name: 'Blue bottle', currency: 'EUR', ends_at: '2027-03-01T00:00:00Z' },
  sponsor: { id: 's', name: 'Acme' },
  influencer: { id: 'i', name: 'Ines' },
  ...change,
})

type Loose = { type: RoomEvent['type']; data: unknown; side?: RoomEvent['by']['side'] }

export const event = (seq: number, { type, data, side = 'sponsor' }: Loose): RoomEvent =>
  ({ room: 'r', seq, type, at: '2026-11-22T08:00:00Z', by: { id: side, side }, data }) as RoomEvent
