/** Where a notice leads, by its kind; nothing where its words say it all. */
export function noticeLink(kind: string, data: Record<string, unknown>): string | undefined {
  switch (kind) {
    case 'refused':
    case 'verified':
    case 'email_changed':
      return '/account'
    case 'password_changed':
    case 'second_factor_on':
    case 'second_factor_off':
    case 'recovery_code_used':
    case 'recovery_codes_made':
    case 'token_made':
      return '/account/security'
    case 'flagged':
    case 'unflagged':
    case 'appeal_upheld':
      return '/reviews'
    case 'appeal':
      return '/admin/flags?state=waiting'
    case 'approved':
      return '/campaigns'
    case 'webhook_off':
      return '/account/notifications'
    case 'export_ready':
    case 'export_failed':
    case 'report_failed':
    case 'report_ready':
      return '/reports'
  }
  if (typeof data.room === 'string') {
    return `/deals/${data.room}${typeof data.offer === 'number' ? `#offer-${data.offer}` : ''}`
  }
  if (typeof data.campaign === 'string') return `/campaigns/${data.campaign}`
  return undefined
}
