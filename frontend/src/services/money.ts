import type { Money } from './protocol'

/** What is offered to choose from; the server takes every currency of ISO 4217. */
export const CURRENCIES = [
  'EUR',
  'USD',
  'GBP',
  'CHF',
  'JPY',
  'SEK',
  'NOK',
  'DKK',
  'PLN',
  'CAD',
  'AUD',
  'BRL',
  'INR',
] as const

/** The most that a fee may be, in minor units. */
export const MAX_AMOUNT = 1e14

const digitsCache = new Map<string, number>()

/** How many decimals a currency has: 2 for EUR, 0 for JPY, 3 for KWD. */
export function currencyDigits(currency: string): number {
  let digits = digitsCache.get(currency)
  if (digits === undefined) {
    try {
      const options = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
      digits = options.maximumFractionDigits ?? 2
    } catch {
      digits = 2
    }
    digitsCache.set(currency, digits)
  }
  return digits
}

/** The exact decimal text of an amount, such as "1250.5" for 125050 EUR cents. */
export function minorToDecimal(amount: number, currency: string, trim = false): string {
  const digits = currencyDigits(currency)
  const text = Math.abs(amount)
    .toFixed(0)
    .padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  let part = digits > 0 ? text.slice(-digits) : ''
  if (trim && /^0*$/.test(part)) part = ''
  return (amount < 0 ? '-' : '') + whole + (part ? `.${part}` : '')
}

/**
 * Formats minor units for the reader. Intl takes the decimal text, not a float, so large
 * amounts stay exact.
 */
export function formatMoney(money: Money, locale?: string, compact = true): string {
  const digits = currencyDigits(money.currency)
  const whole = compact && digits > 0 && money.amount % 10 ** digits === 0
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    minimumFractionDigits: whole ? 0 : digits,
    maximumFractionDigits: digits,
  })
  return format.format(minorToDecimal(money.amount, money.currency) as Intl.StringNumericLiteral)
}

export type ParsedAmount =
  { ok: true; amount: number } | { ok: false; problem: 'empty' | 'format' | 'decimals' | 'small' | 'large' }

/**
 * Reads what a person typed into minor units, digit by digit: no float is ever made of it.
 * Both "1,250.50" and "1.250,50" are read; a lone separator followed by exactly three digits
 * groups thousands ("1,250" is 1250), for fees are seldom given to a tenth of a cent.
 */
export function parseAmount(input: string, currency: string): ParsedAmount {
  const text = input.replace(/[\s\u00a0\u202f'’_]/g, '')
  if (text === '') return { ok: false, problem: 'empty' }
  if (!/^\d[\d.,]*$/.test(text)) return { ok: false, problem: 'format' }
  const digits = currencyDigits(currency)

  const lastDot = text.lastIndexOf('.')
  const lastComma = text.lastIndexOf(',')
  let decimalAt = Math.max(lastDot, lastComma)
  if (decimalAt >= 0) {
    const separator = text.charAt(decimalAt)
    const other = separator === '.' ? ',' : '.'
    const repeated = text.indexOf(separator) !== decimalAt
    const alone = !text.includes(other)
    if (repeated && !alone) return { ok: false, problem: 'format' }
    const groups = text.length - decimalAt - 1 === 3 && alone && digits !== 3
    if (repeated || groups) decimalAt = -1
  }
  const wholeText = decimalAt < 0 ? text : text.slice(0, decimalAt)
  const part = decimalAt < 0 ? '' : text.slice(decimalAt + 1)
  const groups = wholeText.split(/[.,]/)
  if (groups.length > 1 && (groups[0]!.length > 3 || groups.slice(1).some((group) => group.length !== 3))) {
    return { ok: false, problem: 'format' }
  }
  if (part.replace(/0+$/, '').length > digits) return { ok: false, problem: 'decimals' }
  const minor = (groups.join('') + part.slice(0, digits).padEnd(digits, '0')).replace(/^0+(?=\d)/, '')
  if (minor.length > 15) return { ok: false, problem: 'large' }
  const amount = Number(minor)
  if (amount > MAX_AMOUNT) return { ok: false, problem: 'large' }
  if (amount < 1) return { ok: false, problem: 'small' }
  return { ok: true, amount }
}
