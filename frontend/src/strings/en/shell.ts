import type { ErrorInfo } from '@/services/api/generated'
import { count } from './count'

// What is on every page.

export const app = {
  name: 'Parley',
  tagline: 'Where sponsors and influencers reach a deal, term by term.',
  skip: 'Skip to content',
  title: (page: string, unread: number) => `${unread > 0 ? `(${unread}) ` : ''}${page} · Parley`,
  loading: 'Loading…',
  newVersion: 'A new version of Parley is here.',
  later: 'Later',
}

/** The names of pages whose texts come with them (pages.ts), for the browser's tab and the menus. */
export const titles = {
  landing: 'Deals between sponsors and influencers',
  openCampaigns: 'Find campaigns',
  influencers: 'Find influencers',
  statistics: 'Statistics',
  jobs: 'Jobs',
  reviews: 'Reviews',
  account: 'Account',
  security: 'Security',
  verify: 'Confirm your address',
  forgot: 'Forgot your password?',
  reset: 'Choose a new password',
  reports: 'Reports and exports',
  exports: 'Exports',
}

export const nav = {
  label: 'Main',
  deals: 'Deals',
  campaigns: 'Campaigns',
  findInfluencers: 'Find influencers',
  findCampaigns: 'Find campaigns',
  profile: 'My profile',
  feed: 'Live feed',
  statistics: 'Statistics',
  users: 'Users',
  rooms: 'Rooms',
  flags: 'Flags',
  audit: 'Audit log',
  mail: 'Mail',
  account: 'Account',
  more: 'More',
  unread: (n: number) => count(n, 'unread', 'unread'),
  accountOf: (name: string) => `${name}: account menu`,
  logout: 'Log out',
  toDark: 'Use the dark theme',
  toLight: 'Use the light theme',
  shortcuts: 'Keyboard shortcuts',
}

export const side = { sponsor: 'Sponsor', influencer: 'Influencer', admin: 'Admin', system: 'Parley' }

export const common = {
  cancel: 'Cancel',
  close: 'Close',
  back: 'Back',
  retry: 'Retry',
  discard: 'Discard',
  undo: 'Undo',
  dismiss: 'Dismiss',
  messages: 'Messages',
  save: 'Save',
  more: 'Load more',
  you: 'You',
  optional: 'optional',
  required: 'required',
  none: 'None',
  requestId: (id: string) => `Request id: ${id}`,
  failed: 'This could not be loaded.',
}

/** How long something lasts still, by its two largest units. */
export const left = {
  days: (days: number, hours: number) => `${days} d ${hours} h`,
  hours: (hours: number, minutes: string) => `${hours} h ${minutes} min`,
  minutes: (minutes: number, seconds: string) => `${minutes} min ${seconds} s`,
  seconds: (seconds: number) => `${seconds} s`,
}

export const connection = {
  offline: 'You are offline. What you send waits here and goes out when you are back.',
  waits: 'There is no connection. It goes out with the next one.',
  reconnecting: 'Reconnecting…',
  back: 'Back online. You are up to date.',
  session: 'Your session has ended.',
  sessionAction: 'Log in again',
  flagged: 'Your account is under review; the live connection is closed.',
  defect: 'The live connection was closed because of an error in this page. Reload it.',
  reload: 'Reload',
}

export const errors = {
  notFoundTitle: 'Nothing here',
  notFoundText:
    'This page does not exist, or what it showed is not for you to see. Check the address, or go on from here:',
  forbiddenTitle: 'Not for this account',
  forbiddenText: (page: string, roles: string, name: string, role: string) =>
    `${page} is for ${roles}. You are logged in as ${name}, ${role}.`,
  roles: { sponsor: 'sponsors', influencer: 'influencers', admin: 'admins' },
  or: (list: string[]) => new Intl.ListFormat('en', { type: 'disjunction' }).format(list),
  asRole: { sponsor: 'a sponsor', influencer: 'an influencer', admin: 'an admin' },
  otherAccount: 'Log in with another account',
  home: 'Go to the start page',
  places: 'Places to go',
  crashTitle: 'Something broke on this page',
  crashText: 'Reload it. What was acknowledged is safe on the server.',
  reload: 'Reload',
  network: 'The server cannot be reached.',
  timeout: 'The server did not answer.',
  reason: {
    not_approved: 'Your account waits for approval by an admin.',
    not_verified: 'Confirm your e-mail address first.',
    flagged: 'Your account is under review.',
    under_review: 'This is under review by an admin.',
    second_factor: 'Enter the code of your second factor.',
    second_factor_setup: 'Set up two-factor authentication first.',
    origin: 'Requests from this address are not allowed.',
    second_factor_on: 'Two-factor authentication is on already.',
    second_factor_off: 'Two-factor authentication is off.',
    second_factor_required: 'Admins of this server must have a second factor.',
    nothing_to_confirm: 'There is nothing to confirm. Begin again.',
    confirmed_already: 'Your address is confirmed already.',
    approved_already: 'The sponsor is approved already.',
    only_admin: 'You are the only admin. Make another one first.',
    flagged_already: 'It is flagged already.',
    not_flagged: 'It is not flagged any more.',
    review_ended: 'This review has ended.',
    answered_already: 'You have answered already.',
    no_appeal: 'There is no appeal to answer.',
    appeal_answered: 'This appeal was answered already.',
    archived: 'The campaign is archived.',
    too_many_searches: 'You have as many saved searches as one may keep. Delete one first.',
    too_many_webhooks: 'You have as many webhooks as one may have. Delete one first.',
    too_many_tokens: 'You have as many tokens as one may have. Revoke one first.',
    webhook_off: 'The webhook is switched off. Switch it on first.',
  } as Record<string, string>,
  code: {
    malformed: 'This could not be understood by the server.',
    unauthenticated: 'Your session has ended. Log in and try again.',
    forbidden: 'This is not for your role.',
    not_found: 'There is no such thing for you.',
    invalid: 'This does not have the form that is expected.',
    already_exists: 'This exists already.',
    cmid_conflict: 'This was sent already, with other content. Write it anew.',
    stale_offer: 'A newer offer stands. Nothing was sent.',
    offer_expired: 'This offer has expired.',
    offer_stands: 'An offer stands already.',
    own_offer: 'The other party answers this offer.',
    budget_exceeded: 'The campaign’s budget does not cover this.',
    offer_limit: 'You have put all the offers you may put here.',
    section_locked: 'The other party has locked this section.',
    stale_deal: 'The deal was amended meanwhile. Nothing was sent.',
    stale_delivery: 'This is not what waits for your word any more. Nothing was sent.',
    deliverable_confirmed: 'This deliverable is confirmed; it stays as it is.',
    frozen: 'This room is under review by an admin.',
    room_closed: 'This negotiation has ended.',
    not_allowed: 'This does not fit the state of the negotiation.',
    rate_limited: 'Too many at once. Wait a moment and retry.',
    unavailable: 'The server could not store this now. Nothing has changed; retry.',
    internal: 'Something went wrong on our side.',
    restored: 'The server went back to a backup, so this was not sent. Look at what stands now first.',
    timeout: 'No answer yet. Retry is safe: it is never sent twice.',
    offline: 'The server cannot be reached. Retry is safe: it is never sent twice.',
  } satisfies Record<ErrorInfo['code'] | 'timeout' | 'offline', string>,
  of: (section: string, problem: string) => `${section}: ${problem}`,
  budget: (available: string, needed: string) => `Available ${available}, needed ${needed}.`,
}

export const shortcuts = {
  title: 'Keyboard shortcuts',
  list: [
    ['?', 'Show this list'],
    ['g d', 'Go to deals'],
    ['g c', 'Go to campaigns'],
    ['c', 'Counter, or make an offer'],
    ['a', 'Accept the standing offer'],
    ['m', 'Write a message'],
    ['t', 'Show or hide all terms'],
    ['p', 'Pause or resume the feed'],
    ['Esc', 'Close what is open'],
  ] as [string, string][],
}
