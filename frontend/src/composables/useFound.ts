import { useInfiniteQuery } from '@pinia/colada'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'

export interface FoundPage<T> {
  items: T[]
  next_cursor: string
  corrected?: string[] | null
}

/** What was found, page by page; a new key begins again, with the old list until then. */
export function useFound<T>(
  key: MaybeRefOrGetter<(string | number | Record<string, string>)[]>,
  read: (cursor: string, signal: AbortSignal) => Promise<FoundPage<T>>,
) {
  const { data, error, isPending, asyncStatus, hasNextPage, loadNextPage, refetch } = useInfiniteQuery<
    FoundPage<T>,
    Error,
    string
  >({
    key: () => toValue(key),
    query: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor || null,
  })
  return {
    items: computed(() => data.value?.pages.flatMap((page) => page.items) ?? []),
    corrected: computed(() => data.value?.pages[0]?.corrected ?? undefined),
    known: computed(() => data.value !== undefined),
    error,
    isPending,
    loading: computed(() => asyncStatus.value === 'loading'),
    hasMore: hasNextPage,
    more: () => loadNextPage(),
    refetch,
  }
}

export type FoundPages<T> = ReturnType<typeof useFound<T>>
