import type { Problem } from '@/services/api/generated'
import { auth } from './auth'
import { count } from './count'
import { problem } from './terms'

// What the server says of an input: a sentence for every code that its description lists.

const low = ({ min = 0 }: Problem) => min
const high = ({ max = 0 }: Problem) => max

const time = (seconds: number): string =>
  seconds >= 86400 ? count(seconds / 86400, 'day', 'days') : count(seconds / 3600, 'hour', 'hours')

export const wrong: Record<Problem['code'], (problem: Problem) => string> = {
  after_end: () => problem.dateOrder,
  at_least: (p) => problem.atLeast(low(p)),
  at_most: (p) => problem.atMost(high(p)),
  before_account: () => 'Your account was made later.',
  before_start: () => problem.dateOrder,
  between: (p) => problem.range(low(p), high(p)),
  chars_at_least: (p) => problem.charsAtLeast(low(p)),
  chars_at_most: (p) => problem.chars(high(p)),
  chars_between: (p) => `From ${low(p)} to ${count(high(p), 'character', 'characters')}.`,
  code_required: () => 'Your account has a second factor: enter its code.',
  code_used: () => 'This code was used already. Wait for the next one.',
  control_characters: () => 'Remove the control characters in this text.',
  currency: () => 'Enter the three letters of a currency, such as EUR.',
  currency_required: () => 'Choose the currency of the amounts.',
  cursor: () => 'This list has changed. Load it again.',
  date: () => problem.date,
  days_at_most: (p) => `At most ${count(high(p), 'day', 'days')}.`,
  deliverable_missing: () => 'Add at least one deliverable.',
  email: () => auth.needEmail,
  form: () => problem.pattern,
  https: () => 'Enter an address that begins with https://.',
  items_at_least: (p) => problem.atLeast(low(p)),
  items_at_most: (p) => problem.items(high(p)),
  items_between: (p) => problem.range(low(p), high(p)),
  link: () => problem.link,
  link_fragment: () => 'Leave out the # and what follows it.',
  link_password: () => 'Leave the name and the password out of the address.',
  no_change: () => 'Change something of the deal in force.',
  not_begun: () => 'This has not begun yet.',
  not_invitable: () => 'This account cannot be invited.',
  not_your_section: () => 'You can lock only sections that you wrote first.',
  not_yours: () => 'Choose one of your own.',
  one_of: () => problem.choose,
  outer_space: () => 'Remove the space at the beginning or the end.',
  own: () => 'This cannot be your own.',
  own_address: () => 'This is your address already.',
  past: () => 'This day has passed.',
  past_campaign_end: () => problem.dueLate,
  percent_sum: () => 'The percents must sum to 100.',
  picture_broken: () => 'This file is damaged: it cannot be read to its end.',
  picture_format: () => 'Choose a JPEG, PNG or WebP file.',
  picture_large: (p) => `At most ${high(p).toLocaleString('en')} pixels a side, and not so many in all.`,
  picture_small: (p) => `At least ${low(p).toLocaleString('en')} pixels a side.`,
  required: () => problem.required,
  search_query: () => 'This search cannot be saved. Run it again, then save it.',
  seconds_between: (p) => `From ${time(low(p))} to ${time(high(p))}.`,
  slug: () => 'Use a–z, 0–9 and single hyphens between them.',
  slug_taken: () => 'This looks like the address of somebody else.',
  takes_no_invitations: () => 'Takes no invitations at the moment.',
  too_guessable: () => 'This is too easy to guess. Try a few words that do not belong together.',
  too_long: () => 'This is too long.',
  too_many_exports: (p) => `At most ${high(p)} are made at a time. Wait for one of them.`,
  twice: () => 'This is in the list twice.',
  used_link: () => 'This link has expired or was used. Ask for a new one.',
  whole: () => problem.whole,
  wrong_code: () => 'This code is not right.',
  wrong_password: () => 'This is not your password.',
  zone: () => 'Choose a time zone, such as Europe/Berlin.',
}
