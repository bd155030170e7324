import { computed, watch, type Ref } from 'vue'
import type { RoomEvent } from '@/services/protocol'
import type { Command } from '@/services/socket/commands'
import { useLive } from '@/stores/live'

/**
 * The commands of a room that its log does not show yet. The answer to a command and its event
 * come in either order, so a row goes only when both are here, and while only the event is,
 * the row is hidden: nothing is ever shown twice.
 */
export function usePending(room: string, events: Ref<readonly RoomEvent[]>, me: () => string | undefined) {
  const live = useLive()
  const mine = computed(() => [...live.commands.values()].filter((command) => command.room === room))

  // What is stored and in the log needs no row any more.
  watch(
    [mine, () => events.value.at(-1)?.seq ?? 0],
    ([commands, last]) => {
      for (const command of commands) {
        if (command.state === 'sent' && (command.seq ?? 0) <= last) live.discard(command.id)
      }
    },
    { immediate: true },
  )

  return computed<Command[]>(() => {
    const arrived = events.value.filter((event) => event.by.id === me())
    return mine.value.filter((command) => {
      const { body } = command
      if (body.type !== 'message' && body.type !== 'offer' && body.type !== 'counter') return false
      if (command.state !== 'sending') return true
      return !arrived.some(
        (event) =>
          event.type === 'message' &&
          body.type === 'message' &&
          event.data.text === body.text &&
          Date.parse(event.at) >= command.createdAt - 5_000,
      )
    })
  })
}
