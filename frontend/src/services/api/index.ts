import type { CommandBody, RoomSnapshot } from '../protocol'
import type { PostAnswer } from '../socket/commands'
import { ApiError, request } from './http'
import type {
  Campaign,
  EventPage,
  FeedPage,
  FirstOffer,
  InfluencerHit,
  Me,
  NewCampaign,
  Opened,
  Page,
  Registration,
  RoomPage,
  User,
} from './types'

export * from './http'
export type * from './types'

const id = encodeURIComponent

/** The server's REST API. Every function rejects with an ApiError. */
export const api = {
  register: (body: Registration) => request<{ user: User }>('POST', '/api/auth/register', { body }),
  login: (body: { email: string; password: string }) =>
    request<{ user: User }>('POST', '/api/auth/login', { body }),
  logout: () => request<void>('POST', '/api/auth/logout'),
  me: () => request<Me>('GET', '/api/me'),

  campaigns: (query: { scope?: 'open'; cursor?: string } = {}) =>
    request<Page<Campaign>>('GET', '/api/campaigns', { query }),
  campaign: (campaign: string) => request<Campaign>('GET', `/api/campaigns/${id(campaign)}`),
  createCampaign: (body: NewCampaign) => request<Campaign>('POST', '/api/campaigns', { body }),
  influencers: (q: string, signal?: AbortSignal) =>
    request<Page<InfluencerHit>>('GET', '/api/influencers', { query: { q, limit: 8 }, signal }),
  invite: (campaign: string, body: FirstOffer & { influencer: string }) =>
    request<Opened>('POST', `/api/campaigns/${id(campaign)}/invitations`, { body }),
  apply: (campaign: string, body: FirstOffer) =>
    request<Opened>('POST', `/api/campaigns/${id(campaign)}/applications`, { body }),

  rooms: (query: { status?: string; turn?: 'mine'; cursor?: string; limit?: number } = {}) =>
    request<RoomPage>('GET', '/api/rooms', { query }),
  room: (room: string) => request<RoomSnapshot>('GET', `/api/rooms/${id(room)}`),
  events: (room: string, query: { before?: number; after?: number; limit?: number }) =>
    request<EventPage>('GET', `/api/rooms/${id(room)}/events`, { query }),

  /** A refusal is an answer here; only an unreachable server rejects. */
  async command(
    room: string,
    body: CommandBody & { id: string },
    options: { keepalive?: boolean } = {},
  ): Promise<PostAnswer> {
    try {
      return await request<PostAnswer>('POST', `/api/rooms/${id(room)}/commands`, { body, ...options })
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) throw error
      return {
        id: body.id,
        error: {
          code: error.code,
          message: error.message,
          field: error.field,
          details: error.details,
          request_id: error.requestId,
        },
      }
    }
  },

  feed: (query: { before?: number; limit?: number }) =>
    request<FeedPage>('GET', '/api/admin/feed', { query }),
  adminRoom: (room: string) => request<RoomSnapshot>('GET', `/api/admin/rooms/${id(room)}`),
}
