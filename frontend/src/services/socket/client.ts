import { fullJitter } from './backoff'
import { ServerClock } from './clock'
import { afterClose, type StopReason } from './closePolicy'
import { CommandQueue, type CommandTransport } from './commands'
import { Topic, type JoinAnswer, type TopicFrame, type TopicHandlers } from './topic'
import type { WireError } from '../protocol'

export type ConnectionState =
  | { state: 'idle' }
  | { state: 'connecting'; tries: number }
  | { state: 'open' }
  | { state: 'waiting'; tries: number }
  | { state: 'closed'; why: StopReason }

/** The part of a browser's WebSocket that is used. */
export interface SocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: never) => void) | null
  send(data: string): void
  close(code?: number, reason?: string): void
}

export interface Welcome {
  type: 'welcome'
  epoch: string
  now: string
  user: string
  role: string
  heartbeat_ms: number
}

export interface SocketOptions {
  url: string
  newId: () => string
  post: CommandTransport['post']
  connect?: (url: string) => SocketLike
  random?: () => number
  /** Asked when a connection could not be made at all: does the session still stand? */
  sessionStands?: () => Promise<boolean>
}

const WELCOME_WITHIN_MS = 10_000
const PROBE_ANSWER_MS = 8_000
const STABLE_AFTER_MS = 5_000
const TYPING_EVERY_MS = 2_500
const SEEN_EVERY_MS = 1_000
const PAGE_QUIET_MS = 200
const REJOIN_MS = 1_000

/**
 * One socket for everything: joins topics, resumes them by number, keeps commands until they
 * are answered, and reconnects by the close code. Plain TypeScript: no framework, no globals
 * but timers and the WebSocket it is given.
 */
export class SocketClient {
  readonly clock = new ServerClock()
  readonly commands: CommandQueue
  private current: ConnectionState = { state: 'idle' }
  private socket: SocketLike | undefined
  private readonly topics = new Map<string, Topic>()
  private readonly joins = new Map<string, Topic>()
  private readonly stateListeners = new Set<(state: ConnectionState) => void>()
  private readonly seen = new Map<string, { wanted: number; sent: number; timer?: Timer }>()
  private readonly typed = new Map<string, number>()
  private tries = 0
  private joinCount = 0
  private epoch: string | undefined
  private heartbeatMs = 20_000
  private silentSince = 0
  private reconnectTimer: Timer
  private welcomeTimer: Timer
  private stableTimer: Timer
  private watchdog: Timer
  private probeTimer: Timer
  private readonly topicTimers = new Map<Topic, Timer>()

  constructor(private readonly options: SocketOptions) {
    this.commands = new CommandQueue(
      { send: (frame) => this.sendIfOpen(frame), post: options.post },
      { newId: options.newId },
    )
  }

  get state(): ConnectionState {
    return this.current
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.stateListeners.add(listener)
    return () => this.stateListeners.delete(listener)
  }

  start(): void {
    if (this.current.state === 'idle' || this.current.state === 'closed') {
      this.tries = 0
      this.open()
    }
  }

  /** Ends the connection and forgets everything that belonged to the session. */
  stop(): void {
    this.drop(1000)
    this.commands.clear()
    for (const topic of this.topics.values()) this.clearTopicTimer(topic)
    this.forgetSeen()
    this.topics.clear()
    this.typed.clear()
    this.epoch = undefined
    this.setState({ state: 'idle' })
  }

  /** Joins a topic now and after every reconnect, until the returned function is called. */
  join(name: string, handlers: TopicHandlers): () => void {
    const topic = new Topic(name, handlers)
    const before = this.topics.get(name)
    if (before) this.clearTopicTimer(before)
    this.topics.set(name, topic)
    if (this.current.state === 'open') this.sendJoin(topic)
    return () => {
      this.clearTopicTimer(topic)
      if (this.topics.get(name) !== topic) return
      this.topics.delete(name)
      this.sendIfOpen({ id: this.nextJoinId(), type: 'leave', topic: name })
    }
  }

  /** The history of the store that is shown of a room, which a restore may have ended since. */
  epochOf(room: string): string | undefined {
    return this.topics.get(`room:${room}`)?.shown ?? this.epoch
  }

  typing(room: string): void {
    const now = Date.now()
    if (now - (this.typed.get(room) ?? -Infinity) < TYPING_EVERY_MS) return
    if (this.sendIfOpen({ type: 'typing', room })) this.typed.set(room, now)
  }

  /** Tells how far a room was read: the highest number wins, at most one frame a second. */
  markSeen(room: string, seq: number): void {
    const entry = this.seen.get(room) ?? { wanted: 0, sent: 0 }
    this.seen.set(room, entry)
    entry.wanted = Math.max(entry.wanted, seq)
    if (entry.timer === undefined) this.flushSeen(room)
  }

  /**
   * Something suggests that the network changed: back online, or the page is visible again.
   * A wait is cut short; an open connection is asked whether it is still alive.
   */
  poke(): void {
    if (this.current.state === 'waiting') {
      clearTimeout(this.reconnectTimer)
      this.open()
    } else if (this.current.state === 'open') this.probe()
  }

  private open(): void {
    this.setState({ state: 'connecting', tries: this.tries })
    const connect = this.options.connect ?? ((url: string) => new WebSocket(url) as unknown as SocketLike)
    const socket = connect(this.options.url)
    this.socket = socket
    let welcomed = false
    socket.onopen = null
    socket.onerror = null
    socket.onmessage = (event) => {
      if (this.socket !== socket || typeof event.data !== 'string') return
      this.silentSince = Date.now()
      clearTimeout(this.probeTimer)
      this.probeTimer = undefined
      const frame = parse(event.data)
      if (!frame) return
      if (frame.type === 'welcome') {
        welcomed = true
        this.welcomed(frame as unknown as Welcome)
      } else this.received(frame)
    }
    socket.onclose = (event) => {
      if (this.socket === socket) void this.closed(event.code, event.reason, welcomed)
    }
    this.welcomeTimer = setTimeout(() => this.broken(), WELCOME_WITHIN_MS)
  }

  private welcomed(welcome: Welcome): void {
    clearTimeout(this.welcomeTimer)
    this.clock.sync(welcome.now)
    this.heartbeatMs = welcome.heartbeat_ms || 20_000
    if (this.epoch !== undefined && this.epoch !== welcome.epoch) {
      for (const topic of this.topics.values()) topic.forget()
      this.forgetSeen() // another log has other numbers
    }
    this.epoch = welcome.epoch
    this.stableTimer = setTimeout(() => {
      this.tries = 0
    }, STABLE_AFTER_MS)
    this.setState({ state: 'open' })
    this.joins.clear()
    for (const topic of this.topics.values()) this.sendJoin(topic)
    this.commands.opened(welcome.epoch)
    for (const [room, entry] of this.seen) {
      // Nobody says that it arrived: of what is open it is said again.
      if (this.topics.has(`room:${room}`)) entry.sent = 0
      if (entry.timer === undefined) this.flushSeen(room)
    }
    this.watch()
  }

  private received(frame: Record<string, unknown>): void {
    if (typeof frame.topic === 'string' && typeof frame.type === 'string') {
      const topic = this.topics.get(frame.topic)
      if (topic) this.receivedFor(topic, frame as unknown as TopicFrame)
      return
    }
    const id = typeof frame.id === 'string' ? frame.id : undefined
    if (id === undefined) return
    const topic = this.joins.get(id)
    if (topic) {
      this.joins.delete(id)
      if (this.topics.get(topic.name) === topic && topic.joinId === id) this.joinAnswered(topic, frame)
      return
    }
    this.commands.answered(frame)
  }

  private receivedFor(topic: Topic, frame: TopicFrame): void {
    const verdict = topic.received(frame)
    if (verdict === 'gap') {
      // While a join is under way its tail brings what is missing. During a page the rest
      // is asked for once the page is through.
      if (topic.joinId === undefined && !topic.paging) this.sendJoin(topic)
      return
    }
    if (!topic.paging) return
    if (topic.pageDone) this.sendJoin(topic)
    else this.joinLater(topic, PAGE_QUIET_MS)
  }

  private joinAnswered(topic: Topic, frame: Record<string, unknown>): void {
    if (frame.error) {
      const error = frame.error as WireError
      topic.disconnected()
      if (['unavailable', 'internal', 'rate_limited'].includes(error.code)) {
        this.joinLater(topic, Number(error.details?.retry_after_ms ?? REJOIN_MS))
      } else topic.handlers.refused?.(error)
      return
    }
    if (!topic.answered(frame as unknown as JoinAnswer)) this.sendJoin(topic)
    else if (topic.paging) this.joinLater(topic, PAGE_QUIET_MS)
  }

  private sendJoin(topic: Topic): void {
    this.clearTopicTimer(topic)
    const id = this.nextJoinId()
    this.joins.set(id, topic)
    this.sendIfOpen(topic.join(id))
  }

  private joinLater(topic: Topic, ms: number): void {
    this.clearTopicTimer(topic)
    this.topicTimers.set(
      topic,
      setTimeout(() => {
        if (this.current.state === 'open' && this.topics.get(topic.name) === topic) this.sendJoin(topic)
      }, ms),
    )
  }

  private clearTopicTimer(topic: Topic): void {
    clearTimeout(this.topicTimers.get(topic))
    this.topicTimers.delete(topic)
  }

  private nextJoinId(): string {
    this.joinCount += 1
    return `j${this.joinCount}`
  }

  private flushSeen(room: string): void {
    const entry = this.seen.get(room)
    if (!entry || entry.wanted <= entry.sent) return
    if (!this.sendIfOpen({ type: 'seen', room, seq: entry.wanted })) return
    entry.sent = entry.wanted
    entry.timer = setTimeout(() => {
      entry.timer = undefined
      this.flushSeen(room)
    }, SEEN_EVERY_MS)
  }

  private forgetSeen(): void {
    for (const seen of this.seen.values()) clearTimeout(seen.timer)
    this.seen.clear()
  }

  private sendIfOpen(frame: object): boolean {
    if (this.current.state !== 'open' || !this.socket) return false
    this.socket.send(JSON.stringify(frame))
    return true
  }

  /** Pings are invisible here, so silence is met with a question: a join the server answers. */
  private watch(): void {
    clearInterval(this.watchdog)
    this.watchdog = setInterval(() => {
      if (Date.now() - this.silentSince > this.heartbeatMs * 2.5) this.probe()
    }, this.heartbeatMs)
  }

  private probe(): void {
    if (this.probeTimer !== undefined) return
    const topic = this.topics.get('inbox') ?? this.topics.values().next().value
    if (!topic) return
    this.probeTimer = setTimeout(() => {
      this.probeTimer = undefined
      this.broken()
    }, PROBE_ANSWER_MS)
    if (topic.joinId === undefined) this.sendJoin(topic)
  }

  /** The connection is dead though nobody said so. */
  private broken(): void {
    this.drop(4999)
    this.waitAndOpen(fullJitter(this.tries, this.random))
  }

  private async closed(code: number, reason: string, welcomed: boolean): Promise<void> {
    const stable = this.tries === 0
    this.drop()
    const policy = afterClose(code, reason)
    if (policy.next === 'stop') {
      this.setState({ state: 'closed', why: policy.why })
      return
    }
    // "At once" is only for a connection that has held: else it would be a busy loop.
    if (policy.next === 'now' && stable) this.waitAndOpen(0)
    else if (policy.next === 'after') this.waitAndOpen(policy.ms * (0.5 + this.random()))
    else this.waitAndOpen(fullJitter(this.tries, this.random))

    if (welcomed || !this.options.sessionStands) return
    const stands = await this.options.sessionStands().catch(() => true)
    if (!stands && this.state.state !== 'idle') {
      this.drop()
      this.setState({ state: 'closed', why: 'session' })
    }
  }

  private waitAndOpen(ms: number): void {
    this.tries += 1
    this.setState({ state: 'waiting', tries: this.tries })
    this.reconnectTimer = setTimeout(() => this.open(), ms)
  }

  /** Lets go of the socket without waiting for its close event. */
  private drop(code?: number): void {
    const socket = this.socket
    this.socket = undefined
    if (socket) {
      socket.onmessage = null
      socket.onclose = null
      if (code !== undefined) socket.close(code)
    }
    clearTimeout(this.reconnectTimer)
    clearTimeout(this.welcomeTimer)
    clearTimeout(this.stableTimer)
    clearInterval(this.watchdog)
    clearTimeout(this.probeTimer)
    this.probeTimer = undefined
    this.joins.clear()
    for (const topic of this.topics.values()) {
      topic.disconnected()
      this.clearTopicTimer(topic)
    }
  }

  private get random(): () => number {
    return this.options.random ?? Math.random
  }

  private setState(state: ConnectionState): void {
    this.current = state
    for (const listener of this.stateListeners) listener(state)
  }
}

type Timer = ReturnType<typeof setTimeout> | undefined

function parse(data: string): Record<string, unknown> | undefined {
  try {
    const frame: unknown = JSON.parse(data)
    return typeof frame === 'object' && frame !== null ? (frame as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
