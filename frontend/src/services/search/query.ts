import { CURRENCIES } from '../money'
import { PLATFORMS } from '../protocol'

/**
 * A search is what its address says, in the names and units of the API: whoever is given the
 * address sees the same, and Back and Forward go through what was searched.
 */
export type FieldKind = 'text' | 'count' | 'date' | 'flag' | readonly string[]
export type Fields = Readonly<Record<string, FieldKind>>
export type Search<F extends Fields> = { [Name in keyof F]?: string }

export const campaignFields = {
  q: 'text',
  category: 'text',
  niche: 'text',
  platform: PLATFORMS,
  currency: CURRENCIES,
  min_budget: 'count',
  max_budget: 'count',
  from: 'date',
  until: 'date',
  sort: ['newest', 'ending', 'budget'],
} as const satisfies Fields

export const influencerFields = {
  q: 'text',
  category: 'text',
  niche: 'text',
  platform: PLATFORMS,
  min_reach: 'count',
  max_reach: 'count',
  min_engagement: 'count',
  max_engagement: 'count',
  currency: CURRENCIES,
  min_fee: 'count',
  max_fee: 'count',
  accepts_invites: 'flag',
  sort: ['reach', 'engagement', 'active'],
} as const satisfies Fields

export type CampaignSearch = Search<typeof campaignFields>
export type InfluencerSearch = Search<typeof influencerFields>

/** The most that the server takes of a text. */
const MAX_TEXT = { q: 200, other: 60 }

function fits(name: string, kind: FieldKind, value: string): boolean {
  switch (kind) {
    case 'text':
      return value.trim() !== '' && [...value].length <= (name === 'q' ? MAX_TEXT.q : MAX_TEXT.other)
    case 'count':
      return /^[1-9]\d{0,14}$/.test(value)
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))
    case 'flag':
      return value === 'true'
    default:
      return kind.includes(value)
  }
}

/** Reads an address. What is not known or not valid is left out: addresses are typed by hand too. */
export function parseSearch<F extends Fields>(fields: F, query: Record<string, unknown>): Search<F> {
  const search: Record<string, string> = {}
  for (const [name, kind] of Object.entries(fields)) {
    const value = query[name]
    if (typeof value === 'string' && fits(name, kind, value)) search[name] = value
  }
  return search as Search<F>
}

/** The search with something changed, in the order of its fields; what is empty is left out. */
export function changeSearch<F extends Fields>(fields: F, search: Search<F>, patch: Search<F>): Search<F> {
  const merged: Record<string, string | undefined> = { ...search, ...patch }
  return parseSearch(fields, merged)
}

/** What narrows a search, beside its words and its order. */
export function countFilters<F extends Fields>(search: Search<F>): number {
  const names = new Set(Object.keys(search).map((name) => name.replace(/^(min|max)_/, '')))
  for (const name of ['q', 'sort']) names.delete(name)
  if (names.has('budget') || names.has('fee')) names.delete('currency')
  return names.size
}

/** The same search for the server: numbers as numbers, and amounts only with their currency. */
export function requestOf<F extends Fields>(fields: F, search: Search<F>): Record<string, unknown> {
  const request: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(search)) {
    const kind = fields[name]
    if (/_(budget|fee)$/.test(name) && !search['currency']) continue
    if (name === 'sort' && value === 'budget' && !search['currency']) continue
    request[name] = kind === 'count' ? Number(value) : kind === 'flag' ? true : value
  }
  return request
}

/** The text of a search in an address, as it is saved. */
export const addressOf = <F extends Fields>(search: Search<F>): string =>
  new URLSearchParams(search as Record<string, string>).toString()

/** Reads "12 500", "12.5k" or "1,2M" as a count of people; undefined for nothing, null for nonsense. */
export function parseCount(text: string): number | null | undefined {
  const compact = text.replace(/[\s\u00a0\u202f'’_]/g, '').toLowerCase()
  if (compact === '') return undefined
  const match = /^(\d+(?:[.,]\d+)*)([km]?)$/.exec(compact)
  if (!match) return null
  const [, digits = '', unit] = match
  const groups = /^\d{1,3}(?:[.,]\d{3})+$/.test(digits) && !unit
  const number = groups ? Number(digits.replace(/[.,]/g, '')) : Number(digits.replace(',', '.'))
  const count = Math.round(number * (unit === 'k' ? 1e3 : unit === 'm' ? 1e6 : 1))
  return Number.isFinite(count) && count >= 0 && count <= 1e11 ? count : null
}

/** Reads a percentage such as "3,5" into basis points. */
export function parsePercent(text: string): number | null | undefined {
  const compact = text.replace(/[\s%]/g, '').replace(',', '.')
  if (compact === '') return undefined
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(compact)) return null
  const points = Math.round(Number(compact) * 100)
  return points <= 10_000 ? points : null
}
