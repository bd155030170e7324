import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CommandBody } from '../protocol'
import { CommandQueue, type Command, type PostAnswer } from './commands'

let open: boolean
let sent: Record<string, unknown>[]
let posted: (CommandBody & { id: string })[]
let epochs: (string | undefined)[]
let post: () => Promise<PostAnswer>
let queue: CommandQueue
let states: string[]

const message: CommandBody = { type: 'message', text: 'hi' }

beforeEach(() => {
  vi.useFakeTimers()
  open = true
  sent = []
  posted = []
  epochs = []
  states = []
  post = () => Promise.reject(new Error('no network'))
  let ids = 0
  queue = new CommandQueue(
    {
      send: (frame) => {
        if (open) sent.push(frame as Record<string, unknown>)
        return open
      },
      post: (_room, body, epoch) => {
        posted.push(body)
        epochs.push(epoch)
        return post()
      },
    },
    { newId: () => `c${++ids}` },
  )
  queue.onChange((command: Command, gone) => states.push(gone ? 'gone' : command.state))
})

afterEach(() => vi.useRealTimers())

describe('CommandQueue', () => {
  it('a refusal by the rules is final', () => {
    const command = queue.submit('r', { type: 'accept', offer_seq: 3, terms_hash: 'x' })
    queue.answered({ id: 'c1', error: { code: 'stale_offer', message: 'A newer offer stands.' } })
    queue.retry('c1')
    expect(command.state).toBe('refused')
    expect(command.error?.code).toBe('stale_offer')
    expect(sent).toHaveLength(1)
  })

  it('what could not be stored is sent again by itself, then fails, and Retry uses the same id', async () => {
    const command = queue.submit('r', message)
    const full = () => queue.answered({ id: 'c1', error: { code: 'unavailable', message: 'disk full' } })
    for (const wait of [1_000, 2_000, 4_000]) {
      full()
      expect(command.state).toBe('sending')
      const before = sent.length
      await vi.advanceTimersByTimeAsync(wait - 1)
      expect(sent).toHaveLength(before)
      await vi.advanceTimersByTimeAsync(1)
      expect(sent).toHaveLength(before + 1)
    }
    full()
    expect(command.state).toBe('failed')
    queue.retry('c1')
    expect(sent.map((frame) => frame.id)).toEqual(['c1', 'c1', 'c1', 'c1', 'c1'])
    queue.answered({ id: 'c1', ok: true, seq: 4 })
    expect(command).toMatchObject({ state: 'sent', seq: 4 })
    expect(states).toEqual(['sending', 'failed', 'sending', 'sent'])
  })

  it('waits as long as the rate limit says, then sends again by itself', async () => {
    queue.submit('r', message)
    queue.answered({
      id: 'c1',
      error: { code: 'rate_limited', message: '', details: { retry_after_ms: 2_000 } },
    })
    await vi.advanceTimersByTimeAsync(1_999)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(sent).toHaveLength(2)
  })

  it('goes over REST with the same id and body when the socket is down for long', async () => {
    open = false
    post = () => Promise.resolve({ id: 'c1', ok: true, seq: 9, at: '' })
    const command = queue.submit('r', message)
    await vi.advanceTimersByTimeAsync(5_999)
    expect(posted).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(posted).toEqual([{ id: 'c1', type: 'message', text: 'hi' }])
    expect(command).toMatchObject({ state: 'sent', seq: 9 })
  })

  it('fails when neither way works, and a late answer still counts', async () => {
    open = false
    const command = queue.submit('r', message)
    await vi.advanceTimersByTimeAsync(6_000)
    expect(command).toMatchObject({ state: 'failed', error: { code: 'offline' } })
    queue.answered({ id: 'c1', ok: true, seq: 2 })
    expect(command.state).toBe('sent')
  })

  it('what failed for want of a connection goes out again with the next one, once', async () => {
    open = false
    const command = queue.submit('r', message)
    await vi.advanceTimersByTimeAsync(6_000)
    expect(command).toMatchObject({ state: 'failed', error: { code: 'offline' } })
    open = true
    queue.opened('e1')
    expect(command.state).toBe('sending')
    expect(command.error).toBeUndefined()
    expect(sent.map((frame) => frame.id)).toEqual(['c1'])
    queue.answered({ id: 'c1', ok: true, seq: 5 })
    queue.opened('e1')
    expect(sent).toHaveLength(1)
    expect(command).toMatchObject({ state: 'sent', seq: 5 })
  })

  it('what is done without a dialog waits for a connection too, and ends with its answer', async () => {
    open = false
    const waits = vi.fn()
    const { id } = queue.submit('r', { type: 'withdraw', offer_seq: 3 })
    const ended = queue.ended(id, waits)
    for (let lost = 0; lost < 2; lost++) {
      await vi.advanceTimersByTimeAsync(6_000)
      expect(queue.pending()[0]!.state).toBe('failed')
      queue.opened('e1') // and is lost again before the answer
    }
    expect(waits).toHaveBeenCalledOnce()
    open = true
    queue.opened('e1')
    expect(sent).toEqual([{ id, room: 'r', type: 'withdraw', offer_seq: 3 }])
    queue.answered({ id, error: { code: 'stale_offer', message: '' } })
    await expect(ended).resolves.toMatchObject({ state: 'refused', error: { code: 'stale_offer' } })
  })

  it('has not ended when it is sent again in the moment in which it failed', async () => {
    open = false
    const { id } = queue.submit('r', { type: 'reopen' })
    let ended = false
    void queue.settled(id).then(() => queue.opened('e1'))
    void queue.ended(id).then(() => (ended = true))
    await vi.advanceTimersByTimeAsync(6_000)
    expect(queue.pending()[0]!.state).toBe('sending')
    expect(ended).toBe(false)
    queue.answered({ id, ok: true, seq: 4 })
    await vi.advanceTimersByTimeAsync(0)
    expect(ended).toBe(true)
  })

  it('what failed for another reason, or before a dialog, waits for the person', async () => {
    queue.submit('r', message)
    queue.answered({ id: 'c1', error: { code: 'internal', message: '' } })
    open = false
    const accept = queue.submit('r', { type: 'accept', offer_seq: 3, terms_hash: 'x' })
    await vi.advanceTimersByTimeAsync(6_000)
    expect(accept.state).toBe('failed')
    open = true
    queue.opened('e1')
    expect(sent).toHaveLength(1)
    queue.retry(accept.id)
    expect(sent.map((frame) => frame.id)).toEqual(['c1', 'c2'])
  })

  it('fails when nobody answers at all', async () => {
    post = () => new Promise(() => {})
    const command = queue.submit('r', message)
    await vi.advanceTimersByTimeAsync(15_000)
    expect(command).toMatchObject({ state: 'failed', error: { code: 'timeout' } })
  })

  it('over REST the order is kept', async () => {
    open = false
    post = () => Promise.resolve({ id: '', ok: true, seq: 1, at: '' })
    queue.submit('r', { type: 'message', text: 'one' })
    queue.submit('r', { type: 'message', text: 'two' })
    await vi.advanceTimersByTimeAsync(7_000)
    expect(posted.map((body) => 'text' in body && body.text)).toEqual(['one', 'two'])
  })

  it('over REST a request that hangs holds up the next ones for a while only', async () => {
    open = false
    post = () => new Promise(() => {})
    queue.submit('r', { type: 'message', text: 'one' })
    await vi.advanceTimersByTimeAsync(10_000)
    post = () => Promise.resolve({ ok: true, seq: 2, at: '' } as PostAnswer)
    const second = queue.submit('r', { type: 'message', text: 'two' })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(second.state).toBe('sent')
  })

  it('Discard forgets it, and nothing is sent any more', async () => {
    queue.submit('r', message)
    queue.discard('c1')
    queue.opened('e1')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toHaveLength(1)
    expect(posted).toEqual([])
    expect(queue.pending()).toEqual([])
  })

  it('settled resolves with the outcome', async () => {
    queue.submit('r', message)
    const settled = queue.settled('c1')
    queue.answered({ id: 'c1', ok: true, seq: 1 })
    expect((await settled).state).toBe('sent')
  })

  it('a command of before a reload is sent again under its old id, once', () => {
    const saved = { id: 'old', room: 'r', body: message, createdAt: 1 }
    const command = queue.restore(saved)
    expect(queue.restore(saved)).toBeUndefined()
    expect(sent).toEqual([{ id: 'old', room: 'r', type: 'message', text: 'hi' }])
    queue.answered({ id: 'old', ok: true, seq: 3 })
    expect(command).toMatchObject({ state: 'sent', seq: 3 })
  })

  it('answers for others are not its own', () => {
    expect(queue.answered({ id: 'j1', ok: true })).toBe(false)
  })

  describe('a store that was restored from a backup', () => {
    const counter: CommandBody = { type: 'counter', offer_seq: 3, terms: {} }
    const accept: CommandBody = { type: 'accept', offer_seq: 3, terms_hash: 'x' }
    const restored = { state: 'refused', error: { code: 'restored' } }

    it('gets nothing by itself that was given before and means something by what was there', async () => {
      queue.opened('e1')
      const given = [counter, message, accept, { type: 'withdraw', offer_seq: 3 } as const].map((body) =>
        queue.submit('r', body),
      )
      sent.length = 0
      queue.opened('e2')
      expect(sent.map((frame) => frame.type)).toEqual(['accept'])
      expect(given[0]).toMatchObject(restored)
      expect(given[1]).toMatchObject({ state: 'failed', error: { code: 'restored' } })
      expect(given[3]).toMatchObject(restored)
      await vi.advanceTimersByTimeAsync(60_000)
      queue.opened('e2')
      queue.retry('c1')
      expect(sent.filter((frame) => frame.type !== 'accept')).toEqual([])
      expect(posted.every((body) => body.type === 'accept')).toBe(true)
    })

    it('gets a message once its author says so', () => {
      queue.opened('e1')
      queue.submit('r', message)
      queue.opened('e2')
      sent.length = 0
      queue.retry('c1')
      expect(sent).toEqual([{ id: 'c1', room: 'r', ...message }])
      queue.opened('e2')
      expect(sent).toHaveLength(2)
    })

    it('is told over REST what the command was given in, and its refusal is final', async () => {
      queue.opened('e1')
      open = false
      post = () => Promise.resolve({ error: { code: 'restored', message: '' } })
      const given = queue.submit('r', counter)
      queue.submit('r', accept)
      await vi.advanceTimersByTimeAsync(6_000)
      expect(epochs).toEqual(['e1', undefined])
      expect(given).toMatchObject(restored)
    })

    it('gets nothing that was kept over a reload, nor what was decided on while looking at the past', () => {
      queue.opened('e2')
      const saved = queue.restore({ id: 'old', room: 'r', body: counter, createdAt: 0, epoch: 'e1' })
      const late = queue.submit('r', counter, 'e1')
      expect(sent).toEqual([])
      expect(saved).toMatchObject(restored)
      expect(late).toMatchObject(restored)
      queue.submit('r', counter)
      expect(sent).toHaveLength(1)
    })

    it('gets what was given before anything was known of its history', () => {
      queue.submit('r', message)
      queue.opened('e1')
      expect(sent).toHaveLength(2)
      queue.opened('e2')
      expect(sent).toHaveLength(2)
    })
  })
})
