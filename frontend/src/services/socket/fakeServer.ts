import type { SocketLike } from './client'

type Frame = Record<string, unknown>

/** One end-to-end connection in memory; the test plays the server. */
export class FakeConnection implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  readonly received: Frame[] = []
  closedWith: number | undefined

  constructor(private readonly server: FakeServer) {}

  send(data: string): void {
    const frame = JSON.parse(data) as Frame
    this.received.push(frame)
    this.server.handle(this, frame)
  }

  close(code = 1000): void {
    this.closedWith = code
  }

  push(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }

  /** The server ends it, or the network does (1006). */
  kill(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason })
  }

  of(type: string): Frame[] {
    return this.received.filter((frame) => frame.type === type)
  }
}

interface Log {
  events: Frame[]
  /** How many events a page of a long tail has. */
  page: number
}

/**
 * A server that follows docs/protocol.md as far as a client can see: welcome, join with the
 * tail, events, durable commands that remember their id. A test may switch parts of it off
 * and speak by itself.
 */
export class FakeServer {
  epoch = 'e1'
  now = '2026-11-22T08:00:00.000Z'
  readonly connections: FakeConnection[] = []
  readonly logs = new Map<string, Log>()
  /** What the durable commands led to, by id: one entry however often they were sent. */
  readonly results = new Map<string, Frame>()
  answersJoins = true
  answersCommands = true
  welcomes = true

  readonly connect = (): SocketLike => {
    const connection = new FakeConnection(this)
    this.connections.push(connection)
    queueMicrotask(() => {
      if (this.welcomes) this.welcome(connection)
    })
    return connection
  }

  get last(): FakeConnection {
    const connection = this.connections.at(-1)
    if (!connection) throw new Error('nobody has connected')
    return connection
  }

  welcome(connection: FakeConnection): void {
    connection.push({
      type: 'welcome',
      epoch: this.epoch,
      now: this.now,
      user: 'u1',
      role: 'sponsor',
      heartbeat_ms: 20_000,
    })
  }

  log(topic: string): Log {
    const log = this.logs.get(topic) ?? { events: [], page: Infinity }
    this.logs.set(topic, log)
    return log
  }

  /** Adds an event to a topic's log without telling anybody. */
  append(topic: string, text = ''): Frame {
    const log = this.log(topic)
    const seq = log.events.length + 1
    const event = {
      topic,
      epoch: this.epoch,
      room: topic.slice(5),
      seq,
      type: 'message',
      at: this.now,
      by: { side: 'influencer' },
      data: { text },
    }
    log.events.push(event)
    return event
  }

  handle(connection: FakeConnection, frame: Frame): void {
    if (frame.type === 'join') {
      if (this.answersJoins) this.answerJoin(connection, frame)
    } else if (typeof frame.id === 'string' && frame.type !== 'leave') {
      if (this.answersCommands) connection.push(this.execute(frame))
    }
  }

  answerJoin(connection: FakeConnection, frame: Frame): void {
    const topic = String(frame.topic)
    const log = this.log(topic)
    const head = log.events.length
    const reset = frame.epoch !== undefined && frame.epoch !== this.epoch
    const known = typeof frame.after === 'number' && !reset
    const from = known ? (frame.after as number) : 0
    const tail = log.events.slice(from, from + log.page)
    const more = from + tail.length < head
    connection.push({
      id: frame.id,
      ok: true,
      topic,
      seq: head,
      from,
      epoch: this.epoch,
      more,
      ...(reset && { reset: true }),
      ...(!known && { snapshot: { seq: head } }),
    })
    for (const event of tail) connection.push(event)
  }

  execute(frame: Frame): Frame {
    const id = String(frame.id)
    const before = this.results.get(id)
    if (before) return { ...before, duplicate: true }
    const event = this.append(`room:${String(frame.room)}`, String(frame.text ?? ''))
    const result = { id, ok: true, seq: event.seq, at: this.now }
    this.results.set(id, result)
    return result
  }
}
