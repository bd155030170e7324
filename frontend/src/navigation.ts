import type { IconName } from '@/components/icons'
import type { Role } from '@/services/protocol'
import { s } from '@/strings'

/** A place in the app that people go to by the header, or on phones by the bar at the bottom. */
export interface NavEntry {
  to: string
  text: string
  icon: IconName
  roles: Role[]
  /** Carries the count of what is unread. */
  unread?: boolean
}

/** In the order in which they are shown; the first four of a role fit on every phone. */
export const navigation: NavEntry[] = [
  { to: '/deals', text: s.nav.deals, icon: 'chat', roles: ['sponsor', 'influencer'], unread: true },
  { to: '/campaigns', text: s.nav.campaigns, icon: 'megaphone', roles: ['sponsor'] },
  { to: '/influencers', text: s.nav.findInfluencers, icon: 'search', roles: ['sponsor'] },
  { to: '/open', text: s.nav.findCampaigns, icon: 'search', roles: ['influencer'] },
  { to: '/profile', text: s.nav.profile, icon: 'person', roles: ['influencer'] },
  { to: '/admin/feed', text: s.nav.feed, icon: 'broadcast', roles: ['admin'] },
  { to: '/admin/statistics', text: s.titles.statistics, icon: 'chart', roles: ['admin'] },
  { to: '/admin/users', text: s.nav.users, icon: 'people', roles: ['admin'] },
  { to: '/admin/campaigns', text: s.nav.campaigns, icon: 'megaphone', roles: ['admin'] },
  { to: '/admin/rooms', text: s.nav.rooms, icon: 'chat', roles: ['admin'] },
  { to: '/admin/flags', text: s.nav.flags, icon: 'flag', roles: ['admin'] },
  { to: '/admin/audit', text: s.nav.audit, icon: 'journal', roles: ['admin'] },
  { to: '/admin/mail', text: s.nav.mail, icon: 'envelope', roles: ['admin'] },
  { to: '/admin/jobs', text: s.titles.jobs, icon: 'clock', roles: ['admin'] },
]

/** What stands in the menu below one's own name, above the theme and Log out. */
export const accountMenu: NavEntry[] = [
  { to: '/account', text: s.titles.account, icon: 'lock', roles: ['sponsor', 'influencer', 'admin'] },
  {
    to: '/account/notifications',
    text: s.preferences.title,
    icon: 'bell',
    roles: ['sponsor', 'influencer', 'admin'],
  },
  { to: '/reports', text: s.titles.reports, icon: 'table', roles: ['sponsor'] },
  { to: '/reports', text: s.titles.exports, icon: 'table', roles: ['influencer', 'admin'] },
  { to: '/profile', text: s.profile.cardTitle, icon: 'person', roles: ['sponsor'] },
]

/** The pages about one's own account. */
export const accountTabs: NavEntry[] = [
  { to: '/account', text: s.titles.account, icon: 'lock', roles: ['sponsor', 'influencer', 'admin'] },
  {
    to: '/account/notifications',
    text: s.preferences.title,
    icon: 'bell',
    roles: ['sponsor', 'influencer', 'admin'],
  },
  {
    to: '/account/security',
    text: s.titles.security,
    icon: 'lock',
    roles: ['sponsor', 'influencer', 'admin'],
  },
]

export const entriesFor = (list: NavEntry[], role: Role | undefined): NavEntry[] =>
  role ? list.filter((entry) => entry.roles.includes(role)) : []

/** Whether a path is an entry's page, or one below it. */
export const isUnder = (path: string, to: string): boolean => path === to || path.startsWith(`${to}/`)

/** A bar on a phone has room for five; where there are more, the fifth place opens the rest. */
export function fitBar(list: NavEntry[], places = 5): { shown: NavEntry[]; rest: NavEntry[] } {
  if (list.length <= places) return { shown: list, rest: [] }
  return { shown: list.slice(0, places - 1), rest: list.slice(places - 1) }
}
