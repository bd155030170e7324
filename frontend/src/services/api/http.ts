import { s } from '@/strings'
import type { WireError } from '../protocol'

/** A request that was refused, or that never reached the server (code "offline"). */
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
  return new ApiError(status, {
    code: status === 404 ? 'not_found' : status === 403 ? 'forbidden' : undefined,
    request_id: requestId ?? undefined,
    ...error,
  })
}

/** What to tell a person about any error. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return wireErrorText(error)
  return s.errors.network
}

export function wireErrorText(error: {
  code: string
  message?: string
  details?: Record<string, unknown>
}): string {
  const reason = error.details?.reason
  if (typeof reason === 'string' && s.errors.code[reason]) return s.errors.code[reason]
  if (error.code === 'invalid' && error.message) return error.message
  return s.errors.code[error.code] ?? (error.message || s.errors.code.internal!)
}

type Query = Record<string, string | number | boolean | undefined>

export async function request<T>(
  method: string,
  path: string,
  options: { body?: unknown; query?: Query; signal?: AbortSignal; keepalive?: boolean } = {},
): Promise<T> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== '') query.set(name, String(value))
  }
  const url = query.size > 0 ? `${path}?${query}` : path
  let response: Response
  try {
    response = await fetch(url, {
      method,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        ...(options.body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      keepalive: options.keepalive,
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, { code: 'offline' })
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw refusalOf(response.status, body, response.headers.get('X-Request-Id'))
  return body as T
}
