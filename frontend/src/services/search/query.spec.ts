import { describe, expect, it } from 'vitest'
import {
  addressOf,
  campaignFields,
  changeSearch,
  countFilters,
  influencerFields,
  parseCount,
  parsePercent,
  parseSearch,
  requestOf,
} from './query'

describe('a search in the address', () => {
  it('is read, and what is not valid left out', () => {
    expect(
      parseSearch(campaignFields, {
        q: 'tea & cake',
        platform: 'fax',
        sort: 'ending',
        min_budget: '-5',
        max_budget: '5000',
        from: '2026-13-40',
        until: '2026-12-01',
        niche: ['a', 'b'],
        category: ' ',
        apply: '1',
      }),
    ).toEqual({ q: 'tea & cake', sort: 'ending', max_budget: '5000', until: '2026-12-01' })
  })

  it('comes back as it went', () => {
    const search = { q: 'crème & co', platform: 'x', min_reach: '5000', accepts_invites: 'true' }
    const address = Object.fromEntries(new URLSearchParams(addressOf(search)))
    expect(parseSearch(influencerFields, address)).toEqual(search)
  })

  it('changes field by field, and an empty one goes', () => {
    const search = parseSearch(influencerFields, { q: 'tea', category: 'Food' })
    expect(changeSearch(influencerFields, search, { category: '', sort: 'reach' })).toEqual({
      q: 'tea',
      sort: 'reach',
    })
  })

  it('is a request with numbers, and amounts only with a currency', () => {
    expect(
      requestOf(influencerFields, { q: 'x', min_reach: '10', accepts_invites: 'true', min_fee: '5' }),
    ).toEqual({ q: 'x', min_reach: 10, accepts_invites: true })
    expect(requestOf(campaignFields, { currency: 'EUR', min_budget: '5', sort: 'budget' })).toEqual({
      currency: 'EUR',
      min_budget: 5,
      sort: 'budget',
    })
    expect(requestOf(campaignFields, { sort: 'budget' })).toEqual({})
  })

  it('counts a range as one filter', () => {
    expect(countFilters({})).toBe(0)
    expect(countFilters({ q: 'tea', sort: 'reach' })).toBe(0)
    expect(countFilters({ min_reach: '1', max_reach: '5', category: 'Food' })).toBe(2)
    expect(countFilters({ currency: 'EUR', min_fee: '1' })).toBe(1)
    expect(countFilters({ currency: 'EUR' })).toBe(1)
  })
})

describe('what people type', () => {
  it.each([
    ['', undefined],
    ['12500', 12_500],
    ['12,500', 12_500],
    ['12.500', 12_500],
    ['1 200 000', 1_200_000],
    ['12.5k', 12_500],
    ['1,2M', 1_200_000],
    ['many', null],
    ['-4', null],
    ['9'.repeat(20), null],
  ])('%s is a count', (text, want) => expect(parseCount(text)).toBe(want))

  it.each([
    ['', undefined],
    ['3.5', 350],
    ['3,25 %', 325],
    ['100', 10_000],
    ['101', null],
    ['3.555', null],
    ['x', null],
  ])('%s is a share', (text, want) => expect(parsePercent(text)).toBe(want))
})
