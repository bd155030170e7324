import * as z from 'zod/mini'
import { s } from '@/strings'
import {
  declineCommandRules,
  deliverableRules,
  exclusivityRules,
  messageCommandRules,
  milestoneRules,
  termsPatchRules,
  usageRightsRules,
} from '../api/generated/rules.gen'
import { MAX_AMOUNT } from '../money'
import { characters as chars } from '../rules'
import { PLATFORMS, SECTIONS, USAGE_SCOPES, type Terms } from '../protocol'

/** The server's own limits, from its description. */
export const LIMITS = {
  deliverables: termsPatchRules.deliverables.maxItems,
  format: deliverableRules.format.maxLength,
  quantity: [deliverableRules.quantity.minimum, deliverableRules.quantity.maximum],
  lengthSeconds: [deliverableRules.length_seconds.minimum, deliverableRules.length_seconds.maximum],
  mustShow: deliverableRules.must_show.maxLength,
  links: deliverableRules.links.maxItems,
  link: deliverableRules.links.items.maxLength,
  usageMonths: [usageRightsRules.months.minimum, usageRightsRules.months.maximum],
  channels: usageRightsRules.channels.items.enum.length,
  category: exclusivityRules.category.maxLength,
  exclusivityDays: [exclusivityRules.days.minimum, exclusivityRules.days.maximum],
  revisionRounds: [termsPatchRules.revision_rounds.minimum, termsPatchRules.revision_rounds.maximum],
  milestones: termsPatchRules.payment.maxItems,
  milestone: milestoneRules.milestone.maxLength,
  percent: [milestoneRules.percent.minimum, milestoneRules.percent.maximum],
  netDays: [milestoneRules.net_days.minimum, milestoneRules.net_days.maximum],
  requirements: termsPatchRules.requirements.maxLength,
  note: termsPatchRules.note.maxLength,
  message: messageCommandRules.text.maxLength,
  reason: declineCommandRules.note.maxLength,
} as const

export interface TermsContext {
  currency: string
  /** The campaign's end, an instant; nothing may be due at or after it. */
  endsAt?: string
}

const required = (limit: number) =>
  z.string().check(
    z.refine((text) => text.trim() !== '', { error: s.problem.required, abort: true }),
    z.refine((text) => chars(text) <= limit, { error: s.problem.chars(limit) }),
  )

const optional = (limit: number) =>
  z.optional(z.string().check(z.refine((text) => chars(text) <= limit, { error: s.problem.chars(limit) })))

const whole = ([low, high]: readonly [number, number]) =>
  z.number({ error: s.problem.whole }).check(
    z.refine((n) => Number.isInteger(n), { error: s.problem.whole, abort: true }),
    z.refine((n) => n >= low && n <= high, { error: s.problem.range(low, high) }),
  )

const isLink = (text: string): boolean => {
  try {
    const url = new URL(text)
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.host !== ''
  } catch {
    return false
  }
}

const isDate = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))

/** Whole terms as the server will check them, with messages for the fields of a form. */
export function termsSchema(context: TermsContext) {
  const endsAt = context.endsAt ? Date.parse(context.endsAt) : Infinity
  const deliverable = z.object({
    platform: z.enum(PLATFORMS, { error: s.problem.platform }),
    format: required(LIMITS.format),
    quantity: whole(LIMITS.quantity),
    length_seconds: z.optional(whole(LIMITS.lengthSeconds)),
    due: z.optional(
      z.string().check(
        z.refine(isDate, { error: s.problem.date, abort: true }),
        z.refine((due) => Date.parse(`${due}T00:00:00Z`) < endsAt, { error: s.problem.dueLate }),
      ),
    ),
    must_show: optional(LIMITS.mustShow),
    links: z.optional(
      z
        .array(
          z.string().check(
            z.refine(isLink, { error: s.problem.link, abort: true }),
            z.refine((link) => chars(link) <= LIMITS.link, { error: s.problem.chars(LIMITS.link) }),
          ),
        )
        .check(z.maxLength(LIMITS.links, s.problem.items(LIMITS.links))),
    ),
  })
  return z.object({
    fee: z.object({
      amount: z.number({ error: s.problem.required }).check(
        z.refine((n) => n >= 1, { error: s.problem.amountSmall, abort: true }),
        z.refine((n) => Number.isInteger(n) && n <= MAX_AMOUNT, { error: s.problem.amountLarge }),
      ),
      currency: z.literal(context.currency),
    }),
    deliverables: z
      .array(deliverable)
      .check(
        z.minLength(1, s.problem.atLeastOne),
        z.maxLength(LIMITS.deliverables, s.problem.items(LIMITS.deliverables)),
      ),
    usage_rights: z.optional(
      z.object({
        scope: z.enum(USAGE_SCOPES, { error: s.problem.scope }),
        months: whole(LIMITS.usageMonths),
        channels: z.optional(z.array(z.enum(PLATFORMS)).check(z.maxLength(LIMITS.channels))),
      }),
    ),
    exclusivity: z.optional(
      z.object({ category: required(LIMITS.category), days: whole(LIMITS.exclusivityDays) }),
    ),
    revision_rounds: z.optional(whole(LIMITS.revisionRounds)),
    payment: z.optional(
      z
        .array(
          z.object({
            milestone: required(LIMITS.milestone),
            percent: whole(LIMITS.percent),
            net_days: whole(LIMITS.netDays),
          }),
        )
        .check(
          z.maxLength(LIMITS.milestones, s.problem.items(LIMITS.milestones)),
          z.refine((items) => items.length === 0 || sumPercent(items) === 100, {
            error: (issue) => s.problem.percentSum(sumPercent(issue.input as { percent: number }[])),
          }),
        ),
    ),
    requirements: optional(LIMITS.requirements),
    note: optional(LIMITS.note),
    locked: z.optional(z.array(z.enum(SECTIONS))),
  })
}

export const sumPercent = (items: readonly { percent: number }[]): number =>
  items.reduce((sum, item) => sum + (Number.isFinite(item.percent) ? item.percent : 0), 0)

/** The first problem of each field, by path: "deliverables.0.format". */
export type FieldErrors = Record<string, string>

export function validateTerms(terms: Terms, context: TermsContext): FieldErrors {
  const result = termsSchema(context).safeParse(terms)
  const errors: FieldErrors = {}
  for (const issue of result.error?.issues ?? []) {
    errors[issue.path.join('.')] ??= issue.message
  }
  return errors
}

/** The server's "terms.deliverables[0].format" as the form's "deliverables.0.format". */
export const fieldPath = (field: string): string => field.replace(/^terms\./, '').replace(/\[(\d+)\]/g, '.$1')
