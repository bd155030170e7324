import { describe, expect, it } from 'vitest'
import { accountMenu, entriesFor, fitBar, isUnder, navigation, type NavEntry } from './navigation'
import { router } from './router'

const list = (n: number): NavEntry[] =>
  Array.from({ length: n }, (_, i) => ({ to: `/${i}`, text: String(i), icon: 'more', roles: ['admin'] }))

describe('navigation', () => {
  it.each([...navigation, ...accountMenu])('leads to a page of the same roles: $to', (entry) => {
    const route = router.resolve(entry.to)
    expect(route.name).not.toBe('not-found')
    expect(route.meta.roles ?? entry.roles).toEqual(expect.arrayContaining(entry.roles))
  })

  it('gives each role its own entries, and visitors none', () => {
    expect(entriesFor(navigation, 'sponsor').map((entry) => entry.to)).toContain('/campaigns')
    expect(entriesFor(navigation, 'influencer').map((entry) => entry.to)).not.toContain('/campaigns')
    expect(entriesFor(navigation, undefined)).toEqual([])
  })
})

describe('isUnder', () => {
  it.each([
    ['/campaigns', '/campaigns', true],
    ['/campaigns/01J', '/campaigns', true],
    ['/campaigns-old', '/campaigns', false],
    ['/', '/campaigns', false],
  ])('%s under %s: %s', (path, to, want) => expect(isUnder(path, to)).toBe(want))
})

describe('fitBar', () => {
  it.each([
    [0, 0, 0],
    [5, 5, 0],
    [6, 4, 2],
    [8, 4, 4],
  ])('%i entries: %i in the bar, %i behind More', (n, shown, rest) => {
    const bar = fitBar(list(n))
    expect([bar.shown.length, bar.rest.length]).toEqual([shown, rest])
    expect([...bar.shown, ...bar.rest]).toHaveLength(n)
  })
})
