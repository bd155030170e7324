import { formatMoney } from '@/services/money'
import { count } from './count'

/** The words of a notice. `data` is what the server tells with its kind. */
export interface NoticeWords {
  title: string
  text?: string
}
type Words = (data: Record<string, unknown>) => NoticeWords

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const flagged = (data: Record<string, unknown>): string =>
  data.on === 'user'
    ? 'your account'
    : data.on === 'campaign'
      ? `your campaign ${text(data.name)}`
      : `your deal in ${text(data.name)}`

/** Which deliverable of which campaign. */
const deliverable = (data: Record<string, unknown>): string =>
  `deliverable ${Number(data.number)} of ${Number(data.of)} for ${text(data.name)}`

function fee(data: Record<string, unknown>): string {
  const { amount, currency } = (data.fee ?? {}) as Record<string, unknown>
  return formatMoney({ amount: Number(amount), currency: text(currency) })
}

export const notices = {
  title: 'Notices',
  lead: 'What concerns your account, your campaigns and your deals.',
  bell: (unread: number) => (unread > 0 ? `Notices, ${count(unread, 'unread', 'unread')}` : 'Notices'),
  readAll: 'Mark all as read',
  unread: 'Unread',
  open: 'Open',
  emptyTitle: 'No notices',
  emptyText: 'What an admin decides about your account, and what happens in your deals, appears here.',
  kinds: {
    approved: () => ({
      title: 'Your account is approved',
      text: 'You can send offers, invite influencers and publish campaigns now.',
    }),
    refused: (data) => ({
      title: 'Your account was not approved',
      text: `The reason: ${text(data.reason)}`,
    }),
    export_ready: () => ({
      title: 'Your export is ready',
      text: 'The file is there for a day.',
    }),
    export_failed: () => ({
      title: 'Your export could not be made',
      text: 'Nothing is left of it. Ask for it again.',
    }),
    report_failed: (data) => ({
      title: `Your report for ${text(data.month)} could not be made`,
      text: 'Ask for it again.',
    }),
    report_ready: (data) => ({ title: `Your report for ${text(data.month)} is ready` }),
    webhook_off: (data) => ({
      title: `Your webhook ${text(data.name)} was switched off`,
      text: 'It failed too often. You are told by mail until you switch it on again.',
    }),
    verified: () => ({ title: 'Your e-mail address is confirmed' }),
    email_changed: () => ({ title: 'The e-mail address of your account was changed' }),
    password_changed: () => ({
      title: 'Your password was changed',
      text: 'All other sessions have ended. If this was not you, reset your password.',
    }),
    second_factor_on: () => ({ title: 'Two-factor authentication is on' }),
    second_factor_off: () => ({
      title: 'Two-factor authentication is off',
      text: 'If this was not you, change your password.',
    }),
    recovery_code_used: (data) => ({
      title: 'A recovery code was used to log in',
      text: `${count(Number(data.left ?? 0), 'code is', 'codes are')} left. If this was not you, change your password.`,
    }),
    recovery_codes_made: () => ({
      title: 'New recovery codes were made',
      text: 'The codes from before no longer work.',
    }),
    token_made: (data) => ({
      title: 'An API token was made',
      text: `Its name: ${text(data.name)}. If this was not you, revoke it and change your password.`,
    }),
    flagged: (data) => ({
      title: `Under review: ${flagged(data)}`,
      text: 'Read why, and answer once.',
    }),
    unflagged: (data) => ({ title: `The review has ended: ${flagged(data)}` }),
    appeal_upheld: (data) => ({ title: `Your answer was read; still under review: ${flagged(data)}` }),
    appeal: (data) => ({
      title:
        data.on === 'user' ? 'A user has answered a review' : `A review was answered: ${text(data.name)}`,
    }),
    deliverable_done: (data) => ({
      title: `${text(data.by)} has done ${deliverable(data)}`,
      text: 'Confirm it, or send it back with a reason.',
    }),
    deliverable_returned: (data) => ({
      title: `${text(data.by)} sent back ${deliverable(data)}`,
      text: `“${text(data.reason)}”`,
    }),
    deliverable_confirmed: (data) => ({ title: `${text(data.by)} confirmed ${deliverable(data)}` }),
    deal_completed: (data) => ({
      title: `Completed: your deal with ${text(data.by)} for ${text(data.name)}`,
      text: `Everything is confirmed. The fee: ${fee(data)}.`,
    }),
    amendment_offered: (data) => ({
      title: `${text(data.by)} proposes to amend the deal for ${text(data.name)}`,
      text: `The fee would be ${fee(data)}. The deal stays in force until you accept.`,
    }),
    amendment_agreed: (data) => ({
      title: `${text(data.by)} accepted your amendment for ${text(data.name)}`,
      text: `The new terms hold from now on, with a fee of ${fee(data)}.`,
    }),
  } as Record<string, Words>,
  other: { title: 'Something about your account has changed' } as NoticeWords,
}
