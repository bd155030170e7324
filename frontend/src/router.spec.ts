import { describe, expect, it } from 'vitest'
import { homeOf, safeNext } from './router'

describe('safeNext', () => {
  it.each(['/deals', '/deals/01J#offer-3', '/admin/feed?x=1'])('goes to %s', (path) => {
    expect(safeNext(path)).toBe(path)
  })

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'deals', '', undefined, ['/a']])(
    'never to %s',
    (path) => {
      expect(safeNext(path)).toBeUndefined()
    },
  )
})

describe('homeOf', () => {
  it('is the feed for an admin, the deals for the parties and the front page for visitors', () => {
    const homes = (['admin', 'sponsor', 'influencer', undefined] as const).map(homeOf)
    expect(homes).toEqual(['/admin/feed', '/deals', '/deals', '/'])
  })
})
