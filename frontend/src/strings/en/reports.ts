import { count } from './count'

// What one takes away: reports on a month, and tables.

const tables: Record<string, string> = {
  deals: 'Campaigns, ad requests and deals',
  users: 'Users',
  campaigns: 'Campaigns',
  rooms: 'Rooms',
  flags: 'Flags',
  audit: 'Audit log',
  mail: 'Mail',
  jobs: 'Jobs',
  webhooks: 'Webhooks',
  reports: 'Monthly reports that were made',
  events: 'Events of all rooms',
}

export const reports = {
  lead: 'Each month in figures, and your tables for a spreadsheet.',
  leadExports: 'Your tables for a spreadsheet.',
  monthly: 'Monthly reports',
  monthlyLead:
    'On the first of a month the report on the one before comes by mail. Any month can be made here.',
  month: 'Month',
  make: 'Make report',
  made: 'The report is being made. It appears here in a moment.',
  none: 'No report yet.',
  summary: (made: number, completed: number, offers: number) =>
    `${count(made, 'deal', 'deals')} made, ${completed} completed, ${count(offers, 'offer', 'offers')}`,
  soFar: 'so far',
  madeAt: (when: string) => `Made ${when}`,
  pdf: 'PDF',
  pdfOf: (month: string) => `Report for ${month} as PDF`,
  exports: 'Exports',
  exportsLead: 'A table is written in the background; you can leave this page. The file is there for a day.',
  table: 'Table',
  tables,
  tableName: (name: string) => tables[name] ?? name,
  bom: 'For Excel (with a byte order mark)',
  start: 'Export as CSV',
  states: {
    waiting: 'Waiting',
    running: 'Being written',
    ready: 'Ready',
    failed: 'Failed',
    cancelled: 'Called off',
    expired: 'File removed',
  },
  progress: (rows: string, total: string) => `${rows} of ${total} rows`,
  rows: (rows: string, size: string) => `${rows} rows, ${size}`,
  until: (when: string) => `there until ${when}`,
  download: 'Download',
  downloadOf: (table: string) => `Download ${table}`,
  cancel: 'Call off',
  cancelOf: (table: string) => `Call off ${table}`,
  remove: 'Remove',
  removeOf: (table: string) => `Remove the file of ${table}`,
  noExports: 'Nothing exported yet.',
}
