// What one wants to be told, when and where.

export const preferences = {
  title: 'Notifications',
  lead: 'What Parley tells you about, when and where. Nothing is sent when there is nothing to say.',
  unconfirmed: (email: string) =>
    `Confirm your address to receive these mails. Until then nothing of this is mailed to ${email}; webhooks are told all the same.`,
  when: 'When',
  zone: 'Time zone',
  zoneHint: 'The hour below is that of this zone’s clock.',
  useBrowsers: (zone: string) => `Use this browser’s: ${zone}`,
  hour: 'Hour of the reminder',
  hourHint: 'Daily reminders come a little after it.',
  what: 'What',
  topics: {
    daily: ['Daily reminder', 'Offers that wait for you, rooms with news, and what ends within a day.'],
    weekly: ['Weekly digest', 'New users, what waits for an admin, the volume, and what failed. On Mondays.'],
    monthly: ['Monthly report', 'Your campaigns, deals and budgets. On the first of each month.'],
    requests: ['New ad requests', 'Somebody invites you or applies to your campaign.'],
    offers: ['Offers while you are away', 'At once, but never for a room that you have open, and grouped.'],
    deals: ['Your deals', 'Deals struck, work marked as done, sent back or confirmed.'],
  },
  always: 'What concerns your account itself, such as a new password, is always mailed.',
  where: 'Where',
  channel: 'Send it to',
  channelHint: 'Reports with files, and what concerns your account, are always mailed.',
  mail: 'Mail',
  channelOff: (name: string) => `${name} (switched off, so by mail)`,
  save: 'Save',
  saved: 'Saved.',
} as const
