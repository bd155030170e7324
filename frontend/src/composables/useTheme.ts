import { usePreferredDark } from '@vueuse/core'
import { computed, ref, watchEffect } from 'vue'

type Choice = 'light' | 'dark' | null
const KEY = 'parley.theme'

function stored(): Choice {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : null
  } catch {
    return null
  }
}

const choice = ref<Choice>(null)

/** The theme: the system's, until the person chooses the other one. public/theme.js sets the first paint. */
export function useTheme() {
  choice.value = stored()
  const systemDark = usePreferredDark()
  const dark = computed(() => (choice.value === null ? systemDark.value : choice.value === 'dark'))

  watchEffect(() => {
    document.documentElement.setAttribute('data-bs-theme', dark.value ? 'dark' : 'light')
  })

  function toggle(): void {
    const next = dark.value ? 'light' : 'dark'
    // Back to what the system says means: follow it again.
    choice.value = (next === 'dark') === systemDark.value ? null : next
    try {
      if (choice.value === null) localStorage.removeItem(KEY)
      else localStorage.setItem(KEY, choice.value)
    } catch {
      // Storage may be blocked; the choice then lasts as long as the page.
    }
  }

  return { dark, toggle }
}
