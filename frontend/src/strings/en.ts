import { feed, admin } from './en/admin'
import { auth, account } from './en/auth'
import { campaigns } from './en/campaigns'
import { deal } from './en/deal'
import { status, deals } from './en/deals'
import { notices } from './en/notices'
import { accept, decline, cancelRequest, withdraw, stale, composer } from './en/offers'
import { preferences } from './en/preferences'
import { webhooks } from './en/webhooks'
import { profile } from './en/profile'
import { room, chart } from './en/room'
import { app, titles, nav, side, common, left, connection, errors, shortcuts } from './en/shell'
import { terms, problem } from './en/terms'
import { wrong } from './en/wrong'

/**
 * The English texts of the app; those of single pages are in en-pages.ts. Functions take what
 * varies; nothing is glued together elsewhere.
 */
export const en = {
  app,
  titles,
  nav,
  side,
  common,
  left,
  auth,
  account,
  connection,
  status,
  deals,
  deal,
  room,
  chart,
  accept,
  decline,
  cancelRequest,
  withdraw,
  stale,
  composer,
  terms,
  problem,
  wrong,
  profile,
  campaigns,
  feed,
  admin,
  errors,
  shortcuts,
  notices,
  preferences,
  webhooks,
}
