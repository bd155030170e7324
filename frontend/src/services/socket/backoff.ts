export const BACKOFF_BASE_MS = 500
export const BACKOFF_CAP_MS = 30_000

/**
 * Full jitter: a random wait between 0 and min(cap, base * 2^tries), so that clients which
 * lost their server together do not come back together.
 */
export function fullJitter(tries: number, random: () => number): number {
  return Math.floor(random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(tries, 16)))
}
