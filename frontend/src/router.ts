import { createRouter, createWebHistory } from 'vue-router'
import type { Role } from '@/services/protocol'
import { useSession } from '@/stores/session'
import { s } from '@/strings'
import { setPageTitle } from '@/composables/usePageTitle'

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    /** Who may come here; without it everybody, logged in or not. */
    roles?: Role[]
    /** Only for those who are not logged in. */
    guest?: boolean
    /** Open to those who are under review, who see nothing else. */
    whileFlagged?: boolean
    /** Without the header and the bar: the page has a frame of its own. */
    bare?: boolean
    /** Without the bar at the bottom of phones: the page needs its place. */
    noBar?: boolean
  }
}

const everyone: Role[] = ['sponsor', 'influencer', 'admin']

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    {
      path: '/',
      name: 'landing',
      component: () => import('@/screens/LandingScreen.vue'),
      meta: { title: s.titles.landing, guest: true },
    },
    {
      path: '/login',
      name: 'login',
      component: () => import('@/screens/LoginScreen.vue'),
      meta: { title: s.auth.loginTitle, guest: true, bare: true },
    },
    {
      path: '/register',
      name: 'register',
      component: () => import('@/screens/RegisterScreen.vue'),
      meta: { title: s.auth.registerTitle, guest: true, bare: true },
    },
    {
      path: '/deals',
      name: 'deals',
      component: () => import('@/screens/DealsScreen.vue'),
      meta: { title: s.deals.title, roles: ['sponsor', 'influencer'] },
    },
    {
      path: '/deals/:id',
      name: 'room',
      component: () => import('@/screens/RoomScreen.vue'),
      props: true,
      meta: { title: s.room.deal, roles: everyone, noBar: true },
    },
    {
      path: '/campaigns',
      name: 'campaigns',
      component: () => import('@/screens/CampaignsScreen.vue'),
      meta: { title: s.campaigns.title, roles: ['sponsor'] },
    },
    {
      path: '/campaigns/new',
      name: 'campaign-new',
      component: () => import('@/screens/CampaignNewScreen.vue'),
      meta: { title: s.campaigns.createTitle, roles: ['sponsor'] },
    },
    {
      path: '/campaigns/:id/edit',
      name: 'campaign-edit',
      component: () => import('@/screens/campaigns/CampaignEditScreen.vue'),
      props: true,
      meta: { title: s.campaigns.edit, roles: ['sponsor'] },
    },
    {
      path: '/campaigns/:id',
      name: 'campaign',
      component: () => import('@/screens/CampaignScreen.vue'),
      props: true,
      meta: { title: s.campaigns.title, roles: ['sponsor', 'influencer'] },
    },
    {
      path: '/open',
      name: 'open',
      component: () => import('@/screens/search/OpenCampaignsScreen.vue'),
      meta: { title: s.titles.openCampaigns, roles: ['influencer'] },
    },
    {
      path: '/influencers',
      name: 'influencers',
      component: () => import('@/screens/search/InfluencersScreen.vue'),
      meta: { title: s.titles.influencers, roles: ['sponsor'] },
    },
    {
      path: '/admin/feed',
      name: 'feed',
      component: () => import('@/screens/FeedScreen.vue'),
      meta: { title: s.feed.title, roles: ['admin'] },
    },
    {
      path: '/admin/statistics',
      name: 'statistics',
      component: () => import('@/screens/admin/StatisticsScreen.vue'),
      meta: { title: s.titles.statistics, roles: ['admin'] },
    },
    {
      path: '/admin/users',
      name: 'admin-users',
      component: () => import('@/screens/admin/UsersScreen.vue'),
      // A short address for who waits for approval.
      beforeEnter: (to) =>
        to.query.pending === undefined || { path: to.path, query: { state: 'pending' }, replace: true },
      meta: { title: s.nav.users, roles: ['admin'] },
    },
    {
      path: '/admin/users/:id',
      name: 'admin-user',
      component: () => import('@/screens/admin/UserScreen.vue'),
      props: true,
      meta: { title: s.nav.users, roles: ['admin'] },
    },
    {
      path: '/admin/campaigns',
      name: 'admin-campaigns',
      component: () => import('@/screens/admin/CampaignsScreen.vue'),
      meta: { title: s.nav.campaigns, roles: ['admin'] },
    },
    {
      path: '/admin/campaigns/:id',
      name: 'admin-campaign',
      component: () => import('@/screens/admin/CampaignScreen.vue'),
      props: true,
      meta: { title: s.nav.campaigns, roles: ['admin'] },
    },
    {
      path: '/admin/rooms',
      name: 'admin-rooms',
      component: () => import('@/screens/admin/RoomsScreen.vue'),
      meta: { title: s.nav.rooms, roles: ['admin'] },
    },
    {
      path: '/admin/flags',
      name: 'admin-flags',
      component: () => import('@/screens/admin/FlagsScreen.vue'),
      meta: { title: s.nav.flags, roles: ['admin'] },
    },
    {
      path: '/admin/audit',
      name: 'admin-audit',
      component: () => import('@/screens/admin/AuditScreen.vue'),
      meta: { title: s.nav.audit, roles: ['admin'] },
    },
    {
      path: '/admin/mail',
      name: 'admin-mail',
      component: () => import('@/screens/admin/MailScreen.vue'),
      meta: { title: s.nav.mail, roles: ['admin'] },
    },
    {
      path: '/admin/jobs',
      name: 'admin-jobs',
      component: () => import('@/screens/admin/JobsScreen.vue'),
      meta: { title: s.titles.jobs, roles: ['admin'] },
    },
    {
      path: '/reviews',
      name: 'reviews',
      component: () => import('@/screens/ReviewsScreen.vue'),
      meta: { title: s.titles.reviews, roles: everyone, whileFlagged: true },
    },
    {
      path: '/account',
      name: 'account',
      component: () => import('@/screens/account/AccountScreen.vue'),
      meta: { title: s.titles.account, roles: everyone },
    },
    {
      path: '/account/notifications',
      name: 'preferences',
      component: () => import('@/screens/account/PreferencesScreen.vue'),
      meta: { title: s.preferences.title, roles: everyone },
    },
    {
      path: '/account/security',
      name: 'security',
      component: () => import('@/screens/account/SecurityScreen.vue'),
      meta: { title: s.titles.security, roles: everyone },
    },
    {
      path: '/verify',
      name: 'verify',
      component: () => import('@/screens/account/VerifyScreen.vue'),
      meta: { title: s.titles.verify },
    },
    {
      path: '/forgot',
      name: 'forgot',
      component: () => import('@/screens/account/ForgotScreen.vue'),
      meta: { title: s.titles.forgot, bare: true },
    },
    {
      path: '/reset',
      name: 'reset',
      component: () => import('@/screens/account/ResetScreen.vue'),
      meta: { title: s.titles.reset, bare: true },
    },
    {
      path: '/notices',
      name: 'notices',
      component: () => import('@/screens/account/NoticesScreen.vue'),
      meta: { title: s.notices.title, roles: everyone },
    },
    {
      path: '/reports',
      name: 'reports',
      component: () => import('@/screens/account/ReportsScreen.vue'),
      meta: { title: s.titles.reports, roles: everyone },
    },
    {
      path: '/i/:slug',
      name: 'public-profile',
      component: () => import('@/screens/profile/PublicProfileScreen.vue'),
      props: true,
      meta: { title: s.profile.publicTitle },
    },
    {
      path: '/profile',
      name: 'profile',
      component: () => import('@/screens/profile/ProfileScreen.vue'),
      meta: { title: s.profile.title, roles: ['sponsor', 'influencer'] },
    },
    {
      path: '/:rest(.*)*',
      name: 'not-found',
      component: () => import('@/screens/NotFoundScreen.vue'),
      meta: { title: s.errors.notFoundTitle },
    },
  ],
  scrollBehavior(to, from, saved) {
    // The room scrolls to its own anchors, once the offers are there.
    if (to.name === 'room' && to.hash) return false
    if (to.path === from.path) return false
    return saved ?? { top: 0 }
  },
})

/** Where a role's work begins; for visitors the front page. */
export const homeOf = (role?: Role): string => (role ? (role === 'admin' ? '/admin/feed' : '/deals') : '/')

/** A path of this app from ?next=, or nothing: never another site's address. */
export function safeNext(next: unknown): string | undefined {
  if (typeof next !== 'string' || !/^\/(?![/\\])/.test(next)) return undefined
  return next
}

router.beforeEach(async (to) => {
  const session = useSession()
  if (!session.known) {
    // An unreachable server is shown by the page itself, with Retry.
    await session.load().catch(() => undefined)
  }
  if (session.user?.flagged && !to.meta.whileFlagged) return { name: 'reviews' }
  if (to.meta.guest && session.user) return safeNext(to.query.next) ?? homeOf(session.user.role)
  if (to.meta.roles && session.known && !session.user) {
    return { name: 'login', query: { next: to.fullPath } }
  }
  // Nothing else is open to an admin who has yet to set up the second factor.
  if (session.user?.must_enroll && to.meta.roles && to.name !== 'security') return { name: 'security' }
  return true
})

router.afterEach((to, from) => {
  if (to.meta.title && to.path !== from.path) setPageTitle(to.meta.title)
})

// After a new version was installed the old one's files are gone: load the page anew, but not
// again and again.
const RELOADED = 'parley.reloaded'
router.onError((error: unknown, to) => {
  if (!(error instanceof TypeError) || !navigator.onLine) throw error
  if (sessionStorage.getItem(RELOADED) === to.fullPath) throw error
  sessionStorage.setItem(RELOADED, to.fullPath)
  window.location.assign(to.fullPath)
})
