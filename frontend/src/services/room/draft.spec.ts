import { describe, expect, it } from 'vitest'
import {
  draftFrom,
  emptyDeliverable,
  lockedByOther,
  partialTerms,
  readDraft,
  rebaseDraft,
  type Draft,
} from './draft'
import { terms } from './fixtures'
import { fieldPath } from './terms'

const context = { currency: 'EUR', endsAt: '2027-03-01T00:00:00Z' }
const authors = {
  fee: 'sponsor',
  deliverables: 'sponsor',
  payment: 'sponsor',
  usage_rights: 'sponsor',
} as const

const edited = (change: (draft: Draft) => void): Draft => {
  const draft = draftFrom(terms(), 'EUR')
  change(draft)
  return draft
}

describe('draftFrom and readDraft', () => {
  it('reads back what it was filled with', () => {
    const full = terms({
      exclusivity: { category: 'cosmetics', days: 30 },
      revision_rounds: 0,
      requirements: 'Say it twice.',
      note: 'Hi',
      locked: ['fee'],
    })
    const { terms: read, errors } = readDraft(draftFrom(full, 'EUR'), context)
    expect(errors).toEqual({})
    expect(read).toEqual(full)
    expect(partialTerms(full, read, 'sponsor', authors)).toBeNull()
  })

  it('an empty form says what is needed, at the field', () => {
    const { errors } = readDraft(draftFrom(null, 'EUR'), context)
    expect(Object.keys(errors).sort()).toEqual([
      'deliverables.0.format',
      'deliverables.0.platform',
      'fee.amount',
    ])
  })

  it.each<[string, (draft: Draft) => void, string]>([
    ['a fee of letters', (d) => (d.fee = 'many'), 'fee.amount'],
    ['no deliverable', (d) => (d.deliverables = []), 'deliverables'],
    [
      '21 deliverables',
      (d) => (d.deliverables = Array.from({ length: 21 }, () => ({ ...d.deliverables[0]! }))),
      'deliverables',
    ],
    ['half a quantity', (d) => (d.deliverables[0]!.quantity = '1.5'), 'deliverables.0.quantity'],
    ['101 of one', (d) => (d.deliverables[0]!.quantity = '101'), 'deliverables.0.quantity'],
    ['too long a format', (d) => (d.deliverables[0]!.format = 'x'.repeat(41)), 'deliverables.0.format'],
    ['a day and a second', (d) => (d.deliverables[0]!.length = '86401'), 'deliverables.0.length_seconds'],
    ['due on the campaign’s end', (d) => (d.deliverables[0]!.due = '2027-03-01'), 'deliverables.0.due'],
    [
      'a link of another scheme',
      (d) => (d.deliverables[0]!.links = 'javascript:alert(1)'),
      'deliverables.0.links.0',
    ],
    [
      'six links',
      (d) => (d.deliverables[0]!.links = Array(6).fill('https://a.b').join('\n')),
      'deliverables.0.links',
    ],
    ['121 months', (d) => (d.usage.months = '121'), 'usage_rights.months'],
    [
      'exclusive for 0 days',
      (d) => (d.exclusivity = { on: true, category: 'a', days: '0' }),
      'exclusivity.days',
    ],
    [
      'exclusive for nothing',
      (d) => (d.exclusivity = { on: true, category: ' ', days: '1' }),
      'exclusivity.category',
    ],
    ['21 rounds', (d) => (d.rounds = { on: true, value: '21' }), 'revision_rounds'],
    ['99 percent', (d) => (d.payment[0]!.percent = '49'), 'payment'],
    ['181 net days', (d) => (d.payment[0]!.netDays = '181'), 'payment.0.net_days'],
    ['a nameless milestone', (d) => (d.payment[0]!.milestone = ''), 'payment.0.milestone'],
    ['a long note', (d) => (d.note = 'x'.repeat(1001)), 'note'],
    ['long requirements', (d) => (d.requirements = 'x'.repeat(2001)), 'requirements'],
  ])('refuses %s', (_name, change, field) => {
    expect(Object.keys(readDraft(edited(change), context).errors)).toEqual([field])
  })

  it('counts characters as the server does: an emoji is one', () => {
    expect(
      readDraft(
        edited((d) => (d.note = '🎬'.repeat(1000))),
        context,
      ).errors,
    ).toEqual({})
  })

  it('says what the percents sum to', () => {
    expect(
      readDraft(
        edited((d) => (d.payment[0]!.percent = '30')),
        context,
      ).errors.payment,
    ).toContain('not 80')
  })
})

describe('partialTerms', () => {
  const partial = (
    change: (draft: Draft) => void,
    side: 'sponsor' | 'influencer' = 'influencer',
    base = terms(),
  ) => {
    const draft = draftFrom(base, 'EUR')
    change(draft)
    return partialTerms(base, readDraft(draft, context).terms, side, authors)
  }

  it('has only the sections that changed', () => {
    expect(partial((d) => (d.fee = '1400'))).toEqual({ fee: { amount: 140_000, currency: 'EUR' } })
  })

  it('removes an optional section by null', () => {
    expect(partial((d) => (d.usage.on = false))).toEqual({ usage_rights: null })
    expect(partial((d) => (d.payment = []))).toEqual({ payment: null })
  })

  it('sends the whole list when one item changed', () => {
    const change = partial((d) =>
      d.deliverables.push({ ...emptyDeliverable(), platform: 'tiktok', format: 'video' }),
    )
    expect(change?.deliverables).toHaveLength(2)
  })

  it('locks: only this side’s own, and only when they changed', () => {
    expect(partial((d) => (d.locked = ['fee']), 'sponsor')).toEqual({ locked: ['fee'] })
    // The other side's lock is no business of ours, and naming it would be refused.
    expect(partial((d) => (d.note = 'x'), 'influencer', terms({ locked: ['fee'] }))).toEqual({ note: 'x' })
    expect(
      partial(
        (d) => Object.assign(d, { note: 'x', locked: ['fee', 'note'] }),
        'influencer',
        terms({ locked: ['fee'] }),
      ),
    ).toEqual({
      note: 'x',
      locked: ['note'],
    })
  })

  it('an unlocked section is sent as the list without it', () => {
    expect(partial((d) => (d.locked = []), 'sponsor', terms({ locked: ['fee'] }))).toEqual({ locked: [] })
  })
})

describe('locks', () => {
  it('binds the other side, not the one who locked', () => {
    const base = terms({ locked: ['fee'] })
    expect(lockedByOther('fee', 'influencer', base, authors)).toBe(true)
    expect(lockedByOther('fee', 'sponsor', base, authors)).toBe(false)
    expect(lockedByOther('note', 'influencer', base, authors)).toBe(false)
  })
})

describe('rebaseDraft', () => {
  it('keeps what was typed and takes over the rest of the newer offer', () => {
    const draft = edited((d) => (d.fee = '1500'))
    const newer = terms({ fee: { amount: 130_000, currency: 'EUR' }, note: 'newer' })
    const next = rebaseDraft(draft, terms(), newer, () => false, 'EUR')
    expect([next.fee, next.note]).toEqual(['1500', 'newer'])
  })

  it('drops what the newer offer has locked', () => {
    const draft = edited((d) => (d.fee = '1500'))
    const newer = terms({ fee: { amount: 130_000, currency: 'EUR' }, locked: ['fee'] })
    expect(rebaseDraft(draft, terms(), newer, (section) => section === 'fee', 'EUR').fee).toBe('1300')
  })
})

describe('fieldPath', () => {
  it('maps the server’s name of a field to the form’s', () => {
    expect(fieldPath('terms.deliverables[0].links[2]')).toBe('deliverables.0.links.2')
    expect(fieldPath('expires_in')).toBe('expires_in')
  })
})
