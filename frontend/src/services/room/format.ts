import { s } from '@/strings'
import { formatMoney } from '../money'
import { formatDate } from '../time'
import type { Deliverable, Exclusivity, Milestone, Section, Terms, UsageRights } from '../protocol'

/** One line a deliverable: "2 × Instagram reel · 30 s · due 15 Jan 2027". */
export function formatDeliverable(item: Deliverable): string {
  const parts = [`${item.quantity} × ${s.terms.platform[item.platform] ?? item.platform} ${item.format}`]
  if (item.length_seconds) parts.push(s.terms.length(item.length_seconds))
  if (item.due) parts.push(s.terms.due(formatDate(item.due)))
  if (item.must_show) parts.push(s.terms.mustShow(item.must_show))
  if (item.links?.length) parts.push(item.links.join(' '))
  return parts.join(' · ')
}

export function formatUsageRights(rights: UsageRights): string {
  const parts = [
    s.terms.scope[rights.scope] ?? rights.scope,
    rights.months === 0 ? s.terms.forever : s.terms.months(rights.months),
  ]
  if (rights.channels?.length) {
    parts.push(rights.channels.map((channel) => s.terms.platform[channel] ?? channel).join(', '))
  }
  return parts.join(' · ')
}

export function formatExclusivity(exclusivity: Exclusivity): string {
  return s.terms.exclusivity(exclusivity.category, s.terms.days(exclusivity.days))
}

export function formatMilestone(item: Milestone): string {
  return `${item.percent} % ${item.milestone} · ${s.terms.net(item.net_days)}`
}

/** A section as lines of text; empty where it is not set. */
export function formatSection(terms: Terms, section: Section): string[] {
  switch (section) {
    case 'fee':
      return [formatMoney(terms.fee)]
    case 'deliverables':
      return terms.deliverables.map(formatDeliverable)
    case 'usage_rights':
      return terms.usage_rights ? [formatUsageRights(terms.usage_rights)] : []
    case 'exclusivity':
      return terms.exclusivity ? [formatExclusivity(terms.exclusivity)] : []
    case 'revision_rounds':
      return terms.revision_rounds === undefined ? [] : [s.terms.rounds(terms.revision_rounds)]
    case 'payment':
      return (terms.payment ?? []).map(formatMilestone)
    case 'requirements':
      return terms.requirements ? [terms.requirements] : []
    case 'note':
      return terms.note ? [terms.note] : []
  }
}
