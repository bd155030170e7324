import { onScopeDispose, ref, shallowRef, watch } from 'vue'

interface Page<T> {
  items: T[]
  next_cursor: string
}

/** A list that is read in pages by a cursor, from the beginning whenever what is asked for changes. */
export function usePages<T, Q extends object>(
  query: () => Q,
  read: (query: Q & { cursor?: string }) => Promise<Page<T>>,
) {
  const items = shallowRef<T[]>([])
  const cursor = ref('')
  const loading = ref(true)
  const error = shallowRef<unknown>(null)
  let generation = 0

  async function load(more = false): Promise<void> {
    const mine = ++generation
    loading.value = true
    error.value = null
    try {
      const page = await read({ ...query(), ...(more && { cursor: cursor.value }) })
      if (mine !== generation) return
      items.value = more ? [...items.value, ...page.items] : page.items
      cursor.value = page.next_cursor
    } catch (caught) {
      if (mine === generation) error.value = caught
    } finally {
      if (mine === generation) loading.value = false
    }
  }

  watch(
    () => JSON.stringify(query()),
    () => void load(),
    { immediate: true },
  )
  onScopeDispose(() => (generation += 1))

  return { items, cursor, loading, error, reload: () => load(), more: () => load(true) }
}
