import { describe, expect, it } from 'vitest'
import { rulesFile } from '../../scripts/gen-rules.mjs'
import description from '../../../api/openapi.json?raw'
import file from './api/generated/rules.gen?raw'
import { campaignBodyRules, moneyRules, registerRequestRules } from './api/generated/rules.gen'
import { MAX_AMOUNT } from './money'
import { problemOf, problemsOf, type Rule } from './rules'
import { s } from '@/strings'

const text = (rule: Partial<Rule>): Rule => ({ type: 'string', required: true, ...rule })

describe('the rules', () => {
  it('are those of the server’s description', () => {
    // What prettier or a person changed in the file is not what was generated.
    expect(file).toBe(rulesFile(JSON.parse(description)))
  })

  it('name the fields of the forms', () => {
    expect(registerRequestRules.password).toMatchObject({ required: true, minLength: 10, maxLength: 200 })
    expect(campaignBodyRules.niches).toMatchObject({
      required: false,
      maxItems: 10,
      items: { type: 'string' },
    })
    expect(moneyRules.amount.maximum).toBe(MAX_AMOUNT)
  })
})

describe('problemOf', () => {
  it.each<[string, Rule, unknown, string | undefined]>([
    ['nothing that is needed', text({}), '', s.problem.required],
    ['spaces only', text({}), '   ', s.problem.required],
    ['nothing that is not', text({ required: false, minLength: 3 }), '', undefined],
    ['absent', text({}), undefined, s.problem.required],
    ['absent and not needed', text({ required: false }), undefined, undefined],
    ['too short', text({ minLength: 3 }), 'ab', s.problem.charsAtLeast(3)],
    ['too long', text({ maxLength: 2 }), 'abc', s.problem.chars(2)],
    ['two characters of four units', text({ maxLength: 2 }), '😀😀', undefined],
    ['no address', text({ format: 'email' }), 'a@', s.auth.needEmail],
    ['an address', text({ format: 'email' }), 'a@b', undefined],
    ['no link', text({ format: 'uri' }), 'javascript:alert(1)', s.problem.link],
    ['a link', text({ format: 'uri' }), 'https://example.com', undefined],
    ['no date', text({ format: 'date' }), '2027-13-01', s.problem.date],
    ['another form', text({ pattern: '^[a-z]+$' }), 'A1', s.problem.pattern],
    ['nothing chosen', text({ enum: ['a', 'b'] }), '', s.problem.choose],
    ['another value', text({ enum: ['a', 'b'] }), 'c', s.problem.choose],
    ['a fraction', { type: 'integer', required: true, minimum: 0 }, 1.5, s.problem.whole],
    ['not a number', { type: 'integer', required: true }, Number.NaN, s.problem.whole],
    ['too small', { type: 'integer', required: true, minimum: 1 }, 0, s.problem.atLeast(1)],
    ['too large', { type: 'integer', required: true, maximum: 5 }, 6, s.problem.atMost(5)],
    ['out of range', { type: 'integer', required: true, minimum: 1, maximum: 5 }, 6, s.problem.range(1, 5)],
    ['at its edge', { type: 'integer', required: true, minimum: 1, maximum: 5 }, 5, undefined],
    ['too many', { type: 'array', required: true, maxItems: 1 }, ['a', 'b'], s.problem.items(1)],
    ['too few', { type: 'array', required: true, minItems: 1 }, [], s.problem.required],
    [
      'a bad one among them',
      { type: 'array', required: true, items: text({ maxLength: 1 }) },
      ['a', 'bc'],
      s.problem.chars(1),
    ],
  ])('%s', (_, rule, value, want) => {
    expect(problemOf(rule, value)).toBe(want)
  })
})

describe('problemsOf', () => {
  const rules = {
    name: text({}),
    one: { type: 'Part', required: true },
    many: { type: 'array', required: false, maxItems: 2, items: { type: 'Part', required: true } },
  }
  const types = { Part: { size: { type: 'integer', required: true, minimum: 1 } } }

  it('names each field by its path', () => {
    const body = { name: '', one: { size: 0 }, many: [{ size: 1 }, {}] }
    expect(problemsOf(rules, body, types)).toEqual({
      name: s.problem.required,
      'one.size': s.problem.atLeast(1),
      'many.1.size': s.problem.required,
    })
  })

  it('tells of what is absent, and of a list as a whole', () => {
    const many = [{ size: 1 }, { size: 1 }, { size: 1 }]
    expect(problemsOf(rules, { name: 'x', many }, types)).toEqual({
      one: s.problem.required,
      many: s.problem.items(2),
    })
  })
})
