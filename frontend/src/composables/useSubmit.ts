import { ref } from 'vue'
import { ApiError, errorText } from '@/services/api'

/**
 * One way to send a form: busy while it is under way, the server's refusal beside the field
 * that it names, everything else above the form.
 */
export function useSubmit(send: () => Promise<void>, fields: readonly string[] = []) {
  const busy = ref(false)
  const failure = ref('')
  const refused = ref<Record<string, string>>({})

  async function submit(): Promise<void> {
    if (busy.value) return
    busy.value = true
    failure.value = ''
    refused.value = {}
    try {
      await send()
    } catch (error) {
      if (error instanceof ApiError && error.field && fields.includes(error.field)) {
        refused.value = { [error.field]: error.message }
      } else failure.value = errorText(error)
    } finally {
      busy.value = false
    }
  }
  return { busy, failure, refused, submit }
}
