import { count } from './count'

// The list of deals.

export const status = {
  invited: 'Invited',
  applied: 'Applied',
  negotiating: 'Negotiating',
  agreed: 'Agreed',
  completed: 'Completed',
  declined: 'Declined',
  withdrawn: 'Withdrawn',
  expired: 'Expired',
  closed: 'Closed',
  frozen: 'Frozen',
}

export const deals = {
  title: 'Deals',
  lead: 'Every negotiation of yours, newest first.',
  filterLabel: 'Show',
  filters: { all: 'All', mine: 'Your turn', pending: 'Open', accepted: 'Agreed', rejected: 'Ended' },
  search: 'Search by name or campaign',
  more: 'More filters',
  status: 'State',
  anyStatus: 'Any state',
  turn: 'Turn',
  anyTurn: 'Anybody’s turn',
  turns: { mine: 'Your turn', theirs: 'Their turn' },
  work: 'Deliverables',
  anyWork: 'Any deliverables',
  works: { to_do: 'To be delivered', to_confirm: 'To be confirmed', confirmed: 'Confirmed' },
  campaign: 'Campaign',
  anyCampaign: 'All campaigns',
  currency: 'Currency',
  anyCurrency: 'Any currency',
  unreadOnly: 'Unread only',
  reset: 'Clear the filters',
  yourTurn: 'Your turn',
  theirTurn: (name: string) => `${name}’s turn`,
  noOffer: 'No offer stands',
  unread: (n: number) => count(n, 'unread', 'unread'),
  expiresIn: (left: string) => `${left} left`,
  emptyTitle: 'No deals yet',
  emptySponsor:
    'Invite an influencer from one of your campaigns, with your first terms. The negotiation starts here.',
  emptyInfluencer:
    'Apply to an open campaign with your first terms. Sponsors who search find you by your profile.',
  toCampaigns: 'Go to your campaigns',
  toOpen: 'See open campaigns',
  toProfile: 'Fill in your profile',
  filteredTitle: 'Nothing here',
  filteredText: 'No deal of yours is in this state.',
  showAll: 'Show all deals',
  updated: (ago: string) => `updated ${ago}`,
  notify: 'Tell me about new offers',
  notifyOn: 'Notifications are on',
  notifyTitle: (name: string) => `News from ${name}`,
}
