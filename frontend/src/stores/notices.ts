import { defineStore } from 'pinia'
import { ref, shallowReactive } from 'vue'

export interface Notice {
  id: number
  text: string
  /** When set, the notice waits for this and then does what it announces. */
  undo?: () => void
}

export const UNDO_MS = 5_000
const SHOWN_MS = 6_000

interface Delayed {
  run: (leaving: boolean) => void
  timer: ReturnType<typeof setTimeout>
}

/**
 * Short notices, actions that can be undone before they happen, and what screen readers are
 * told. One place, so two announcements never speak over each other.
 */
export const useNotices = defineStore('notices', () => {
  const notices = shallowReactive<Notice[]>([])
  const polite = ref('')
  const delayed = new Map<number, Delayed>()
  let ids = 0
  let toSay: string[] = []
  let saying: ReturnType<typeof setTimeout> | undefined

  function add(notice: Omit<Notice, 'id'>): Notice {
    const added = { id: ++ids, ...notice }
    notices.push(added)
    return added
  }

  function remove(id: number): void {
    const at = notices.findIndex((notice) => notice.id === id)
    if (at >= 0) notices.splice(at, 1)
  }

  function tell(text: string): void {
    const { id } = add({ text })
    announce(text)
    setTimeout(() => remove(id), SHOWN_MS)
  }

  /**
   * Shows `text` with Undo and runs the action in 5 s, unless it is undone. When the page
   * goes away first, the action runs at once, told that the page is leaving.
   */
  function undoable(text: string, run: (leaving: boolean) => void, undone?: () => void): void {
    const notice = add({
      text,
      undo: () => {
        const action = delayed.get(notice.id)
        if (!action) return
        clearTimeout(action.timer)
        delayed.delete(notice.id)
        remove(notice.id)
        undone?.()
      },
    })
    announce(text)
    const timer = setTimeout(() => finish(notice.id, false), UNDO_MS)
    delayed.set(notice.id, { run, timer })
  }

  function finish(id: number, leaving: boolean): void {
    const action = delayed.get(id)
    if (!action) return
    clearTimeout(action.timer)
    delayed.delete(id)
    remove(id)
    action.run(leaving)
  }

  /** Runs what still waits, as the page is about to go. */
  function flush(leaving: boolean): void {
    for (const id of [...delayed.keys()]) finish(id, leaving)
  }

  window.addEventListener('pagehide', () => flush(true))

  /** Tells screen readers, without moving the focus. What comes together is read together. */
  function announce(text: string): void {
    toSay.push(text)
    if (saying !== undefined) return
    saying = setTimeout(() => {
      polite.value = toSay.slice(-3).join(' ')
      toSay = []
      saying = undefined
      // Emptied, so that the same text said again later is a change again.
      setTimeout(() => {
        if (saying === undefined) polite.value = ''
      }, 3_000)
    }, 150)
  }

  return { notices, polite, tell, undoable, flush, announce, remove }
})
