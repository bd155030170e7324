import type { Profile } from '../api'

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 2 })

const month = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric' })

/** The month of an instant, in the viewer's zone. */
export const formatMonth = (iso: string): string => month.format(new Date(iso))

/** A count as people say it: 1.2M. */
export const formatCount = (n: number): string => compact.format(n)

/** Basis points as a percentage: 325 is 3.25%. */
export const formatPercent = (basisPoints: number): string => percent.format(basisPoints / 10_000)

// Where an account of a handle is, on the platforms that have such an address.
const sites: Partial<Record<Profile['platforms'][number]['platform'], (handle: string) => string>> = {
  instagram: (handle) => `https://www.instagram.com/${handle}/`,
  tiktok: (handle) => `https://www.tiktok.com/@${handle}`,
  youtube: (handle) => `https://www.youtube.com/@${handle}`,
  twitch: (handle) => `https://www.twitch.tv/${handle}`,
  x: (handle) => `https://x.com/${handle}`,
  pinterest: (handle) => `https://www.pinterest.com/${handle}/`,
  snapchat: (handle) => `https://www.snapchat.com/add/${handle}`,
}

/** The page of an account, if the handle is one that can be an address. */
export function platformLink({ platform, handle }: Profile['platforms'][number]): string | undefined {
  const name = handle.trim().replace(/^@/, '')
  return /^[\w.-]{1,60}$/.test(name) ? sites[platform]?.(name) : undefined
}
