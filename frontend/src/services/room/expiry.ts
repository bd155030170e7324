/** For how long an offer may be put, in seconds; the server allows 1 hour to 14 days. */
export const EXPIRIES = [3_600, 21_600, 86_400, 172_800, 259_200, 604_800, 1_209_600] as const

/** What the server takes when nothing is said: 48 hours. */
export const DEFAULT_EXPIRY: number = 172_800
