import { s } from '@/strings'
import { SECTIONS, type Deliverable, type Section, type Terms } from '../protocol'
import { formatDeliverable, formatMilestone, formatSection } from './format'

export interface DiffRow {
  section: Section
  label: string
  /** Formatted; null where it was not set before, or is not set any more. */
  from: string | null
  to: string | null
  /** Only for the fee: by how much it changed, as "+12 %". */
  percent?: string
  rise?: boolean
}

/**
 * What changed between two sets of terms, in the order of the sections, ready to be shown.
 * Lists are compared item by item, so one changed deliverable is one row.
 */
export function diffTerms(from: Terms, to: Terms): DiffRow[] {
  return SECTIONS.flatMap((section) => {
    const rows = diffSection(from, to, section)
    const lock = diffLock(from, to, section)
    return lock ? [...rows, lock] : rows
  })
}

function diffSection(from: Terms, to: Terms, section: Section): DiffRow[] {
  const label = s.terms.section[section]
  if (section === 'deliverables') {
    return diffList(from.deliverables, to.deliverables, deliverableKey, formatDeliverable).map((row) => ({
      section,
      label,
      ...row,
    }))
  }
  if (section === 'payment') {
    return diffList(from.payment ?? [], to.payment ?? [], (item) => item.milestone, formatMilestone).map(
      (row) => ({
        section,
        label,
        ...row,
      }),
    )
  }
  const before = formatSection(from, section).join('\n') || null
  const after = formatSection(to, section).join('\n') || null
  if (section === 'fee') {
    if (from.fee.amount === to.fee.amount && from.fee.currency === to.fee.currency) return []
    return [
      {
        section,
        label,
        from: before,
        to: after,
        percent: signedPercent(from.fee.amount, to.fee.amount),
        rise: to.fee.amount > from.fee.amount,
      },
    ]
  }
  return before === after ? [] : [{ section, label, from: before, to: after }]
}

function diffLock(from: Terms, to: Terms, section: Section): DiffRow | undefined {
  const before = from.locked?.includes(section) ?? false
  const after = to.locked?.includes(section) ?? false
  if (before === after) return undefined
  return {
    section,
    label: `${s.terms.section[section]}: ${s.terms.lockLabel}`,
    from: before ? s.terms.lockedNow : s.terms.unlockedNow,
    to: after ? s.terms.lockedNow : s.terms.unlockedNow,
  }
}

const deliverableKey = (item: Deliverable): string => `${item.platform}\n${item.format.toLowerCase()}`

/** Pairs equal items first, then those of the same kind; what is left was removed or added. */
function diffList<T>(
  from: readonly T[],
  to: readonly T[],
  key: (item: T) => string,
  format: (item: T) => string,
): { from: string | null; to: string | null }[] {
  const removed = from.map((item) => ({ key: key(item), text: format(item) }))
  const rows: { from: string | null; to: string | null }[] = []
  const added: { key: string; text: string }[] = []
  for (const item of to) {
    const text = format(item)
    const same = removed.findIndex((other) => other.text === text)
    if (same >= 0) removed.splice(same, 1)
    else added.push({ key: key(item), text })
  }
  for (const item of added) {
    const kin = removed.findIndex((other) => other.key === item.key)
    const before = kin >= 0 ? removed.splice(kin, 1)[0]! : undefined
    rows.push({ from: before?.text ?? null, to: item.text })
  }
  return [...removed.map((item) => ({ from: item.text, to: null })), ...rows]
}

/** "+12 %", "−0.4 %": one decimal only where it says something. */
export function signedPercent(from: number, to: number): string {
  const change = ((to - from) / from) * 100
  const digits = Math.abs(change) < 10 ? 1 : 0
  const rounded = Number(Math.abs(change).toFixed(digits))
  const sign = to > from ? '+' : to < from ? '−' : ''
  return `${sign}${rounded.toLocaleString('en')} %`
}

/** The diff as one sentence for a live region. */
export function diffSentence(rows: readonly DiffRow[]): string {
  return rows
    .map((row) => s.terms.announceChange(row.label, row.from ?? s.terms.notSet, row.to ?? s.terms.notSet))
    .join(' ')
}
