import { describe, expect, it } from 'vitest'
import type { Profile } from '../api'
import {
  draftOf,
  emptyPlatform,
  parseCount,
  parsePercent,
  previewOf,
  readProfile,
  slugProblem,
} from './draft'

const saved: Profile = {
  id: '01',
  slug: 'ana',
  name: 'Ana',
  bio: 'Cooks.',
  category: 'Food',
  niches: ['vegan', 'street'],
  reach: 1500,
  platforms: [{ platform: 'tiktok', handle: '@ana', followers: 1500, engagement_bp: 325 }],
  accepts_invites: true,
  completed_deals: 2,
  joined_at: '2026-01-01T00:00:00Z',
}

describe('a profile that is typed', () => {
  it('is unchanged when nothing is typed', () => {
    const { patch, errors } = readProfile(draftOf(saved))
    expect(errors).toEqual({})
    expect({ ...saved, ...patch }).toEqual(saved)
    expect(previewOf(saved, draftOf(saved))).toEqual(saved)
  })

  it.each([
    ['1,234,567', 1234567],
    ['1.234', 1234],
    ['12 000', 12000],
    ['', undefined],
    ['12k', undefined],
    ['-1', undefined],
  ])('reads %j followers', (text, want) => expect(parseCount(text)).toBe(want))

  it.each([
    ['3.25', 325],
    ['3,25 %', 325],
    ['100', 10000],
    ['0.29', 29],
    ['3.255', undefined],
    ['many', undefined],
  ])('reads %j percent', (text, want) => expect(parsePercent(text)).toBe(want))

  it.each(['ab', 'Ana', 'ana--b', '-ana', 'ana_b', 'a'.repeat(41)])('refuses the address %j', (slug) =>
    expect(slugProblem(slug)).toBeTruthy(),
  )

  it('names each field that is wrong as the server does', () => {
    const draft = draftOf(saved)
    draft.name = ' '
    draft.slug = 'A'
    draft.bio = 'ä'.repeat(1001)
    draft.niches = `ok, ${'x'.repeat(41)}`
    draft.platforms.push(
      { ...emptyPlatform(), followers: 'x', engagement: '200' },
      { ...emptyPlatform(), platform: 'tiktok', handle: '@ana', followers: '1' },
    )
    expect(Object.keys(readProfile(draft).errors).sort()).toEqual([
      'bio',
      'name',
      'niches',
      'platforms[1].engagement_bp',
      'platforms[1].followers',
      'platforms[1].handle',
      'platforms[2].handle',
      'slug',
    ])
  })

  it('sums the platforms in the preview, most followers first, and else takes the word', () => {
    const draft = draftOf(saved)
    draft.platforms.push({ ...emptyPlatform(), handle: 'ana', followers: '9,000' })
    const shown = previewOf(saved, draft)
    expect(shown.reach).toBe(10500)
    expect(shown.platforms.map((platform) => platform.handle)).toEqual(['ana', '@ana'])
    draft.platforms = []
    draft.reach = '700'
    expect(previewOf(saved, draft).reach).toBe(700)
  })
})
