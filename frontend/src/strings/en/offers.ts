import { count } from './count'

// What one does with an offer.

export const accept = {
  title: 'Accept this offer?',
  lead: (name: string) => `You are about to make a binding deal with ${name}, on exactly these terms:`,
  confirm: (fee: string) => `Accept at ${fee}`,
  busy: 'Accepting…',
  binding: 'There is no further confirmation. The deal is made once the server has stored it.',
}

export const decline = {
  title: 'Decline',
  lead: 'The other side sees your reason. You can undo for 5 seconds, and reopen later.',
  reason: 'Reason',
  note: 'Note',
  reasons: {
    budget: 'Budget',
    timing: 'Timing',
    fit: 'Not a good fit',
    terms: 'The terms',
    other: 'Another reason',
  },
  confirm: 'Decline',
  pending: 'Declining…',
}

export const cancelRequest = {
  title: 'Take back the request?',
  lead: 'This ends the negotiation. You can reopen it later.',
  confirm: 'Take back',
}

export const withdraw = { pending: 'Withdrawing your offer…' }

export const stale = {
  title: 'A newer offer stands',
  lead: 'Nothing was sent. This is what changed since the offer you were answering:',
  none: 'No offer stands any more. Nothing was sent.',
  look: 'Look at the new offer',
  rebase: 'Go on from the new offer',
}

export const composer = {
  offerTitle: 'Make an offer',
  counterTitle: 'Counter',
  firstTitle: 'Your first terms',
  lead: 'Change what you want to change. The rest stays as it stands.',
  submitCounter: 'Send counter',
  submitOffer: 'Send offer',
  unchanged: 'Nothing is changed yet.',
  changes: (n: number) => count(n, 'change', 'changes'),
  yourChanges: 'Your changes',
  locked: (name: string) => `Locked by ${name}`,
  lockedHint: 'This section cannot be changed.',
  lock: 'Lock',
  lockLabel: (section: string) => `Lock ${section}: the other side cannot change it`,
  add: 'Add',
  remove: 'Remove',
  removeSection: (section: string) => `Remove ${section}`,
  addSection: (section: string) => `Add ${section}`,
  now: (value: string) => `On the table: ${value}`,
  fee: 'Fee',
  feeIn: (currency: string) => `Fee in ${currency}`,
  deliverable: (n: number) => `Deliverable ${n}`,
  addDeliverable: 'Add a deliverable',
  removeDeliverable: (n: number) => `Remove deliverable ${n}`,
  platform: 'Platform',
  format: 'Format',
  formatHint: 'reel, post, story, video…',
  quantity: 'Quantity',
  length: 'Length (s)',
  due: 'Due',
  duePast: 'This day is over.',
  mustShow: 'Must show',
  links: 'Links, one a line',
  scope: 'Scope',
  months: 'Months',
  monthsHint: '0 means for ever.',
  channels: 'Channels',
  category: 'Category',
  days: 'Days',
  rounds: 'Rounds',
  milestone: 'Milestone',
  percent: 'Percent',
  netDays: 'Net days',
  addMilestone: 'Add a milestone',
  removeMilestone: (n: number) => `Remove milestone ${n}`,
  percentSum: (n: number) => `${n} % of 100 %`,
  requirements: 'Requirements',
  note: 'Note',
  expiresIn: 'Stands for',
  expiryHint: 'Never longer than the campaign.',
  expiry: {
    3600: '1 hour',
    21600: '6 hours',
    86400: '1 day',
    172800: '2 days',
    259200: '3 days',
    604800: '1 week',
    1209600: '2 weeks',
  } as Record<number, string>,
  message: 'Message',
  hasErrors: (n: number) => `${count(n, 'field needs', 'fields need')} attention.`,
  rebased: 'A newer offer came in while you were writing. Your changes were kept on top of it.',
  final: 'This will be your final offer here.',
}
