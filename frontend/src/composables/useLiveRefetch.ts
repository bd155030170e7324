import { useThrottleFn } from '@vueuse/core'
import { watch, type WatchSource } from 'vue'

/** At most so often something is read again, in milliseconds. */
export const REFETCH_EVERY = 1_500

/**
 * Reads again when what is watched changes: at once, and while it keeps changing every so
 * often, the last time after the last change. However busy the inbox, requests stay few.
 */
export function useLiveRefetch(changed: WatchSource<unknown>, refetch: () => unknown): void {
  const later = useThrottleFn(() => void refetch(), REFETCH_EVERY, true, true)
  watch(changed, () => void later())
}
