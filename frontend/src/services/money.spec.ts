import { describe, expect, it } from 'vitest'
import { currencyDigits, formatMoney, minorToDecimal, parseAmount } from './money'

describe('parseAmount', () => {
  it.each([
    ['1250', 'EUR', 125000],
    ['1,250', 'EUR', 125000],
    ['1.250', 'EUR', 125000],
    ['1250.5', 'EUR', 125050],
    ['1250,50', 'EUR', 125050],
    ['1,250.50', 'EUR', 125050],
    ['1.250,50', 'EUR', 125050],
    ['1 250,50', 'EUR', 125050],
    ['1,234,567', 'EUR', 123456700],
    ['0.01', 'EUR', 1],
    ['0.10', 'USD', 10],
    // As a float 1.15 * 100 is 114.99999999999999.
    ['1.15', 'EUR', 115],
    ['4.35', 'EUR', 435],
    ['1000000000000', 'EUR', 100000000000000],
    ['999999999999.99', 'EUR', 99999999999999],
    ['50000', 'JPY', 50000],
    ['50,000', 'JPY', 50000],
    ['50000.00', 'JPY', 50000],
    ['1.234', 'KWD', 1234],
    ['007', 'EUR', 700],
  ])('reads %s in %s as %d', (text, currency, amount) => {
    expect(parseAmount(text, currency)).toEqual({ ok: true, amount })
  })

  it.each([
    ['', 'EUR', 'empty'],
    ['  ', 'EUR', 'empty'],
    ['abc', 'EUR', 'format'],
    ['-5', 'EUR', 'format'],
    ['1e3', 'EUR', 'format'],
    ['1,25,000', 'EUR', 'format'],
    ['1,250.50.1', 'EUR', 'format'],
    ['12.3456', 'EUR', 'decimals'],
    ['12.345,67', 'JPY', 'decimals'],
    ['10.5', 'JPY', 'decimals'],
    ['0', 'EUR', 'small'],
    ['0.00', 'EUR', 'small'],
    ['1000000000000.01', 'EUR', 'large'],
    ['99999999999999999999', 'EUR', 'large'],
  ])('refuses "%s" in %s as %s', (text, currency, problem) => {
    expect(parseAmount(text, currency)).toEqual({ ok: false, problem })
  })

  it('reads back what minorToDecimal writes', () => {
    for (const currency of ['EUR', 'JPY', 'KWD']) {
      for (const amount of [1, 9, 10, 99, 100, 101, 123456, 99999999999999, 1e14]) {
        expect(parseAmount(minorToDecimal(amount, currency), currency)).toEqual({ ok: true, amount })
      }
    }
  })
})

describe('formatMoney', () => {
  it.each([
    [125000, 'EUR', '€1,250'],
    [125050, 'EUR', '€1,250.50'],
    [50000, 'JPY', '¥50,000'],
    [1234, 'KWD', 'KWD 1.234'],
    [100000000000000, 'USD', '$1,000,000,000,000'],
  ])('writes %d %s as %s', (amount, currency, text) => {
    expect(formatMoney({ amount, currency }, 'en').replace('\u00a0', ' ')).toBe(text)
  })

  it('knows how many decimals a currency has, and takes 2 for one it does not know', () => {
    expect([
      currencyDigits('EUR'),
      currencyDigits('JPY'),
      currencyDigits('KWD'),
      currencyDigits('?'),
    ]).toEqual([2, 0, 3, 2])
  })
})
