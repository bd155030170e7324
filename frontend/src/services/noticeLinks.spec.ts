import { describe, expect, it } from 'vitest'
import { noticeLink } from './noticeLinks'
import { s } from '@/strings'

describe('noticeLink', () => {
  it.each([
    ['deliverable_done', { room: 'R', number: 1, of: 2 }, '/deals/R'],
    ['deal_completed', { room: 'R' }, '/deals/R'],
    ['amendment_offered', { room: 'R', offer: 7 }, '/deals/R#offer-7'],
    ['amendment_agreed', { room: 'R', offer: 7 }, '/deals/R#offer-7'],
    ['campaign_ended', { campaign: 'C' }, '/campaigns/C'],
    ['approved', {}, '/campaigns'],
    ['flagged', { on: 'room', subject: 'R' }, '/reviews'],
    ['export_failed', { export: 'E', table: 'deals' }, '/reports'],
    ['report_failed', { month: '2026-10' }, '/reports'],
    ['something_new', {}, undefined],
  ])('leads from %s to where it happened', (kind, data, link) => {
    expect(noticeLink(kind, data)).toBe(link)
  })
})

describe('the words of a notice', () => {
  const data = {
    room: 'R',
    name: 'Autumn tasting',
    by: 'Mia Kramer',
    number: 2,
    of: 3,
    reason: 'The logo is cut off.',
    fee: { amount: 40_000, currency: 'EUR' },
  }
  it.each([
    ['deliverable_done', 'Mia Kramer has done deliverable 2 of 3 for Autumn tasting'],
    ['deliverable_returned', '“The logo is cut off.”'],
    ['deliverable_confirmed', 'Mia Kramer confirmed deliverable 2 of 3'],
    ['deal_completed', '€400'],
    ['amendment_offered', '€400'],
    ['amendment_agreed', '€400'],
  ])('say what %s means', (kind, expected) => {
    const words = s.notices.kinds[kind]!(data)
    expect(`${words.title} ${words.text ?? ''}`).toContain(expected)
  })
})
