import { count } from './count'

// Terms, and what can be wrong with an input.

export const terms = {
  section: {
    fee: 'Fee',
    deliverables: 'Deliverables',
    usage_rights: 'Usage rights',
    exclusivity: 'Exclusivity',
    revision_rounds: 'Revision rounds',
    payment: 'Payment',
    requirements: 'Requirements',
    note: 'Note',
  },
  locked: 'Locked',
  platform: {
    instagram: 'Instagram',
    tiktok: 'TikTok',
    youtube: 'YouTube',
    twitch: 'Twitch',
    x: 'X',
    facebook: 'Facebook',
    linkedin: 'LinkedIn',
    pinterest: 'Pinterest',
    snapchat: 'Snapchat',
    podcast: 'Podcast',
    blog: 'Blog',
    other: 'Other',
  },
  scope: { organic: 'Organic', paid: 'Paid ads', whitelisting: 'Whitelisting' },
  length: (seconds: number) =>
    seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds.toLocaleString('en')} s`,
  due: (date: string) => `due ${date}`,
  mustShow: (text: string) => `must show: ${text}`,
  forever: 'for ever',
  months: (n: number) => count(n, 'month', 'months'),
  days: (n: number) => count(n, 'day', 'days'),
  rounds: (n: number) => count(n, 'round', 'rounds'),
  net: (n: number) => (n === 0 ? 'at once' : `net ${count(n, 'day', 'days')}`),
  exclusivity: (category: string, days: string) => `${category}, ${days}`,
  notSet: 'Not set',
  lockedNow: 'locked',
  unlockedNow: 'unlocked',
  lockLabel: 'Lock',
  announceChange: (label: string, from: string, to: string) => `${label}: ${from} to ${to}.`,
}

export const problem = {
  required: 'This is required.',
  amountFormat: 'Enter an amount such as 1,250.50.',
  amountDecimals: (digits: number) =>
    digits === 0 ? 'This currency has no decimals.' : `At most ${count(digits, 'decimal', 'decimals')}.`,
  amountSmall: 'Enter more than zero.',
  amountLarge: 'This is more than a fee may be.',
  whole: 'Enter a whole number.',
  range: (low: number, high: number) => `From ${low.toLocaleString('en')} to ${high.toLocaleString('en')}.`,
  chars: (limit: number) => `At most ${count(limit, 'character', 'characters')}.`,
  items: (limit: number) => `At most ${limit}.`,
  link: 'Enter an address that begins with http:// or https://.',
  date: 'Enter a date.',
  dueLate: 'Not past the campaign’s end.',
  percentSum: (n: number) => `The percents must sum to 100, not ${n}.`,
  atLeastOne: 'Name at least one deliverable.',
  platform: 'Choose a platform.',
  scope: 'Choose a scope.',
  dateOrder: 'The end must not be before the start.',
}
