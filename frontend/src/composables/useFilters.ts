import { computed, reactive, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'

const TYPING_MS = 250

/**
 * Filters of a list that live in the address: a link keeps them and Back brings them back.
 * What is typed reaches the address a moment later; what is empty is left out.
 */
export function useFilters<K extends string>(names: readonly K[]) {
  const route = useRoute()
  const router = useRouter()
  const read = (name: K): string => {
    const value = route.query[name]
    return typeof value === 'string' ? value : ''
  }
  const fields = reactive(Object.fromEntries(names.map((name) => [name, read(name)]))) as Record<K, string>
  const path = route.path
  let timer: ReturnType<typeof setTimeout> | undefined

  watch(fields, () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (route.path === path) void router.replace({ query: applied(fields) })
    }, TYPING_MS)
  })
  // Back and forward, and links to the same page.
  watch(
    () => route.query,
    () => {
      if (route.path !== path) return
      for (const name of names) if (fields[name].trim() !== read(name)) fields[name] = read(name)
    },
  )

  function applied(values: Record<K, string>): Record<string, string> {
    const out: Record<string, string> = {}
    for (const name of names) if (values[name].trim()) out[name] = values[name].trim()
    return out
  }

  /** What the address says: what is asked for. */
  const query = computed(() =>
    applied(Object.fromEntries(names.map((name) => [name, read(name)])) as Record<K, string>),
  )
  return { fields, query }
}
