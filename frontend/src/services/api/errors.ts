import { s } from '@/strings'
import { formatMoney } from '../money'
import type { WireError } from '../protocol'
import type { Problem } from './generated'

/** A request that was refused, or that never reached the server (status 0, code "offline"). */
export class ApiError extends Error {
  readonly code: string
  readonly field: string | undefined
  readonly problem: Problem | undefined
  readonly details: Record<string, unknown>
  readonly requestId: string | undefined

  constructor(
    readonly status: number,
    error: Partial<WireError>,
  ) {
    super(error.message ?? '')
    this.name = 'ApiError'
    this.code = error.code ?? 'internal'
    this.field = error.field
    this.problem = error.problem
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

/** What to tell a person about any error, at the field that it names where it names one. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return plainText(error)
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

/**
 * What is wrong with an input, in the viewer's language: by its code, never by the server's
 * sentence. A code that is newer than this page says that something is wrong, and no more.
 */
function problemText(problem: Problem | undefined): string {
  const text = problem && s.wrong[problem.code]
  return text ? text(problem) : s.problem.pattern
}

type Refusal = Pick<WireError, 'code' | 'field' | 'problem'> & { details?: unknown }

/** What to tell a person about a refusal that is not shown at its field: of which section it speaks too. */
export function wireErrorText(error: Refusal): string {
  const section = /^terms\.([a-z_]+)/.exec(error.field ?? '')?.[1]
  const label = (s.terms.section as Record<string, string>)[section ?? '']
  const text = plainText(error)
  return error.code === 'invalid' && label ? s.errors.of(label, text) : text
}

function plainText(error: Refusal): string {
  const reason = (error.details as { reason?: unknown } | undefined)?.reason
  if (typeof reason === 'string' && s.errors.reason[reason]) return s.errors.reason[reason]
  if (error.code === 'invalid') return problemText(error.problem)
  return (s.errors.code as Record<string, string>)[error.code] ?? s.errors.code.internal
}
