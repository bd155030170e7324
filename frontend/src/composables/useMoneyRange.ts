import { computed, type ComputedRef } from 'vue'
import { minorToDecimal, parseAmount } from '@/services/money'

interface MoneyRange {
  currency: ComputedRef<string>
  /** Minor units; nothing for an empty text, null for what is no amount. */
  read: (text: string) => number | null | undefined
  /** A new function for another currency, so that what is shown is written anew. */
  write: ComputedRef<(amount: number) => string>
}

/** How a range of amounts is read and written in the currency of a search. */
export function useMoneyRange(of: () => string | undefined): MoneyRange {
  const currency = computed(() => of() ?? 'EUR')
  return {
    currency,
    read: (text) => {
      const parsed = parseAmount(text, currency.value)
      return parsed.ok ? parsed.amount : parsed.problem === 'empty' ? undefined : null
    },
    write: computed(() => {
      const code = currency.value
      return (amount) => minorToDecimal(amount, code, true)
    }),
  }
}
