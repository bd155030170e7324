import { data } from './index'
import * as sdk from './generated'
import type {
  AdminCampaignsData,
  AdminRoomsData,
  AdminUsersData,
  ListAuditData,
  ListFlagsData,
  ListJobsData,
  ListMailData,
} from './generated'

export type {
  JobKinds as JobOverview,
  AdminCampaign,
  AdminRoom,
  AdminUser,
  Audit,
  Flag,
  Job,
  Mail,
  MailDetail,
  Verification,
} from './generated'

export type FlagKind = 'user' | 'campaign' | 'room'

/** What only admins ask for. Like `api`, but it comes with their pages. */
export const adminApi = {
  users: (query: AdminUsersData['query']) => data(sdk.adminUsers({ query })),
  user: (id: string) => data(sdk.adminUser({ path: { id } })),
  approve: (id: string) => data(sdk.approveSponsor({ path: { id } })),
  refuse: (id: string, reason: string) => data(sdk.refuseSponsor({ path: { id }, body: { reason } })),
  campaigns: (query: AdminCampaignsData['query']) => data(sdk.adminCampaigns({ query })),
  campaign: (id: string) => data(sdk.adminCampaign({ path: { id } })),
  rooms: (query: AdminRoomsData['query']) => data(sdk.adminRooms({ query })),
  flags: (query: ListFlagsData['query']) => data(sdk.listFlags({ query })),
  flag: (kind: FlagKind, id: string, reason: string) => data(sdk.flag({ body: { kind, id, reason } })),
  lift: (kind: FlagKind, id: string, note: string) =>
    data(sdk.liftFlag({ path: { kind, id }, body: { note } })),
  uphold: (flag: string, user: string, answer: string) =>
    data(sdk.upholdFlag({ path: { flag, user }, body: { answer } })),
  audit: (query: ListAuditData['query']) => data(sdk.listAudit({ query })),
  verification: () => data(sdk.auditVerification()),
  mails: (query: ListMailData['query']) => data(sdk.listMail({ query })),
  jobs: (query: ListJobsData['query']) => data(sdk.listJobs({ query })),
  jobKinds: () => data(sdk.jobKinds()),
  pauseJobs: (kind: string) => data(sdk.pauseJobs({ path: { kind } })),
  resumeJobs: (kind: string) => data(sdk.resumeJobs({ path: { kind } })),
  retryJob: (id: number) => data(sdk.retryJob({ path: { id } })),
  cancelJob: (id: number) => data(sdk.cancelJob({ path: { id } })),
  mail: (id: string) => data(sdk.getMail({ path: { id } })),
}

/** The address of a list as CSV, with the filters of the view. */
export function csvLink(table: string, filters: Record<string, string>): string {
  const query = new URLSearchParams({ ...filters, bom: 'true' })
  return `/api/admin/${table}.csv?${query.toString()}`
}

/** Where a mail is shown as it is laid out. */
export function mailPageLink(mail: string): string {
  return `/api/admin/mail/${encodeURIComponent(mail)}/page`
}

/** Where a file attached to a mail is downloaded. */
export function mailFileLink(mail: string, number: number): string {
  return `/api/admin/mail/${encodeURIComponent(mail)}/files/${number}`
}
