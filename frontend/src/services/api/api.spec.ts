import { describe, expect, it, vi } from 'vitest'
import { api, ApiError, errorText, wireErrorText } from '.'
import type { WireError } from '../protocol'
import type { Problem } from './generated'
import { s } from '@/strings'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  vi.stubGlobal('fetch', vi.fn().mockResolvedValue(new Response(JSON.stringify(body), { status, headers })))

describe('api', () => {
  it('leaves empty query values out', async () => {
    answer(200, { items: [] })
    await api.rooms({ limit: 50, cursor: undefined })
    expect((vi.mocked(fetch).mock.calls[0]![0] as Request).url).toMatch(/\/api\/rooms\?limit=50$/)
  })

  it('a refusal keeps its code, field, details and request id', async () => {
    answer(409, {
      error: {
        code: 'budget_exceeded',
        message: 'No.',
        field: 'terms.fee',
        details: { needed: 2 },
        request_id: 'r1',
      },
    })
    await expect(api.me()).rejects.toMatchObject({
      status: 409,
      code: 'budget_exceeded',
      field: 'terms.fee',
      details: { needed: 2 },
      requestId: 'r1',
    })
  })

  it('an answer that is not ours still has a code, and the request id of its header', async () => {
    vi.stubGlobal(
      'fetch',
      vi.fn().mockResolvedValue(new Response('<html>', { status: 502, headers: { 'X-Request-Id': 'r2' } })),
    )
    await expect(api.me()).rejects.toMatchObject({ code: 'internal', requestId: 'r2' })
  })

  it('an unreachable server is "offline"', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('failed')))
    const error = await api.me().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'offline', status: 0 })
    expect(errorText(error)).toContain('cannot be reached')
  })
})

describe('the sentence for an invalid input', () => {
  const said = 'the server says this in English'
  const error = (problem?: Problem): Partial<WireError> => ({
    code: 'invalid',
    field: 'terms.note',
    message: said,
    problem,
  })

  it.each<[Problem, string]>([
    [{ code: 'chars_at_most', max: 80 }, s.problem.chars(80)],
    [{ code: 'between', min: 1, max: 5 }, s.problem.range(1, 5)],
    [{ code: 'one_of', allowed: ['a', 'b'] }, s.problem.choose],
    [{ code: 'seconds_between', min: 3_600, max: 1_209_600 }, 'From 1 hour to 14 days.'],
  ])('is ours for %o, whichever way it came', (problem, text) => {
    expect(errorText(new ApiError(422, error(problem)))).toBe(text)
    expect(wireErrorText(error(problem) as WireError)).toBe(s.errors.of(s.terms.section.note, text))
  })

  it('is ours for a problem, a code and a reason that this page does not know', () => {
    const later = { code: 'later' } as unknown as Problem
    expect(errorText(new ApiError(422, error(later)))).toBe(s.problem.pattern)
    expect(errorText(new ApiError(422, error()))).toBe(s.problem.pattern)
    const unknown = { code: 'later', message: said, details: { reason: 'later' } }
    expect(wireErrorText(unknown)).toBe(s.errors.code.internal)
  })
})

describe('api.everyCampaign', () => {
  it('asks on until there is no further page', async () => {
    const pages = [
      { items: [{ id: 'b' }], next_cursor: 'b' },
      { items: [{ id: 'a' }], next_cursor: '' },
    ]
    const ask = vi.fn(() => Promise.resolve(Response.json(pages.shift())))
    vi.stubGlobal('fetch', ask)
    const list = await api.everyCampaign({ archived: 'no' })
    expect(list.map(({ id }) => id)).toEqual(['b', 'a'])
    const asked = (ask.mock.calls as unknown as [Request][]).map(([request]) => new URL(request.url).search)
    expect(asked).toEqual(['?archived=no&limit=100', '?archived=no&limit=100&cursor=b'])
  })
})

describe('api.command', () => {
  it('gives a refusal as an answer, so that the queue can settle it', async () => {
    answer(409, { error: { code: 'frozen', message: 'Frozen.' } })
    const result = await api.command('r', { id: 'c1', type: 'reopen' })
    expect(result).toMatchObject({ id: 'c1', error: { code: 'frozen' } })
  })

  it('rejects when nobody answered', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('failed')))
    await expect(api.command('r', { id: 'c1', type: 'reopen' })).rejects.toBeInstanceOf(ApiError)
  })
})

describe('errorText', () => {
  it('prefers the known reason of a refusal', () => {
    expect(
      errorText(new ApiError(403, { code: 'forbidden', message: 'no', details: { reason: 'not_approved' } })),
    ).toContain('approval')
  })
})
