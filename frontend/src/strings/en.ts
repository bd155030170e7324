import { feed, admin, adminPages } from './en/admin'
import { review } from './en/review'
import { auth, account } from './en/auth'
import { campaigns } from './en/campaigns'
import { deal } from './en/deal'
import { status, deals } from './en/deals'
import { figures, statistics, tracking } from './en/insight'
import { jobs } from './en/jobs'
import { landing } from './en/landing'
import { notices } from './en/notices'
import { own } from './en/own'
import { accept, decline, cancelRequest, withdraw, stale, composer } from './en/offers'
import { preferences } from './en/preferences'
import { webhooks } from './en/webhooks'
import { profile } from './en/profile'
import { room, chart } from './en/room'
import { search } from './en/search'
import { app, nav, side, common, connection, errors, shortcuts } from './en/shell'
import { reports } from './en/reports'
import { terms, problem } from './en/terms'

/** All English text of the app. Functions take what varies; nothing is glued together elsewhere. */
export const en = {
  app,
  nav,
  side,
  common,
  landing,
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
  profile,
  campaigns,
  search,
  feed,
  admin,
  adminPages,
  review,
  errors,
  shortcuts,
  notices,
  own,
  preferences,
  webhooks,
  tracking,
  figures,
  statistics,
  jobs,
  reports,
}
