import { ref } from 'vue'
import { errorText } from '@/services/api'
import { useNotices } from '@/stores/notices'

/**
 * What a press of a button does to a list: one thing at a time, told when it is done or why it
 * is not. Either way the list is read anew, for it may have changed.
 */
export function useDeed(after: () => Promise<unknown>) {
  const toasts = useNotices()
  const busy = ref(false)

  async function run(deed: () => Promise<unknown>, said?: string): Promise<void> {
    busy.value = true
    try {
      await deed()
      if (said) toasts.tell(said)
    } catch (caught) {
      toasts.tell(errorText(caught))
    } finally {
      await after()
      busy.value = false
    }
  }

  return { busy, run }
}
