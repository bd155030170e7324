import { s } from '@/strings'
import { currencyDigits, type ParsedAmount } from './money'

/** What the server's description says of a field; see services/api/generated/rules.gen.ts. */
export interface Rule {
  type: string
  required: boolean
  minLength?: number
  maxLength?: number
  pattern?: string
  minimum?: number
  maximum?: number
  enum?: readonly unknown[]
  format?: string
  minItems?: number
  maxItems?: number
  items?: Rule
}

export type Rules = Readonly<Record<string, Rule>>

/** The server counts characters as code points; a text's length counts UTF-16 units. */
export const characters = (text: string): number => [...text].length

/** Only such an address becomes a link: another scheme could run as a script. */
export function isWebAddress(text: string): boolean {
  try {
    const { protocol, host } = new URL(text)
    return (protocol === 'https:' || protocol === 'http:') && host !== ''
  } catch {
    return false
  }
}

const EMAIL = /^[^\s@]+@[^\s@]+$/

function textProblem(rule: Rule, text: string): string | undefined {
  if (rule.required && text.trim() === '') return rule.enum ? s.problem.choose : s.problem.required
  if (text === '') return undefined
  const length = characters(text)
  if (rule.minLength !== undefined && length < rule.minLength) return s.problem.charsAtLeast(rule.minLength)
  if (rule.maxLength !== undefined && length > rule.maxLength) return s.problem.chars(rule.maxLength)
  if (rule.format === 'email' && !EMAIL.test(text)) return s.auth.needEmail
  if (rule.format === 'uri' && !isWebAddress(text)) return s.problem.link
  if (rule.format === 'date' && Number.isNaN(Date.parse(`${text}T00:00:00Z`))) return s.problem.date
  if (rule.pattern !== undefined && !new RegExp(rule.pattern, 'u').test(text)) return s.problem.pattern
  if (rule.enum && !rule.enum.includes(text)) return s.problem.choose
  return undefined
}

function numberProblem(rule: Rule, value: number): string | undefined {
  if (!Number.isInteger(value)) return s.problem.whole
  const { minimum: low = -Infinity, maximum: high = Infinity } = rule
  if (value >= low && value <= high) return undefined
  if (low === -Infinity) return s.problem.atMost(high)
  return high === Infinity ? s.problem.atLeast(low) : s.problem.range(low, high)
}

/** What is wrong with a value by the server's rule for it, in words for a person. */
export function problemOf(rule: Rule, value: unknown): string | undefined {
  if (value === undefined || value === null) return rule.required ? s.problem.required : undefined
  if (typeof value === 'string') return textProblem(rule, value)
  if (typeof value === 'number') return numberProblem(rule, value)
  if (!Array.isArray(value)) return undefined
  if (rule.maxItems !== undefined && value.length > rule.maxItems) return s.problem.items(rule.maxItems)
  if (rule.minItems !== undefined && value.length < rule.minItems) return s.problem.required
  for (const item of value) {
    const problem = rule.items && problemOf(rule.items, item)
    if (problem) return problem
  }
  return undefined
}

/** The first problem of each field, by its path: "deliverables.0.format". */
export type FieldErrors = Record<string, string>

/** The rules of the types that a body is made of, by the name that a rule's type has. */
export type Types = Readonly<Record<string, Rules>>

/** What is wrong with a whole body, down to the fields of the objects and lists in it. */
export function problemsOf(rules: Rules, body: object, types: Types = {}, within = ''): FieldErrors {
  const found: FieldErrors = {}
  for (const [field, rule] of Object.entries(rules)) {
    Object.assign(found, problemsAt(rule, (body as Record<string, unknown>)[field], within + field, types))
  }
  return found
}

function problemsAt(rule: Rule, value: unknown, path: string, types: Types): FieldErrors {
  const inner = types[rule.type]
  if (inner && typeof value === 'object' && value !== null) return problemsOf(inner, value, types, `${path}.`)
  const { items, ...list } = rule
  const problem = problemOf(Array.isArray(value) ? list : rule, value)
  const found: FieldErrors = problem ? { [path]: problem } : {}
  if (!items || !Array.isArray(value)) return found
  return Object.assign(found, ...value.map((item, at) => problemsAt(items, item, `${path}.${at}`, types)))
}

/** What is wrong with an amount as it was typed. */
export function amountProblem(amount: ParsedAmount, currency: string): string | undefined {
  if (amount.ok) return undefined
  switch (amount.problem) {
    case 'empty':
      return s.problem.required
    case 'format':
      return s.problem.amountFormat
    case 'decimals':
      return s.problem.amountDecimals(currencyDigits(currency))
    case 'small':
      return s.problem.amountSmall
    case 'large':
      return s.problem.amountLarge
  }
}
