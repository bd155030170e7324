import type { RoomsRequest } from '../inbox/filter'
import type { CommandBody, WireError } from '../protocol'
import type { PostAnswer } from '../socket/commands'
import { ApiError, refusalOf } from './errors'
import * as sdk from './generated'
import type {
  Application,
  AskExportRequest,
  Campaign,
  CampaignBody,
  CardPatch,
  CampaignPatch,
  Command,
  Invitation,
  Invitations,
  LoginRequest,
  MakeWebhookRequest,
  Preferences,
  ProfilePatch,
  RegisterRequest,
  SearchCampaignsData,
  SearchInfluencersData,
  TokenRequest,
} from './generated'

export * from './errors'
export type { Card, Picture, Profile, ProfilePatch } from './generated'
export type { Invited, OpenCampaign, Saved as SavedSearch } from './generated'
export type {
  Campaign,
  CampaignBody,
  Expiry,
  Export,
  Influencer,
  Notice,
  Overview,
  RegisterRequest as Registration,
  User,
  Webhook,
  Work,
} from './generated'

interface Answer<T> {
  data?: T
  error?: unknown
  response?: Response
}

/** The data of an answer, or an ApiError; a cancelled request stays an AbortError. */
export async function data<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer
  if (response?.ok) return data as T
  if (response) throw refusalOf(response.status, error, response.headers.get('X-Request-Id'))
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new ApiError(0, { code: 'offline' })
}

/** All of a list, asked for until there is no further page. */
async function everyPage<T>(
  ask: (page: { limit: number; cursor?: string }) => Promise<{ items: T[]; next_cursor: string }>,
): Promise<T[]> {
  const list: T[] = []
  let cursor = ''
  do {
    const page = await ask({ limit: 100, ...(cursor && { cursor }) })
    list.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return list
}

/**
 * The server's REST API, over the client that is generated from its own description. Every
 * function rejects with an ApiError and nothing else, but for a cancelled request.
 */
export const api = {
  register: (body: RegisterRequest) => data(sdk.register({ body })),
  login: (body: LoginRequest) => data(sdk.login({ body })),
  logout: () => data(sdk.logout()),
  me: () => data(sdk.me()),

  campaigns: (query: { archived?: 'yes' | 'no'; cursor?: string; limit?: number } = {}) =>
    data(sdk.listCampaigns({ query })),
  /** All of one's own, the newest first, page after page. */
  everyCampaign: (query: { archived?: 'yes' | 'no' } = {}): Promise<Campaign[]> =>
    everyPage((page) => api.campaigns({ ...query, ...page })),
  overview: () => data(sdk.overview()),
  tracking: (id: string) => data(sdk.trackCampaign({ path: { id } })),
  statistics: (query: { from: string; to: string }) => data(sdk.statistics({ query })),
  campaign: (id: string) => data(sdk.getCampaign({ path: { id } })),
  updateCampaign: (id: string, body: CampaignPatch) => data(sdk.updateCampaign({ path: { id }, body })),
  archiveCampaign: (id: string) => data(sdk.archiveCampaign({ path: { id } })),
  createCampaign: (body: CampaignBody) => data(sdk.createCampaign({ body })),
  searchCampaigns: (query: SearchCampaignsData['query'], signal?: AbortSignal) =>
    data(sdk.searchCampaigns({ query, signal })),
  searchInfluencers: (query: SearchInfluencersData['query'], signal?: AbortSignal) =>
    data(sdk.searchInfluencers({ query, signal })),
  exports: (query: { cursor?: string; limit?: number } = {}) => data(sdk.listExports({ query })),
  askExport: (body: AskExportRequest) => data(sdk.askExport({ body })),
  removeExport: (id: string) => data(sdk.removeExport({ path: { id } })),
  reports: () => data(sdk.listReports()),
  askReport: (month: string) => data(sdk.askReport({ body: { month } })),

  savedSearches: () => data(sdk.listSavedSearches()),
  saveSearch: (body: { name: string; query: string }) => data(sdk.saveSearch({ body })),
  renameSavedSearch: (id: string, name: string) =>
    data(sdk.renameSavedSearch({ path: { id }, body: { name } })),
  deleteSavedSearch: (id: string) => data(sdk.deleteSavedSearch({ path: { id } })),
  inviteMany: (id: string, body: Invitations) => data(sdk.inviteMany({ path: { id }, body })),
  invite: (id: string, body: Invitation) => data(sdk.invite({ path: { id }, body })),
  apply: (id: string, body: Application) => data(sdk.apply({ path: { id }, body })),

  rooms: (query: RoomsRequest & { cursor?: string; limit?: number } = {}) => data(sdk.listRooms({ query })),
  /** Every campaign in which one has rooms, page after page. */
  everyRoomCampaign: () => everyPage((page) => data(sdk.roomCampaigns({ query: page }))),
  events: (id: string, query: { before?: number; after?: number; limit?: number }) =>
    data(sdk.listEvents({ path: { id }, query })),

  /** A refusal is an answer here; only an unreachable server rejects. */
  async command(
    id: string,
    body: CommandBody & { id: string },
    { epoch, keepalive }: { epoch?: string; keepalive?: boolean } = {},
  ): Promise<PostAnswer> {
    const headers = epoch === undefined ? undefined : { 'Parley-Epoch': epoch }
    try {
      return await data(sdk.command({ path: { id }, body: body as Command, headers, keepalive }))
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) throw error
      const { code, message, field, problem, details, requestId } = error
      const refusal: WireError = { code, message, field, problem, details, request_id: requestId }
      return { id: body.id, error: refusal }
    }
  },

  session: () => data(sdk.session()),
  verifyEmail: (token: string) => data(sdk.verifyEmail({ body: { token } })),
  forgotPassword: (email: string) => data(sdk.forgotPassword({ body: { email } })),
  resetPassword: (token: string, password: string) => data(sdk.resetPassword({ body: { token, password } })),
  resendVerification: () => data(sdk.resendVerification()),
  changeAccount: (name: string) => data(sdk.changeAccount({ body: { name } })),
  changePassword: (current: string, password: string) =>
    data(sdk.changePassword({ body: { current, password } })),
  changeEmail: (email: string, password: string) => data(sdk.changeEmail({ body: { email, password } })),
  setOwnBudget: (currency: string, amount: number) =>
    data(sdk.setOwnBudget({ path: { currency }, body: { amount } })),
  createToken: (body: TokenRequest) => data(sdk.createToken({ body })),
  deleteAccount: (password: string, code: string) =>
    data(sdk.deleteAccount({ body: { password, ...(code && { code }) } })),
  preferences: () => data(sdk.getPreferences()),
  setPreferences: (body: Preferences) => data(sdk.setPreferences({ body })),
  webhooks: () => data(sdk.listWebhooks()),
  makeWebhook: (body: MakeWebhookRequest) => data(sdk.makeWebhook({ body })),
  deleteWebhook: (id: string) => data(sdk.deleteWebhook({ path: { id } })),
  switchWebhookOn: (id: string) => data(sdk.switchWebhookOn({ path: { id } })),
  testWebhook: (id: string) => data(sdk.testWebhook({ path: { id } })),
  factor: () => data(sdk.getFactor()),
  proposeFactor: (password: string) => data(sdk.proposeFactor({ body: { password } })),
  confirmFactor: (code: string) => data(sdk.confirmFactor({ body: { code } })),
  newRecoveryCodes: (password: string) => data(sdk.newRecoveryCodes({ body: { password } })),
  removeFactor: (password: string, code: string) => data(sdk.removeFactor({ body: { password, code } })),
  sessions: () => data(sdk.listSessions()),
  endSession: (id: string) => data(sdk.endSession({ path: { id } })),
  endOtherSessions: () => data(sdk.endOtherSessions()),

  notices: (query: { cursor?: string; limit?: number } = {}) => data(sdk.listNotices({ query })),
  readNotices: (upTo: string) => data(sdk.readNotices({ body: { up_to: upTo } })),

  profile: (slug: string) => data(sdk.publicProfile({ path: { slug } })),
  ownProfile: () => data(sdk.ownProfile()),
  editProfile: (body: ProfilePatch) => data(sdk.editProfile({ body })),
  checkAddress: (slug: string) => data(sdk.checkAddress({ path: { slug } })),
  ownCard: () => data(sdk.ownCard()),
  editCard: (body: CardPatch) => data(sdk.editCard({ body })),
  parties: (room: string) => data(sdk.roomParties({ path: { id: room } })),
  sponsorCard: (id: string) => data(sdk.sponsorCard({ path: { id } })),
  setPicture: (body: Blob) => data(sdk.setPicture({ body, headers: { 'Content-Type': body.type } })),
  removePicture: () => data(sdk.removePicture()),

  adminRoom: (id: string) => data(sdk.adminRoom({ path: { id } })),
  feed: (query: { before?: number; limit?: number; type?: string; campaign?: string; user?: string }) =>
    data(sdk.adminFeed({ query })),
  feedRooms: (ids: string[]) => data(sdk.adminFeedRooms({ query: { ids: ids.join(',') } })),

  ownFlags: (query: { cursor?: string } = {}) => data(sdk.listOwnFlags({ query })),
  appeal: (flag: string, text: string) => data(sdk.appeal({ path: { flag }, body: { text } })),
}
