import { computed, nextTick, ref, shallowRef, type Ref } from 'vue'
import { ApiError, errorText, wireErrorText } from '@/services/api'
import { problemOf, type Rules } from '@/services/rules'

/** A field within another one: "platforms[0].handle". */
type Path = `${string}${'.' | '['}${string}`

const outermost = (field: string): string => field.replace(/[.[].*$/, '')

/**
 * A form over a request body. Each field is checked by the server's own rule for it, and by
 * `more` for what a rule cannot say; what the server refuses is shown at the same field.
 * Problems appear once somebody has tried to send.
 */
export function useForm<R extends Rules, F extends keyof R & string>(
  rules: R,
  /** What would be sent, by field; one that is left out is not a part of the form now. */
  values: () => { [K in F]?: unknown },
  more: () => Partial<Record<F | Path, string | undefined>> = () => ({}),
  /** The form's name of a field that the server names; without it, that of the field it is in. */
  named: (field: string) => string = outermost,
) {
  let element: HTMLElement | null = null
  const tried = ref(false)
  const busy = ref(false)
  const failure = ref('')
  /** What was last refused, and why. */
  const error = shallowRef<ApiError | null>(null)
  const refused: Ref<Record<string, string>> = ref({})

  const problems = computed(() => {
    const found: Record<string, string | undefined> = { ...more() }
    for (const [field, value] of Object.entries(values())) {
      found[field] ??= problemOf(rules[field]!, value)
    }
    return found
  })

  const shown = (field: F | Path): string | undefined =>
    refused.value[field] ?? (tried.value ? problems.value[field] : undefined)

  /** The field, or the one around it, that an error of the server names. */
  const fieldOf = (error: ApiError): string | undefined => {
    const field = error.field === undefined ? undefined : named(error.field)
    return field !== undefined && outermost(field) in values() ? field : undefined
  }

  /** Sends, unless there are problems; what is thrown lands at its field or above the form. */
  async function submit(
    send: () => Promise<void>,
    explain?: (error: ApiError) => string | undefined,
  ): Promise<void> {
    if (busy.value) return
    tried.value = true
    clear()
    if (Object.values(problems.value).some(Boolean)) {
      await focusProblem()
      return
    }
    busy.value = true
    try {
      await send()
    } catch (caught) {
      error.value = caught instanceof ApiError ? caught : new ApiError(0, { code: 'internal' })
      const field = fieldOf(error.value)
      const explained = explain?.(error.value)
      const text = explained || errorText(caught)
      if (field === undefined)
        failure.value = explained || (error.value.field ? wireErrorText(error.value) : text)
      else {
        refused.value = { [field]: text }
        await focusProblem()
      }
    } finally {
      busy.value = false
    }
  }

  async function focusProblem(): Promise<void> {
    await nextTick()
    element?.querySelector<HTMLElement>('[aria-invalid]')?.focus()
  }

  /** Whoever types answers what was refused. */
  const typed = (): void => {
    if (Object.keys(refused.value).length > 0) refused.value = {}
  }

  /** After what was sent: an emptied form has no problems yet. */
  const reset = (): void => {
    tried.value = false
    clear()
  }

  function clear(): void {
    failure.value = ''
    error.value = null
    refused.value = {}
  }

  /** For the form's :ref. */
  const bind = (form: unknown): void => {
    element = form instanceof HTMLElement ? form : null
  }

  return { bind, busy, error, failure, problems, reset, shown, submit, tried, typed }
}
