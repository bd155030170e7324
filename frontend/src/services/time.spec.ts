import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, formatAgo, formatDate, formatLastDay, formatLeft } from './time'

describe('formatLeft', () => {
  it.each([
    [2 * DAY + 4 * HOUR, '2 d 4 h'],
    [3 * HOUR + 5 * MINUTE, '3 h 05 min'],
    [9 * MINUTE + 5000, '9 min 05 s'],
    [59_000, '59 s'],
    // A second that has begun is still shown: 0 s means that it is over.
    [1, '1 s'],
    [0, '0 s'],
    [-5000, '0 s'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatLeft(ms)).toBe(text)
  })
})

describe('formatDate', () => {
  it('shows a calendar date as the same day in every zone', () => {
    expect(formatDate('2027-01-15')).toMatch(/15/)
    expect(formatDate('2027-01-15T23:59:59Z')).toMatch(/15/)
  })

  it('leaves what is no date as it is', () => {
    expect(formatDate('soon')).toBe('soon')
  })
})

describe('formatLastDay', () => {
  it.each([
    ['2027-01-05T00:00:00Z', '2027-01-04'],
    ['2027-01-05T00:00:00.001Z', '2027-01-05'],
    ['2027-01-04T12:00:00Z', '2027-01-04'],
  ])('%s ends on %s', (end, day) => {
    expect(formatLastDay(end)).toBe(formatDate(day))
  })
})

describe('formatAgo', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  it.each([
    ['2026-11-22T11:57:00Z', /3 min/],
    ['2026-11-22T07:00:00Z', /5 hr/],
    ['2026-11-20T12:00:00Z', /2 days/],
    ['2025-01-20T12:00:00Z', /^(?!.*:).*2025/],
  ])('%s', (iso, text) => {
    expect(formatAgo(iso, now)).toMatch(text)
  })
})
