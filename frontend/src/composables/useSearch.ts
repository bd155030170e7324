import { watchDebounced } from '@vueuse/core'
import { computed, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { changeSearch, parseSearch, type Fields, type Search } from '@/services/search/query'

/**
 * The search that the address of this page names. Each change is a step for Back, but for the
 * letters of one word being typed.
 */
export function useSearch<F extends Fields>(fields: F) {
  const route = useRoute()
  const router = useRouter()
  const path = route.path
  const search = shallowRef<Search<F>>(parseSearch(fields, route.query))
  const text = ref(search.value['q'] ?? '')

  watch(
    () => route.query,
    (query) => {
      if (route.path !== path) return // on the way to another page
      search.value = parseSearch(fields, query)
      const words = search.value['q'] ?? ''
      if (words !== text.value.trim()) text.value = words
    },
  )

  function change(patch: Search<F>, typing = false): void {
    const query = changeSearch(fields, search.value, patch)
    const go = typing && search.value['q'] ? router.replace : router.push
    void go({ path, query: query as Record<string, string> })
  }

  watchDebounced(
    text,
    (typed) => {
      const words = typed.trim()
      if (route.path === path && words !== (search.value['q'] ?? '')) change({ q: words } as Search<F>, true)
    },
    { debounce: 250 },
  )

  const reset = (): void => {
    text.value = ''
    void router.push({ path })
  }
  return { search: computed(() => search.value), text, change, reset }
}
