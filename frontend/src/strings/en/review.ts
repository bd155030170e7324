// What those are told whose account, campaign or deal is under review.

export const review = {
  lead: 'What of yours an admin has put under review, and how it ended.',
  lockedTitle: 'Your account is under review',
  lockedText:
    'Until it ends you can read why, answer once and log out. Your deals are kept, and their clocks stand still.',
  none: 'Nothing of yours was ever under review',
  noneText: 'If an admin has a question about your account, a campaign or a deal, it appears here.',
  account: 'Your account',
  campaign: (name: string) => `Campaign ${name}`,
  room: (name: string) => `Deal in ${name}`,
  inForce: 'Under review',
  ended: 'Ended',
  since: (when: string) => `Since ${when}`,
  until: (from: string, to: string) => `${from} to ${to}`,
  reason: 'The reason',
  answer: 'Your answer',
  answerHint: 'You can answer once. An admin reads it and tells you how it ends.',
  needAnswer: 'Write your answer.',
  send: 'Send the answer',
  sent: 'Your answer was sent. An admin will read it.',
  waits: 'An admin has not answered yet.',
  upheld: 'The admin read it, and the review stays',
  lifted: 'The admin ended the review',
  open: 'Open the deal',
  over: 'The review of your account has ended. Everything works again.',
}
