import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SocketClient, type SocketOptions } from './client'
import { FakeServer } from './fakeServer'
import type { TopicHandlers } from './topic'

let server: FakeServer
let client: SocketClient
let seqs: number[]
let joined: { seq: number; fresh: boolean }[]

const handlers: TopicHandlers = {
  joined: (answer, fresh) => {
    if (fresh) seqs = []
    joined.push({ seq: answer.seq, fresh })
  },
  event: (frame) => seqs.push(frame.seq as number),
}

function make(options: Partial<SocketOptions> = {}): SocketClient {
  let ids = 0
  return new SocketClient({
    url: 'ws://test/ws',
    newId: () => `cmd${++ids}`,
    post: () => Promise.reject(new Error('no network')),
    connect: server.connect,
    random: () => 0.5,
    ...options,
  })
}

const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers()
  server = new FakeServer()
  client = make()
  seqs = []
  joined = []
})

afterEach(() => {
  client.stop()
  vi.useRealTimers()
})

describe('connecting', () => {
  it('is open once the server has welcomed it, and takes over the server clock', async () => {
    vi.setSystemTime('2026-11-22T09:30:00Z')
    client.start()
    expect(client.state.state).toBe('connecting')
    await settle()
    expect(client.state.state).toBe('open')
    expect(new Date(client.clock.now()).toISOString()).toBe('2026-11-22T08:00:00.000Z')
  })

  it('gives up on a server that never welcomes it, and tries again', async () => {
    server.welcomes = false
    client.start()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(server.last.closedWith).toBe(4999)
    expect(client.state.state).toBe('waiting')
    server.welcomes = true
    await vi.advanceTimersByTimeAsync(30_000)
    expect(client.state.state).toBe('open')
  })

  it('waits longer after each failure, never over 30 s', async () => {
    const waits: number[] = []
    client = make({ random: () => 1 })
    server.welcomes = false
    client.start()
    for (let i = 0; i < 9; i++) {
      server.last.kill(1006)
      const before = server.connections.length
      let waited = 0
      while (server.connections.length === before) {
        await vi.advanceTimersByTimeAsync(250)
        waited += 250
      }
      waits.push(waited)
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000])
  })

  it('cuts a wait short when the browser is back online', async () => {
    client = make({ random: () => 1 })
    client.start()
    await settle()
    server.last.kill(1006)
    expect(client.state.state).toBe('waiting')
    client.poke()
    await settle()
    expect(client.state.state).toBe('open')
  })
})

describe('close codes', () => {
  it.each([
    [4200, 'session'],
    [4201, 'flagged'],
    [1009, 'defect'],
    [1007, 'defect'],
    [1003, 'defect'],
  ])('%d ends it for good: %s', async (code, why) => {
    client.start()
    await settle()
    server.last.kill(code)
    expect(client.state).toEqual({ state: 'closed', why })
    await vi.advanceTimersByTimeAsync(120_000)
    expect(server.connections).toHaveLength(1)
  })

  it.each([4000, 4001])('%d reconnects at once and resumes', async (code) => {
    client.start()
    client.join('room:r', handlers)
    server.append('room:r')
    await settle()
    server.last.kill(code)
    server.append('room:r')
    await settle()
    expect(server.connections).toHaveLength(2)
    expect(server.last.of('join')[0]).toMatchObject({ topic: 'room:r', after: 1, epoch: 'e1' })
    expect(seqs).toEqual([1, 2])
  })

  it('a server that closes with 4000 again and again is not hammered', async () => {
    client.start()
    await settle()
    server.last.kill(4000)
    await settle()
    expect(server.connections).toHaveLength(2)
    server.last.kill(4000)
    await settle()
    expect(server.connections).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(500)
    expect(server.connections).toHaveLength(3)
  })

  it('4100 comes back after about the time the server names', async () => {
    client.start()
    await settle()
    server.last.kill(4100, '{"after_ms":2000}')
    await vi.advanceTimersByTimeAsync(1_999)
    expect(server.connections).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(server.connections).toHaveLength(2)
  })

  it('a handshake refused because the session has ended stops it', async () => {
    server.welcomes = false
    client = make({ sessionStands: () => Promise.resolve(false) })
    client.start()
    server.last.kill(1006)
    await settle()
    expect(client.state).toEqual({ state: 'closed', why: 'session' })
  })

  it('a handshake that failed for another reason does not', async () => {
    server.welcomes = false
    client = make({ sessionStands: () => Promise.reject(new Error('offline')) })
    client.start()
    server.last.kill(1006)
    await settle()
    expect(client.state.state).toBe('waiting')
  })
})

describe('topics', () => {
  it('joins knowing nothing, gets the history, then lives', async () => {
    server.append('room:r')
    server.append('room:r')
    client.join('room:r', handlers)
    client.start()
    await settle()
    expect(server.last.of('join')[0]).not.toHaveProperty('after')
    expect(joined).toEqual([{ seq: 2, fresh: true }])
    server.last.push(server.append('room:r'))
    expect(seqs).toEqual([1, 2, 3])
  })

  it('applies only the next number: what it has is dropped', async () => {
    client.join('room:r', handlers)
    client.start()
    await settle()
    const event = server.append('room:r')
    server.last.push(event)
    server.last.push(event)
    expect(seqs).toEqual([1])
    expect(server.last.of('join')).toHaveLength(1)
  })

  it('sees a gap, joins again with what it has, and misses nothing', async () => {
    client.join('room:r', handlers)
    client.start()
    await settle()
    server.last.push(server.append('room:r'))
    server.append('room:r')
    server.append('room:r')
    server.last.push(server.append('room:r'))
    expect(server.last.of('join')[1]).toMatchObject({ after: 1, epoch: 'e1' })
    expect(seqs).toEqual([1, 2, 3, 4])
  })

  it('one gap asks once, however many frames show it', async () => {
    client.join('room:r', handlers)
    client.start()
    await settle()
    server.answersJoins = false
    server.append('room:r')
    server.last.push(server.append('room:r'))
    server.last.push(server.append('room:r'))
    expect(server.last.of('join')).toHaveLength(2)
    server.answerJoin(server.last, server.last.of('join')[1]!)
    expect(seqs).toEqual([1, 2, 3])
  })

  it('frames that come before the answer to the join are not lost and not doubled', async () => {
    server.answersJoins = false
    client.join('room:r', handlers)
    client.start()
    await settle()
    const early = server.append('room:r')
    server.last.push(early)
    expect(seqs).toEqual([])
    server.answerJoin(server.last, server.last.of('join')[0]!)
    expect(seqs).toEqual([1])
  })

  it('takes a long tail page by page', async () => {
    const log = server.log('room:r')
    for (let i = 0; i < 10; i++) server.append('room:r')
    client.join('room:r', handlers)
    client.start()
    await settle()
    server.last.kill(4000)
    for (let i = 0; i < 25; i++) server.append('room:r')
    log.page = 10
    await vi.advanceTimersByTimeAsync(2_000)
    expect(seqs).toEqual(Array.from({ length: 35 }, (_, i) => i + 1))
    expect(server.last.of('join').map((frame) => frame.after)).toEqual([10, 20, 30])
  })

  it('starts over when the store was restored while it was away', async () => {
    server.append('room:r', 'old')
    server.append('room:r', 'old')
    client.join('room:r', handlers)
    client.start()
    await settle()
    server.epoch = 'e2'
    server.logs.clear()
    server.append('room:r', 'new')
    server.last.kill(1006)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(joined.at(-1)).toEqual({ seq: 1, fresh: true })
    expect(seqs).toEqual([1])
  })

  it('what is shown of a room is of the old history until the new one is there', async () => {
    client.join('room:r', handlers)
    client.start()
    await settle()
    expect(client.epochOf('r')).toBe('e1')
    server.epoch = 'e2'
    server.answersJoins = false
    server.last.kill(1006)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(client.epochOf('r')).toBe('e1')
    expect(client.epochOf('other')).toBe('e2')
    server.answerJoin(server.last, server.last.of('join').at(-1)!)
    expect(client.epochOf('r')).toBe('e2')
  })

  it('starts over when only a live frame tells that the epoch is another', async () => {
    server.append('room:r')
    client.join('room:r', handlers)
    client.start()
    await settle()
    server.epoch = 'e2'
    server.logs.clear()
    server.last.push(server.append('room:r'))
    await settle()
    expect(joined.at(-1)?.fresh).toBe(true)
    expect(seqs).toEqual([1])
  })

  it('passes ephemeral frames on without a number', async () => {
    const types: string[] = []
    client.join('room:r', { ephemeral: (frame) => types.push(frame.type) })
    client.start()
    await settle()
    server.last.push({ topic: 'room:r', type: 'typing', data: { id: 'u2', side: 'influencer' } })
    server.last.push({ topic: 'room:other', type: 'typing', data: { id: 'u2', side: 'influencer' } })
    expect(types).toEqual(['typing'])
  })

  it('does not ask again for what it may not read, but does for what failed', async () => {
    server.answersJoins = false
    const refused = vi.fn()
    client.join('room:r', { refused })
    client.start()
    await settle()
    server.last.push({ id: server.last.of('join')[0]!.id, error: { code: 'unavailable', message: '' } })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(server.last.of('join')).toHaveLength(2)
    server.last.push({ id: server.last.of('join')[1]!.id, error: { code: 'not_found', message: 'no' } })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(refused).toHaveBeenCalledOnce()
    expect(server.last.of('join')).toHaveLength(2)
  })

  it('one socket carries many topics, and a left one is not joined again', async () => {
    const leave = client.join('room:a', handlers)
    client.join('room:b', handlers)
    client.start()
    await settle()
    leave()
    expect(server.last.of('leave')[0]).toMatchObject({ topic: 'room:a' })
    server.last.kill(4000)
    await settle()
    expect(server.last.of('join').map((frame) => frame.topic)).toEqual(['room:b'])
  })
})

describe('the watchdog', () => {
  it('asks a silent server whether it is there, and reconnects when nothing comes', async () => {
    client.join('inbox', {})
    client.start()
    await settle()
    server.answersJoins = false
    const first = server.last
    await vi.advanceTimersByTimeAsync(60_000)
    expect(first.of('join').length).toBeGreaterThan(1)
    await vi.advanceTimersByTimeAsync(8_000)
    expect(first.closedWith).toBe(4999)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(server.connections).toHaveLength(2)
  })

  it('leaves a server alone that answers', async () => {
    client.join('inbox', {})
    client.start()
    await vi.advanceTimersByTimeAsync(300_000)
    expect(server.connections).toHaveLength(1)
  })
})

describe('commands', () => {
  it('are answered once', async () => {
    client.start()
    await settle()
    const command = client.commands.submit('r', { type: 'message', text: 'hello' })
    expect(server.last.received.at(-1)).toEqual({ id: 'cmd1', type: 'message', room: 'r', text: 'hello' })
    expect(command).toMatchObject({ state: 'sent', seq: 1 })
  })

  it('killed between the send and the answer: sent again once, with the same id, and stored once', async () => {
    client.start()
    client.join('room:r', handlers)
    await settle()
    server.answersCommands = false
    const command = client.commands.submit('r', { type: 'message', text: 'hello' })
    const sent = server.last.of('message')[0]!
    server.execute(sent)
    server.last.kill(1006)
    expect(command.state).toBe('sending')
    server.answersCommands = true
    await vi.advanceTimersByTimeAsync(1_000)
    expect(server.last.of('message')).toEqual([sent])
    expect(command).toMatchObject({ state: 'sent', seq: 1 })
    expect(server.results.size).toBe(1)
    expect(seqs).toEqual([1])
  })

  it('an answered command is not sent again after a reconnect', async () => {
    client.start()
    await settle()
    client.commands.submit('r', { type: 'message', text: 'hello' })
    server.last.kill(4000)
    await settle()
    expect(server.last.of('message')).toEqual([])
  })

  it('made while offline go out in order when the connection is back', async () => {
    client.commands.submit('r', { type: 'message', text: 'one' })
    client.commands.submit('r', { type: 'message', text: 'two' })
    client.start()
    await settle()
    expect(server.last.of('message').map((frame) => frame.text)).toEqual(['one', 'two'])
  })
})

describe('typing and seen', () => {
  it('typing is sent at most every 2.5 s', async () => {
    client.start()
    await settle()
    for (let i = 0; i < 30; i++) {
      client.typing('r')
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(server.last.of('typing')).toHaveLength(2)
    expect(server.last.of('typing')[0]).toEqual({ type: 'typing', room: 'r' })
  })

  it('seen sends the highest number, at most every second, never back', async () => {
    client.start()
    await settle()
    client.markSeen('r', 3)
    client.markSeen('r', 5)
    client.markSeen('r', 4)
    await vi.advanceTimersByTimeAsync(5_000)
    client.markSeen('r', 2)
    expect(server.last.of('seen').map((frame) => frame.seq)).toEqual([3, 5])
  })

  it('seen while offline is told after the reconnect', async () => {
    client.markSeen('r', 3)
    client.start()
    await settle()
    expect(server.last.of('seen').map((frame) => frame.seq)).toEqual([3])
  })

  it('seen of an open room is told again after the reconnect, as the server may have died with it', async () => {
    client.join('room:r', handlers)
    client.start()
    await settle()
    client.markSeen('r', 3)
    client.markSeen('left', 2)
    await vi.advanceTimersByTimeAsync(5_000)
    server.last.kill(1006)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(server.last.of('seen')).toEqual([{ type: 'seen', room: 'r', seq: 3 }])
  })

  it('what was seen of another log is not told', async () => {
    client.join('room:r', handlers)
    client.start()
    await settle()
    client.markSeen('r', 3)
    await vi.advanceTimersByTimeAsync(5_000)
    server.epoch = 'e2'
    server.last.kill(1006)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(server.last.of('seen')).toEqual([])
  })
})
