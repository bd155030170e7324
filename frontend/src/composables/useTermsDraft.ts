import { computed, ref, watch, type Ref } from 'vue'
import type { Section, Side, Terms } from '@/services/protocol'
import {
  changedSections,
  draftFrom,
  lockedByOther,
  partialTerms,
  readDraft,
  rebaseDraft,
  type Draft,
} from '@/services/room/draft'
import { diffTerms, type DiffRow } from '@/services/room/diff'
import { fieldPath, type FieldErrors, type TermsContext } from '@/services/room/terms'

export interface TermsDraftOptions {
  base: Ref<Terms | null>
  authors: () => Partial<Record<Section, Side>>
  side: Side
  context: () => TermsContext
}

/** Terms being written: read and checked at every keystroke, compared with what they answer. */
export function useTermsDraft({ base, authors, side, context }: TermsDraftOptions) {
  const currency = context().currency
  const draft = ref<Draft>(draftFrom(base.value, currency))
  const refusal = ref<FieldErrors>({})
  const rebased = ref(false)

  const read = computed(() => readDraft(draft.value, context()))
  const terms = computed(() => read.value.terms)
  const errors = computed<FieldErrors>(() => ({ ...refusal.value, ...read.value.errors }))
  const valid = computed(() => Object.keys(read.value.errors).length === 0)
  const changed = computed(() => (base.value ? changedSections(base.value, terms.value) : []))
  const diff = computed<DiffRow[]>(() =>
    base.value && valid.value ? diffTerms(base.value, terms.value) : [],
  )
  const partial = computed(() =>
    base.value ? partialTerms(base.value, terms.value, side, authors()) : terms.value,
  )

  // A newer offer came while this one was being written.
  watch(base, (newer, begun) => {
    if (!newer || !begun || newer === begun) return
    const locked = (section: Section): boolean => lockedByOther(section, side, newer, authors())
    draft.value = rebaseDraft(draft.value, begun, newer, locked, currency)
    rebased.value = true
  })

  // What the server said about a field holds until something is typed.
  watch(draft, () => (refusal.value = {}), { deep: true })

  function refuse(field: string, message: string): void {
    refusal.value = { [fieldPath(field)]: message }
  }

  return { draft, terms, errors, valid, changed, diff, partial, rebased, refuse }
}
