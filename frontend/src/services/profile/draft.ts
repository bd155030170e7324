import { s } from '@/strings'
import type { Profile, ProfilePatch } from '../api'
import { platformRules, profilePatchRules as rules } from '../api/generated/rules.gen'
import { characters, problemOf, type FieldErrors, type Rule } from '../rules'

/** How many platforms a profile may name. */
export const MAX_PLATFORMS = rules.platforms.maxItems

const SLUG = new RegExp(rules.slug.pattern)

type Platform = Profile['platforms'][number]

/** A platform as it is typed. */
export interface DraftPlatform {
  key: number
  platform: string
  handle: string
  followers: string
  engagement: string
}

/** A profile as it is typed. */
export interface ProfileDraft {
  name: string
  slug: string
  bio: string
  category: string
  niches: string
  reach: string
  accepts_invites: boolean
  platforms: DraftPlatform[]
}

let keys = 0
export const emptyPlatform = (): DraftPlatform => ({
  key: ++keys,
  platform: 'instagram',
  handle: '',
  followers: '',
  engagement: '',
})

export function draftOf(profile: Profile): ProfileDraft {
  return {
    name: profile.name,
    slug: profile.slug,
    bio: profile.bio,
    category: profile.category,
    niches: profile.niches.join(', '),
    reach: String(profile.reach),
    accepts_invites: profile.accepts_invites,
    platforms: profile.platforms.map((platform) => ({
      key: ++keys,
      platform: platform.platform,
      handle: platform.handle,
      followers: String(platform.followers),
      engagement: String(platform.engagement_bp / 100),
    })),
  }
}

/** A whole number as people type it, with or without separators of thousands. */
export function parseCount(text: string): number | undefined {
  const plain = text.trim().replace(/[\s,.'’_]/g, '')
  return /^\d{1,11}$/.test(plain) ? Number(plain) : undefined
}

/** A percentage in basis points. */
export function parsePercent(text: string): number | undefined {
  const plain = text.trim().replace(/\s*%$/, '').replace(',', '.')
  return /^\d{1,3}(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : undefined
}

export const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** What is wrong with an address by its form; whether it is free only the server knows. */
export function slugProblem(slug: string): string | undefined {
  const { minLength: least, maxLength: most } = rules.slug
  const length = characters(slug)
  if (length < least || length > most) return s.profile.slugShort(least, most)
  return SLUG.test(slug) ? undefined : s.profile.slugForm
}

/** Reads what was typed: the change to send, and what is wrong, by the API's field names. */
export function readProfile(draft: ProfileDraft): { patch: Required<ProfilePatch>; errors: FieldErrors } {
  const errors: FieldErrors = {}
  const fail = (field: string, problem: string | undefined | false): void => {
    if (problem && !errors[field]) errors[field] = problem
  }
  const niches = splitList(draft.niches)
  const platforms = draft.platforms.map((platform, index) => readPlatform(platform, index, fail))
  platforms.forEach((platform, index) => {
    const same = (other: Platform): boolean =>
      other.platform === platform.platform && other.handle === platform.handle
    fail(
      `platforms[${index}].handle`,
      platform.handle !== '' && platforms.findIndex(same) < index && s.profile.twice,
    )
  })
  fail('name', !draft.name.trim() && s.problem.required)
  fail('name', problemOf(rules.name, draft.name.trim()))
  fail('slug', slugProblem(draft.slug.trim()))
  fail('bio', problemOf(rules.bio, draft.bio.trim()))
  fail('category', problemOf(rules.category, draft.category.trim()))
  fail('niches', problemOf(rules.niches, niches))
  fail('platforms', problemOf(rules.platforms, platforms))
  const reach = parseCount(draft.reach.trim() || '0')
  if (platforms.length === 0) fail('reach', countProblem(rules.reach, reach))
  return {
    patch: {
      name: draft.name.trim(),
      slug: draft.slug.trim(),
      bio: draft.bio.trim(),
      category: draft.category.trim(),
      niches,
      platforms,
      accepts_invites: draft.accepts_invites,
      reach: reach ?? 0,
    },
    errors,
  }
}

function readPlatform(
  typed: DraftPlatform,
  index: number,
  fail: (field: string, problem: string | undefined | false) => void,
): Platform {
  const at = `platforms[${index}]`
  const handle = typed.handle.trim()
  const followers = parseCount(typed.followers)
  const engagement = typed.engagement.trim() === '' ? 0 : parsePercent(typed.engagement)
  fail(`${at}.platform`, problemOf(platformRules.platform, typed.platform))
  fail(`${at}.handle`, problemOf(platformRules.handle, handle))
  fail(`${at}.followers`, countProblem(platformRules.followers, followers))
  fail(
    `${at}.engagement_bp`,
    (engagement === undefined || problemOf(platformRules.engagement_bp, engagement)) &&
      s.profile.engagementFormat,
  )
  return {
    platform: typed.platform as Platform['platform'],
    handle,
    followers: followers ?? 0,
    engagement_bp: engagement ?? 0,
  }
}

const countProblem = (rule: Rule, n: number | undefined): string | undefined =>
  n === undefined ? s.problem.whole : problemOf(rule, n)

/** The profile as it will be once the draft is saved. */
export function previewOf(saved: Profile, draft: ProfileDraft): Profile {
  const { patch } = readProfile(draft)
  const platforms = [...patch.platforms].sort((a, b) => b.followers - a.followers)
  return {
    ...saved,
    ...patch,
    platforms,
    reach: platforms.length > 0 ? platforms.reduce((sum, { followers }) => sum + followers, 0) : patch.reach,
  }
}
