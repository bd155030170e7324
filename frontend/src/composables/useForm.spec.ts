import { describe, expect, it, vi } from 'vitest'
import { reactive } from 'vue'
import { ApiError } from '@/services/api'
import { s } from '@/strings'
import type { Rule } from '@/services/rules'
import { useForm } from './useForm'
import { withSetup } from './withSetup'

const rules: { name: Rule; budget: Rule } = {
  name: { type: 'string', required: true, maxLength: 5 },
  budget: { type: 'Money', required: true },
}

function make(send: () => Promise<void> = () => Promise.resolve()) {
  const values = reactive({ name: '', budget: {} })
  const more = reactive<{ budget?: string }>({})
  const { result, end } = withSetup(() =>
    useForm(
      rules,
      () => values,
      () => more,
    ),
  )
  return { values, more, form: result, end, send: () => result.submit(send) }
}

describe('useForm', () => {
  it('says nothing before somebody tried to send, and sends nothing that is wrong', async () => {
    const send = vi.fn(() => Promise.resolve())
    const { form, values, send: submit, end } = make(send)
    expect(form.shown('name')).toBeUndefined()
    await submit()
    expect(form.shown('name')).toBeTruthy()
    expect(send).not.toHaveBeenCalled()
    values.name = 'ok'
    expect(form.shown('name')).toBeUndefined()
    await submit()
    expect(send).toHaveBeenCalledOnce()
    end()
  })

  it('knows what a rule cannot say', async () => {
    const send = vi.fn(() => Promise.resolve())
    const { form, values, more, send: submit, end } = make(send)
    values.name = 'ok'
    more.budget = 'too little'
    await submit()
    expect(form.shown('budget')).toBe('too little')
    expect(send).not.toHaveBeenCalled()
    end()
  })

  it('puts what the server refuses at its field, until somebody types', async () => {
    const { form, values, send, end } = make(() =>
      Promise.reject(
        new ApiError(422, { code: 'invalid', field: 'budget.amount', problem: { code: 'at_most', max: 9 } }),
      ),
    )
    values.name = 'ok'
    await send()
    expect(form.shown('budget')).toBe(s.problem.atMost(9))
    expect(form.failure.value).toBe('')
    form.typed()
    expect(form.shown('budget')).toBeUndefined()
    expect(form.busy.value).toBe(false)
    end()
  })

  it('puts the rest above the form', async () => {
    const { form, values, send, end } = make(() => Promise.reject(new ApiError(503, { code: 'unavailable' })))
    values.name = 'ok'
    await send()
    expect(form.failure.value).toBeTruthy()
    end()
  })

  it('has a place for a field within another, where the form names it', async () => {
    const refusal = new ApiError(422, {
      code: 'invalid',
      field: 'budget.amount',
      problem: { code: 'at_most', max: 9 },
    })
    const { result, end } = withSetup(() =>
      useForm(
        rules,
        () => ({ name: 'ok', budget: {} }),
        () => ({}),
        (field) => field,
      ),
    )
    await result.submit(() => Promise.reject(refusal))
    expect([result.shown('budget.amount'), result.shown('budget')]).toEqual([s.problem.atMost(9), undefined])
    expect(result.error.value).toBe(refusal)
    end()
  })
})
