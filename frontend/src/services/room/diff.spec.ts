import { describe, expect, it } from 'vitest'
import { diffSentence, diffTerms, signedPercent } from './diff'
import { terms } from './fixtures'

describe('diffTerms', () => {
  it('equal terms have no rows', () => {
    expect(diffTerms(terms(), terms())).toEqual([])
  })

  it('a fee shows both values and a signed percent', () => {
    expect(diffTerms(terms(), terms({ fee: { amount: 140_000, currency: 'EUR' } }))).toEqual([
      { section: 'fee', label: 'Fee', from: '€1,250', to: '€1,400', percent: '+12 %', rise: true },
    ])
  })

  it('one changed deliverable is one row, though others moved', () => {
    const reel = terms().deliverables[0]!
    const story = { platform: 'tiktok' as const, format: 'video', quantity: 1 }
    const rows = diffTerms(
      terms({ deliverables: [reel, story] }),
      terms({ deliverables: [story, { ...reel, quantity: 3 }] }),
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]!.from).toMatch(/^2 × Instagram reel/)
    expect(rows[0]!.to).toMatch(/^3 × Instagram reel/)
  })

  it('added and removed items say so', () => {
    const story = { platform: 'tiktok' as const, format: 'video', quantity: 1 }
    const [removed, added] = diffTerms(terms(), terms({ deliverables: [story] }))
    expect(removed).toMatchObject({ to: null })
    expect(added).toMatchObject({ from: null, to: '1 × TikTok video' })
  })

  it('a removed section has no new value, an added one no old', () => {
    const rows = diffTerms(terms(), terms({ usage_rights: undefined, revision_rounds: 0 }))
    expect(rows).toEqual([
      { section: 'usage_rights', label: 'Usage rights', from: 'Organic · 6 months · Instagram', to: null },
      { section: 'revision_rounds', label: 'Revision rounds', from: null, to: '0 rounds' },
    ])
  })

  it('a lock is a change too', () => {
    expect(diffTerms(terms(), terms({ locked: ['fee'] }))).toEqual([
      { section: 'fee', label: 'Fee: Lock', from: 'unlocked', to: 'locked' },
    ])
  })

  it('reads as a sentence', () => {
    const rows = diffTerms(terms(), terms({ fee: { amount: 100_000, currency: 'EUR' } }))
    expect(diffSentence(rows)).toBe('Fee: €1,250 to €1,000.')
  })
})

describe('signedPercent', () => {
  it.each([
    [100, 112, '+12 %'],
    [100, 88, '−12 %'],
    [1000, 1004, '+0.4 %'],
    [100, 100, '0 %'],
    [1, 1000, '+99,900 %'],
  ])('%d to %d is %s', (from, to, text) => {
    expect(signedPercent(from, to)).toBe(text)
  })
})
