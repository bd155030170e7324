import { nextTick, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Terms } from '@/services/protocol'
import { terms } from '@/services/room/fixtures'
import { useTermsDraft } from './useTermsDraft'
import { withSetup } from './withSetup'

const open = (base: Terms | null, keep?: string) => {
  const known = ref(base)
  const made = withSetup(() =>
    useTermsDraft({
      base: known,
      authors: () => ({ fee: 'sponsor' }),
      side: 'influencer',
      context: () => ({ currency: 'EUR' }),
      keep,
    }),
  )
  return { ...made, base: known, form: made.result }
}

describe('useTermsDraft', () => {
  it('tells what changed, as a partial and as a diff', () => {
    const { form, end } = open(terms())
    expect(form.partial.value).toBeNull()
    form.draft.value.fee = '1400'
    expect(form.partial.value).toEqual({ fee: { amount: 140_000, currency: 'EUR' } })
    expect(form.diff.value.map((row) => row.percent)).toEqual(['+12 %'])
    end()
  })

  it('a newer offer is taken over under what was typed', async () => {
    const { form, base, end } = open(terms())
    form.draft.value.fee = '1400'
    base.value = terms({ note: 'newer' })
    await nextTick()
    expect([form.rebased.value, form.draft.value.fee, form.draft.value.note]).toEqual([true, '1400', 'newer'])
    expect(form.partial.value).toEqual({ fee: { amount: 140_000, currency: 'EUR' } })
    end()
  })

  it('what the server refused is shown at its field until something is typed', async () => {
    const { form, end } = open(terms())
    form.refuse('terms.deliverables[0].format', 'Too odd.')
    expect(form.errors.value).toEqual({ 'deliverables.0.format': 'Too odd.' })
    form.draft.value.note = 'x'
    await nextTick()
    expect(form.errors.value).toEqual({})
    end()
  })

  it('a closed form keeps what was typed, over a newer offer too; a sent one does not', () => {
    const first = open(terms(), 'room')
    first.form.draft.value.fee = '1400'
    first.end()
    const second = open(terms({ note: 'newer' }), 'room')
    expect([second.form.draft.value.fee, second.form.draft.value.note]).toEqual(['1400', 'newer'])
    second.form.sent()
    second.end()
    const third = open(terms(), 'room')
    expect(third.form.draft.value.fee).toBe('1250')
    third.end()
  })
})
