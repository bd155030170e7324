import { s } from '@/strings'
import {
  deliverableRules,
  exclusivityRules,
  milestoneRules,
  moneyRules,
  termsPatchRules,
  usageRightsRules,
} from '../api/generated/rules.gen'
import { isWebAddress, problemsOf, type FieldErrors, type Rules } from '../rules'
import type { Terms } from '../protocol'

export type { FieldErrors }

export interface TermsContext {
  currency: string
  /** The campaign's end, an instant; nothing may be due at or after it. */
  endsAt?: string
}

/** The rules of a change to terms, and what terms cannot do without. */
const RULES: Rules = {
  ...termsPatchRules,
  fee: { ...termsPatchRules.fee, required: true },
  deliverables: { ...termsPatchRules.deliverables, required: true },
}

const TYPES = {
  Money: moneyRules,
  Deliverable: deliverableRules,
  UsageRights: usageRightsRules,
  Exclusivity: exclusivityRules,
  Milestone: milestoneRules,
}

export const sumPercent = (items: readonly { percent: number }[]): number =>
  items.reduce((sum, item) => sum + (Number.isFinite(item.percent) ? item.percent : 0), 0)

/**
 * What is wrong with whole terms: by the server's rules for their fields, and by those that join
 * a field with another or with the campaign.
 */
export function validateTerms(terms: Terms, context: TermsContext): FieldErrors {
  const errors = problemsOf(RULES, terms, TYPES)
  const endsAt = context.endsAt ? Date.parse(context.endsAt) : Infinity
  terms.deliverables.forEach(({ due, links = [] }, place) => {
    if (due && Date.parse(`${due}T00:00:00Z`) >= endsAt)
      errors[`deliverables.${place}.due`] ??= s.problem.dueLate
    links.forEach((link, at) => {
      if (!isWebAddress(link)) errors[`deliverables.${place}.links.${at}`] ??= s.problem.link
    })
  })
  const sum = sumPercent(terms.payment ?? [])
  if (terms.payment && sum !== 100) errors.payment ??= s.problem.percentSum(sum)
  return errors
}

/** The server's "terms.deliverables[0].format" as the form's "deliverables.0.format". */
export const fieldPath = (field: string): string => field.replace(/^terms\./, '').replace(/\[(\d+)\]/g, '.$1')
