import type { CommandBody, CommandResult, WireError } from '../protocol'

/**
 * sending: given to the connection, or waiting for one. sent: acknowledged, so durable.
 * refused: a rule said no, the same id would say it again. failed: nobody knows or nothing
 * has changed; the person decides between Retry, with the same id, and Discard.
 */
export type CommandState = 'sending' | 'sent' | 'refused' | 'failed'

export interface Command {
  readonly id: string
  readonly room: string
  readonly body: CommandBody
  readonly createdAt: number
  /** The store's history in which it was given; unknown before the first connection. */
  epoch?: string
  state: CommandState
  seq?: number
  error?: WireError
}

/** What is needed to send a command again. */
export type SavedCommand = Pick<Command, 'id' | 'room' | 'body' | 'createdAt' | 'epoch'>

export type PostAnswer = CommandResult | { id?: string; error: WireError }

export interface CommandTransport {
  /** Writes a frame; false when no connection is open. */
  send(frame: object): boolean
  /**
   * The same command over REST, refused with `restored` where the store has another history by
   * then. Rejects when the server cannot be reached.
   */
  post(room: string, body: CommandBody & { id: string }, epoch?: string): Promise<PostAnswer>
}

export interface CommandQueueOptions {
  newId: () => string
  now?: () => number
  /** After this long without a socket a command goes over REST. */
  restAfterMs?: number
  /** After this long without an answer the person is asked. */
  answerWithinMs?: number
}

/** Nothing has changed on the server, and the same id may be tried again. */
const RETRIABLE = new Set([
  'unavailable',
  'internal',
  'rate_limited',
  'unauthenticated',
  'timeout',
  'offline',
])
/** What passes by itself: tried again by itself, some times. */
const PASSING = new Set(['rate_limited', 'unavailable'])
const PASSING_RETRIES = 3
/** What a new connection may have mended. */
const CUT_OFF = new Set(['unavailable', 'timeout', 'offline'])
/**
 * What goes out again with the next connection after it failed for want of one: what waits in
 * the room's log, and what is done without a dialog. In a dialog Retry is the person's.
 */
const GOES_AGAIN = new Set<CommandBody['type']>([
  'message',
  'offer',
  'counter',
  'decline',
  'withdraw',
  'cancel',
  'reopen',
])

/** The store was restored from a backup since the command was given, and nothing was sent. */
const RESTORED: WireError = { code: 'restored', message: '' }
/** What names the very terms that it is for: safe in whatever history. */
const NAMES_TERMS = new Set<CommandBody['type']>(['accept'])
/**
 * What says everything by itself, so that the person may send it into another history. What
 * names a number there may mean something else by now.
 */
const STANDS_ALONE = new Set<CommandBody['type']>(['message', 'offer'])

const goesAgain = ({ state, error, body }: Command): boolean =>
  state === 'failed' && error !== undefined && CUT_OFF.has(error.code) && GOES_AGAIN.has(body.type)

interface Entry {
  command: Command
  timers: ReturnType<typeof setTimeout>[]
  /** How often it was sent again by itself over one connection. */
  again: number
  waiters: ((command: Command) => void)[]
}

/**
 * The durable commands on their way. Each has one id for life: whatever is sent again, after
 * a reconnect, by REST or by Retry, is sent under that id, so the server keeps one result.
 */
export class CommandQueue {
  private readonly entries = new Map<string, Entry>()
  private readonly listeners = new Set<(command: Command, gone: boolean) => void>()
  private posting: Promise<void> = Promise.resolve()
  /** The history of the store that the last connection told. */
  private epoch: string | undefined
  private readonly restAfterMs: number
  private readonly answerWithinMs: number

  constructor(
    private readonly transport: CommandTransport,
    private readonly options: CommandQueueOptions,
  ) {
    this.restAfterMs = options.restAfterMs ?? 6_000
    this.answerWithinMs = options.answerWithinMs ?? 15_000
  }

  onChange(listener: (command: Command, gone: boolean) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  pending(room?: string): Command[] {
    return [...this.entries.values()]
      .map((entry) => entry.command)
      .filter((command) => room === undefined || command.room === room)
  }

  /** `epoch` is the history that the person looks at, where it may not be the newest. */
  submit(room: string, body: CommandBody, epoch = this.epoch): Command {
    return this.add({
      id: this.options.newId(),
      room,
      body,
      createdAt: (this.options.now ?? Date.now)(),
      epoch,
      state: 'sending',
    })
  }

  /** Takes up a command of before the page was reloaded: sent again, under its old id. */
  restore(saved: SavedCommand): Command | undefined {
    return this.entries.has(saved.id) ? undefined : this.add({ ...saved, state: 'sending' })
  }

  private add(command: Command): Command {
    const entry: Entry = { command, timers: [], again: 0, waiters: [] }
    this.entries.set(command.id, entry)
    this.changed(entry)
    this.dispatch(entry)
    return command
  }

  /** Resolves once the command is sent, refused or failed. */
  settled(id: string): Promise<Command> {
    const entry = this.entries.get(id)
    if (!entry) return Promise.reject(new Error(`no such command: ${id}`))
    if (entry.command.state !== 'sending') return Promise.resolve(entry.command)
    return new Promise((resolve) => entry.waiters.push(resolve))
  }

  /**
   * Resolves once the command is sent or refused, or failed for what the next connection does
   * not mend. `waits` is called when it fails for want of one, the first time.
   */
  async ended(id: string, waits?: () => void): Promise<Command> {
    const command = await this.settled(id)
    let told = false
    // By the time a waiter goes on, the command may be under way again.
    while (command.state === 'sending' || goesAgain(command)) {
      const entry = this.entries.get(id)
      if (!entry) break // discarded
      if (goesAgain(command) && !told) {
        told = true
        waits?.()
      }
      await new Promise((resolve) => entry.waiters.push(resolve))
    }
    return command
  }

  /** Sends a failed command again, under its own id. */
  retry(id: string): void {
    const entry = this.entries.get(id)
    if (entry?.command.state !== 'failed') return
    // The person has seen what the store has become.
    if (entry.command.error?.code === RESTORED.code) entry.command.epoch = this.epoch
    this.sendAgain(entry)
  }

  /** Forgets a command here. If the server has it after all, its event still comes. */
  discard(id: string): void {
    const entry = this.entries.get(id)
    if (!entry) return
    this.clearTimers(entry)
    this.entries.delete(id)
    for (const listener of this.listeners) listener(entry.command, true)
  }

  /**
   * A connection is open: everything unanswered goes out again, in order, and so does what
   * failed for want of one; but for what was given in another history of the store.
   */
  opened(epoch: string): void {
    this.epoch = epoch
    for (const entry of this.entries.values()) {
      entry.again = 0
      entry.command.epoch ??= epoch
      if (entry.command.state === 'sending') this.dispatch(entry)
      else if (goesAgain(entry.command)) this.sendAgain(entry)
    }
  }

  /** Returns false if the answer belongs to no command of this queue. */
  answered(answer: { id?: string; ok?: boolean; seq?: number; error?: WireError }): boolean {
    const entry = answer.id === undefined ? undefined : this.entries.get(answer.id)
    if (!entry) return false
    const { command } = entry
    if (command.state === 'sent' || command.state === 'refused') return true
    this.clearTimers(entry)
    if (answer.error) this.refuse(entry, answer.error)
    else {
      command.state = 'sent'
      command.seq = answer.seq
      command.error = undefined
      this.changed(entry)
    }
    return true
  }

  /** Ends everything without an answer, as at log-out. */
  clear(): void {
    for (const id of [...this.entries.keys()]) this.discard(id)
  }

  private refuse(entry: Entry, error: WireError): void {
    if (PASSING.has(error.code) && entry.again < PASSING_RETRIES) {
      entry.again += 1
      const wait = Number(error.details?.retry_after_ms ?? 1_000 * 2 ** (entry.again - 1))
      entry.timers.push(setTimeout(() => this.dispatch(entry), Math.min(Math.max(wait, 100), 30_000)))
      return
    }
    const open =
      RETRIABLE.has(error.code) || (error.code === RESTORED.code && STANDS_ALONE.has(entry.command.body.type))
    entry.command.state = open ? 'failed' : 'refused'
    entry.command.error = error
    this.changed(entry)
  }

  private sendAgain(entry: Entry): void {
    entry.command.state = 'sending'
    entry.command.error = undefined
    this.changed(entry)
    this.dispatch(entry)
  }

  private dispatch(entry: Entry): void {
    this.clearTimers(entry)
    const { id, room, body } = entry.command
    if (this.ofAnotherHistory(entry)) {
      this.refuse(entry, RESTORED)
      return
    }
    this.transport.send({ id, room, ...body })
    entry.timers.push(
      setTimeout(() => this.fallBack(entry), this.restAfterMs),
      setTimeout(() => this.fail(entry, 'timeout'), this.answerWithinMs),
    )
  }

  private ofAnotherHistory({ command: { epoch, body } }: Entry): boolean {
    if (epoch === undefined || this.epoch === undefined || NAMES_TERMS.has(body.type)) return false
    return epoch !== this.epoch
  }

  /** No answer for a while. The same id makes it safe to ask by the other way too. */
  private fallBack(entry: Entry): void {
    this.posting = this.posting.then(async () => {
      if (entry.command.state !== 'sending' || !this.entries.has(entry.command.id)) return
      const { id, room, body, epoch } = entry.command
      const given = NAMES_TERMS.has(body.type) ? undefined : epoch
      const answered = this.transport.post(room, { id, ...body }, given).then(
        (answer) => void this.answered({ ...answer, id }),
        () => this.fail(entry, 'offline'),
      )
      // A request that hangs is not waited for longer than its command.
      let timer: ReturnType<typeof setTimeout> | undefined
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, this.answerWithinMs - this.restAfterMs)
      })
      await Promise.race([answered, patience])
      clearTimeout(timer)
    })
  }

  private fail(entry: Entry, code: 'timeout' | 'offline'): void {
    if (entry.command.state !== 'sending') return
    this.clearTimers(entry)
    this.refuse(entry, { code, message: '' })
  }

  private changed(entry: Entry): void {
    for (const listener of this.listeners) listener(entry.command, false)
    if (entry.command.state === 'sending') return
    for (const waiter of entry.waiters.splice(0)) waiter(entry.command)
  }

  private clearTimers(entry: Entry): void {
    for (const timer of entry.timers.splice(0)) clearTimeout(timer)
  }
}
