import { count } from './count'

// A campaign's tracking, the overview of all, and the admin's statistics.

export const tracking = {
  waiting: 'What waits',
  yours: 'Your turn',
  theirs: 'Their turn',
  unread: 'With news',
  agreed: 'Deals',
  frozen: 'Under review',
  next: 'Ends next',
  nextNone: 'No offer stands.',
  nextOf: (name: string, campaign: string) => `${name}, ${campaign}`,
  states: 'Ad requests by state',
  state: 'State',
  requests: 'Ad requests',
  statesLabel: (n: number) => `Bars: ${count(n, 'ad request', 'ad requests')} by state`,
  running: (n: number) => count(n, 'campaign runs now', 'campaigns run now'),
  budgets: 'Budgets',
  ofCampaigns: (n: number) => count(n, 'campaign', 'campaigns'),
  currency: (code: string) => `Budgets in ${code}`,
  toAnswer: (n: number) => `${count(n, 'waits', 'wait')} for you`,
  live: 'Follows every offer as it happens.',
}

export const figures = {
  asTable: 'View as table',
  asChart: 'View as chart',
  of: (what: string, title: string) => `${what}: ${title}`,
  table: 'Table',
  csv: 'CSV',
  csvOf: (title: string) => `Download “${title}” as CSV`,
}

export const statistics = {
  title: 'Statistics',
  lead: 'How the platform is now, and what happened over time. Days are UTC.',
  now: 'Now',
  range: 'In these days',
  rangeLabel: 'Range of days',
  from: 'From',
  to: 'To',
  days: (n: number) => `${n.toLocaleString('en')} days`,
  badRange: 'The first day must not be after the last, and at most two years before it.',
  awaiting: 'Await approval',
  instances: 'Instances',
  connections: 'Live connections',
  flags: 'Flags in force',
  flagsOf: (users: number, campaigns: number, rooms: number) =>
    `${count(users, 'user', 'users')}, ${count(campaigns, 'campaign', 'campaigns')}, ${count(rooms, 'room', 'rooms')}`,
  opened: 'Ad requests opened',
  offers: 'Offers',
  deals: 'Deals',
  acceptance: 'Acceptance rate',
  acceptanceHint: (deals: number, ended: number) =>
    `${count(deals, 'deal', 'deals')}, ${ended.toLocaleString('en')} ended without one`,
  median: 'Median time to a deal',
  rounds: 'Offers a deal',
  none: '—',
  perDay: 'Offers and deals a day',
  perDayLabel: (offers: number, deals: number, days: number) =>
    `Lines: ${count(offers, 'offer', 'offers')} and ${count(deals, 'deal', 'deals')} over ${count(days, 'day', 'days')}`,
  day: 'Day',
  activeDaily: 'Active users a day',
  activeDailyLabel: (days: number) =>
    `Lines: active sponsors and influencers over ${count(days, 'day', 'days')}`,
  active: 'Active users',
  role: 'Role',
  within: { day: '24 hours', week: '7 days', month: '30 days' },
  roles: { sponsor: 'Sponsors', influencer: 'Influencers', admin: 'Admins' },
  states: 'Ad requests by state',
  campaigns: 'Campaigns',
  visibility: 'Campaigns',
  kinds: { public: 'Public', private: 'Private', ended: 'Ended' },
  campaignsLabel: (n: number) => `Bars: ${count(n, 'campaign', 'campaigns')} by visibility, or ended`,
  budgets: 'Budgets by currency',
  currency: 'Currency',
  budget: 'Budget',
}
