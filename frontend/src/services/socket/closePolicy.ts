export type StopReason = 'session' | 'flagged' | 'defect'

export type AfterClose =
  { next: 'now' } | { next: 'backoff' } | { next: 'after'; ms: number } | { next: 'stop'; why: StopReason }

/** What to do after a connection closed, by the close codes of docs/protocol.md. */
export function afterClose(code: number, reason: string): AfterClose {
  switch (code) {
    case 4000:
    case 4001:
      return { next: 'now' }
    case 4100:
      return { next: 'after', ms: afterMs(reason) }
    case 4200:
      return { next: 'stop', why: 'session' }
    case 4201:
      return { next: 'stop', why: 'flagged' }
    case 1003:
    case 1007:
    case 1009:
      return { next: 'stop', why: 'defect' }
    default:
      return { next: 'backoff' }
  }
}

function afterMs(reason: string): number {
  try {
    const parsed: unknown = JSON.parse(reason)
    const ms = (parsed as { after_ms?: unknown }).after_ms
    if (typeof ms === 'number' && Number.isFinite(ms)) return Math.min(Math.max(ms, 0), 60_000)
  } catch {
    // A reason that is not ours: wait a little, the server is going down all the same.
  }
  return 1_000
}
