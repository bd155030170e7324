import { describe, expect, it } from 'vitest'
import { ref } from 'vue'
import { useMoneyRange } from './useMoneyRange'

describe('useMoneyRange', () => {
  it('reads and writes in the currency of the search', () => {
    const code = ref<string | undefined>()
    const { currency, read, write } = useMoneyRange(() => code.value)
    expect(currency.value).toBe('EUR')
    expect(read('12.50')).toBe(1250)
    expect(write.value(1250)).toBe('12.50')
    expect(write.value(1200)).toBe('12')
    const before = write.value
    code.value = 'JPY'
    expect(read('1200')).toBe(1200)
    expect(write.value).not.toBe(before)
    expect(write.value(1200)).toBe('1200')
  })

  it('tells nothing from nonsense', () => {
    const { read } = useMoneyRange(() => 'EUR')
    expect(read('  ')).toBeUndefined()
    expect(read('much')).toBeNull()
  })
})
