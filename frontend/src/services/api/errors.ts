import { s } from '@/strings'
import { formatMoney } from '../money'
import type { WireError } from '../protocol'

/** A request that was refused, or that never reached the server (status 0, code "offline"). */
export class ApiError extends Error {
  readonly code: string
  readonly field: string | undefined
  readonly details: Record<string, unknown>
  readonly requestId: string | undefined

  constructor(
    readonly status: number,
    error: Partial<WireError>,
  ) {
    super(error.message || s.errors.network)
    this.name = 'ApiError'
    this.code = error.code ?? 'internal'
    this.field = error.field
    this.details = error.details ?? {}
    this.requestId = error.request_id
  }
}

/** The refusal in a body of the form {"error": {…}}, whatever else came. */
export function refusalOf(status: number, body: unknown, requestId?: string | null): ApiError {
  const error =
    typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'object'
      ? (body.error as Partial<WireError>)
      : {}
  const code = status === 404 ? 'not_found' : status === 403 ? 'forbidden' : undefined
  return new ApiError(status, { code, request_id: requestId ?? undefined, ...error })
}

/** What to tell a person about any error. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return wireErrorText(error)
  return s.errors.network
}

/** What a budget lacks, to whom the server shows the figures; nothing for other errors. */
export function budgetText(error: Pick<WireError, 'code' | 'details'> | null, currency: string): string {
  const { available, needed } = error?.details ?? {}
  if (error?.code !== 'budget_exceeded' || typeof available !== 'number' || typeof needed !== 'number')
    return ''
  return s.errors.budget(
    formatMoney({ amount: available, currency }),
    formatMoney({ amount: needed, currency }),
  )
}

export function wireErrorText(error: { code: string; details?: unknown; message?: string }): string {
  const reason = (error.details as { reason?: unknown } | undefined)?.reason
  if (typeof reason === 'string' && s.errors.code[reason]) return s.errors.code[reason]
  if (error.code === 'invalid' && error.message) return error.message
  return s.errors.code[error.code] ?? (error.message || s.errors.code.internal!)
}
