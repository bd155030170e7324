import { useEventListener } from '@vueuse/core'

/**
 * Single keys, and two keys in a row ("g d"), outside of fields and dialogs. Keys with a
 * modifier belong to the browser.
 */
export function useShortcuts(actions: Record<string, () => void>): void {
  let prefix = ''
  let prefixAt = 0
  useEventListener(window, 'keydown', (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const target = event.target as HTMLElement | null
    if (target?.closest('input, textarea, select, [contenteditable], dialog')) return
    if (document.querySelector('dialog[open]')) return
    const combined = prefix && event.timeStamp - prefixAt < 1_500 ? `${prefix} ${event.key}` : event.key
    prefix = ''
    const action = actions[combined] ?? actions[event.key]
    if (action) {
      event.preventDefault()
      action()
      return
    }
    if (Object.keys(actions).some((keys) => keys.startsWith(`${event.key} `))) {
      prefix = event.key
      prefixAt = event.timeStamp
    }
  })
}
