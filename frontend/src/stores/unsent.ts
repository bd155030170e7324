import type { Command, SavedCommand } from '@/services/socket/commands'

/**
 * The commands that nobody has answered yet, kept over a reload of the page: what was being
 * sent must not vanish, and must not be sent twice, so it keeps its id. They belong to a tab
 * and to a user.
 */
const key = (user: string): string => `parley.unsent.${user}`

export function saveUnsent(user: string, commands: Iterable<Command>): void {
  const unsent = [...commands]
    .filter((command) => command.state === 'sending' || command.state === 'failed')
    .map(({ id, room, body, createdAt, epoch }): SavedCommand => ({ id, room, body, createdAt, epoch }))
  try {
    if (unsent.length > 0) sessionStorage.setItem(key(user), JSON.stringify(unsent))
    else sessionStorage.removeItem(key(user))
  } catch {
    // Storage may be blocked or full; then a reload loses what was not answered.
  }
}

/** Forgets what anybody left behind in this tab: whoever logs out leaves nothing. */
export function clearUnsent(): void {
  try {
    for (const name of Object.keys(sessionStorage)) {
      if (name.startsWith(key(''))) sessionStorage.removeItem(name)
    }
  } catch {
    // Storage that is blocked holds nothing.
  }
}

export function loadUnsent(user: string): SavedCommand[] {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(key(user)) ?? '[]')
    return Array.isArray(saved) ? (saved as SavedCommand[]) : []
  } catch {
    return []
  }
}
