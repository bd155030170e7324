// What visitors read before they have an account.

export const landing = {
  headline: 'Reach a deal, term by term.',
  lead: 'Put an offer on the table, counter it, agree. Fee, deliverables, usage rights and payment are fields that both sides see change, live.',
  asSponsor: 'I am a sponsor',
  asInfluencer: 'I am an influencer',
  haveAccount: 'I have an account',
  picture:
    'A room: the offer on the table with all its terms on the right, the history of offers with what changed on the left.',
  howTitle: 'How a negotiation goes',
  how: [
    {
      title: 'It starts with terms',
      text: 'A sponsor invites an influencer to a campaign, or an influencer applies to one. Either can put the first terms.',
    },
    {
      title: 'One offer stands',
      text: 'A counter replaces it and shows what changed. Nobody can accept what is no longer on the table.',
    },
    {
      title: 'Accepting makes the deal',
      text: 'On exactly the terms that were shown, with every step kept in a log that can be checked.',
    },
  ],
  sides: [
    {
      role: 'sponsor',
      title: 'For sponsors',
      points: [
        'A budget for each campaign that no number of open offers can overspend.',
        'Every ad request in one list: whose turn it is, and when its offer runs out.',
        'Offers that expire, sections you can lock, and an end to “which version did we agree on?”.',
      ],
      action: 'Sign up as a sponsor',
    },
    {
      role: 'influencer',
      title: 'For influencers',
      points: [
        'Campaigns that are open to applications, with your own first terms.',
        'One inbox for all invitations, live on every device you use.',
        'What you deliver, for how long it may be used and when you are paid, agreed before you start.',
      ],
      action: 'Sign up as an influencer',
    },
  ],
  promiseTitle: 'What was sent is never lost',
  promise:
    'An offer counts as sent only once it is stored. When your line breaks, you are back exactly where you were.',
} as const
