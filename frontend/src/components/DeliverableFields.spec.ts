import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { freshStores } from '@/composables/withSetup'
import { emptyDeliverable } from '@/services/room/draft'
import { s } from '@/strings'
import DeliverableFields from './DeliverableFields.vue'

beforeEach(() => freshStores())

const shown = (due: string, confirmed: number[] = []): string =>
  mount(DeliverableFields, {
    props: { modelValue: [{ ...emptyDeliverable(), due }], error: () => undefined, confirmed },
  }).text()

describe('DeliverableFields', () => {
  it('says where what is due cannot come in time any more', () => {
    expect(shown('2020-02-29')).toContain(s.composer.duePast)
    expect(shown('2199-01-01')).not.toContain(s.composer.duePast)
    expect(shown('')).not.toContain(s.composer.duePast)
  })

  it('leaves what is confirmed alone', () => {
    expect(shown('2020-02-29', [0])).not.toContain(s.composer.duePast)
  })
})
