import { computed, ref } from 'vue'
import { ApiError, budgetText, errorText } from '@/services/api'
import { formatMoney } from '@/services/money'
import { DEFAULT_EXPIRY } from '@/services/room/expiry'
import type { Rules } from '@/services/rules'
import { s } from '@/strings'
import { useForm } from './useForm'
import { useTermsDraft, type TermsDraftOptions } from './useTermsDraft'

/**
 * A form that sends an offer: its terms, for how long it stands, and what goes with it. What the
 * server refuses of the terms stands at the field that it names, in words that know the budget.
 */
export function useOfferForm(
  rules: Rules,
  options: TermsDraftOptions,
  /** What is sent beside the terms, by field. */
  beside: () => Record<string, unknown> = () => ({}),
  more: () => Record<string, string | undefined> = () => ({}),
) {
  const written = useTermsDraft(options)
  const expiresIn = ref(DEFAULT_EXPIRY)
  const form = useForm<Rules, string>(
    rules,
    () => ({ ...beside(), terms: written.terms.value, expires_in: expiresIn.value }),
    () => ({ ...more(), terms: written.problem.value }),
  )

  /** How many fields need attention, once somebody has tried to send: those of the terms and those beside. */
  const amiss = computed(() => {
    if (!form.tried.value) return 0
    const beside = Object.entries(form.problems.value).filter(
      ([field, problem]) => problem && field !== 'terms',
    )
    return Object.keys(written.errors.value).length + beside.length
  })

  /** The fee as it is written, 0 while it is wrong, and what offers of it hold of a budget. */
  const fee = computed(() =>
    written.errors.value['fee.amount'] ? 0 : (written.terms.value.fee?.amount ?? 0),
  )
  function holds(available: number, offers = 1): string {
    const money = (amount: number): string => formatMoney({ amount, currency: options.context().currency })
    return fee.value > 0
      ? s.campaigns.holds(money(fee.value * offers), money(available))
      : s.campaigns.holdsNothingYet(money(available))
  }

  const explain = (error: ApiError): string =>
    [errorText(error), budgetText(error, options.context().currency)].filter(Boolean).join(' ')

  const submit = (send: () => Promise<void>): Promise<void> =>
    form.submit(async () => {
      try {
        await send()
      } catch (error) {
        if (error instanceof ApiError && error.field?.startsWith('terms.')) {
          written.refuse(error.field, explain(error))
        }
        throw error
      }
    }, explain)

  /** What is sent of the wish for how long the offer stands; the server knows what is usual. */
  const expiry = (): { expires_in?: number } =>
    expiresIn.value === DEFAULT_EXPIRY ? {} : { expires_in: expiresIn.value }

  return { ...written, ...form, amiss, explain, expiresIn, expiry, fee, holds, submit }
}
