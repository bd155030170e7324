import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/services/api'
import { useSubmit } from './useSubmit'

describe('sending a form', () => {
  it('puts a refusal beside the field that it names', async () => {
    const form = useSubmit(
      () => Promise.reject(new ApiError(422, { code: 'invalid', field: 'code', message: 'No.' })),
      ['code'],
    )
    await form.submit()
    expect(form.refused.value).toEqual({ code: 'No.' })
    expect(form.failure.value).toBe('')
    expect(form.busy.value).toBe(false)
  })

  it('puts everything else above the form', async () => {
    const form = useSubmit(
      () => Promise.reject(new ApiError(422, { code: 'invalid', field: 'other', message: 'No.' })),
      ['code'],
    )
    await form.submit()
    expect(form.refused.value).toEqual({})
    expect(form.failure.value).toBe('No.')
  })

  it('sends once at a time and forgets what was wrong before', async () => {
    let done = (): void => {}
    const send = vi.fn(() => new Promise<void>((resolve) => (done = resolve)))
    const form = useSubmit(send)
    form.failure.value = 'before'
    const first = form.submit()
    void form.submit()
    expect(send).toHaveBeenCalledOnce()
    expect(form.busy.value).toBe(true)
    expect(form.failure.value).toBe('')
    done()
    await first
    expect(form.busy.value).toBe(false)
  })
})
