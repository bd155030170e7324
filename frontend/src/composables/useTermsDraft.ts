import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
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
  /** Keeps what was typed under this name while the form is closed, as long as the page lives. */
  keep?: string
}

/** Forms that were closed unsent, with the terms they began from. */
const kept = new Map<string, { draft: Draft; base: Terms | null }>()

/** Terms being written: read and checked at every keystroke, compared with what they answer. */
export function useTermsDraft({ base, authors, side, context, keep }: TermsDraftOptions) {
  const currency = context().currency
  const draft = ref<Draft>(draftFrom(base.value, currency))
  const refusal = ref<FieldErrors>({})
  const rebased = ref(false)
  let begunFrom = base.value
  let done = false

  const before = keep === undefined ? undefined : kept.get(keep)
  if (before) {
    begunFrom = before.base
    draft.value = before.draft
    takeOver(base.value)
  }

  const read = computed(() => readDraft(draft.value, context()))
  const terms = computed(() => read.value.terms)
  const errors = computed<FieldErrors>(() => ({ ...refusal.value, ...read.value.errors }))
  /** The first of what is wrong with what was typed, whatever the server refused of it before. */
  const problem = computed(() => Object.values(read.value.errors)[0])
  const valid = computed(() => problem.value === undefined)
  const changed = computed(() => (base.value ? changedSections(base.value, terms.value) : []))
  const diff = computed<DiffRow[]>(() =>
    base.value && valid.value ? diffTerms(base.value, terms.value) : [],
  )
  const partial = computed(() =>
    base.value ? partialTerms(base.value, terms.value, side, authors()) : terms.value,
  )

  /** Puts what was typed on top of newer terms. */
  function takeOver(newer: Terms | null): void {
    if (!newer || !begunFrom || newer === begunFrom) return
    const locked = (section: Section): boolean => lockedByOther(section, side, newer, authors())
    draft.value = rebaseDraft(draft.value, begunFrom, newer, locked, currency)
    begunFrom = newer
    rebased.value = true
  }

  // A newer offer came while this one was being written.
  watch(base, takeOver)

  onScopeDispose(() => {
    if (keep === undefined) return
    const worthKeeping = !done && (changed.value.length > 0 || begunFrom === null)
    if (worthKeeping) kept.set(keep, { draft: draft.value, base: begunFrom })
    else kept.delete(keep)
  })

  /** It was sent: nothing is kept. */
  function sent(): void {
    done = true
  }

  // What the server said about a field holds until something is typed.
  watch(draft, () => (refusal.value = {}), { deep: true })

  function refuse(field: string, message: string): void {
    refusal.value = { [fieldPath(field)]: message }
  }

  return { draft, terms, errors, problem, valid, changed, diff, partial, rebased, refuse, sent }
}
