import { minorToDecimal, parseAmount } from '../money'
import { amountProblem } from '../rules'
import {
  SECTIONS,
  type PartialTerms,
  type Platform,
  type Section,
  type Side,
  type Terms,
  type UsageScope,
} from '../protocol'
import { validateTerms, type FieldErrors, type TermsContext } from './terms'

/** What a person is typing: texts where numbers will be, so nothing typed is ever lost. */
export interface Draft {
  fee: string
  deliverables: DraftDeliverable[]
  usage: { on: boolean; scope: UsageScope | ''; months: string; channels: Platform[] }
  exclusivity: { on: boolean; category: string; days: string }
  rounds: { on: boolean; value: string }
  payment: DraftMilestone[]
  requirements: string
  note: string
  locked: Section[]
}

export interface DraftDeliverable {
  /** Keeps a row its own while others come and go. */
  key: number
  platform: Platform | ''
  format: string
  quantity: string
  length: string
  due: string
  mustShow: string
  links: string
}

export interface DraftMilestone {
  key: number
  milestone: string
  percent: string
  netDays: string
}

let keys = 0
const nextKey = (): number => (keys += 1)

export const emptyDeliverable = (): DraftDeliverable => ({
  key: nextKey(),
  platform: '',
  format: '',
  quantity: '1',
  length: '',
  due: '',
  mustShow: '',
  links: '',
})

export const emptyMilestone = (): DraftMilestone => ({
  key: nextKey(),
  milestone: '',
  percent: '',
  netDays: '14',
})

/** A form filled with terms, or an empty one with one deliverable to fill in. */
export function draftFrom(terms: Terms | null, currency: string): Draft {
  const usage = terms?.usage_rights
  const exclusivity = terms?.exclusivity
  return {
    fee: terms ? minorToDecimal(terms.fee.amount, currency, true) : '',
    deliverables: terms
      ? terms.deliverables.map((item) => ({
          key: nextKey(),
          platform: item.platform,
          format: item.format,
          quantity: String(item.quantity),
          length: item.length_seconds ? String(item.length_seconds) : '',
          due: item.due ?? '',
          mustShow: item.must_show ?? '',
          links: (item.links ?? []).join('\n'),
        }))
      : [emptyDeliverable()],
    usage: {
      on: usage !== undefined,
      scope: usage?.scope ?? 'organic',
      months: usage ? String(usage.months) : '6',
      channels: [...(usage?.channels ?? [])],
    },
    exclusivity: {
      on: exclusivity !== undefined,
      category: exclusivity?.category ?? '',
      days: exclusivity ? String(exclusivity.days) : '30',
    },
    rounds: {
      on: terms?.revision_rounds !== undefined,
      value: terms?.revision_rounds !== undefined ? String(terms.revision_rounds) : '1',
    },
    payment: (terms?.payment ?? []).map((item) => ({
      key: nextKey(),
      milestone: item.milestone,
      percent: String(item.percent),
      netDays: String(item.net_days),
    })),
    requirements: terms?.requirements ?? '',
    note: terms?.note ?? '',
    locked: [...(terms?.locked ?? [])],
  }
}

const integer = (text: string): number => (/^\s*\d{1,9}\s*$/.test(text) ? Number(text) : NaN)

/** The terms that a draft says, with every problem by field. */
export function readDraft(draft: Draft, context: TermsContext): { terms: Terms; errors: FieldErrors } {
  const fee = parseAmount(draft.fee, context.currency)
  const terms: Terms = {
    fee: { amount: fee.ok ? fee.amount : 1, currency: context.currency },
    deliverables: draft.deliverables.map((item) => ({
      platform: item.platform as Platform,
      format: item.format.trim(),
      quantity: integer(item.quantity),
      ...(item.length.trim() !== '' &&
        item.length.trim() !== '0' && { length_seconds: integer(item.length) }),
      ...(item.due !== '' && { due: item.due }),
      ...(item.mustShow.trim() !== '' && { must_show: item.mustShow.trim() }),
      ...(item.links.trim() !== '' && {
        links: item.links
          .split(/\s+/)
          .map((link) => link.trim())
          .filter((link) => link !== ''),
      }),
    })),
    locked: [],
  }
  if (draft.usage.on) {
    terms.usage_rights = {
      scope: draft.usage.scope as UsageScope,
      months: integer(draft.usage.months),
      ...(draft.usage.channels.length > 0 && { channels: [...draft.usage.channels] }),
    }
  }
  if (draft.exclusivity.on) {
    terms.exclusivity = { category: draft.exclusivity.category.trim(), days: integer(draft.exclusivity.days) }
  }
  if (draft.rounds.on) terms.revision_rounds = integer(draft.rounds.value)
  if (draft.payment.length > 0) {
    terms.payment = draft.payment.map((item) => ({
      milestone: item.milestone.trim(),
      percent: integer(item.percent),
      net_days: integer(item.netDays),
    }))
  }
  if (draft.requirements.trim() !== '') terms.requirements = draft.requirements.trim()
  if (draft.note.trim() !== '') terms.note = draft.note.trim()
  terms.locked = SECTIONS.filter((section) => draft.locked.includes(section) && isSet(terms[section]))

  const errors = validateTerms(terms, context)
  const problem = amountProblem(fee, context.currency)
  if (problem) errors['fee.amount'] = problem
  return { terms, errors }
}

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && (!Array.isArray(value) || value.length > 0)

/** Equal by value, however the members are ordered; absent and empty are the same. */
function sameValue(a: unknown, b: unknown): boolean {
  if (!isSet(a) || !isSet(b)) return isSet(a) === isSet(b)
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]))
  }
  if (typeof a === 'object' && typeof b === 'object') {
    const left = a as Record<string, unknown>
    const right = b as Record<string, unknown>
    const names = new Set([...Object.keys(left), ...Object.keys(right)])
    return [...names].every((name) => sameValue(left[name], right[name]))
  }
  return a === b
}

export const changedSections = (base: Terms, terms: Terms): Section[] =>
  SECTIONS.filter((section) => !sameValue(base[section], terms[section]))

/** The sections `side` may lock: those it wrote first, and those nobody has written yet. */
export function mayLock(section: Section, side: Side, authors: Partial<Record<Section, Side>>): boolean {
  const author = authors[section]
  return author === undefined || author === side
}

/** Whether the other party has locked a section, so that `side` may not change it. */
export function lockedByOther(
  section: Section,
  side: Side,
  base: Terms | null,
  authors: Partial<Record<Section, Side>>,
): boolean {
  return (base?.locked?.includes(section) ?? false) && authors[section] !== side
}

/**
 * Only what differs from the standing terms: changed sections with their value, removed ones
 * as null, and the list of this side's own locks where it changed. Returns null if nothing
 * differs.
 */
export function partialTerms(
  base: Terms,
  terms: Terms,
  side: Side,
  authors: Partial<Record<Section, Side>>,
): PartialTerms | null {
  const partial: Record<string, unknown> = {}
  for (const section of changedSections(base, terms)) {
    partial[section] = isSet(terms[section]) ? terms[section] : null
  }
  const own = (from: Terms): Section[] =>
    (from.locked ?? []).filter((section) => mayLock(section, side, authors))
  const wanted = own(terms)
  const before = own(base)
  if (wanted.length !== before.length || wanted.some((section) => !before.includes(section))) {
    partial.locked = wanted
  }
  return Object.keys(partial).length > 0 ? (partial as PartialTerms) : null
}

/**
 * What of a draft was changed against the terms it began with, put on top of newer terms:
 * a person who was typing when a newer offer came keeps their changes.
 */
export function rebaseDraft(
  draft: Draft,
  begun: Terms,
  newer: Terms,
  locked: (section: Section) => boolean,
  currency: string,
): Draft {
  const fresh = draftFrom(newer, currency)
  const before = draftFrom(begun, currency)
  const next: Draft = { ...fresh }
  const strip = (value: unknown): string =>
    JSON.stringify(value, (name, inner: unknown) => (name === 'key' ? undefined : inner))
  const parts: Record<Section, keyof Draft> = {
    fee: 'fee',
    deliverables: 'deliverables',
    usage_rights: 'usage',
    exclusivity: 'exclusivity',
    revision_rounds: 'rounds',
    payment: 'payment',
    requirements: 'requirements',
    note: 'note',
  }
  for (const section of SECTIONS) {
    const part = parts[section]
    if (!locked(section) && strip(draft[part]) !== strip(before[part])) {
      Object.assign(next, { [part]: draft[part] })
    }
  }
  return next
}
