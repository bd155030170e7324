import { describe, expect, it } from 'vitest'
import { formatCount, formatPercent, platformLink } from './format'
import { centreSquare } from './picture'

const account = (platform: 'instagram' | 'tiktok' | 'blog', handle: string) => ({
  platform,
  handle,
  followers: 1,
  engagement_bp: 1,
})

describe('a profile on screen', () => {
  it('writes counts and rates', () => {
    expect([formatCount(950), formatCount(1_250_000), formatPercent(325)]).toEqual(['950', '1.3M', '3.25%'])
  })

  it('links to accounts, but never where a handle is no name', () => {
    expect(platformLink(account('instagram', '@ana.cooks'))).toBe('https://www.instagram.com/ana.cooks/')
    expect(platformLink(account('tiktok', 'ana'))).toBe('https://www.tiktok.com/@ana')
    expect(platformLink(account('blog', 'ana'))).toBeUndefined()
    for (const handle of ['../login', 'a b', 'javascript:alert(1)', 'x?y', '']) {
      expect(platformLink(account('instagram', handle))).toBeUndefined()
    }
  })

  it('cuts around the centre', () => {
    expect(centreSquare(900, 300)).toEqual({ x: 300, y: 0, side: 300 })
    expect(centreSquare(301, 400)).toEqual({ x: 0, y: 49, side: 301 })
  })
})
