import type { RoomSnapshot, WireError } from '../protocol'

export interface JoinAnswer {
  topic: string
  seq: number
  from: number
  /** The last number that follows before live ones; with `more` the end of the page. */
  to?: number
  epoch: string
  more?: boolean
  reset?: boolean
  snapshot?: RoomSnapshot
}

/** A frame of a topic: numbered when it carries seq, else ephemeral. */
export interface TopicFrame {
  topic: string
  type: string
  seq?: number
  epoch?: string
  [key: string]: unknown
}

export interface TopicHandlers {
  /** After each answer to a join. `fresh` tells that everything known before is void. */
  joined?(answer: JoinAnswer, fresh: boolean): void
  /** A numbered frame, each exactly once and in order. */
  event?(frame: TopicFrame): void
  /** A frame without a number: presence, typing, seen, inbox notices. */
  ephemeral?(frame: TopicFrame): void
  /** The server will not let us read this; no more joins are tried. */
  refused?(error: WireError): void
}

type Verdict = 'applied' | 'dropped' | 'gap'

/**
 * Where one topic stands: the last number applied, and whether a join is under way. It never
 * touches a connection; the client asks it what to send and tells it what came.
 *
 * Invariant: `event` is called with last+1 only, and last never goes back except by a reset.
 */
export class Topic {
  /** The last number applied; undefined when nothing is known. */
  last: number | undefined
  epoch: string | undefined
  /** The history of what is shown: that of the last answer to a join. */
  shown: string | undefined
  /** The id of the join that waits for its answer. */
  joinId: string | undefined
  /** Set while the server sends a page of a long tail, after which it must be joined again. */
  paging = false
  private pageEnd = 0

  constructor(
    readonly name: string,
    readonly handlers: TopicHandlers,
  ) {}

  /** The join to send now. */
  join(id: string): Record<string, unknown> {
    this.joinId = id
    this.paging = false
    const frame: Record<string, unknown> = { id, type: 'join', topic: this.name }
    if (this.last !== undefined && this.epoch !== undefined) {
      frame.after = this.last
      frame.epoch = this.epoch
    }
    return frame
  }

  /** The connection is gone; what is known stays. */
  disconnected(): void {
    this.joinId = undefined
    this.paging = false
  }

  forget(): void {
    this.last = undefined
    this.epoch = undefined
  }

  /** Returns false if the topic must be joined again, knowing nothing. */
  answered(answer: JoinAnswer): boolean {
    this.joinId = undefined
    const reset = answer.reset === true
    const fresh = reset || this.last === undefined
    if (reset && this.name.startsWith('room:') && !answer.snapshot) {
      this.forget()
      return false
    }
    this.epoch = answer.epoch
    this.shown = answer.epoch
    // A server that resumes further on than was asked leaves a hole: start over from there.
    const skipped = this.last !== undefined && answer.from > this.last
    if (fresh || skipped) this.last = answer.from
    this.paging = answer.more === true
    this.pageEnd = answer.to ?? answer.seq
    this.handlers.joined?.(answer, fresh || skipped)
    return true
  }

  received(frame: TopicFrame): Verdict {
    if (frame.seq === undefined || frame.epoch === undefined) {
      this.handlers.ephemeral?.(frame)
      return 'applied'
    }
    if (this.epoch !== undefined && frame.epoch !== this.epoch) return 'gap'
    // Before the answer nothing can be placed; the join brings it again.
    if (this.last === undefined) return this.joinId === undefined ? 'gap' : 'dropped'
    if (frame.seq <= this.last) return 'dropped'
    if (frame.seq > this.last + 1) return 'gap'
    this.last = frame.seq
    this.handlers.event?.(frame)
    return 'applied'
  }

  /** Whether the page asked for has come as far as the server then knew. */
  get pageDone(): boolean {
    return this.paging && this.last !== undefined && this.last >= this.pageEnd
  }
}
