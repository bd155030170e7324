import { describe, expect, it } from 'vitest'
import { reactive, ref } from 'vue'
import { invitationRules } from '@/services/api/generated/rules.gen'
import { useOfferForm } from './useOfferForm'
import { withSetup } from './withSetup'

describe('useOfferForm', () => {
  it('counts the fields of the terms and those beside them, once somebody has tried to send', async () => {
    const beside = reactive({ influencer: '' })
    const { result: form, end } = withSetup(() =>
      useOfferForm(
        invitationRules,
        { base: ref(null), authors: () => ({}), side: 'sponsor', context: () => ({ currency: 'EUR' }) },
        () => beside,
        () => ({ influencer: beside.influencer ? undefined : 'choose' }),
      ),
    )
    expect(form.amiss.value).toBe(0)
    await form.submit(() => Promise.reject(new Error('it is not sent')))
    const ofTerms = Object.keys(form.errors.value).length
    expect(ofTerms).toBeGreaterThan(0)
    expect(form.amiss.value).toBe(ofTerms + 1)
    beside.influencer = 'somebody'
    expect(form.amiss.value).toBe(ofTerms)
    end()
  })
})
