import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef } from 'vue'
import { api } from '@/services/api'
import type { CommandBody } from '@/services/protocol'
import { SocketClient, type ConnectionState } from '@/services/socket/client'
import type { Command } from '@/services/socket/commands'
import type { TopicHandlers } from '@/services/socket/topic'
import { newCommandId } from '@/services/ulid'
import { useSession } from './session'
import { loadUnsent, saveUnsent } from './unsent'

/**
 * The one socket of the app, as reactive state. What it knows lives in the SocketClient;
 * here is only what is shown.
 */
export const useLive = defineStore('live', () => {
  const session = useSession()
  const state = shallowRef<ConnectionState>({ state: 'idle' })
  const online = ref(navigator.onLine)
  /** How often the connection was opened; what is not a topic is read again on a change. */
  const openings = ref(0)
  const commands = shallowReactive(new Map<string, Command>())

  let user = ''

  const client = new SocketClient({
    url: socketUrl(),
    newId: newCommandId,
    post: (room, body, epoch) => api.command(room, body, { epoch }),
    sessionStands: () => session.stands(),
  })

  client.onState((next) => {
    state.value = next
    if (next.state === 'open') openings.value += 1
    if (next.state === 'closed' && next.why === 'session') session.lost()
    // Asks who we are now: from then on the user is known to be under review.
    if (next.state === 'closed' && next.why === 'flagged') void session.load().catch(() => undefined)
  })
  // A fresh object for each change: the queue's own are not reactive.
  client.commands.onChange((command, gone) => {
    if (gone) commands.delete(command.id)
    else commands.set(command.id, { ...command })
    if (user) saveUnsent(user, commands.values())
  })

  window.addEventListener('online', () => {
    online.value = true
    client.poke()
  })
  window.addEventListener('offline', () => {
    online.value = false
    client.poke()
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') client.poke()
  })

  const isOpen = computed(() => state.value.state === 'open')

  function start(): void {
    user = session.user?.id ?? ''
    for (const saved of loadUnsent(user)) {
      if (client.commands.restore(saved)) void forgetAnswered(saved.id)
    }
    client.start()
  }

  /** An accept or the like has no row in a log: once it is answered, its event tells. */
  async function forgetAnswered(id: string): Promise<void> {
    const { body, state: fate } = await client.commands.ended(id)
    if (body.type !== 'message' && body.type !== 'offer' && body.type !== 'counter' && fate !== 'failed') {
      discard(id)
    }
  }
  function stop(): void {
    // A session that ended by itself takes nothing with it: whoever logs in again goes on.
    if (session.ended) user = ''
    client.stop()
  }
  const join = (topic: string, handlers: TopicHandlers): (() => void) => client.join(topic, handlers)
  const now = (): number => client.clock.now()

  function submit(room: string, body: CommandBody): Command {
    return client.commands.submit(room, body, client.epochOf(room))
  }

  /** Sends a command and waits for its fate; used where a dialog stays open until then. */
  function ask(room: string, body: CommandBody): Promise<Command> {
    return client.commands.settled(submit(room, body).id)
  }

  /**
   * Sends a command that nothing on the page waits for: without a connection it goes out with
   * the next one, of which `waits` tells the person. What is under way is not sent twice.
   * `epoch` is the history in which it was decided on, where that is a while ago.
   */
  async function carry(
    room: string,
    body: CommandBody,
    waits: () => void,
    epoch = client.epochOf(room),
  ): Promise<Command | undefined> {
    const underWay = client.commands
      .pending(room)
      .some((one) => one.body.type === body.type && one.state !== 'sent')
    if (underWay) return undefined
    const { id } = client.commands.submit(room, body, epoch)
    const command = await client.commands.ended(id, waits)
    discard(id)
    return command
  }

  async function retry(id: string): Promise<Command> {
    client.commands.retry(id)
    return client.commands.settled(id)
  }

  const discard = (id: string): void => client.commands.discard(id)
  const epochOf = (room: string): string | undefined => client.epochOf(room)
  const typing = (room: string): void => client.typing(room)
  const markSeen = (room: string, seq: number): void => client.markSeen(room, seq)

  return {
    state,
    online,
    openings,
    commands,
    isOpen,
    start,
    stop,
    join,
    now,
    submit,
    ask,
    carry,
    epochOf,
    retry,
    discard,
    typing,
    markSeen,
  }
})

function socketUrl(): string {
  const { protocol, host } = window.location
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`
}
